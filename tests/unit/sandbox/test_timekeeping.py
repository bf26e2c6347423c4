"""The time of a sandbox: begun anywhere, driven forward, never back."""

from __future__ import annotations

import pytest

from broker.assembly import keeper
from broker.dutch_time import parse_moment
from broker.errors import UsageError
from broker.moments import HOUR, from_text
from broker.sandbox.exchange import build
from broker.sandbox.layout import Layout
from broker.sandbox.timekeeping import begin_at, drive_to, later, moved_seconds, sandbox_now
from broker.settings import AgencyProfile, load_profile

_START = parse_moment("2014-12-24 10:00")


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """An exchange that was laid out on the day before Christmas 2014; nothing of it runs."""
    layout = Layout(tmp_path_factory.mktemp("sandbox"))
    begin_at(layout, _START)
    build(layout.directory, ["localhost:1"])
    return layout


def test_a_sandbox_may_begin_in_the_past(layout: Layout) -> None:
    """It lives in its own time from the first moment on."""
    assert _START <= sandbox_now(layout) < _START + 5 * HOUR


def test_one_that_has_begun_does_not_begin_again(layout: Layout) -> None:
    """Its keys and agreements count from when it was laid out."""
    with pytest.raises(UsageError, match="has begun"):
        begin_at(layout, _START)


def test_its_parties_live_in_its_time(layout: Layout) -> None:
    """The registry, signed in that time, is fresh to them."""
    profile = load_profile(layout.profile("shg-noord"), AgencyProfile)

    assert keeper(profile).current().agencies


def test_time_never_goes_back(layout: Layout) -> None:
    """What happened would not have happened yet."""
    with pytest.raises(UsageError, match="never goes back"):
        drive_to(layout, _START)


def test_nobody_is_stale_after_a_jump(layout: Layout) -> None:
    """Months later, a party that read the registry before reads it again and goes on."""
    registry = keeper(load_profile(layout.profile("amk-noord"), AgencyProfile))
    registry.current()
    drive_to(layout, later(sandbox_now(layout), "40w"))

    assert registry.recheck().expires_at > sandbox_now(layout)
    assert moved_seconds(layout) < 0


SPANS = {
    "minutes": ("90m", "2014-03-29T10:00:00Z", "2014-03-29T11:30:00Z"),
    "hours over the change to summer time": ("24h", "2014-03-29T10:00:00Z", "2014-03-30T10:00:00Z"),
    "a day over the change to summer time": ("1d", "2014-03-29T10:00:00Z", "2014-03-30T09:00:00Z"),
    "weeks": ("13w", "2014-04-22T08:00:00Z", "2014-07-22T08:00:00Z"),
}


@pytest.mark.parametrize(("span", "start", "end"), SPANS.values(), ids=SPANS)
def test_days_keep_the_clock_and_hours_do_not(span: str, start: str, end: str) -> None:
    """A day later it is as late on the clock; 24 hours later it may not be."""
    assert later(from_text(start), span) == from_text(end)


@pytest.mark.parametrize("text", ["", "5", "d5", "0d", "1.5h", "5 d", "1y", "9999999w"])
def test_what_is_no_span_is_refused(text: str) -> None:
    """The error says how to write one."""
    with pytest.raises(UsageError, match="13w"):
        later(_START, text)
