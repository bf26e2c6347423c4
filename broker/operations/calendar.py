"""Due moments as a calendar that any office program can subscribe to (RFC 5545).

1. An entry holds the code, the case reference and the due moment, and nothing else: what stands in
   somebody's calendar is seen by more people than the case (docs/spec/obligations.md 1).
2. The identity of an entry is that of its obligation: a calendar that is read again changes nothing twice.
3. An entry ends when its obligation does: it is no longer in the next calendar.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from icalendar import Calendar, Event

from broker.moments import SECOND
from broker.names import Micros
from broker.obligations.model import Closing, Obligation

__all__ = ["calendar_of"]

_PRODUCT = "-//Schakel//obligations//NL"


def calendar_of(obligations: Iterable[Obligation], now: Micros) -> bytes:
    """The due moments of those *obligations* that have not ended, the earliest first.

    Args:
        now: When the calendar is made; every entry says so (RFC 5545 3.8.7.2).
    """
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    waiting = [each for each in obligations if each.closing is Closing.NOT_CLOSED]
    for obligation in sorted(waiting, key=lambda each: (each.due_at, each.obligation_id)):
        calendar.add_component(_entry(obligation, now))
    written: bytes = calendar.to_ical()
    return written


def _entry(obligation: Obligation, now: Micros) -> Event:
    entry = Event()
    entry.add("uid", str(obligation.obligation_id))
    entry.add("dtstamp", _second(now))
    entry.add("dtstart", _second(obligation.due_at))
    entry.add("summary", f"{obligation.code} {obligation.case_ref}")
    entry.add("class", "CONFIDENTIAL")
    # A due moment fills nobody's day: it is marked, and the time stays free.
    entry.add("transp", "TRANSPARENT")
    return entry


def _second(at: Micros) -> datetime:
    """RFC 5545 knows whole seconds: what is due at the last microsecond of a day stays on that day."""
    return datetime.fromtimestamp(at // SECOND, UTC)
