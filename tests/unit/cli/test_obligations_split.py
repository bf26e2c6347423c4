"""An agency is split while a case runs: its heirs see what it owed, and either of them answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.database import migrate, open_engine
from broker.adapters.keyfiles import read_signer
from broker.adapters.ledger_store import SqlLedgerStore
from broker.adapters.memory import MemoryLog, MemorySource
from broker.adapters.system import SandboxClock
from broker.adapters.tiles import TileDirectory
from broker.assembly import keeper
from broker.audit.checkpoint import LogKey, VerifierKey
from broker.audit.codec import message_decision_id
from broker.audit.decision_record import write_records
from broker.audit.events import AuditEvent, AuditParty
from broker.cli.main import main
from broker.moments import HOUR, to_text
from broker.names import Micros, Role
from broker.parts import LedgerParts
from broker.ports import Outgoing
from broker.sandbox.cast import member
from broker.sandbox.exchange import build
from broker.sandbox.layout import Layout
from broker.settings import GateProfile, LedgerProfile, load_profile
from consumers.ledger_writer import LedgerWriter
from tests.audit_world import AMK, SHG, TOPIC
from tests.obligation_world import REPORT, Told, told

OLD, HEIRS, STRANGER = "amk-noord", ("bjz-noord", "amk-zuid"), "raad-noord"
REPORTED = Told(1, 0, "E01", says=REPORT)
DECIDED = Told(1, 1, "E04", AMK, SHG, 0, (("taken_in_investigation", "true"),))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A sandbox in which a report was made, and then its recipient was split."""
    build(tmp_path, ["localhost:1"])
    layout = Layout(tmp_path)
    now = SandboxClock(layout.clock).now()
    write(layout, event(REPORTED, OLD, now))
    split(layout, now)
    return layout


def split(layout: Layout, now: Micros) -> None:
    """Have the old agency and its heirs sign, and publish it."""
    where = ("--since", to_text(now), "--dir", str(layout.directory))
    files: list[str] = []
    for heir in HEIRS:
        for signer in (OLD, heir):
            files += ("--signature", str(layout.run / f"{heir}-{signer}.json"))
            keys = ("--oin", signer, "--keys", str(layout.agency(signer) / "keys"))
            assert main(["registry", "sign-succession", OLD, heir, *where, *keys, "-o", files[-1]]) == 0
    assert main(["registry", "succeed", OLD, *HEIRS, *where, *files]) == 0


def event(message: Told, amk: str, at: Micros) -> AuditEvent:
    """The decision on *message* in this sandbox, with *amk* as its AMK."""
    found = told(message)
    facts = found.message
    assert facts is not None
    cast = {AMK: member(amk).oin, SHG: member("shg-noord").oin}
    parties = [AuditParty(cast[one.oin], Role(one.role)) for one in (facts.sender, facts.recipient)]
    identity = message_decision_id(
        facts.statement_hash, parties[1].oin, facts.agreement_digest, found.outcome, found.rule
    )
    moved = replace(facts, sender=parties[0], recipient=parties[1])
    return replace(found, message=moved, decided_at=at, decision_id=identity)


def write(layout: Layout, event: AuditEvent) -> None:
    """Let the ledger writer store one decision."""
    profile = load_profile(layout.ledger_profile, LedgerProfile)
    gate = load_profile(layout.gate_profile, GateProfile)
    log = MemoryLog({TOPIC: 1})
    for value in write_records([(event, None)], gate.oin, [read_signer(gate.keys / "sign-es256.pem")]):
        log.append(Outgoing(TOPIC, b"key", value))
    engine = open_engine(profile.database)
    migrate(engine)
    store, tiles = SqlLedgerStore(engine, profile.origin), TileDirectory(profile.tlog).acquire()
    own = read_signer(profile.key)
    key = LogKey(own, VerifierKey(profile.origin, own.verifying_key))
    source, clock = MemorySource.assigned(log, [TOPIC], {}), SandboxClock(layout.clock)
    writer = LedgerWriter(LedgerParts(source, store, tiles, key, keeper(profile), clock))
    assert writer.step(0.0) == 1
    writer.close()
    tiles.close()
    engine.dispose()


def owed(layout: Layout, capsys: pytest.CaptureFixture[str], agency: str) -> list[Any]:
    """What `schakel obligations list` says that this agency must decide."""
    capsys.readouterr()
    asked = ("--agency", agency, "--code", "OB-DECIDE", "--json")
    assert main(["obligations", "list", "--dir", str(layout.directory), *asked]) == 0
    found: list[Any] = json.loads(capsys.readouterr().out)["obligations"]
    return found


def test_each_heir_sees_what_the_old_agency_owed(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    """Under the old name, with who stands there now; an agency that is no heir sees nothing."""
    (one,), (other,) = (owed(layout, capsys, heir) for heir in HEIRS)

    assert one == other
    assert (one["state"], one["debtor"]["name"]) == ("open", OLD)
    assert one["debtor"]["carried_on_by"] == list(HEIRS)
    assert owed(layout, capsys, STRANGER) == []


@pytest.mark.parametrize("heir", HEIRS)
def test_either_heir_meets_it(layout: Layout, capsys: pytest.CaptureFixture[str], heir: str) -> None:
    """The decision of one is the decision, and both see that."""
    later = Micros(SandboxClock(layout.clock).now() + HOUR)
    write(layout, event(DECIDED, heir, later))

    assert [[one["state"] for one in owed(layout, capsys, each)] for each in HEIRS] == [["met"], ["met"]]


@pytest.mark.parametrize("heir", HEIRS)
def test_it_stands_in_the_calendar_of_each_heir(layout: Layout, heir: str, tmp_path: Path) -> None:
    """Due moments of an agency that is no more are nobody's otherwise."""
    file = tmp_path / "due.ics"
    words = ("--agency", heir, "--dir", str(layout.directory), "--output", str(file))
    assert main(["obligations", "calendar", *words]) == 0

    assert "OB-DECIDE" in file.read_text(encoding="utf-8")


def test_people_read_who_stands_there_now(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    """In the list, beside the old name."""
    capsys.readouterr()
    assert main(["obligations", "list", "--dir", str(layout.directory), "--code", "OB-DECIDE"]) == 0

    assert "now bjz-noord or amk-zuid" in " ".join(capsys.readouterr().out.split())
