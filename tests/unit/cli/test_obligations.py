"""`schakel obligations` on the ledger of a sandbox, written without Kafka."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from broker.adapters.database import migrate, open_engine, writing
from broker.adapters.keyfiles import read_signer
from broker.adapters.ledger_obligations import SqlObligationReader
from broker.adapters.ledger_store import SqlLedgerStore
from broker.adapters.ledger_tables import LOG, OBLIGATIONS
from broker.adapters.memory import MemoryLog, MemorySource
from broker.adapters.system import SystemClock
from broker.adapters.tiles import TileDirectory
from broker.assembly import keeper
from broker.audit.checkpoint import LogKey, VerifierKey
from broker.audit.codec import expected_decision_id
from broker.audit.decision_record import write_records
from broker.audit.events import AuditEvent, AuditParty
from broker.cli.main import main
from broker.moments import DAY
from broker.names import Micros, Oin, Role
from broker.obligations.store import ObligationQuery
from broker.parts import LedgerParts
from broker.ports import Outgoing
from broker.sandbox.exchange import build
from broker.sandbox.layout import Layout
from broker.sandbox.timekeeping import drive_to
from broker.settings import GateProfile, LedgerProfile, load_profile
from consumers.ledger_writer import LedgerWriter
from tests.audit_world import AMK, DECIDED, TOPIC
from tests.obligation_world import case_of, case_ref


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sandbox a day after two reports: one received and decided on, one without any answer."""
    directory = tmp_path_factory.mktemp("sandbox")
    build(directory, ["localhost:1"])
    layout = Layout(directory)
    profile = load_profile(layout.ledger_profile, LedgerProfile)
    agencies = keeper(profile).current().by_name
    oins = {AMK: agencies["amk-noord"].oin}
    events = [_here(one, oins.get, agencies["shg-noord"].oin) for one in (*case_of(1)[:3], *case_of(2)[:1])]
    gate = load_profile(layout.gate_profile, GateProfile)
    signer = read_signer(gate.keys / "sign-es256.pem")
    log = MemoryLog({TOPIC: 1})
    for value in write_records([(one, None) for one in events], gate.oin, [signer]):
        log.append(Outgoing(TOPIC, b"key", value))
    _write(profile, log)
    drive_to(layout, Micros(SystemClock().now() + DAY))
    return directory


def _here(event: AuditEvent, known: Any, other: Oin) -> AuditEvent:
    """The decision as if it were of this sandbox, and of now."""
    facts = event.message
    assert facts is not None
    sender, recipient = (
        AuditParty(known(each.oin, other), Role(each.role)) for each in (facts.sender, facts.recipient)
    )
    at = Micros(event.decided_at - DECIDED + SystemClock().now())
    moved = replace(event, message=replace(facts, sender=sender, recipient=recipient), decided_at=at)
    identity = expected_decision_id(moved)
    assert identity is not None
    return replace(moved, decision_id=identity)


def _write(profile: LedgerProfile, log: MemoryLog) -> None:
    engine = open_engine(profile.database)
    migrate(engine)
    store, tiles = SqlLedgerStore(engine, profile.origin), TileDirectory(profile.tlog).acquire()
    signer = read_signer(profile.key)
    key = LogKey(signer, VerifierKey(profile.origin, signer.verifying_key))
    source = MemorySource.assigned(log, [TOPIC], {})
    writer = LedgerWriter(LedgerParts(source, store, tiles, key, keeper(profile), SystemClock()))
    assert writer.step(0.0) == 4
    writer.close()
    tiles.close()
    engine.dispose()


def answer(
    capsys: pytest.CaptureFixture[str], sandbox: Path, *words: str, exits: int = 0
) -> list[dict[str, Any]]:
    """The obligations that a command prints as JSON."""
    code = main(["obligations", *words, "--dir", str(sandbox), "--json"])
    printed = capsys.readouterr()
    assert code == exits, printed.err
    found: list[dict[str, Any]] = json.loads(printed.out)["obligations"]
    return found


def test_a_list_says_what_is_owed_by_whom_and_when(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Short names, states and due moments, the earliest first."""
    found = answer(capsys, sandbox, "list", "--code", "ob-decide")

    assert {(one["debtor"]["name"], one["creditor"]["name"]) for one in found} == {("amk-noord", "shg-noord")}
    assert sorted(one["state"] for one in found) == ["met", "open"]
    assert [one["due_at"] for one in found] == sorted(one["due_at"] for one in found)


def test_a_list_of_what_is_overdue_exits_with_9(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A report without a receipt for a day; a monitor needs no more than the exit code."""
    found = answer(capsys, sandbox, "list", "--overdue", exits=9)

    assert {(one["code"], one["state"]) for one in found} >= {("OB-ACK", "overdue")}
    assert {one["state"] for one in found} == {"overdue"}


@pytest.mark.parametrize(
    ("words", "holds", "some"),
    [
        pytest.param(("--agency", "amk-noord"), lambda one: "amk-noord" in _parties(one), True, id="agency"),
        pytest.param(("--agency", "raad-noord"), lambda one: False, False, id="another-agency"),
        pytest.param(
            ("--case", case_ref(2).hex()), lambda one: one["case"] == str(case_ref(2)), True, id="case"
        ),
        pytest.param(("--code", "OB-ACK"), lambda one: one["code"] == "OB-ACK", True, id="code"),
        pytest.param(("--state", "met"), lambda one: one["state"] == "met", True, id="state"),
        pytest.param(
            ("--state", "met", "--state", "open"),
            lambda one: one["state"] in ("met", "open"),
            True,
            id="states",
        ),
        pytest.param(("--state", "waived"), lambda one: one["state"] == "waived", False, id="no-state"),
        pytest.param(("--due-before", "2020-01-01"), lambda one: False, False, id="due-before-day"),
        pytest.param(("--due-before", "2120-01-01T12:00"), lambda one: True, True, id="due-before-moment"),
    ],
)
def test_a_list_can_be_narrowed(
    sandbox: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    holds: Callable[[dict[str, Any]], bool],
    some: bool,
) -> None:
    """Each filter by itself: exactly those of the whole list for which it holds, in the same order."""
    every = answer(capsys, sandbox, "list")
    expected = [one["id"] for one in every if holds(one)]

    assert [one["id"] for one in answer(capsys, sandbox, "list", *words)] == expected
    assert bool(expected) is some


def test_a_list_of_a_kind_that_is_none_is_a_mistake(
    sandbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing owed would be a wrong answer; the error names those that there are."""
    assert main(["obligations", "list", "--code", "OB-NOPE", "--dir", str(sandbox)]) == 2
    told = capsys.readouterr().err

    assert "OB-NOPE" in told
    assert "OB-DECIDE" in told


def _parties(one: dict[str, Any]) -> tuple[str, str]:
    return one["debtor"]["name"], one["creditor"]["name"]


def test_a_list_ends_at_its_limit(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the earliest due."""
    every = answer(capsys, sandbox, "list")

    assert answer(capsys, sandbox, "list", "--limit", "2") == every[:2]


def test_the_doctor_says_what_the_operator_must_hear(
    sandbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A receipt that stays away is a system that failed."""
    assert main(["doctor", "--dir", str(sandbox), "--json"]) == 9
    checks = {one["check"]: one for one in json.loads(capsys.readouterr().out)["checks"]}

    assert checks["duty OB-ACK"]["state"] == "wrong"
    assert "by amk-noord" in checks["duty OB-ACK"]["said"]


def test_the_doctor_of_an_agency_looks_at_no_ledger(
    sandbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has none."""
    assert main(["doctor", "--profile", str(Layout(sandbox).profile("amk-noord")), "--json"]) == 9
    checks = {one["check"] for one in json.loads(capsys.readouterr().out)["checks"]}

    assert not any(check.startswith("dut") for check in checks)


def test_one_is_shown_by_the_beginning_of_its_id(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a person copies it from the list."""
    first = answer(capsys, sandbox, "list")[0]

    assert answer(capsys, sandbox, "show", first["id"][:12]) == [first]


def test_people_see_dutch_time_and_what_the_code_means(
    sandbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table, with the title of the duty and its source."""
    first = answer(capsys, sandbox, "list")[0]
    assert main(["obligations", "show", first["id"], "--dir", str(sandbox)]) == 0

    printed = capsys.readouterr().out
    assert first["due_local"] in printed
    assert "technical receipt" in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("list", "--agency", "nobody"), "no agency nobody", id="agency"),
        pytest.param(("list", "--case", "nothing"), "--case", id="case"),
        pytest.param(("list", "--due-before", "tomorrow"), "not a moment", id="moment"),
        pytest.param(("list", "--overdue", "--state", "met"), "--overdue is a state", id="overdue-and-state"),
        pytest.param(("show", "x"), "not the id", id="id"),
        pytest.param(("show", "00000000"), "no such obligation", id="unknown"),
    ],
)
def test_what_cannot_be_understood_is_said(
    sandbox: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    """A wrong word is a usage error, and the answer to nothing."""
    assert main(["obligations", *words, "--dir", str(sandbox)]) == 2
    assert said in capsys.readouterr().err


def test_obligations_are_not_made_again_beside_a_writer(
    sandbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQLite has one writer: whoever asks is told so at once, and what is stored stays."""
    before = answer(capsys, sandbox, "list")
    running = TileDirectory(load_profile(Layout(sandbox).ledger_profile, LedgerProfile).tlog).acquire()
    try:
        assert main(["obligations", "rebuild", "--dir", str(sandbox)]) == 3
    finally:
        running.close()

    assert "while the ledger writer runs" in capsys.readouterr().err
    assert answer(capsys, sandbox, "list") == before


def test_obligations_are_not_made_again_where_there_is_no_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command makes no database."""
    build(tmp_path, ["localhost:1"])
    database = load_profile(Layout(tmp_path).ledger_profile, LedgerProfile).database
    assert main(["obligations", "rebuild", "--dir", str(tmp_path)]) == 3

    assert "there is no ledger" in capsys.readouterr().err
    assert not Path(database.removeprefix("sqlite:///")).exists()


def test_fsck_finds_a_changed_obligation_and_rebuild_mends_it(
    sandbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Obligations follow from entries: whoever changes them is found, and they are made again."""
    profile = load_profile(Layout(sandbox).ledger_profile, LedgerProfile)
    engine = open_engine(profile.database)
    before = SqlObligationReader(engine).obligations(ObligationQuery(Micros(0)), 100)
    with writing(engine) as connection:
        connection.execute(update(OBLIGATIONS).values(due_at=1))

    assert main(["ledger", "fsck", "--dir", str(sandbox)]) == 7
    assert "is stored otherwise" in capsys.readouterr().out
    assert main(["obligations", "rebuild", "--dir", str(sandbox)]) == 0
    assert main(["ledger", "fsck", "--dir", str(sandbox)]) == 0
    assert SqlObligationReader(engine).obligations(ObligationQuery(Micros(0)), 100) == before
    engine.dispose()


def test_another_name_of_the_rules_does_not_stop_fsck(
    sandbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows by other rules are compared and numbered; all of them gone is wrong by any rules."""
    engine = open_engine(load_profile(Layout(sandbox).ledger_profile, LedgerProfile).database)
    with writing(engine) as connection:
        connection.execute(update(LOG).values(rules=bytes(32)))
        connection.execute(update(OBLIGATIONS).values(due_at=1))

    assert main(["ledger", "fsck", "--dir", str(sandbox)]) == 8
    assert re.search(
        r"obligations by other rules .*\d+ stored, (\d+) follow .* \1 differ", capsys.readouterr().err
    )
    with writing(engine) as connection:
        connection.execute(delete(OBLIGATIONS))
    assert main(["ledger", "fsck", "--dir", str(sandbox)]) == 7
    assert "no obligation is stored" in capsys.readouterr().out
    assert main(["obligations", "rebuild", "--dir", str(sandbox)]) == 0
    assert main(["ledger", "fsck", "--dir", str(sandbox)]) == 0
    engine.dispose()
