"""After which refusals a correction is owed, by the catalogue's own rules (docs/spec/obligations.md 3.1)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from broker.agreements.model import Reason
from broker.envelope.reasons import Reason as EnvelopeReason
from broker.obligations.fold import track_all
from broker.obligations.model import CaseState, Fact
from broker.pipelines.obligations import CORRECTABLE, rules_of
from tests.open_world import CATALOGUE, party
from tests.unit.domain.duties import Said, duties, owed_by

AMK, SHG, GATE = party("AMK"), party("SHG"), party("GATE")
SPEC = Path(__file__).parents[3] / "docs/spec/obligations.md"
REPORT = Said(1, "E01", SHG, AMK)
TIMELY = {EnvelopeReason.EXPIRED.value, EnvelopeReason.FROM_THE_FUTURE.value}


def refused(said: Said, reason: str) -> Fact:
    """The fact that the gate refused this message."""
    return replace(said.fact(), outcome="refused", assertions=(), reason=reason)


def left_by(*facts: Fact) -> list[str]:
    """The codes of what these facts leave."""
    return [each.code for each in track_all(CaseState(), facts, rules_of(CATALOGUE, ())).obligations]


def test_the_specification_names_every_reason_on_one_side() -> None:
    """A new reason of the gate must be decided about."""
    told = SPEC.read_text("utf-8").split("### 3.1")[1].split("\n## ")[0]
    table, rest = told.split("After any other")
    yes = {
        code for row in re.findall(r"(?m)^\| (`.*?) \|", table) for code in re.findall(r"`([a-z-]+)`", row)
    }
    no = set(re.findall(r"`([a-z-]+)`", rest))

    assert yes == CORRECTABLE
    assert (yes | no, yes & no) == ({each.value for each in Reason} | TIMELY, set())


@pytest.mark.parametrize("reason", sorted({each.value for each in Reason} | TIMELY))
def test_a_refusal_asks_for_a_correction_where_there_is_something_to_correct(reason: str) -> None:
    """A report that may not go there at all leaves its sender no debt."""
    assert left_by(refused(REPORT, reason)) == (["OB-CORRECT"] if reason in CORRECTABLE else [])


@pytest.mark.parametrize("said", [Said(2, "E31", GATE, AMK, cause=1), Said(2, "E03", AMK, SHG, cause=1)])
def test_a_refused_reminder_or_receipt_asks_for_nothing(said: Said) -> None:
    """The exchange owes no agency a correction, and a receipt holds nothing to correct."""
    assert left_by(refused(said, "expired")) == []


def test_who_refuses_a_report_owes_nothing_of_it() -> None:
    """The sender corrects it; then everything begins anew."""
    refusal = Said(2, "E28", AMK, SHG, cause=1, day=0.005)

    assert owed_by(AMK.oin, REPORT, refusal) == []
    assert owed_by(SHG.oin, REPORT, refusal) == ["OB-CORRECT"]


def test_the_corrected_report_opens_everything_again() -> None:
    """As if the first had never been."""
    refusal = Said(2, "E28", AMK, SHG, cause=1, day=0.005)
    corrected = Said(3, "E01", SHG, AMK, cause=2, day=1)

    assert owed_by(AMK.oin, REPORT, refusal, corrected) == owed_by(AMK.oin, REPORT)
    assert "OB-CORRECT" not in owed_by(SHG.oin, REPORT, refusal, corrected)
    assert len(duties(REPORT, refusal, corrected)) == 2 * len(duties(REPORT)) + 1
