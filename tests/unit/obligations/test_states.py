"""What state an obligation is in, and that none that was overdue looks as if it never was."""

from __future__ import annotations

import pytest

from broker.obligations.model import State
from broker.obligations.states import state_of
from tests.unit.obligations.case import AMK, SHG, Say, at, play, the

REPORT = Say(1, "report", SHG, AMK)
RECALL = (("correction_kind", "recall"),)
WAIVER = (("waived_obligation", "ob-decide"),)


@pytest.mark.parametrize("says", [RECALL, WAIVER], ids=["recalled", "waived"])
@pytest.mark.parametrize(("day", "state"), [(5, State.WAIVED), (6, State.WAIVED_LATE)])
def test_what_was_given_up_after_its_due_moment_was_given_up_late(
    says: tuple[tuple[str, str], ...], day: int, state: State
) -> None:
    """It is due at the end of day 5; nobody makes what was overdue vanish by waiving it afterwards."""
    decide = the(play(REPORT, Say(2, "note", SHG, AMK, cause=1, day=day, says=says)), "OB-DECIDE")

    assert state_of(decide, at(400)) is state
