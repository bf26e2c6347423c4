"""What prolongs an obligation: its due moment moves, in time, once per message."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from broker.names import Micros
from broker.obligations.fold import track
from broker.obligations.model import CaseState, Closing, Deadline, Effect, State, Toward, Unit
from broker.obligations.states import state_of
from broker.obligations.terms import due_at
from tests.unit.obligations.case import AMK, GGZ, SHG, Say, at, kind, play, rules, the

TWO_WEEKS = Deadline(14, Unit.DAYS)
STAGE = (("inform_state", "extended"),)
RULES = replace(
    rules(),
    prolongs={kind("put-off"): (Effect("OB-INFORM", STAGE, toward=Toward.ANYONE, deadline=TWO_WEEKS),)},
)

ANSWER = Say(1, "answer", GGZ, AMK)
FIRST = Say(2, "put-off", AMK, SHG, cause=1, day=20, says=STAGE)
SECOND = Say(3, "put-off", AMK, SHG, cause=2, day=40, says=STAGE)
INFORMED = Say(4, "informed", AMK, SHG, cause=3, day=50)


def due(*said: Say) -> Micros:
    """When the person concerned must have been told."""
    return the(play(*said, ruled=RULES), "OB-INFORM").due_at


def later(moment: Micros, times: int) -> Micros:
    """*moment*, so many terms later."""
    for _ in range(times):
        moment = due_at(moment, TWO_WEEKS)
    return moment


@pytest.mark.parametrize("said", [(FIRST,), (FIRST, SECOND)], ids=["once", "twice"])
def test_each_extension_moves_the_due_moment_by_its_term(said: tuple[Say, ...]) -> None:
    """Counted from the due moment until then, not from when it was told."""
    assert due(ANSWER, *said) == later(due(ANSWER), len(said))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(FIRST, day=29), id="after-the-due-moment"),
        pytest.param(replace(FIRST, says=()), id="not-asserted"),
        pytest.param(replace(FIRST, sender=SHG, recipient=AMK), id="of-another-than-the-debtor"),
        pytest.param(replace(FIRST, cause=0), id="caused-by-nothing"),
        pytest.param(replace(FIRST, outcome="refused"), id="refused"),
    ],
)
def test_another_message_moves_nothing(other: Say) -> None:
    """What is overdue stays overdue, and nobody else can put it off."""
    assert due(ANSWER, other) == due(ANSWER)


def test_what_is_said_twice_counts_once() -> None:
    """One message to two partners is one extension."""
    assert due(ANSWER, FIRST, replace(FIRST, recipient=GGZ)) == later(due(ANSWER), 1)


def test_what_was_prolonged_is_met_in_time() -> None:
    """Told within the later term, it was not late."""
    state = play(ANSWER, FIRST, SECOND, INFORMED, ruled=RULES)
    obligation = the(state, "OB-INFORM")

    assert obligation.closing is Closing.MET
    assert state_of(obligation, at(60)) is State.MET


def test_no_order_of_arrival_shows() -> None:
    """One by one in any order, the case is the same."""
    facts = [each.fact() for each in (ANSWER, FIRST, SECOND, INFORMED)]
    whole = play(ANSWER, FIRST, SECOND, INFORMED, ruled=RULES)

    for order in permutations(facts):
        state = CaseState()
        for fact in order:
            state = track(state, fact, RULES)
        assert state == whole


def test_many_extensions_of_one_term_extend_it_once() -> None:
    """The next counts when it was made within the term that it prolongs (L12)."""
    many = [replace(FIRST, number=100 + each, day=20 + each / 100) for each in range(30)]

    assert due(ANSWER, *many) == later(due(ANSWER), 1)
    assert due(ANSWER, *many, replace(SECOND, cause=100)) == later(due(ANSWER), 2)


def test_an_extension_that_its_recipient_refused_prolongs_nothing() -> None:
    """Nobody was told."""
    assert due(ANSWER, FIRST, Say(9, "refusal", SHG, AMK, cause=2, day=21)) == due(ANSWER)
