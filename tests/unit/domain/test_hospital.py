"""What an emergency department reports of a parent (docs/invariants.md 3)."""

from __future__ import annotations

import pytest

from tests.open_world import party
from tests.unit.domain.contents import changed, refusal

ZH = party("ZH")


@pytest.mark.parametrize(
    ("trigger", "condition", "lawful"),
    [
        ("suicidepoging_of_automutilatie", "suicidaliteit", True),
        ("intoxicatie_of_middelen", "verslaving", True),
        ("psychiatrie", "psychiatrisch", True),
        ("huiselijk_geweld", "anders", True),
        ("huiselijk_geweld", "psychiatrisch", False),
        ("psychiatrie", "verslaving", False),
    ],
)
def test_a_trigger_brings_its_own_condition_and_no_other(trigger: str, condition: str, lawful: bool) -> None:
    """A victim of violence is not reported with a diagnosis (P33, S 4)."""
    groups = changed("E22", "MP", er_trigger_code=trigger, parent_condition_code=condition)

    assert (refusal("E22", ZH, groups=groups) == ()) is lawful


def test_the_hospital_reports_as_a_hospital() -> None:
    """Who reported is the organisation, for the feedback that it is owed."""
    assert refusal("E22", ZH, groups=changed("E22", "RP", reporter_capacity_code="ggz")) == (
        "RP.reporter_capacity_code",
    )
