"""What should exist, exists and is missing, and what agencies counted themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.errors import MalformedError
from broker.moments import from_text
from broker.obligations.completeness import (
    Cell,
    Counts,
    Declared,
    Measure,
    Tally,
    Verdict,
    masked,
    reconcile,
)
from broker.obligations.model import Obligation
from tests.unit.obligations.case import AMK, SHG, Say, at, play, the

CELL = Cell(AMK.oin, SHG.oin, "OB-DECIDE", "2013-01")


def decide(*said: Say) -> Obligation:
    """The decision owed after a report, and these messages."""
    return the(play(Say(1, "report", SHG, AMK), *said), "OB-DECIDE")


WAIVED = Say(3, "waiver", SHG, AMK, cause=1, says=(("waived_obligation", "ob-decide"),))
BY_STATE = {
    "met": ([Say(3, "decision", AMK, SHG, cause=1, day=2)], (1, 1, 0)),
    "met-late": ([Say(3, "decision", AMK, SHG, cause=1, day=9)], (1, 1, 0)),
    "overdue": ([], (1, 0, 1)),
    "waived": ([WAIVED], (0, 0, 0)),
    "waived-late": ([replace(WAIVED, day=40)], (1, 0, 1)),
}


@pytest.mark.parametrize(("said", "counts"), BY_STATE.values(), ids=BY_STATE)
def test_each_state_counts_where_it_belongs(said: list[Say], counts: tuple[int, int, int]) -> None:
    """As expected, existing and missing."""
    tally = Tally(at(60))
    tally.add(decide(*said))
    found = tally.report()[CELL]

    assert tuple(found.of(measure) for measure in Measure) == counts


def test_what_is_not_yet_due_is_neither_expected_nor_missing() -> None:
    """It stands apart as open."""
    tally = Tally(at(1))
    tally.add(decide())

    assert tally.report()[CELL] == Counts(open=1)


def test_a_month_is_a_month_in_amsterdam() -> None:
    """Half past midnight there on 1 February is still January in UTC."""
    day = (from_text("2013-01-31T23:30:00Z") - at(0)) / (at(1) - at(0))
    tally = Tally(at(60))
    tally.add(the(play(Say(1, "report", SHG, AMK, day=day)), "OB-DECIDE"))

    assert [cell.month for cell in tally.report()] == ["2013-02"]


def test_a_tally_in_parts_equals_a_tally_at_once() -> None:
    """Obligations are looked at one by one."""
    each, all_ = Tally(at(60)), Tally(at(60))
    obligations = play(Say(1, "report", SHG, AMK), Say(3, "decision", AMK, SHG, cause=1)).obligations
    for obligation in obligations:
        each.add(obligation)
    all_.add_all(iter(obligations))

    assert each.report() == all_.report()


VERDICTS = {
    "equal": (17, "17", Verdict.AGREEMENT),
    "zero": (0, "0", Verdict.AGREEMENT),
    "one-off": (17, "16", Verdict.DIFFERENCE),
    "few-and-few": (3, "1-5", Verdict.CANNOT_BE_TOLD),
    "few-at-its-edge": (5, "1-5", Verdict.CANNOT_BE_TOLD),
    "few-against-none": (0, "1-5", Verdict.DIFFERENCE),
    "few-against-six": (6, "1-5", Verdict.DIFFERENCE),
    "small-but-exact": (3, "3", Verdict.AGREEMENT),
}


@pytest.mark.parametrize(("ours", "declared", "verdict"), VERDICTS.values(), ids=VERDICTS)
def test_a_declared_count_agrees_differs_or_cannot_be_told(
    ours: int, declared: str, verdict: Verdict
) -> None:
    """A masked count can contradict ours, never confirm it."""
    compared = reconcile({CELL: Counts(met=ours)}, [Declared(CELL, Measure.EXISTS, declared)])

    assert [each.verdict for each in compared if each.declared] == [verdict]


def test_a_cell_that_only_the_agency_has_is_compared_with_none() -> None:
    """What it sent and we never saw is a difference."""
    (compared,) = reconcile({}, [Declared(CELL, Measure.EXISTS, "8")])

    assert (compared.counted, compared.verdict) == (0, Verdict.DIFFERENCE)


def test_a_cell_for_which_nothing_was_declared_is_not_passed_over() -> None:
    """It stands there with every measure, and cannot be told."""
    compared = reconcile({CELL: Counts(met=8)}, [])

    assert [each.measure for each in compared] == sorted(Measure)
    assert {(each.declared, each.verdict) for each in compared} == {("", Verdict.CANNOT_BE_TOLD)}


def test_who_declares_only_what_should_exist_is_silent_about_what_is_missing() -> None:
    """One measure of a cell says nothing about another."""
    compared = reconcile({CELL: Counts(met=10, overdue=40)}, [Declared(CELL, Measure.EXPECTED, "50")])

    assert [(each.measure, each.counted, each.declared) for each in compared] == [
        (Measure.EXISTS, 10, ""),
        (Measure.EXPECTED, 50, "50"),
        (Measure.MISSING, 40, ""),
    ]


@pytest.mark.parametrize("count", ["", "-1", "1,5", "1-4", "²", "1" * 13, "many"])
def test_a_count_that_is_none_is_refused(count: str) -> None:
    """Whatever an agency's file holds."""
    with pytest.raises(MalformedError):
        reconcile({}, [Declared(CELL, Measure.EXISTS, count)])


@pytest.mark.parametrize(("count", "written"), [(0, "0"), (1, "1-5"), (5, "1-5"), (6, "6")])
def test_small_counts_are_masked(count: int, written: str) -> None:
    """1 to 5 never leave as they are."""
    assert masked(count) == written
