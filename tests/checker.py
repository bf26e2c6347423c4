"""The checker: reads what a run left behind and names everything that breaks a promise.

It trusts nobody: it reads topics, the agencies' databases and histories, the ledger's database and its
published checkpoint, and compares them.  Of the product it uses only the parser of audit events; hashes
and the Merkle root are computed here.  Each kind of violation is planted by `tests/unit/test_checker.py`.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from broker.audit.decision_record import read_record
from broker.errors import RejectedError
from broker.ports import Message

__all__ = [
    "Decision",
    "Entry",
    "Evidence",
    "HandedOver",
    "InboxRow",
    "IntakeRow",
    "Sent",
    "Violation",
    "check",
    "merkle_root",
    "read_checkpoint",
    "read_decisions",
    "read_history",
    "read_inbox",
    "read_intake",
    "read_ledger",
]

Place = tuple[str, int, int]
"""Topic, partition, offset."""


@dataclass(frozen=True)
class Sent:
    """A message that its publisher reported as durable."""

    message_id: str
    case_ref: str
    mark: str
    place: Place


@dataclass(frozen=True)
class Decision:
    """A decision record as it stands on Kafka.

    Attributes:
        written_at: When the node appended it, in milliseconds.
        source: The record it is about.
    """

    place: Place
    written_at: int
    decision_id: str
    outcome: str
    message_id: str
    causation_id: str
    source: Place
    event: bytes


@dataclass(frozen=True)
class HandedOver:
    """One call of a handler, whether or not its changes lasted; *at* in milliseconds."""

    message_id: str
    decision_id: str
    place: Place
    at: int


@dataclass(frozen=True)
class IntakeRow:
    """A row that a handler wrote, in the order of writing."""

    message_id: str
    case_ref: str
    mark: str
    decision_id: str


@dataclass(frozen=True)
class InboxRow:
    """What the subscriber remembers to have handled."""

    message_id: str
    decision_id: str
    status: str


@dataclass(frozen=True)
class Entry:
    """A row of the ledger."""

    seq: int
    decision_id: str
    leaf_hash: bytes
    event: bytes


@dataclass(frozen=True)
class Evidence:
    """Everything a run left behind.

    Attributes:
        sent: In the order of publishing.
        exchanged: Every record on the exchange topics.
        intake: The recipient's own table.
        checkpoint: Size and root that the ledger published.
    """

    sent: Sequence[Sent]
    exchanged: Sequence[Place]
    decisions: Sequence[Decision]
    handed_over: Sequence[HandedOver]
    intake: Sequence[IntakeRow]
    inbox: Sequence[InboxRow]
    ledger: Sequence[Entry]
    checkpoint: tuple[int, bytes]


@dataclass(frozen=True, order=True)
class Violation:
    """A broken promise: its kind, and about what."""

    kind: str
    about: str


def check(evidence: Evidence) -> list[Violation]:
    """Every violation, sorted; an empty list when all promises were kept."""
    rules = (_effects, _content, _order, _audited, _inbox, _judged, _receipts, _ledger, _log)
    return sorted({violation for rule in rules for violation in rule(evidence)})


def _effects(evidence: Evidence) -> Iterator[Violation]:
    """Every message has effect exactly once, and nothing else has."""
    rows = Counter(row.message_id for row in evidence.intake)
    sent = {one.message_id for one in evidence.sent}
    yield from (Violation("lost", one) for one in sent - rows.keys())
    yield from (Violation("invented", one) for one in rows.keys() - sent)
    yield from (Violation("twice", one) for one, count in rows.items() if count > 1)


def _content(evidence: Evidence) -> Iterator[Violation]:
    """What was handed over is what was sent, in the case in which it was sent."""
    sent = {one.message_id: one for one in evidence.sent}
    for row in evidence.intake:
        one = sent.get(row.message_id)
        if one is not None and (one.mark, one.case_ref) != (row.mark, row.case_ref):
            yield Violation("altered", row.message_id)


def _order(evidence: Evidence) -> Iterator[Violation]:
    """Within a case, effects come in the order of publishing."""
    place = {one.message_id: number for number, one in enumerate(evidence.sent)}
    latest: dict[str, int] = {}
    for row in evidence.intake:
        number = place.get(row.message_id, -1)
        if number < latest.get(row.case_ref, -1):
            yield Violation("order", row.message_id)
        latest[row.case_ref] = max(number, latest.get(row.case_ref, -1))


def _audited(evidence: Evidence) -> Iterator[Violation]:
    """Every hand-over was released by the very record it names, which stood on Kafka before."""
    records = {one.place: one for one in evidence.decisions}
    entered = {one.decision_id for one in evidence.ledger}
    for handed in evidence.handed_over:
        record = records.get(handed.place)
        if record is None or record.decision_id != handed.decision_id:
            yield Violation("no-audit-record", handed.message_id)
        elif record.message_id != handed.message_id or record.outcome not in {"released", "receipt"}:
            yield Violation("not-released", handed.message_id)
        elif record.written_at > handed.at:
            yield Violation("audited-afterwards", handed.message_id)
        if handed.decision_id not in entered:
            yield Violation("not-in-ledger", handed.message_id)


def _inbox(evidence: Evidence) -> Iterator[Violation]:
    """Inbox and effect tell the same story, and the decision that it cites exists."""
    inbox = {row.message_id: row for row in evidence.inbox if row.status == "handled"}
    known = {one.decision_id for one in evidence.decisions}
    rows = {row.message_id: row for row in evidence.intake}
    yield from (Violation("no-inbox-row", one) for one in rows.keys() - inbox.keys())
    yield from (Violation("no-effect", one) for one in inbox.keys() - rows.keys())
    for one in rows.keys() & inbox.keys():
        if inbox[one].decision_id != rows[one].decision_id or inbox[one].decision_id not in known:
            yield Violation("wrong-decision", one)


def _judged(evidence: Evidence) -> Iterator[Violation]:
    """Every record on the exchange was judged, and only such records were."""
    judged = {one.source for one in evidence.decisions}
    yield from (Violation("not-judged", str(place)) for place in set(evidence.exchanged) - judged)
    yield from (Violation("no-source", str(place)) for place in judged - set(evidence.exchanged))
    events: defaultdict[str, set[str]] = defaultdict(set)
    for one in evidence.decisions:
        events[one.decision_id].add(one.outcome)
    yield from (Violation("two-outcomes", one) for one, outcomes in events.items() if len(outcomes) > 1)


def _receipts(evidence: Evidence) -> Iterator[Violation]:
    """Every message has one receipt, however often that was sent."""
    receipts: defaultdict[str, set[str]] = defaultdict(set)
    for one in evidence.decisions:
        if one.outcome == "receipt":
            receipts[one.causation_id].add(one.message_id)
    for sent in evidence.sent:
        if not receipts[sent.message_id]:
            yield Violation("no-receipt", sent.message_id)
        elif len(receipts[sent.message_id]) > 1:
            yield Violation("two-receipts", sent.message_id)


def _ledger(evidence: Evidence) -> Iterator[Violation]:
    """Every decision is in the ledger, once, with the bytes of a record that stands on Kafka."""
    events: defaultdict[str, set[bytes]] = defaultdict(set)
    for one in evidence.decisions:
        events[one.decision_id].add(one.event)
    count = Counter(one.decision_id for one in evidence.ledger)
    yield from (Violation("ledger-lacks", one) for one in events.keys() - count.keys())
    yield from (Violation("ledger-invents", one) for one in count.keys() - events.keys())
    yield from (Violation("ledger-repeats", one) for one, times in count.items() if times > 1)
    for entry in evidence.ledger:
        if entry.event not in events[entry.decision_id] and events[entry.decision_id]:
            yield Violation("ledger-differs", entry.decision_id)


def _log(evidence: Evidence) -> Iterator[Violation]:
    """The published checkpoint is about exactly these entries, numbered without a gap."""
    entries = sorted(evidence.ledger, key=lambda entry: entry.seq)
    for number, entry in enumerate(entries):
        if entry.seq != number:
            yield Violation("ledger-gap", str(number))
            break
    for entry in entries:
        if entry.leaf_hash != _leaf(entry.event):
            yield Violation("leaf-differs", str(entry.seq))
    size, root = evidence.checkpoint
    if size != len(entries):
        yield Violation("checkpoint-size", f"{size}, not {len(entries)}")
    elif root != merkle_root([_leaf(entry.event) for entry in entries]):
        yield Violation("checkpoint-root", str(size))


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root of RFC 9162 over leaf hashes."""
    if not leaves:
        return sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        pairs = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def _leaf(event: bytes) -> bytes:
    return sha256(b"\x00" + event).digest()


def read_decisions(records: Iterable[Message]) -> list[Decision]:
    """The decision records among *records*; what does not parse is no audit record of anything."""
    return [decision for record in records if (decision := _decision(record)) is not None]


def _decision(record: Message) -> Decision | None:
    try:
        parsed = read_record(record.value or b"")
    except RejectedError:
        return None
    event, position, facts = parsed.event, record.position, parsed.event.message
    return Decision(
        place=(str(position.topic), position.partition, position.offset),
        written_at=record.timestamp // 1000,
        decision_id=event.decision_id.hex(),
        outcome=event.outcome.value,
        message_id=facts.message_id.hex() if facts else "",
        causation_id=facts.causation_id.hex() if facts and facts.causation_id else "",
        source=(str(event.source.topic), event.source.partition, event.source.offset),
        event=parsed.event_bytes,
    )


def read_history(path: Path) -> list[HandedOver]:
    """The lines that a desk wrote; a last line that a kill cut short does not count."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [
        HandedOver(
            line["message_id"],
            line["decision_id"],
            (line["topic"], line["partition"], line["offset"]),
            line["at"] // 1000,
        )
        for line in map(json.loads, lines)
    ]


def read_intake(database: Path, codes: tuple[str, ...]) -> list[IntakeRow]:
    """A desk's own table, in the order of writing, for these message types."""
    columns = "message_id, case_ref, mark, decision_id, code"
    rows = _rows(database, f"SELECT {columns} FROM intake ORDER BY seq")
    return [IntakeRow(*row[:4]) for row in rows if row[4] in codes]


def read_inbox(database: Path) -> list[InboxRow]:
    """What the subscriber of a desk remembers."""
    rows = _rows(database, "SELECT id, decision_id, status FROM schakel_inbox")
    # The last 16 bytes are the message id; the sender's number stands before it.
    return [InboxRow(bytes(id_)[-16:].hex(), bytes(decision).hex(), status) for id_, decision, status in rows]


def read_ledger(database: Path) -> list[Entry]:
    """The ledger's entries, in their order."""
    rows = _rows(database, "SELECT seq, decision_id, leaf_hash, event FROM entries ORDER BY seq")
    return [Entry(seq, bytes(id_).hex(), bytes(leaf), bytes(event)) for seq, id_, leaf, event in rows]


def read_checkpoint(path: Path) -> tuple[int, bytes]:
    """Size and root of a published checkpoint."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return int(lines[1]), base64.b64decode(lines[2], validate=True)


def _rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
