"""The play: a case that is exchanged, messages that must not be, and the proof."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

from broker.names import MessageCode
from broker.sandbox.demo.deliveries import case_arrives, feedback_returns
from broker.sandbox.demo.evidence import await_ledger, prove
from broker.sandbox.demo.model import Audience, Report
from broker.sandbox.demo.refusals import refused_by_rule, refused_since_revoked, refused_since_tampered
from broker.sandbox.demo.stage import Programme, staged
from broker.sandbox.sandbox import Sandbox

__all__ = ["play"]

_CODES = ("E01", "E03", "E04", "E05", "E28")


def play(sandbox: Sandbox, audience: Audience, proof_file: Path) -> Report:
    """Play everything; the sandbox is started before and stopped after, whatever happens.

    Args:
        sandbox: In a directory of its own.
        audience: Watches.
        proof_file: Where the evidence bundle goes.

    Returns:
        What came out; `Report.failures` holds what did not come out as told.

    Raises:
        SchakelError: The sandbox could not be started, or something did not happen in time.
    """
    report = Report()
    begin = time.monotonic()
    audience.scene("A whole exchange on this machine")
    with staged(sandbox, audience.say) as stage:
        kafka = asdict(sandbox.status().kafka)
        report.kafka = {name: kafka[name] for name in ("version", "nodes", "how")}
        programme = Programme(stage, audience, report)
        _introduce(programme)
        first = case_arrives(programme)
        feedback_returns(programme, first)
        refused_by_rule(programme)
        refused_since_tampered(programme)
        refused_since_revoked(programme)
        _evidence(programme, proof_file)
    report.seconds = time.monotonic() - begin
    report.failures += [
        f"{process.name} still runs" for process in sandbox.status().processes if process.running
    ]
    return report


def _introduce(programme: Programme) -> None:
    """Say in a few words who and what the short names stand for; the titles are the catalogue's."""
    catalogue = programme.stage.shg.view.catalogue
    shg, amk = programme.stage.shg.cast, programme.stage.amk.cast
    rows = [
        (shg.name, f"SHG, {shg.title}: domestic-violence support centre"),
        (amk.name, f"AMK, {amk.title}: child-abuse reporting centre"),
    ]
    rows += [(code, catalogue.messages[MessageCode(code)].title_en) for code in _CODES]
    rows += [
        ("gate", "lets a message pass where the law and an agreement allow it; cannot read it"),
        ("step", "the numbered check that a message failed (9: is it unchanged? 11: is it allowed?)"),
    ]
    programme.audience.show("Who and what", rows)


def _evidence(programme: Programme, file: Path) -> None:
    audience, report, stage = programme.audience, programme.report, programme.stage
    audience.scene("The ledger, and a proof that needs nobody's word")
    stage.observer.look(0.2)
    ledger = report.ledger = await_ledger(stage.layout, stage.amk.view, len(stage.observer.decisions))
    origin = ledger.checkpoint.splitlines()[0]
    audience.say(
        "The ledger is a list of all decisions that can only grow. Its root is the fingerprint of the whole "
        "list; a checkpoint (origin, size and root) is signed with the ledger's own key."
    )
    rows = [("origin", origin), ("size", f"{ledger.entries} decisions"), ("root", ledger.root)]
    audience.show("The ledger's signed checkpoint", rows)
    decision = programme.first_decision
    assert decision is not None, "the first message was decided"
    proof = report.proof = prove(stage.layout, ledger, decision, file)
    where = "in a process without any network" if proof.offline else "in a process of its own; this machine"
    where += "" if proof.offline else " cannot take the network away (no unshare)"
    audience.say(f"The decision about the first message was proven in {file.name}, and verified {where}.")
    programme.expect(proof.verified, "the evidence of the first decision verifies")
