"""When a term ends (sources.md 5.2, A25; docs/spec/obligations.md 4).

The rules, in order:

1. Minutes and hours are counted by the clock, to the microsecond; no day plays a part.
2. Every other term is counted in days of Europe/Amsterdam.  The day of receipt is day 0, and the term
   ends with the last microsecond of its last day, summer or winter time.
3. Working days count ordinary days only.
4. A term under the Algemene termijnenwet ends on an ordinary day (art. 1) and, when it is of three days
   or more, holds two of them (art. 2): its end moves on until both are so.
5. That Act does not reach terms of more than 90 days, twelve weeks or three months (art. 4).
6. A term that was changed holds for what is counted from then on; what began before keeps the earlier one.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import lru_cache

from broker.dutch_time import local_day, midnight
from broker.moments import DAY, HOUR, LAST_MOMENT, MINUTE
from broker.names import Micros
from broker.obligations.legal_calendar import is_ordinary
from broker.obligations.model import Deadline, Unit

__all__ = ["due_at"]

_CLOCK = {Unit.MINUTES: MINUTE, Unit.HOURS: HOUR}
_ACT_REACHES = {Unit.DAYS: 90, Unit.WEEKS: 12, Unit.MONTHS: 3}
_SHORTEST_WITH_ORDINARY_DAYS = {Unit.DAYS: 3, Unit.WEEKS: 1, Unit.MONTHS: 1}
_LAST_COUNTED = Micros(LAST_MOMENT - 3660 * DAY)
_ONE = timedelta(days=1)


def due_at(start: Micros, deadline: Deadline) -> Micros:
    """The last moment at which what is due *deadline* after *start* is in time: as the term was at *start*.

    Args:
        start: The moment of receipt, in the years 1970 to 9989.
        deadline: At most ten years.

    Returns:
        `LAST_MOMENT` when the term would end beyond the calendar.
    """
    deadline = deadline.since(start)
    if deadline.unit in _CLOCK:
        return Micros(min(start + deadline.amount * _CLOCK[deadline.unit], LAST_MOMENT))
    if start > _LAST_COUNTED:
        return Micros(LAST_MOMENT)
    return _end_of(local_day(start), deadline)


@lru_cache(maxsize=16_384)
def _end_of(receipt: date, deadline: Deadline) -> Micros:
    last = _last_day(receipt, deadline)
    return Micros(midnight(last + _ONE) - 1)


def _last_day(receipt: date, deadline: Deadline) -> date:
    """The last day of the term that has *receipt* as its day 0."""
    match deadline.unit:
        case Unit.WORKING_DAYS:
            return _working_days_on(receipt, deadline.amount)
        case Unit.MONTHS:
            last = _months_on(receipt, deadline.amount)
        case Unit.WEEKS:
            last = receipt + timedelta(weeks=deadline.amount)
        case _:
            last = receipt + timedelta(days=deadline.amount)
    return _extended(receipt, last, deadline) if _act_applies(deadline) else last


def _act_applies(deadline: Deadline) -> bool:
    """Whether the Algemene termijnenwet reaches this term (its art. 4)."""
    return deadline.termijnenwet and deadline.amount <= _ACT_REACHES.get(deadline.unit, -1)


def _extended(receipt: date, last: date, deadline: Deadline) -> date:
    """The term's last day after art. 1 and art. 2 of the Algemene termijnenwet."""
    long_enough = deadline.amount >= _SHORTEST_WITH_ORDINARY_DAYS[deadline.unit]
    wanted = 2 if long_enough else 0
    first_days = (receipt + timedelta(days=n) for n in range(1, min((last - receipt).days, 14) + 1))
    held = sum(map(is_ordinary, first_days))
    while not is_ordinary(last) or held < wanted:
        last += _ONE
        held += is_ordinary(last)
    return last


def _working_days_on(receipt: date, amount: int) -> date:
    """The *amount*-th ordinary day after *receipt*."""
    last = receipt
    while amount > 0:
        last += _ONE
        amount -= is_ordinary(last)
    return last


def _months_on(receipt: date, amount: int) -> date:
    """The same day *amount* months on, or the last day of that month when it has no such day."""
    years, month = divmod(receipt.month - 1 + amount, 12)
    year = receipt.year + years
    return date(year, month + 1, min(receipt.day, calendar.monthrange(year, month + 1)[1]))
