"""Agencies that merge or split keep their obligations."""

from __future__ import annotations

import pytest

from broker.names import Oin, Role
from broker.obligations.model import Closing, Party, Succession
from broker.obligations.succession import heirs, shown, successor
from tests.unit.obligations.case import AMK, HEIR, SHG, Say, at, play, rules, the

MERGED = Succession(AMK.oin, HEIR.oin, at(2))
REPORT = Say(1, "report", SHG, AMK)


@pytest.mark.parametrize(
    ("sender", "day", "closing"),
    [
        (HEIR, 3, Closing.MET),
        (HEIR, 1, Closing.NOT_CLOSED),
        (AMK, 3, Closing.MET),
        (Party(HEIR.oin, Role("SHG")), 3, Closing.NOT_CLOSED),
    ],
    ids=["successor", "before-it-succeeds", "predecessor-late", "in-another-role"],
)
def test_who_may_do_what_the_predecessor_owed(sender: Party, day: int, closing: Closing) -> None:
    """The successor from its day on, in the same role; the predecessor's late message counts too."""
    state = play(REPORT, Say(3, "decision", sender, SHG, cause=1, day=day), ruled=rules(MERGED))

    assert the(state, "OB-DECIDE").closing is closing


def test_without_a_succession_nobody_steps_in() -> None:
    """Another agency of the same role is another agency."""
    assert (
        the(play(REPORT, Say(3, "decision", HEIR, SHG, cause=1)), "OB-DECIDE").closing is Closing.NOT_CLOSED
    )


@pytest.mark.parametrize(("day", "debtor"), [(1, AMK), (2, HEIR), (30, HEIR)])
def test_an_open_obligation_shows_who_owes_it_now(day: int, debtor: Party) -> None:
    """The old agency until the succession, the new one from then on."""
    decide = the(play(REPORT, ruled=rules(MERGED)), "OB-DECIDE")

    assert shown(decide, at(day), [MERGED]).debtor == debtor


def test_a_closed_obligation_shows_who_met_it_then() -> None:
    """History stays as it was."""
    met = the(play(REPORT, Say(3, "decision", AMK, SHG, cause=1, day=1)), "OB-DECIDE")

    assert shown(met, at(30), [MERGED]).debtor == AMK


def test_a_succession_of_a_succession_is_followed() -> None:
    """Two mergers, one debtor."""
    last = Oin("00000099000000005000")

    assert successor(AMK, at(9), [MERGED, Succession(HEIR.oin, last, at(5))]).oin == last


def test_a_circle_of_successions_ends() -> None:
    """Two agencies that name each other."""
    assert successor(AMK, at(9), [MERGED, Succession(HEIR.oin, AMK.oin, at(5))]) == HEIR


def test_after_a_split_either_may_answer_and_the_old_name_stands() -> None:
    """Nobody can tell which of the two owes it, so the obligation does not choose."""
    split = (MERGED, Succession(AMK.oin, SHG.oin, at(2)))
    state = play(REPORT, Say(3, "decision", HEIR, SHG, cause=1, day=3), ruled=rules(*split))

    assert the(state, "OB-DECIDE").closing is Closing.MET
    assert successor(AMK, at(3), split) == AMK


def test_after_a_split_all_who_stand_there_are_its_heirs() -> None:
    """Also those of an heir that was itself merged or split later; before the split, the agency itself."""
    last = Oin("00000099000000005000")
    split = (MERGED, Succession(AMK.oin, SHG.oin, at(2)), Succession(HEIR.oin, last, at(5)))

    assert heirs(AMK, at(1), split) == (AMK,)
    assert {party.oin for party in heirs(AMK, at(3), split)} == {HEIR.oin, SHG.oin}
    assert {party.oin for party in heirs(AMK, at(6), split)} == {SHG.oin, last}
    assert {party.role for party in heirs(AMK, at(6), split)} == {AMK.role}


def test_a_circle_has_no_heirs_but_itself() -> None:
    """Two agencies that name each other: nothing is lost."""
    assert heirs(AMK, at(9), [MERGED, Succession(HEIR.oin, AMK.oin, at(5))]) == (AMK,)


@pytest.mark.parametrize("heir", [HEIR, Party(Oin("00000099000000005000"), AMK.role)], ids=["one", "other"])
def test_each_heir_of_a_split_answers_for_the_old_agency(heir: Party) -> None:
    """What the old agency owed in a running case is met by either."""
    split = (MERGED, Succession(AMK.oin, Oin("00000099000000005000"), at(2)))
    state = play(REPORT, Say(3, "decision", heir, SHG, cause=1, day=3), ruled=rules(*split))

    assert the(state, "OB-DECIDE").closing is Closing.MET
