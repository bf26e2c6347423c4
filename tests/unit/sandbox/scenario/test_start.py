"""When a scenario starts."""

from __future__ import annotations

import pytest

from broker.dutch_time import parse_moment
from broker.errors import UsageError
from broker.sandbox.scenario.start import is_rule, starts_at

NOW = parse_moment("2026-11-24 14:30")

STARTS = {
    "a moment": ("2014-04-17 10:15", "2014-04-17 10:15"),
    "a day of this year": ("next 24 December 10:00", "2026-12-24 10:00"),
    "a day that is past this year": ("next 1 March 09:00", "2027-03-01 09:00"),
    "today, later": ("next 24 November 15:00", "2026-11-24 15:00"),
    "today, but earlier": ("next 24 November 14:00", "2027-11-24 14:00"),
    "this very moment": ("next 24 November 14:30", "2027-11-24 14:30"),
    "a leap day": ("next 29 February 09:00", "2028-02-29 09:00"),
    "a weekday": ("next Monday 09:00", "2026-11-30 09:00"),
    "a weekday that is today": ("next Tuesday 16:00", "2026-11-24 16:00"),
    "over the change to summer time": ("next 29 March 10:00", "2027-03-29 10:00"),
}


@pytest.mark.parametrize(("start", "moment"), STARTS.values(), ids=STARTS)
def test_a_start_is_found(start: str, moment: str) -> None:
    """A moment is itself; a rule gives the first moment after now that fits."""
    assert starts_at(start, NOW) == parse_moment(moment)


@pytest.mark.parametrize(
    "start",
    [
        "",
        "soon",
        "next 31 February 10:00",
        "next 24 december 10:00",
        "next Maandag 09:00",
        "next Monday 25:00",
    ],
)
def test_what_is_no_start_is_refused(start: str) -> None:
    """The error says how to write one."""
    with pytest.raises(UsageError, match="Write"):
        starts_at(start, NOW)


def test_a_rule_is_known_as_one() -> None:
    """A sandbox for a rule begins now, and one for a moment begins then."""
    assert (is_rule("next Monday 09:00"), is_rule("2014-04-17 10:15")) == (True, False)
