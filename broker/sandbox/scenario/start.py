"""When a scenario starts: a moment, or a rule that finds the next one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from broker.dutch_time import local, moment, parse_moment
from broker.errors import UsageError
from broker.names import Micros

_Fits: TypeAlias = Callable[[datetime], bool]

__all__ = ["MONTHS", "WEEKDAYS", "is_rule", "starts_at"]

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)

_DAY_OF_YEAR: Final = re.compile(r"next ([1-9]|[12][0-9]|3[01]) ([A-Z][a-z]+) ([0-9]{2}):([0-9]{2})")
_DAY_OF_WEEK: Final = re.compile(r"next ([A-Z][a-z]+) ([0-9]{2}):([0-9]{2})")
_MOST_DAYS: Final = 8 * 366
"""29 February may be eight years away."""


def is_rule(start: str) -> bool:
    """Whether *start* is a rule, and not a moment of its own."""
    return start.startswith("next ")


def starts_at(start: str, now: Micros) -> Micros:
    """The moment that *start* names, seen from *now*; a rule never gives *now* itself or anything before.

    Raises:
        UsageError: It is neither a moment nor a rule, or no calendar has that day.
    """
    if not is_rule(start):
        try:
            return parse_moment(start)
        except UsageError:
            raise _unknown(start) from None
    if found := _DAY_OF_YEAR.fullmatch(start):
        if found[2] in MONTHS:
            month, day = MONTHS.index(found[2]) + 1, int(found[1])
            return _next(now, found[3], found[4], lambda at: (at.month, at.day) == (month, day), start)
    elif (found := _DAY_OF_WEEK.fullmatch(start)) and found[1] in WEEKDAYS:
        weekday = WEEKDAYS.index(found[1])
        return _next(now, found[2], found[3], lambda at: at.weekday() == weekday, start)
    raise _unknown(start)


def _next(now: Micros, hour: str, minute: str, fits: _Fits, start: str) -> Micros:
    if int(hour) > 23 or int(minute) > 59:
        raise _unknown(start)
    first = local(now).replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    for days in range(_MOST_DAYS):
        at = first + timedelta(days=days)
        if fits(at) and moment(at) > now:
            return moment(at)
    raise _unknown(start)


def _unknown(start: str) -> UsageError:
    return UsageError(
        f"{start!r} is not a start",
        remedy="Write 2014-03-06 09:30, next 24 December 10:00 or next Monday 09:00",
    )
