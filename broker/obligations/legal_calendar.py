"""The days on which a term cannot end: Saturdays, Sundays and generally recognised holidays.

Generally recognised are (Algemene termijnenwet art. 3, sources.md 5.2): New Year's Day, Easter Monday,
Ascension Day, Whit Monday, both Christmas days, the day on which the birthday of the King (until 2013
the Queen) is celebrated, 5 May, and Good Friday, which is equated with them.

They stand here and in no package: two exchanges must find the same due moments, whatever they installed.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Final

from dateutil.easter import easter

__all__ = ["CALENDAR", "holidays_of", "is_ordinary"]

CALENDAR: Final = 2
"""Version of this calendar, part of the rules digest: raised when it names other days than before."""

_FIXED: Final = ((1, 1), (5, 5), (12, 25), (12, 26))
_FROM_EASTER: Final = (-2, 1, 39, 50)
"""Days after Easter Sunday of Good Friday, Easter Monday, Ascension Day and Whit Monday."""
_FIRST_KINGS_DAY: Final = 2014
_YEARS = range(1980, 2200)  # The calendar of the law as it stands; no message of this exchange is outside.
_SATURDAY = 5
_SUNDAY = 6


@cache
def holidays_of(year: int) -> frozenset[date]:
    """The generally recognised holidays of *year*; none for a year outside 1980 to 2199.

    5 May is one each year, whatever employers agree about it.
    """
    if year not in _YEARS:
        return frozenset()
    sunday: date = easter(year)
    fixed = (date(year, month, day) for month, day in _FIXED)
    return frozenset((*fixed, *(sunday + timedelta(days=n) for n in _FROM_EASTER), _birthday(year)))


def is_ordinary(day: date) -> bool:
    """Whether *day* is no Saturday, Sunday or generally recognised holiday."""
    return day.weekday() < _SATURDAY and day not in holidays_of(day.year)


def _birthday(year: int) -> date:
    """Queen's Day, 30 April, or King's Day, 27 April; on a Sunday it is celebrated the day before."""
    day = date(year, 4, 27 if year >= _FIRST_KINGS_DAY else 30)
    return day - timedelta(days=day.weekday() == _SUNDAY)
