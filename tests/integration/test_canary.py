"""Content is nowhere but with the recipient: canaries in every free text, looked for in every byte.

The agencies' programs are as careless as they can be: all debug output is asked for, the Kafka client's
too, and a handler fails with the content in the text of its error.  The search is shown to work by
controls, planted in every kind of place that it looks into.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from broker.errors import SchemaError
from broker.names import CaseRef, GroupName, MessageCode, TopicName
from broker.ports import Message, Outgoing
from broker.records.model import GroupValue
from broker.records.schema import MessageSchema
from broker.records.template import template
from broker.topics import DECISIONS_PREFIX
from broker.trust.view import TrustView
from tests import checker
from tests.exchange import RealExchange, eventually

pytestmark = pytest.mark.kafka

_WORD = "KANARIE"
_CONTROL = "CONTROLE-7f3a9c51d2"
_PATTERN = re.compile(rb"KANARIE-[0-9a-f]{8}")
_GROUPS = ("REF", "CH", "GU", "HH", "AP", "RP", "RPI", "CO", "SA", "DE", "IN", "WK", "AT")


@dataclass(frozen=True)
class Flown:
    """What became of the canaries.

    Attributes:
        canaries: Every one that was sent, with the field that held it.
        records: Everything on Kafka.
        resident: Which of them the gate's memory held.
        control_resident: Which of them the recipient's memory held.
    """

    exchange: RealExchange
    canaries: dict[str, str]
    records: Sequence[Message]
    resident: frozenset[str]
    control_resident: frozenset[str]


@pytest.fixture(scope="module")
def flown(exchange: RealExchange, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flown]:
    """Reports full of canaries: some delivered, some refused by the gate, some by their publisher."""
    with exchange.publisher() as publisher:
        view = publisher.view
    chatty = {"DESK_CHATTY": "1"}
    exchange.stop(*[name for name in ("amk-noord", "shg-noord") if name in exchange.children])
    exchange.start("amk-noord", environment=chatty)
    exchange.start("shg-noord", environment=chatty)
    exchange.run("gate", "ledger", "amk-noord", "shg-noord")
    canaries: dict[str, str] = {}
    folder = tmp_path_factory.mktemp("documents")
    delivered = [_document(view, "amk-noord", canaries) for _ in range(3)]
    foreign = [_document(view, "amk-zuid", canaries) for _ in range(2)]
    _tell(exchange, folder, [*delivered, *foreign])
    _tell(exchange, folder, foreign, "careless")
    _plant_on_kafka(exchange)
    inbox = exchange.layout.agency("amk-noord") / "inbox.sqlite"
    wanted = {str(document["groups"]["REF"]["case_ref_sender"]) for document in delivered}  # type: ignore[index]
    eventually(
        lambda: wanted <= {row.mark for row in checker.read_intake(inbox, ("E01",))},
        "the reports are taken in",
    )
    _drain(exchange)
    resident = [_resident(exchange.children[name].pid) for name in ("gate", "amk-noord")]
    exchange.stop("gate", "ledger", "amk-noord", "shg-noord")
    _plant_in_files(exchange)
    topics = sorted({topic for topic, _ in exchange.marks() if not topic.startswith("__")})
    yield Flown(exchange, canaries, exchange.records(*topics), *resident)
    (exchange.layout.exchange / "tlog" / "control").unlink()


def _document(view: TrustView, to: str, canaries: dict[str, str]) -> dict[str, object]:
    """A report document with a canary of its own in every field that takes a free text."""
    entry = view.catalogue.messages[MessageCode("E01")]
    schema = view.schemas[entry.schema_digest]
    groups = {name: value for name, value in template(schema, everything=True).items() if name in _GROUPS}
    for name, value in groups.items():
        for path, place, key in _texts(value, str(name)):
            before, canary = place[key], f"{_WORD}-{secrets.token_hex(4)}"
            place[key] = canary
            if _accepted(schema, name, value):
                canaries[canary] = path
            else:
                place[key] = before
    return {
        "type": "E01",
        "to": [to],
        "case": "new",
        "purpose": entry.purposes[0],
        "legal_basis": entry.legal_bases[0],
        "urgency": "normal",
        "regime": "R1",
        "assertions": {a.name: True for a in entry.assertions},
        "groups": groups,
    }


def _texts(value: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Every text in a group: its path, what holds it, and where."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if isinstance(inner, str):
            yield f"{path}.{key}", value, key
        else:
            yield from _texts(inner, f"{path}.{key}")


def _accepted(schema: MessageSchema, name: GroupName, value: GroupValue) -> bool:
    groups = {**template(schema), name: value}
    try:
        schema.encode(groups)
    except SchemaError:
        return False
    return True


def _tell(exchange: RealExchange, folder: Path, documents: Sequence[object], *words: str) -> None:
    """Send documents with a program that says all it can."""
    file = folder / "documents.jsonl"
    file.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    program = ["tests.programs.teller", str(exchange.layout.profile("shg-noord")), str(file), *words]
    child = exchange._spawn("teller", program, {})
    eventually(lambda: child.process.poll() is not None, "the documents are sent")
    assert child.process.returncode == 0, child.text[-2000:]


def _drain(exchange: RealExchange) -> None:
    decisions = {d.decision_id for d in checker.read_decisions(exchange.records(*_decisions(exchange)))}
    database = exchange.layout.exchange / "ledger.sqlite"
    eventually(
        lambda: decisions <= {entry.decision_id for entry in checker.read_ledger(database)}, "all is entered"
    )


def _decisions(exchange: RealExchange) -> list[str]:
    return sorted({topic for topic, _ in exchange.marks() if topic.startswith(DECISIONS_PREFIX)})


def _plant_on_kafka(exchange: RealExchange) -> None:
    """A record with the control in its key, its value and a header."""
    control = _CONTROL.encode()
    topic = TopicName("exchange.meldingen")
    with exchange.sink("shg-noord") as sink:
        sink.write([Outgoing(topic, control + b"-key", control + b"-value", (("x", control + b"-header"),))])


def _plant_in_files(exchange: RealExchange) -> None:
    """The control in a log, in the ledger's database and in the published log."""
    for log in exchange.layout.run.glob("*.log"):
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{_CONTROL}-log\n")
    with sqlite3.connect(exchange.layout.exchange / "ledger.sqlite") as database:
        row = (1, "x", f"{_CONTROL}-database", "x", "x", "x", 0)
        database.execute(
            "INSERT INTO accesses (at, party, person, purpose, reference, query, results)"
            " VALUES (?,?,?,?,?,?,?)",
            row,
        )
    database.close()
    (exchange.layout.exchange / "tlog" / "control").write_text(f"{_CONTROL}-tlog", encoding="utf-8")


def _resident(pid: int) -> frozenset[str]:
    """Every canary that stands in the writable memory of a process."""
    if sys.platform != "linux":
        pytest.skip("only Linux lets the memory of a process be read through /proc")
    found: set[str] = set()
    with (
        Path(f"/proc/{pid}/maps").open(encoding="utf-8") as maps,
        Path(f"/proc/{pid}/mem").open("rb") as memory,
    ):
        for line in maps:
            begin, end = (int(part, 16) for part in line.split()[0].split("-"))
            if " rw" in line and "[v" not in line:
                memory.seek(begin)
                found |= {word.decode() for word in _PATTERN.findall(memory.read(end - begin))}
    return frozenset(found)


def _holding(root: Path, word: str, excepted: Sequence[Path] = ()) -> list[str]:
    """Which files under *root* hold *word*: as it is, or in another coding."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and path not in excepted)
    forms = _forms(word.encode())
    return [
        str(file.relative_to(root))
        for file in files
        if any(form in part for part in _parts(file) for form in forms)
    ]


def _parts(file: Path) -> Iterator[bytes]:
    """The content of a file without its holes: Kafka makes its index files large and leaves them empty."""
    with file.open("rb") as opened:
        end, size = 0, os.fstat(opened.fileno()).st_size
        while end < size:
            try:
                begin = os.lseek(opened.fileno(), end, os.SEEK_DATA)
            except OSError:
                return
            end = os.lseek(opened.fileno(), begin, os.SEEK_HOLE)
            yield os.pread(opened.fileno(), end - begin, begin)


def _forms(word: bytes) -> set[bytes]:
    """The word itself, and what stays of it in other codings at any alignment."""
    coded = {base64.b64encode(b"\0" * pad + word)[4 if pad else 0 : -4] for pad in range(3)}
    return {word, word.hex().encode(), word.decode().encode("utf-16-le"), *coded}


def _own(exchange: RealExchange) -> list[Path]:
    """The recipient's own database, where content belongs."""
    return list(exchange.layout.agency("amk-noord").glob("inbox.sqlite*"))


def test_every_free_text_held_a_canary(flown: Flown, figure: Callable[[str], None]) -> None:
    """Some twenty fields in a dozen groups, narrative ones too; the others have a form of their own."""
    fields = set(flown.canaries.values())
    figure(f"canaries: {len(flown.canaries)} in {len(fields)} fields")
    assert len(fields) > 20
    assert any(field.startswith("CO.") for field in fields)


def test_the_recipient_has_them(flown: Flown) -> None:
    """The recipient's own database holds what it took in: the message did travel."""
    found = _holding(flown.exchange.layout.agency("amk-noord"), _WORD)
    assert {Path(name).name.split("-")[0] for name in found} == {"inbox.sqlite"}


def test_no_file_holds_one(flown: Flown) -> None:
    """Not Kafka's data, no log, no output, not the ledger, not the published log, no other agency's file."""
    exchange = flown.exchange
    found = _holding(exchange.layout.directory, _WORD, _own(exchange))
    assert found == []


def test_no_key_and_no_header_holds_one(flown: Flown) -> None:
    """What Kafka shows of a record beside its value is free of content, on every topic."""
    shown = b"\n".join(
        (message.key or b"") + name.encode() + value
        for message in flown.records
        for name, value in (*message.headers, ("", b""))
    )
    assert set(_PATTERN.findall(shown)) == set()


def test_the_gate_s_memory_holds_none(flown: Flown) -> None:
    """The gate cannot know content: not one canary is in its memory."""
    assert flown.resident == frozenset()


def test_the_search_of_memory_finds_some_where_they_must_be(flown: Flown) -> None:
    """The recipient's process has opened them: the same search of its memory finds them."""
    assert flown.control_resident


@pytest.mark.parametrize(
    ("control", "where"),
    [
        pytest.param("-key", "kafka/", id="a key on Kafka"),
        pytest.param("-value", "kafka/", id="a value on Kafka"),
        pytest.param("-header", "kafka/", id="a header on Kafka"),
        pytest.param("-log", "run/", id="a log"),
        pytest.param("-database", "exchange/ledger.sqlite", id="the ledger's database"),
        pytest.param("-tlog", "exchange/tlog/", id="the published log"),
    ],
)
def test_the_search_finds_what_is_there(flown: Flown, control: str, where: str) -> None:
    """A control that was written to the same kind of place is found there."""
    if where == "kafka/" and flown.exchange.kafka.cluster is None:
        pytest.skip("the data of this Kafka lies on another machine or in a container")
    found = _holding(flown.exchange.layout.directory, _CONTROL + control)
    assert any(name.startswith(where) for name in found)


def test_the_careless_programs_did_speak(flown: Flown) -> None:
    """The logs that were searched do hold the failures and the Kafka client's lines, without content."""
    logs = "".join(log.read_text(encoding="utf-8") for log in flown.exchange.layout.run.glob("*.log"))
    assert "handler_failed" in logs
    assert '"kafka' in logs or "kafka." in logs


def test_a_case_is_a_random_reference(flown: Flown) -> None:
    """Keys on the exchange are 16 random bytes, or the control."""
    keys = [m.key or b"" for m in flown.records if m.position.topic == "exchange.meldingen"]
    assert all(len(key) == CaseRef.size or key.startswith(_CONTROL.encode()) for key in keys)
