"""The days on which a term cannot end: Saturdays, Sundays and generally recognised holidays.

Generally recognised are (Algemene termijnenwet art. 3, sources.md 5.2): New Year's Day, Easter Monday,
Ascension Day, Whit Monday, both Christmas days, the day on which the birthday of the King (until 2013
the Queen) is celebrated, 5 May, and Good Friday, which is equated with them.
"""

from __future__ import annotations

from datetime import date
from functools import cache

__all__ = ["holidays_of", "is_ordinary"]

_LIBERATION = (5, 5)
_YEARS = range(1980, 2200)  # The calendar of the law as it stands; no message of this exchange is outside.
_SATURDAY = 5


@cache
def holidays_of(year: int) -> frozenset[date]:
    """The generally recognised holidays of *year*; none for a year outside 1980 to 2199.

    5 May is one each year, whatever employers agree about it.
    """
    if year not in _YEARS:
        return frozenset()
    from holidays import (
        country_holidays,  # The package takes a tenth of a second to load: only who counts pays.
    )

    return frozenset(country_holidays("NL", years=year)) | {date(year, *_LIBERATION)}


def is_ordinary(day: date) -> bool:
    """Whether *day* is no Saturday, Sunday or generally recognised holiday."""
    return day.weekday() < _SATURDAY and day not in holidays_of(day.year)
