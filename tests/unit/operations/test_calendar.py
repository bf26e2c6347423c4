"""`broker.operations.calendar`: due moments in RFC 5545, read back by a parser of it."""

from __future__ import annotations

from datetime import UTC, datetime

from icalendar import Calendar, Event

from broker.moments import from_text
from broker.obligations.model import Obligation
from broker.operations.calendar import calendar_of
from tests.unit.obligations.case import AMK, SHG, Say, at, owed, play, the

NOW = from_text("2013-01-20T12:00:00Z")
OPEN = the(play(Say(1, "report", SHG, AMK)), "OB-DECIDE")


def entries(*obligations: Obligation) -> list[Event]:
    """What a calendar program reads of the calendar of these."""
    calendar = Calendar.from_ical(calendar_of(obligations, NOW))
    return [part for part in calendar.walk("VEVENT") if isinstance(part, Event)]


def test_an_entry_stands_at_the_due_moment() -> None:
    """In UTC, to the whole second before it: the end of a day in Amsterdam stays on that day."""
    (entry,) = entries(OPEN)

    assert entry.decoded("dtstart") == datetime(2013, 1, 19, 22, 59, 59, tzinfo=UTC)


def test_an_entry_says_code_and_case_and_nothing_else() -> None:
    """No party, no message, no title."""
    (entry,) = entries(OPEN)

    assert entry["summary"] == f"OB-DECIDE {OPEN.case_ref}"
    assert entry.keys() == {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "CLASS", "TRANSP"}


def test_an_entry_keeps_its_identity() -> None:
    """It is that of the obligation, whenever the calendar is made."""
    later = Calendar.from_ical(calendar_of([OPEN], at(99)))

    assert entries(OPEN)[0]["uid"] == later.walk("VEVENT")[0]["uid"] == str(OPEN.obligation_id)


def test_what_has_ended_is_not_in_it() -> None:
    """An answered report asks nothing of anybody's day."""
    state = play(Say(1, "report", SHG, AMK), Say(2, "decision", AMK, SHG, cause=1, day=2))

    assert entries(*owed(state, "OB-DECIDE")) == []


def test_the_earliest_comes_first() -> None:
    """Whatever order they were found in."""
    state = play(Say(1, "report", SHG, AMK), Say(2, "report", SHG, AMK, day=-3))
    found = [entry.decoded("dtstart") for entry in entries(*owed(state, "OB-DECIDE"))]

    assert found == sorted(found)
    assert len(found) == 2


def test_a_calendar_of_nothing_is_a_calendar() -> None:
    """A subscription to it does not fail."""
    assert Calendar.from_ical(calendar_of([], NOW))["version"] == "2.0"
