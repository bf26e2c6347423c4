"""`broker.dutch_time`: moments and days as the Netherlands show them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from broker.dutch_time import local, local_day, local_text, midnight, moment, parse_moment
from broker.errors import UsageError
from broker.moments import HOUR, from_text
from broker.names import Micros


@pytest.mark.parametrize("text", ["", "tomorrow", "2014-13-01 10:00", "2014-02-30 10:00", "2014-02-03"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """The error says how to write one."""
    with pytest.raises(UsageError, match="16:00"):
        parse_moment(text)


def test_moments_are_dutch() -> None:
    """In winter the Netherlands are an hour ahead of UTC, in summer two."""
    assert parse_moment("2014-12-24T10:00") == from_text("2014-12-24T09:00:00Z")
    assert parse_moment("2014-07-01 10:00") == from_text("2014-07-01T08:00:00Z")
    assert f"{local(from_text('2014-07-01T08:00:00Z')):%H:%M}" == "10:00"


@pytest.mark.parametrize(
    ("day", "starts", "hours"),
    [
        pytest.param(date(2014, 1, 1), "2013-12-31T23:00:00Z", 24, id="winter"),
        pytest.param(date(2014, 7, 1), "2014-06-30T22:00:00Z", 24, id="summer"),
        pytest.param(date(2014, 3, 30), "2014-03-29T23:00:00Z", 23, id="clocks-forward"),
        pytest.param(date(2014, 10, 26), "2014-10-25T22:00:00Z", 25, id="clocks-back"),
    ],
)
def test_a_day_runs_from_midnight_to_midnight(day: date, starts: str, hours: int) -> None:
    """Its first and last microsecond are of that day, and the ones beside them are not."""
    start, end = midnight(day), midnight(day + timedelta(days=1))

    assert (start, end - start) == (from_text(starts), hours * HOUR)
    assert [local_day(Micros(at)) for at in (start, end - 1)] == [day, day]
    assert local_day(Micros(start - 1)) != day != local_day(end)


def test_what_a_clock_shows_names_its_moment() -> None:
    """Also in the hour that a clock shows twice."""
    twice = [Micros(from_text("2014-10-26T00:30:00Z") + n * HOUR) for n in range(2)]

    assert [moment(local(at)) for at in twice] == twice
    assert len({f"{local(at):%H:%M}" for at in twice}) == 1


@pytest.mark.parametrize(
    ("utc", "said"),
    [
        ("2014-07-01T08:00:00Z", "2014-07-01 10:00:00 CEST"),
        ("2014-12-24T09:00:00Z", "2014-12-24 10:00:00 CET"),
        ("9999-12-31T23:30:00Z", "9999-12-31T23:30:00.000000Z"),
    ],
    ids=["summer", "winter", "beyond the calendar"],
)
def test_a_person_reads_a_moment_with_its_zone(utc: str, said: str) -> None:
    """As the clock there shows it; in UTC where there is no such clock."""
    assert local_text(from_text(utc)) == said
