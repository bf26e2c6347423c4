"""The generally recognised holidays, against dates written down by hand."""

from __future__ import annotations

from datetime import date

import pytest

from broker.obligations.legal_calendar import holidays_of, is_ordinary

HOLIDAYS = {
    "new-year": date(2013, 1, 1),
    "good-friday": date(2013, 3, 29),
    "easter-monday": date(2013, 4, 1),
    "ascension": date(2013, 5, 9),
    "whit-monday": date(2013, 5, 20),
    "christmas": date(2013, 12, 25),
    "second-christmas-day": date(2013, 12, 26),
    "liberation-day-in-a-lustrum": date(2015, 5, 5),
    "liberation-day-outside-a-lustrum": date(2014, 5, 5),
    "queens-day": date(2013, 4, 30),
    "queens-day-moved-off-sunday": date(2006, 4, 29),
    "kings-day": date(2015, 4, 27),
    "kings-day-moved-off-sunday-2014": date(2014, 4, 26),
    "kings-day-moved-off-sunday-2025": date(2025, 4, 26),
}
ORDINARY = {
    "queens-day-is-past-from-2014": date(2014, 4, 30),
    "kings-day-is-not-yet-in-2012": date(2012, 4, 27),
    "day-after-a-moved-kings-day": date(2014, 4, 28),
    "day-after-second-christmas-day": date(2013, 12, 27),
    "maundy-thursday": date(2013, 3, 28),
    "carnival-monday": date(2013, 2, 11),
    "saint-nicholas": date(2013, 12, 5),
    "may-day": date(2013, 5, 1),
    "day-after-ascension": date(2013, 5, 10),
}


@pytest.mark.parametrize("day", HOLIDAYS.values(), ids=HOLIDAYS)
def test_a_recognised_holiday_is_one(day: date) -> None:
    """Article 3 of the Algemene termijnenwet names it."""
    assert day in holidays_of(day.year)


@pytest.mark.parametrize("day", ORDINARY.values(), ids=ORDINARY)
def test_any_other_weekday_is_ordinary(day: date) -> None:
    """Nothing else keeps a term from ending."""
    assert is_ordinary(day)


@pytest.mark.parametrize("year", range(2000, 2041))
def test_a_year_has_what_the_law_lists_and_nothing_more(year: int) -> None:
    """Ten listed days, and the two Sundays of Easter and Pentecost; fewer only where two fall together."""
    assert 10 <= len(holidays_of(year)) <= 12


def test_a_year_outside_the_calendar_has_no_holidays() -> None:
    """A moment that no message has does no harm."""
    assert holidays_of(9999) == frozenset()
