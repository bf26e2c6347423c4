"""Periods of the Dutch calendar, as people write them.

``2026``, ``2026-05``, ``2026-05-03``, ``2026-05-03T14``: a period is one of these, or two with ``..``
between them, of which one may be left out.  It begins and ends on a whole hour, so that counts by the
hour answer it exactly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from broker.dutch_time import midnight, parse_moment
from broker.errors import UsageError
from broker.moments import HOUR, LAST_MOMENT
from broker.names import Micros

__all__ = ["Period", "parse_period"]

_PART = re.compile(
    r"(?P<year>[0-9]{4})(-(?P<month>0[1-9]|1[0-2])(-(?P<day>0[1-9]|[12][0-9]|3[01])(T(?P<hour>[01][0-9]|2[0-3]))?)?)?"
)
_FIRST_YEAR, _LAST_YEAR = 1971, 9998


@dataclass(frozen=True, slots=True)
class Period:
    """Decisions from *start* up to, not including, *end*."""

    start: Micros
    end: Micros


def parse_period(word: str, value: str) -> Period:
    """The period that *value* names.

    Args:
        word: What the user wrote, for the error.

    Raises:
        UsageError: Not a period, or one that ends before it begins.
    """
    first, separator, last = value.partition("..")
    if not separator:
        last = first
    if not first and not last:
        raise _unclear(word)
    start = _bounds(word, first)[0] if first else Micros(0)
    end = _bounds(word, last)[1] if last else Micros(LAST_MOMENT)
    if start >= end:
        raise UsageError(f"{word!r} ends before it begins", remedy="Write the earlier moment first")
    return Period(start, end)


def _bounds(word: str, part: str) -> tuple[Micros, Micros]:
    """Where a year, a month, a day or an hour begins, and where the next one does."""
    found = _PART.fullmatch(part)
    if found is None:
        raise _unclear(word)
    year = int(found["year"])
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise UsageError(f"{word!r} is outside the calendar", remedy="Write a year between 1971 and 9998")
    try:
        if found["hour"] is not None:
            start = parse_moment(f"{part}:00")
            return start, Micros(start + HOUR)
        return _days(year, found["month"], found["day"])
    except ValueError:
        # The thirty-first of a month that has thirty days.
        raise _unclear(word) from None


def _days(year: int, month: str | None, day: str | None) -> tuple[Micros, Micros]:
    first = date(year, int(month or 1), int(day or 1))
    if day is not None:
        after = first + timedelta(days=1)
    elif month is not None:
        after = date(year + first.month // 12, first.month % 12 + 1, 1)
    else:
        after = date(year + 1, 1, 1)
    return midnight(first), midnight(after)


def _unclear(word: str) -> UsageError:
    return UsageError(
        f"{word!r} is not understood",
        remedy="Write one period: as period:2026-05.. or period:2026-05-01..2026-06-15",
    )
