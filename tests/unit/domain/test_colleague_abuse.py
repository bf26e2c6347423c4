"""Abuse by a colleague goes by sector and regime, not as the plan has it (docs/invariants.md 2: trap 2)."""

from __future__ import annotations

import pytest

from broker.names import Regime
from tests.open_world import entry_of, party
from tests.unit.domain.contents import changed, refusal
from tests.unit.domain.duties import Said, owed_by

INST = party("INST")
R0, R1, R2 = Regime.R0, Regime.R1, Regime.R2
TO = {
    ("jeugdzorg", R0): {"AMK", "IJZ"},
    ("jeugdzorg", R1): {"AMK", "IJZ"},
    ("jeugdzorg", R2): {"IJZ", "IGZ"},
    **{("zorg", regime): {"IGZ"} for regime in Regime},
    **{("onderwijs", regime): {"IvhO"} for regime in Regime},
    **{("kinderopvang", regime): set() for regime in Regime},
}
"""Sector and regime, and who is told (sources.md 4.5; A24)."""
ROUTES = [(sector, regime, role) for sector, regime in TO for role in ("AMK", "IJZ", "IGZ", "IvhO")]


@pytest.mark.parametrize(("sector", "regime", "role"), ROUTES)
def test_a_report_goes_to_whom_sector_and_regime_say(sector: str, regime: Regime, role: str) -> None:
    """To the AMK and the inspectorate in youth care until 2015, to the sector's inspectorate elsewhere."""
    code = "E21A" if role == "AMK" else "E21I"
    groups = changed(code, "AC", sector_code=sector, suspected_act_code="seksueel_misbruik")

    refused = refusal(code, INST, party(role), groups=groups, regime=regime)

    assert (refused == ()) is (role in TO[sector, regime]), refused


@pytest.mark.parametrize(
    ("sector", "role", "act", "lawful"),
    [
        ("jeugdzorg", "IJZ", "kindermishandeling", True),
        ("zorg", "IGZ", "calamiteit", True),
        ("zorg", "IGZ", "kindermishandeling", False),
        ("onderwijs", "IvhO", "seksueel_misbruik", True),
        ("onderwijs", "IvhO", "geweld", False),
    ],
)
def test_a_sector_reports_what_its_own_law_asks(sector: str, role: str, act: str, lawful: bool) -> None:
    """A school reports sexual offences, care calamities and sexual abuse, youth care all abuse (L22)."""
    groups = changed("E21I", "AC", sector_code=sector, suspected_act_code=act)

    assert refusal("E21I", INST, party(role), groups=groups) == (() if lawful else ("AC.suspected_act_code",))


def test_the_centre_is_told_by_an_act_that_ended_in_2014() -> None:
    """The type has no third regime: nobody has to remember that."""
    assert (entry_of("E21A").regimes, entry_of("E21A").legal_bases) == ((R0, R1), ("wjz-21",))


def test_an_inspectorate_is_not_told_who_the_victim_is() -> None:
    """A pseudonym, no child: names are for the centre that investigates."""
    groups = {str(name) for name in entry_of("E21I").groups}

    assert groups & {"CH", "GU", "MC", "CO"} == set()
    assert "CH" in entry_of("E21A").groups


def test_each_of_the_two_owes_its_own_answer() -> None:
    """The centre a decision, the inspectorate what it does next."""
    assert "OB-DECIDE" in owed_by(party("AMK").oin, Said(1, "E21A", INST, party("AMK")))
    assert "OB-INSPECT" in owed_by(party("IJZ").oin, Said(1, "E21I", INST, party("IJZ")))
