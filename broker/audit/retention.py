"""The retention log: what was cleared, held and destroyed, by whom and why (docs/spec/retention.md 3).

1. Records are chained: each has the digest of the one before in its own, so that none can be changed or left
   out unnoticed.  What stands here holds codes, offsets and references, and nothing of a message.
2. A case is on hold when its last record about a hold says so: the log is the only place that knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from broker.audit.events import AuditEvent
from broker.crypto import sha256
from broker.errors import EvidenceError, UsageError
from broker.names import CaseRef, Digest, Micros
from broker.ports import Offsets, Position

__all__ = [
    "FIRST",
    "Deed",
    "Recorded",
    "RetentionKind",
    "RetentionRecord",
    "RetentionStore",
    "chained",
    "holds_of",
    "require_chain",
]

FIRST: Final = sha256(b"schakel/v1/retention")
"""What stands before the first record."""
_LONGEST = 200


class RetentionKind(StrEnum):
    """What was done.  Stored values: only ever added to."""

    BEGUN = "begun"
    """Clearing begins: the new first offset of each partition."""
    CLEARED = "cleared"
    HOLD = "hold"
    RELEASE = "release"
    KEY_DESTROYED = "key_destroyed"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision of the ledger, and where its record stands.

    Attributes:
        position: Of the decision record; the original stands at ``event.source``.
    """

    position: Position
    event: AuditEvent


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody does, and why.

    Attributes:
        person: Who, as the system knows them.
        reason: In a few words: what for.
        reference: The order, request or letter that it belongs to.
        facts: What it is about, in plain values without content.
    """

    kind: RetentionKind
    at: Micros
    person: str
    reason: str
    reference: str
    facts: Mapping[str, object]

    def __post_init__(self) -> None:
        for name, text in (("reason", self.reason), ("reference", self.reference)):
            if len(text) > _LONGEST or not text.isprintable():
                raise UsageError(
                    f"--{name} is not one short line",
                    remedy=f"Give at most {_LONGEST} printable characters, and no name of a person",
                )


@dataclass(frozen=True, slots=True)
class RetentionRecord:
    """A record as it is stored.

    Attributes:
        seq: Its place, from 0.
        digest: Over the record and the digest of the one before.
    """

    seq: int
    deed: Deed
    digest: Digest


class RetentionStore(Protocol):
    """The retention log, and what the ledger knows of the records on Kafka."""

    def recorded(self, since: Micros, cases: Iterable[CaseRef]) -> Sequence[Recorded]:
        """Decisions that were made at *since* or later, and all those of *cases*."""
        ...

    def problems(self) -> Sequence[Position]:
        """Records of decisions topics that did not become entries."""
        ...

    def next_offsets(self) -> Offsets:
        """How far the ledger has read."""
        ...

    def record(self, deed: Deed) -> RetentionRecord:
        """Append one record."""
        ...

    def log(self) -> Sequence[RetentionRecord]:
        """Every record, in order."""
        ...


def chained(seq: int, before: Digest, deed: Deed) -> RetentionRecord:
    """*deed* as the record at *seq*, after one with the digest *before*."""
    said = [seq, before.hex(), deed.kind, deed.at, deed.person, deed.reason, deed.reference, deed.facts]
    return RetentionRecord(seq, deed, sha256(json.dumps(said, sort_keys=True).encode()))


def require_chain(records: Sequence[RetentionRecord]) -> None:
    """Check that nothing was changed in, put into or left out of *records*, but at their end.

    Raises:
        EvidenceError: The first record that does not follow.
    """
    before = FIRST
    for seq, record in enumerate(records):
        if chained(seq, before, record.deed) != record:
            raise EvidenceError(
                f"record {seq} of the retention log does not follow from the one before it",
                why="it was changed, or one was taken out",
                remedy="Compare the database with a copy of before; the records up to this one are sound",
                code="retention-log",
            )
        before = record.digest


def holds_of(records: Iterable[RetentionRecord]) -> dict[CaseRef, RetentionRecord]:
    """The cases that are on hold, each with the record that says so."""
    held: dict[CaseRef, RetentionRecord] = {}
    for record in records:
        if record.deed.kind in (RetentionKind.HOLD, RetentionKind.RELEASE):
            case = CaseRef.parse(str(record.deed.facts["case"]))
            if record.deed.kind is RetentionKind.HOLD:
                held[case] = record
            else:
                held.pop(case, None)
    return held
