"""Small things that stop a process or silence an answer: strange instructions of handlers, strange clocks."""

from __future__ import annotations

import math
from typing import Any

import pytest

from broker.names import Micros
from broker.pipelines.deliver import Disclosure
from broker.ports import Connection
from consumers.handlers import Handler, Reject, Retry
from tests.world import NOON, Clock, World


def told(world: World, handler: Handler) -> list[object]:
    """What the sender of one message hears of it when the recipient has this handler."""
    world.publisher("shg-noord").publish(world.record("E01"))
    amk, shg, gate = world.subscriber("amk-noord"), world.subscriber("shg-noord"), world.gate()
    amk.on("E01")(handler)
    for _ in range(9):
        world.settle(gate, amk, shg, quiet_rounds=1)
        world.clock.forward(61)
    return [d.record("RC")["status_code"] for d in world.handled.get("shg-noord", [])]


@pytest.mark.parametrize("reason", [None, 5, "Geen ruimte, bel 06-1234", "x" * 65, "ja\n"])
def test_a_rejection_with_a_strange_reason_ends_in_an_answer(reason: Any) -> None:
    """A handler rejects with what is no code: it counts as a fault, and the sender is told."""

    def reject(disclosure: Disclosure, connection: Connection) -> None:
        raise Reject(reason)

    assert told(World(), reject) == ["handler_failed"]


@pytest.mark.parametrize("after", [math.nan, math.inf, -math.inf, -1.0])
def test_a_retry_after_a_strange_time_ends_in_an_answer(after: float) -> None:
    """A handler asks to wait for what is no time: the process goes on, and the sender is told in the end."""

    def retry(disclosure: Disclosure, connection: Connection) -> None:
        raise Retry(after)

    assert told(World(), retry) == ["handler_failed"]


@pytest.mark.parametrize(
    ("asked", "given"), [(math.nan, 0.0), (math.inf, 60.0), (-1.0, 0.0), (61.0, 60.0), (2.5, 2.5)]
)
def test_a_time_to_wait_is_between_nothing_and_a_minute(asked: float, given: float) -> None:
    """A handler cannot hold up its case for longer, nor set a time that never comes."""
    assert Retry(asked).after == given


class OwnTime(Clock):
    """A clock on the wall that can be set, while time itself goes on."""

    def __init__(self, now: Micros) -> None:
        super().__init__(now)
        self.passed = 0.0

    def monotonic(self) -> float:
        """Seconds that passed."""
        return self.passed

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        super().forward(seconds)
        self.passed += seconds

    def set_back(self, seconds: float) -> None:
        """Set the clock on the wall back."""
        super().forward(-seconds)


def test_a_clock_that_is_set_back_does_not_hold_a_case() -> None:
    """The time of day jumps back by four minutes while a message waits: it is tried when it is due."""
    clock = OwnTime(NOON)
    world = World(clock=clock)
    world.publisher("shg-noord").publish(world.record("E01"))
    gate, amk = world.gate(), world.subscriber("amk-noord")
    world.settle(gate)
    tries: list[float] = []

    @amk.on("E01")
    def fail_once(disclosure: Disclosure, connection: Connection) -> None:
        tries.append(clock.passed)
        if len(tries) == 1:
            clock.set_back(240)
            raise Retry(2)

    world.settle(amk, quiet_rounds=10)

    assert len(tries) == 2
    assert 2 <= tries[1] - tries[0] < 3
