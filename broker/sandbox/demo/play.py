"""The play: a case that is exchanged, messages that must not be, and the proof."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

from broker.sandbox.demo.deliveries import case_arrives, feedback_returns
from broker.sandbox.demo.evidence import await_ledger, prove
from broker.sandbox.demo.model import Audience, Report
from broker.sandbox.demo.refusals import refused_by_rule, refused_since_revoked, refused_since_tampered
from broker.sandbox.demo.stage import Programme, staged
from broker.sandbox.sandbox import Sandbox

__all__ = ["play"]


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


def _evidence(programme: Programme, file: Path) -> None:
    audience, report, stage = programme.audience, programme.report, programme.stage
    audience.scene("The ledger, and a proof that needs nobody's word")
    stage.observer.look(0.2)
    ledger = report.ledger = await_ledger(stage.layout, stage.amk.view, len(stage.observer.decisions))
    rows = [("entries", str(ledger.entries)), ("root", ledger.root)]
    audience.show("Ledger", [*rows, ("checkpoint", ledger.checkpoint.strip().splitlines()[-1])])
    decision = programme.first_decision
    assert decision is not None, "the first message was decided"
    proof = report.proof = prove(stage.layout, ledger, decision, file)
    where = "in a process without any network" if proof.offline else "in a process of its own; this machine"
    where += "" if proof.offline else " cannot take the network away (no unshare)"
    audience.say(f"The decision about the first message was proven in {file.name}, and verified {where}.")
    programme.expect(proof.verified, "the evidence of the first decision verifies")
