"""When the bench sends: every message once, and time from the moment it was due."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from itertools import pairwise

from broker.sandbox.bench.model import Send
from broker.sandbox.bench.pace import BATCH, send


class Recorder:
    """Publishes to nobody and remembers the sizes of its batches."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.batches: list[int] = []
        self._seconds = seconds

    def publish(self, count: int) -> Sequence[bytes]:
        """Take as long as told."""
        self.batches.append(count)
        time.sleep(self._seconds)
        return [os.urandom(16) for _ in range(count)]

    def close(self) -> None:
        """Nothing to let go of."""


def test_without_a_rate_batches_are_full() -> None:
    """Nothing is sent alone when there is no time to lose."""
    recorder = Recorder()

    assert len(send(recorder, Send(2 * BATCH + 1))) == 2 * BATCH + 1
    assert recorder.batches == [BATCH, BATCH, 1]


def test_at_a_rate_moments_are_evenly_apart() -> None:
    """What is due when does not depend on how long sending takes."""
    due = sorted(send(Recorder(0.01), Send(10, rate=500)).values())

    assert {later - earlier for earlier, later in pairwise(due)} == {2_000_000}


def test_what_fell_behind_is_sent_together() -> None:
    """A slow path gets the messages that became due meanwhile as one batch."""
    recorder = Recorder(0.02)
    send(recorder, Send(20, rate=1000))

    assert max(recorder.batches) > 1
    assert sum(recorder.batches) == 20
