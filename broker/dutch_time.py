"""Moments and days as clocks and calendars in the Netherlands show them: Europe/Amsterdam.

1. A day begins at midnight there, summer or winter time.
2. People write a moment as ``2026-12-24 16:00`` and mean that clock.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from broker.errors import UsageError
from broker.moments import HOUR, to_text
from broker.names import Micros

__all__ = ["ZONE", "local", "local_day", "local_text", "midnight", "moment", "parse_moment"]

ZONE: Final = "Europe/Amsterdam"
"""Name of the zone, for whoever is told in which time something is written."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def local(at: Micros) -> datetime:
    """*at* as a clock in the Netherlands shows it.

    Raises:
        OverflowError: It is beyond the calendar there.
    """
    return (_EPOCH + timedelta(microseconds=at)).astimezone(_zone())


def local_text(at: Micros) -> str:
    """*at* for a person: ``2026-05-01 10:00:00 CEST``; in UTC where it is beyond the calendar there."""
    try:
        return f"{local(at):%Y-%m-%d %H:%M:%S %Z}"
    except (OverflowError, ValueError):
        # The last hour of the calendar in UTC is past its end in Amsterdam.
        return to_text(at)


def local_day(at: Micros) -> date:
    """The day in the Netherlands on which *at* falls."""
    return _day_of_hour(at // HOUR)


def midnight(day: date) -> Micros:
    """The moment at which *day* begins in the Netherlands.

    Raises:
        OverflowError: It is before the calendar.
    """
    return moment(datetime.combine(day, time(), _zone()))


def moment(shown: datetime) -> Micros:
    """The moment that a date and time with a zone names."""
    return Micros((shown - _EPOCH) // _MICROSECOND)


def parse_moment(text: str) -> Micros:
    """``2026-12-24 16:00``, with a T or a space, as a clock in the Netherlands shows it.

    Raises:
        UsageError: It is not that.
    """
    try:
        return moment(datetime.strptime(text.replace("T", " "), "%Y-%m-%d %H:%M").replace(tzinfo=_zone()))
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is not a moment", remedy="Write it as 2026-12-24T16:00, in Dutch time"
        ) from None


@lru_cache(maxsize=16_384)
def _day_of_hour(hour: int) -> date:
    """The day of the *hour*-th hour since 1970: zones of whole hours change day on the hour only."""
    return local(Micros(hour * HOUR)).date()


@cache
def _zone() -> ZoneInfo:
    return ZoneInfo(ZONE)
