"""`schakel obligations report`, `declare`, `calendar` and `remind` on the ledger of a sandbox."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import update

from broker.adapters.database import migrate, open_engine, writing
from broker.adapters.keyfiles import read_signer
from broker.adapters.ledger_store import SqlLedgerStore
from broker.adapters.ledger_tables import OBLIGATIONS
from broker.adapters.memory import MemoryLog, MemorySource
from broker.adapters.system import SandboxClock
from broker.adapters.tiles import TileDirectory
from broker.assembly import keeper
from broker.audit.checkpoint import LogKey, VerifierKey
from broker.audit.codec import message_decision_id
from broker.audit.decision_record import write_records
from broker.audit.events import AuditEvent
from broker.cli.main import main
from broker.dutch_time import local_day
from broker.errors import ExitCode
from broker.moments import DAY
from broker.names import Micros
from broker.parts import LedgerParts
from broker.ports import Outgoing
from broker.sandbox.cast import member
from broker.sandbox.exchange import build
from broker.sandbox.layout import Layout
from broker.sandbox.timekeeping import drive_to
from broker.settings import GateProfile, LedgerProfile, load_profile
from consumers.ledger_writer import LedgerWriter
from tests.audit_world import TOPIC
from tests.obligation_world import REPORT, Told, case_of, told

AMK, SHG = member("amk-noord").oin, member("shg-noord").oin
PAIR = {"debtor": "amk-noord", "creditor": "shg-noord"}
SILENT = 7
ANSWERED = 2


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some reports are answered and some are not, and it is two weeks later."""
    directory = tmp_path_factory.mktemp("sandbox")
    build(directory, ["localhost:1"])
    layout = Layout(directory)
    now = SandboxClock(layout.clock).now()
    _write(layout, [_here(one, now) for one in events()])
    drive_to(layout, Micros(now + 14 * DAY))
    return directory


@pytest.fixture(scope="module")
def month(sandbox: Path) -> str:
    """The month in which everything was reported."""
    now = SandboxClock(Layout(sandbox).clock).now()
    return local_day(Micros(now - 14 * DAY)).strftime("%Y-%m")


def events() -> Iterator[AuditEvent]:
    """What the gate decided."""
    for number in range(SILENT):
        yield told(Told(number, 0, "E01", says=REPORT))
    for number in range(SILENT, SILENT + ANSWERED):
        yield from case_of(number)


def _here(event: AuditEvent, now: Micros) -> AuditEvent:
    """The decision as it would be in this sandbox, now: between two agencies of its cast."""
    facts = event.message
    assert facts is not None
    cast = {"AMK": AMK, "SHG": SHG}
    sender, recipient = (replace(one, oin=cast[one.role]) for one in (facts.sender, facts.recipient))
    return replace(
        event,
        message=replace(facts, sender=sender, recipient=recipient),
        decided_at=now,
        decision_id=message_decision_id(
            facts.statement_hash, recipient.oin, facts.agreement_digest, event.outcome, event.rule
        ),
    )


def _write(layout: Layout, decided: list[AuditEvent]) -> None:
    profile = load_profile(layout.ledger_profile, LedgerProfile)
    gate = load_profile(layout.gate_profile, GateProfile)
    log = MemoryLog({TOPIC: 1})
    signer = read_signer(gate.keys / "sign-es256.pem")
    for value in write_records([(one, None) for one in decided], gate.oin, [signer]):
        log.append(Outgoing(TOPIC, b"key", value))
    engine = open_engine(profile.database)
    migrate(engine)
    store, tiles = SqlLedgerStore(engine, profile.origin), TileDirectory(profile.tlog).acquire()
    own = read_signer(profile.key)
    key = LogKey(own, VerifierKey(profile.origin, own.verifying_key))
    source, clock = MemorySource.assigned(log, [TOPIC], {}), SandboxClock(layout.clock)
    writer = LedgerWriter(LedgerParts(source, store, tiles, key, keeper(profile), clock))
    assert writer.step(0.0) == len(decided)
    writer.close()
    tiles.close()
    engine.dispose()


def obligations(sandbox: Path, *words: str) -> int:
    """Run the command on this sandbox."""
    return main(["obligations", *words, "--dir", str(sandbox)])


def report(sandbox: Path, capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    """The report as a document."""
    assert obligations(sandbox, "report", *words, "--json") == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def decisions(document: dict[str, Any]) -> dict[str, Any]:
    """The row about decisions after reports."""
    (row,) = (row for row in document["rows"] if row["duty"] == "OB-DECIDE")
    return dict(row)


def declaration(sandbox: Path, folder: Path, month: str, count: int | str, by: str = "amk-noord") -> Path:
    """The AMK's own count of its decisions, signed by *by*."""
    counts, signed = folder / "counts.json", folder / f"{by}-declaration.json"
    row = {**PAIR, "duty": "OB-DECIDE", "month": month, "count": count}
    counts.write_text(json.dumps({"counts": [row]}))
    profile = Layout(sandbox).profile(by)
    assert main(["obligations", "declare", "--profile", str(profile), str(counts), "-o", str(signed)]) == 0
    return signed


def test_a_row_says_what_should_exist_and_what_does(
    sandbox: Path, month: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Per pair of agencies, duty and month."""
    row = decisions(report(sandbox, capsys))

    assert (row["debtor_name"], row["creditor_name"], row["month"]) == ("amk-noord", "shg-noord", month)
    assert (row["expected"], row["exists"], row["missing"]) == (SILENT + ANSWERED, ANSWERED, SILENT)


def test_small_counts_are_hidden_from_the_public(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And no total gives them away."""
    document = report(sandbox, capsys, "--public")

    assert (decisions(document)["exists"], decisions(document)["missing"]) == ("1-5", "7")
    assert document["totals"] is None


def test_another_month_has_nothing(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The period is that in which it was opened."""
    assert report(sandbox, capsys, "--period", "2001-01..2001-12")["rows"] == []


def test_an_agency_has_its_own_rows(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whether it owes or is owed."""
    assert report(sandbox, capsys, "--agency", "amk-noord")["rows"]
    assert report(sandbox, capsys, "--agency", "ggz-noord")["rows"] == []


def test_a_person_gets_a_table(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With short names."""
    assert obligations(sandbox, "report") == 0
    assert "amk-noord" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--period", "may"), "--period is not a period"),
        (("--agency", "nobody"), "no agency nobody"),
    ],
    ids=["period", "agency"],
)
def test_what_is_not_understood_is_named(
    sandbox: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], named: str
) -> None:
    """In a sentence, with what to do."""
    assert obligations(sandbox, "report", *words) == 2
    assert named in capsys.readouterr().err


@pytest.mark.parametrize(("count", "verdict", "code"), [(6, "difference", 9), (2, "cannot-be-told", 0)])
def test_a_declared_count_stands_beside_ours(
    sandbox: Path,
    month: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    count: int,
    verdict: str,
    code: int,
) -> None:
    """Six cannot be two; 1-5 may be."""
    signed = declaration(sandbox, tmp_path, month, count)
    capsys.readouterr()
    document = report(sandbox, capsys, "--declared", str(signed), code=code)
    decided = [row for row in document["declared"] if row["duty"] == "OB-DECIDE"]
    found = [row["verdict"] for row in decided if row["declared"]]

    assert found == [verdict]


def test_a_declaration_that_somebody_else_signed_is_refused_by_name(
    sandbox: Path, month: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its file, whom it claims to be from, and the reason."""
    signed = json.loads(declaration(sandbox, tmp_path, month, 6).read_bytes())
    other = json.loads(declaration(sandbox, tmp_path, month, 7, by="shg-noord").read_bytes())
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps({**signed, "signatures": other["signatures"]}))
    capsys.readouterr()
    document = report(sandbox, capsys, "--declared", str(forged), code=9)

    assert [(one["file"], one["agency"], one["reason"]) for one in document["refused"]] == [
        (str(forged), "amk-noord", "unknown-key")
    ]
    assert document["declared"] == []


def test_a_small_count_is_a_range_before_it_is_signed(sandbox: Path, month: str, tmp_path: Path) -> None:
    """One to five does not leave the agency."""
    envelope = json.loads(declaration(sandbox, tmp_path, month, 2).read_bytes())
    payload = json.loads(base64.b64decode(envelope["payload"]))

    assert [count["count"] for count in payload["counts"]] == ["1-5"]


def test_a_calendar_holds_what_an_agency_owes(
    sandbox: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is answered is not in it, and what others owe neither."""
    file = tmp_path / "amk.ics"
    assert obligations(sandbox, "calendar", "--agency", "amk-noord", "-o", str(file)) == 0
    entries = Calendar.from_ical(file.read_bytes()).walk("VEVENT")

    assert sum(str(entry["summary"]).startswith("OB-DECIDE ") for entry in entries) == SILENT


def test_what_was_written_is_said_as_json(
    sandbox: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a script that asked for a calendar."""
    file = tmp_path / "amk.ics"
    assert obligations(sandbox, "calendar", "--agency", "amk-noord", "-o", str(file), "--json") == 0
    said = json.loads(capsys.readouterr().out)
    entries = Calendar.from_ical(file.read_bytes()).walk("VEVENT")

    assert said == {"file": str(file), "agency": "amk-noord", "due_moments": len(entries)}


def test_what_was_declared_is_said_as_json(
    sandbox: Path, month: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a script that signs its agency's counts."""
    declaration(sandbox, tmp_path, month, 6)
    capsys.readouterr()
    counts, signed = tmp_path / "counts.json", tmp_path / "signed.json"
    profile = Layout(sandbox).profile("amk-noord")
    words = ["--profile", str(profile), str(counts), "-o", str(signed), "--json"]
    assert main(["obligations", "declare", *words]) == 0

    said = json.loads(capsys.readouterr().out)
    assert said == {"file": str(signed), "agency": "amk-noord", "counts": 1, "left_out": 0}


def test_a_reminder_that_is_refused_has_the_exit_code_of_refusals(
    sandbox: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And its reason by itself: a creditor in a role that it does not have gets nothing."""
    copy = tmp_path / "sandbox"
    shutil.copytree(sandbox, copy)
    engine = open_engine(load_profile(Layout(copy).ledger_profile, LedgerProfile).database)
    with writing(engine) as connection:
        connection.execute(update(OBLIGATIONS).values(creditor_role="POL"))
    engine.dispose()

    assert obligations(copy, "remind", "--overdue", "--json") == ExitCode.REFUSED
    said = json.loads(capsys.readouterr().out)
    reminders = said["reminders"]
    assert said["operator_only"] > 0
    assert {(one["outcome"], one["reason"]) for one in reminders} == {("refused", "recipient-role")}


@pytest.mark.parametrize("words", [(), ("--overdue", "--due-before", "2026-01-01")], ids=["nothing", "both"])
def test_a_reminder_is_of_something(
    sandbox: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """Either what is overdue, or what is due before a moment."""
    assert obligations(sandbox, "remind", *words) == 2
    assert "what to remind of" in capsys.readouterr().err


def test_nothing_due_is_nothing_sent(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And Kafka is not asked."""
    assert obligations(sandbox, "remind", "--due-before", "2001-01-01 00:00") == 0
    assert "nothing to remind of" in capsys.readouterr().out
