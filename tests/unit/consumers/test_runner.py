"""Offsets that may be committed, and a loop that goes on when the world does not answer."""

from __future__ import annotations

import threading

from structlog.testing import capture_logs

from broker.errors import UnavailableError
from broker.names import TopicName
from broker.ports import Position
from consumers.runner import OffsetWindow, keep_going

TOPIC = TopicName("decisions.test")
HERE = (TOPIC, 0)


def at(offset: int) -> Position:
    """A position in the one partition of these tests."""
    return Position(TOPIC, 0, offset)


def test_only_contiguous_finished_offsets_are_offered() -> None:
    """An unfinished record holds back the commit of everything behind it."""
    window = OffsetWindow()
    for offset in (5, 6, 7):
        window.begin(at(offset))
    window.finish(at(5))
    window.finish(at(7))

    assert window.finished() == {HERE: 6}


def test_everything_finished_offers_the_next_offset() -> None:
    """When nothing is open the next record to read is offered."""
    window = OffsetWindow()
    window.begin(at(5))
    window.finish(at(5))

    assert window.finished() == {HERE: 6}


def test_a_committed_offset_is_not_offered_again() -> None:
    """Nothing is committed twice when nothing moved."""
    window = OffsetWindow()
    window.begin(at(5))
    window.finish(at(5))
    window.committed(window.finished())

    assert window.finished() == {}


def test_a_record_that_is_read_again_is_open_again() -> None:
    """A redelivered record must be finished again before anything behind it is committed."""
    window = OffsetWindow()
    for offset in (5, 6):
        window.begin(at(offset))
        window.finish(at(offset))
    window.begin(at(5))

    assert window.finished() == {HERE: 5}


def test_the_loop_goes_on_after_the_world_did_not_answer() -> None:
    """A step that meets an absent world is asked again, until told to stop."""
    stop = threading.Event()
    calls = []

    def step() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise UnavailableError("Kafka did not answer")
        stop.set()
        return 0

    keep_going(step, stop)

    assert len(calls) == 3


def test_a_cause_is_logged_once_until_it_changes() -> None:
    """Whoever waits for Kafka reads why, not the same line every two seconds."""
    stop = threading.Event()
    causes = ["refused", "refused", "no answer"]

    def step() -> int:
        if not causes:
            stop.set()
            return 0
        raise UnavailableError("cannot connect", why=causes.pop(0))

    with capture_logs() as lines:
        keep_going(step, stop)

    assert [line["error"] for line in lines] == ["cannot connect. refused", "cannot connect. no answer"]
