"""The generally recognised holidays, against dates written down by hand."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

import pytest
from holidays import country_holidays

from broker.obligations.legal_calendar import CALENDAR, holidays_of, is_ordinary

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
    "new-year-in-the-next-century": date(2101, 1, 1),
    "easter-monday-at-its-earliest": date(2160, 3, 24),
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


@pytest.mark.parametrize("year", [1980, 2013, 2014, 2099, 2100, 2101, 2150, 2199])
def test_a_year_has_what_the_law_lists_and_nothing_more(year: int) -> None:
    """Nine listed days, also in the years for which no package has any."""
    assert len(holidays_of(year)) == 9


@pytest.mark.parametrize("year", range(1980, 2101))
def test_agrees_with_those_who_keep_calendars(year: int) -> None:
    """An independent calendar names the same days, where it has one; Sundays are no matter of it.

    It has 5 May once in five years, as employers agree; the law has it each year.
    """
    known = {*country_holidays("NL", years=year), date(year, 5, 5)}

    assert {day for day in holidays_of(year) if day.weekday() != 6} == {
        day for day in known if day.weekday() != 6
    }


def test_a_year_outside_the_calendar_has_no_holidays() -> None:
    """A moment that no message has does no harm."""
    assert holidays_of(9999) == frozenset()


def test_other_days_are_another_version_of_the_calendar() -> None:
    """Whoever changes a day raises `CALENDAR`, so that every exchange works its due moments out again."""
    days = [str(day) for year in range(1980, 2200) for day in sorted(holidays_of(year))]

    assert (CALENDAR, sha256(" ".join(days).encode()).hexdigest()) == (
        2,
        "bc3dc217fd707df5feea878defb74a53ee2d74ec1652143fa9d66be56a94e303",
    )
