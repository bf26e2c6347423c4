"""When messages are sent: as fast as they are acknowledged, or each at the moment it is due.

Time counts from the moment a message was due, not from when its turn came: a path that falls behind
must not hide that by sending later.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from broker.sandbox.bench.model import Send

__all__ = ["BATCH", "Publishing", "send"]

BATCH = 64
"""Messages that are signed and written together when there is no time to lose."""


class Publishing(Protocol):
    """Sends messages of its own making."""

    def publish(self, count: int) -> Sequence[bytes]:
        """Send *count* messages together, wait until Kafka has them, and return their ids."""
        ...

    def close(self) -> None:
        """Let go of Kafka."""
        ...


def send(publisher: Publishing, command: Send) -> dict[bytes, int]:
    """Send what is asked.

    Returns:
        Message id to the moment it was due, in monotonic nanoseconds.
    """
    return _at_rate(publisher, command) if command.rate else _at_once(publisher, command.count)


def _at_once(publisher: Publishing, count: int) -> dict[bytes, int]:
    due: dict[bytes, int] = {}
    while len(due) < count:
        now = time.monotonic_ns()
        due.update(dict.fromkeys(publisher.publish(min(BATCH, count - len(due))), now))
    return due


def _at_rate(publisher: Publishing, command: Send) -> dict[bytes, int]:
    assert command.rate, "somebody asked for a rate"
    interval = 1_000_000_000 // command.rate
    start = time.monotonic_ns() + interval
    due: dict[bytes, int] = {}
    while len(due) < command.count:
        first = len(due)
        wait = start + first * interval - time.monotonic_ns()
        if wait > 0:
            time.sleep(wait / 1e9)
        ready = min((time.monotonic_ns() - start) // interval + 1, command.count)
        ids = publisher.publish(min(max(ready - first, 1), BATCH))
        due.update((id_, start + (first + number) * interval) for number, id_ in enumerate(ids))
    return due
