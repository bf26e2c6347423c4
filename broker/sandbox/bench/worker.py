"""One stage as a process of its own: does its work, and answers the bench over a pipe between two batches.

    python -m broker.sandbox.bench.worker FD

It ends when the pipe closes, so a bench that dies leaves nothing behind.
"""

from __future__ import annotations

import cProfile
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from broker import logs
from broker.errors import SchakelError, UnavailableError
from broker.memory import settle_memory
from broker.sandbox.bench.bare import bare_consumer, bare_publisher
from broker.sandbox.bench.full import full_consumer, full_publisher
from broker.sandbox.bench.model import (
    Arrivals,
    Counted,
    Failed,
    Order,
    Progress,
    Send,
    Sent,
    Stage,
    Variant,
)
from broker.sandbox.bench.pace import Publishing, send

__all__ = ["main"]

_STEP_SECONDS = 0.2


class _Consumer(Protocol):
    @property
    def seen(self) -> dict[bytes, int]: ...

    def step(self, timeout: float) -> int: ...

    def close(self) -> None: ...


def main(descriptor: int) -> None:
    """Be the stage that the first message on the pipe orders, until the pipe closes."""
    channel: Connection = Connection(descriptor)
    order: Order = channel.recv()
    logs.configure(f"bench-{order.variant}-{order.stage}", file=_log_file(order))
    profile = cProfile.Profile() if order.profiles else None
    try:
        if profile:
            profile.enable()
        _serve(order, channel)
    except EOFError:
        pass
    except SchakelError as error:
        with suppress(OSError):
            channel.send(Failed(f"{order.variant} {order.stage}: {error}"))
    finally:
        if profile and order.profiles:
            profile.disable()
            profile.dump_stats(order.profiles / f"{order.variant}-{order.stage}.prof")


def _serve(order: Order, channel: Connection) -> None:
    full = order.variant is Variant.FULL
    if order.stage is Stage.PUBLISHER:
        _publish(full_publisher(order) if full else bare_publisher(order), channel)
    else:
        _consume(full_consumer(order) if full else bare_consumer(order), channel)


def _publish(publisher: Publishing, channel: Connection) -> None:
    settle_memory()
    try:
        while True:
            command: Send = channel.recv()
            channel.send(Sent(send(publisher, command)))
    finally:
        publisher.close()


def _consume(consumer: _Consumer, channel: Connection) -> None:
    steps: list[tuple[int, int]] = []
    finished = 0
    try:
        while True:
            if channel.poll(0):
                steps = _answer(channel, consumer, finished, steps)
            try:
                count = consumer.step(_STEP_SECONDS)
            except UnavailableError:
                count = 0
            if count:
                if not finished:
                    # As `consumers.runner.keep_going` does.
                    settle_memory()
                finished += count
                steps.append((time.monotonic_ns(), count))
    finally:
        consumer.close()


def _answer(
    channel: Connection, consumer: _Consumer, finished: int, steps: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    command: Progress | Arrivals = channel.recv()
    if isinstance(command, Progress):
        channel.send(Counted(finished))
        return steps
    channel.send(Arrivals(dict(consumer.seen), steps))
    consumer.seen.clear()
    return []


def _log_file(order: Order) -> Path:
    return order.directory / "run" / f"bench-{order.variant}-{order.stage}.log"


if __name__ == "__main__":
    main(int(sys.argv[1]))
