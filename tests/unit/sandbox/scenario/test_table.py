"""The table at the end: what must be, beside what is."""

from __future__ import annotations

from broker.dutch_time import parse_moment
from broker.sandbox.scenario.model import Row
from broker.sandbox.scenario.table import compare

START = parse_moment("2014-04-17 10:15")


def row(**changes: str) -> Row:
    """One obligation."""
    content = {
        "about": "melding",
        "code": "OB-DECIDE",
        "debtor": "amk-noord",
        "creditor": "shg-noord",
        "state": "open",
        "due": "2014-04-23 23:59:59",
    }
    return Row.model_validate({**content, **changes})


def equal(expected: list[Row], actual: list[Row]) -> list[bool]:
    """For each line of the table, whether it is as it must be."""
    return [compared.equal for compared in compare(expected, actual, START)]


def test_what_is_alike_is_equal() -> None:
    """The order does not matter."""
    one, other = row(), row(code="OB-FB-START")

    assert equal([one, other], [other, one]) == [True, True]


def test_another_state_differs() -> None:
    """What must be met and is open."""
    assert equal([row(state="met")], [row()]) == [False]


def test_a_second_too_late_differs() -> None:
    """With seconds, the due moment is compared to the second."""
    assert equal([row()], [row(due="2014-04-24 00:00:00")]) == [False]


def test_without_seconds_some_minutes_are_allowed() -> None:
    """A term in hours starts when the gate decided, seconds after the scenario says."""
    assert equal([row(due="2014-04-17 11:15")], [row(due="2014-04-17 11:15:07")]) == [True]
    assert equal([row(due="2014-04-17 11:15")], [row(due="2014-04-17 11:35:07")]) == [False]


def test_days_count_from_the_start() -> None:
    """For scenarios that start by a rule."""
    assert equal([row(due="+6d 23:59:59")], [row()]) == [True]


def test_what_is_missing_and_what_is_too_much_differ() -> None:
    """Each is a line of its own."""
    assert equal([row()], [row(code="OB-JUDGE")]) == [False, False]


def test_each_one_counts_once() -> None:
    """Two alike are two."""
    assert equal([row(), row()], [row()]) == [True, False]
