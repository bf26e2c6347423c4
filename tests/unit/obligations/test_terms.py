"""Due moments, against dates worked out by hand from the Algemene termijnenwet."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.dutch_time import local_day, midnight
from broker.moments import DAY, HOUR, LAST_MOMENT, SECOND, from_text
from broker.names import Micros
from broker.obligations.legal_calendar import is_ordinary
from broker.obligations.model import Deadline, Unit
from broker.obligations.terms import due_at


def day(text: str) -> Micros:
    """The beginning of a day in the Netherlands."""
    return midnight(date.fromisoformat(text))


D, W, M, WD = Unit.DAYS, Unit.WEEKS, Unit.MONTHS, Unit.WORKING_DAYS

# name: (day of receipt, amount, unit, whether the Act applies, last day, why)
BY_HAND = {
    "5-days-over-easter": (
        "2013-03-28",
        5,
        D,
        True,
        "2013-04-03",
        "Fri-Mon free; Tue is the first, Wed the second",
    ),
    "5-days-over-easter-plain": ("2013-03-28", 5, D, False, "2013-04-02", "without the Act: Tue"),
    "5-days-over-christmas-2013": (
        "2013-12-24",
        5,
        D,
        True,
        "2013-12-30",
        "day 5 is Sun; Fri 27 and Mon 30 are two",
    ),
    "5-days-over-christmas-2014": (
        "2014-12-24",
        5,
        D,
        True,
        "2014-12-30",
        "25-28 free; Mon 29 first, Tue 30 second",
    ),
    "5-days-in-a-plain-week": ("2013-01-14", 5, D, True, "2013-01-21", "day 5 is Sat 19: on to Mon"),
    "5-days-ending-midweek": ("2013-01-17", 5, D, True, "2013-01-22", "Tue: two ordinary days, stays"),
    "5-days-ending-on-5-may": ("2014-04-30", 5, D, True, "2014-05-06", "5 May is a holiday each year"),
    "5-days-ending-on-moved-kings-day": (
        "2014-04-21",
        5,
        D,
        True,
        "2014-04-28",
        "Sat 26 is King's Day, Sun: on to Mon",
    ),
    "3-days-over-a-weekend": ("2013-01-18", 3, D, True, "2013-01-22", "only Mon 21 in it: a second, Tue 22"),
    "2-days-over-a-weekend": ("2013-01-18", 2, D, True, "2013-01-21", "under three days: art. 1 alone"),
    "13-weeks-ending-on-sunday": (
        "2013-01-06",
        13,
        W,
        True,
        "2013-04-07",
        "more than 12 weeks: stays on Sunday",
    ),
    "13-weeks-ending-on-a-holiday": ("2012-12-28", 13, W, True, "2013-03-29", "Good Friday: stays"),
    "12-weeks-ending-on-sunday": (
        "2013-01-06",
        12,
        W,
        True,
        "2013-04-02",
        "Easter Sunday, Monday: on to Tue",
    ),
    "10-weeks-ending-on-ascension-day": ("2013-02-28", 10, W, True, "2013-05-10", "Thu 9 May: on to Fri"),
    "6-weeks-ending-on-whit-monday": ("2013-04-08", 6, W, True, "2013-05-21", "Mon 20 May: on to Tue"),
    "4-weeks-ending-on-queens-day": ("2013-04-02", 4, W, True, "2013-05-01", "Tue 30 April: on to Wed"),
    "4-weeks-ending-on-kings-day": ("2015-03-30", 4, W, True, "2015-04-28", "Mon 27 April: on to Tue"),
    "4-weeks-ending-on-past-queens-day": ("2014-04-02", 4, W, True, "2014-04-30", "no holiday since 2014"),
    "90-days-ending-on-sunday": ("2013-01-07", 90, D, True, "2013-04-08", "Sun 7 April: on to Mon"),
    "91-days-ending-on-sunday": ("2013-01-06", 91, D, True, "2013-04-07", "more than 90 days: stays"),
    "huisverbod-over-christmas": ("2013-12-16", 10, D, False, "2013-12-26", "excluded by Wth art. 13: stays"),
    "huisverbod-4-weeks": ("2013-11-28", 4, W, False, "2013-12-26", "stays on the second Christmas day"),
    "1-month-from-31-january": ("2013-01-31", 1, M, False, "2013-02-28", "February has no 31st"),
    "1-month-from-31-january-leap": ("2012-01-31", 1, M, False, "2012-02-29", "a leap year"),
    "1-month-from-30-november": ("2013-11-30", 1, M, True, "2013-12-30", "the same number, a Monday"),
    "3-months-ending-on-sunday": ("2013-01-07", 3, M, True, "2013-04-08", "Sun 7 April: on to Mon"),
    "4-months-ending-on-saturday": ("2013-02-01", 4, M, True, "2013-06-01", "more than 3 months: stays"),
    "3-months-over-new-year": ("2013-11-15", 3, M, True, "2014-02-17", "Sat 15 February: on to Mon"),
    "5-working-days": ("2013-01-14", 5, WD, False, "2013-01-21", "Tue-Fri, Mon"),
    "5-working-days-over-easter": ("2013-03-28", 5, WD, False, "2013-04-08", "2, 3, 4, 5, 8 April"),
    "10-working-days-over-christmas": ("2013-12-20", 10, WD, False, "2014-01-08", "23 24 27 30 31 2 3 6 7 8"),
    "1-working-day-from-friday": ("2013-01-18", 1, WD, False, "2013-01-21", "Monday"),
    "1-working-day-from-saturday": ("2013-01-19", 1, WD, False, "2013-01-21", "Monday is the first after it"),
    "1-working-day-before-5-may": ("2014-05-02", 1, WD, False, "2014-05-06", "weekend, and Mon 5 May"),
    "0-days-is-the-same-day": ("2013-01-14", 0, D, False, "2013-01-14", "day 0 to its end"),
    "days-over-summer-time": ("2013-03-29", 5, D, False, "2013-04-03", "the clock went forward on 31 March"),
    "days-over-winter-time": ("2013-10-25", 5, D, False, "2013-10-30", "the clock went back on 27 October"),
}


def start_of(day: str) -> Micros:
    """Eleven in the morning of *day*, in UTC: the same day in Amsterdam."""
    return from_text(f"{day}T11:00:00Z")


@pytest.mark.parametrize(("receipt", "amount", "unit", "act", "last", "why"), BY_HAND.values(), ids=BY_HAND)
def test_a_term_ends_on_the_day_the_law_says(
    receipt: str, amount: int, unit: Unit, act: bool, last: str, why: str
) -> None:
    """The last day is the one worked out by hand."""
    assert local_day(due_at(start_of(receipt), Deadline(amount, unit, act))) == date.fromisoformat(last), why


@pytest.mark.parametrize(
    ("receipt", "due"),
    [
        ("2013-01-14T09:00:00Z", "2013-01-19T22:59:59.999999Z"),
        ("2013-03-29T09:00:00Z", "2013-04-03T21:59:59.999999Z"),
        ("2013-10-25T09:00:00Z", "2013-10-30T22:59:59.999999Z"),
        ("2013-01-14T23:30:00Z", "2013-01-20T22:59:59.999999Z"),
        ("2013-07-14T22:30:00Z", "2013-07-20T21:59:59.999999Z"),
    ],
    ids=["winter", "into-summer", "into-winter", "after-midnight-in-winter", "after-midnight-in-summer"],
)
def test_a_day_ends_at_midnight_in_amsterdam(receipt: str, due: str) -> None:
    """Whatever the clock did, the term holds all of 23:59:59 of its last day there."""
    assert due_at(from_text(receipt), Deadline(5, D)) == from_text(due)


@pytest.mark.parametrize("start", ["2013-03-30T12:00:00Z", "2013-10-26T12:00:00Z"], ids=["spring", "autumn"])
def test_24_hours_are_24_hours_over_a_change_of_the_clock(start: str) -> None:
    """Hours are counted by elapsed time."""
    assert due_at(from_text(start), Deadline(24, Unit.HOURS)) == from_text(start) + DAY


def test_minutes_do_not_look_at_days() -> None:
    """A receipt within 15 minutes is due on Christmas night too, whatever the term claims of the Act."""
    start = from_text("2013-12-25T22:55:00Z")

    assert due_at(start, Deadline(15, Unit.MINUTES, termijnenwet=True)) == start + 900 * SECOND


def test_a_term_at_the_end_of_the_calendar_ends_there() -> None:
    """No moment makes the count fail."""
    assert due_at(Micros(LAST_MOMENT), Deadline(5, D, True)) == LAST_MOMENT


RECEIPTS = st.integers(from_text("2010-01-01T00:00:00Z"), from_text("2030-01-01T00:00:00Z")).map(Micros)


@given(RECEIPTS, st.integers(3, 90))
def test_a_term_under_the_act_ends_on_an_ordinary_day_and_holds_two(start: Micros, amount: int) -> None:
    """Articles 1 and 2, for any receipt; and it never ends before the plain term."""
    last = local_day(due_at(start, Deadline(amount, D, True)))
    first = local_day(start)
    inside = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]

    assert is_ordinary(last)
    assert sum(map(is_ordinary, inside)) >= 2
    assert last >= first + timedelta(days=amount)


@given(RECEIPTS, st.integers(0, 20), st.sampled_from([D, W, WD, M]), st.booleans(), st.integers(0, 40))
def test_a_later_receipt_is_never_due_earlier(
    start: Micros, amount: int, unit: Unit, act: bool, later: int
) -> None:
    """Who gets a message later never has less."""
    deadline = Deadline(amount, unit, act)

    assert due_at(Micros(start + later * 7 * HOUR), deadline) >= due_at(start, deadline)


CHANGED = Deadline(2, W, earlier=((day("2013-03-01"), Deadline(5, D)), (day("2013-06-01"), Deadline(1, W))))


@pytest.mark.parametrize(
    ("received", "last"),
    [
        pytest.param("2013-02-28", "2013-03-05", id="before-the-first-change"),
        pytest.param("2013-03-01", "2013-03-08", id="on-the-day-of-the-change"),
        pytest.param("2013-05-31", "2013-06-07", id="before-the-second"),
        pytest.param("2013-06-01", "2013-06-15", id="since"),
    ],
)
def test_what_began_before_a_term_was_changed_keeps_it(received: str, last: str) -> None:
    """The term is the one that held at the moment from which it is counted."""
    assert local_day(due_at(day(received), CHANGED)) == date.fromisoformat(last)
