"""Around a revocation: nothing more is handed over, and what took effect before is still answered."""

from __future__ import annotations

import pytest

from broker.names import CaseRef
from broker.pipelines.deliver import Disclosure
from broker.ports import Connection
from tests.world import World

REVOKED = "amk-shg-noord"
WEEK_AND_A_DAY = 8 * 24 * 3600


def test_a_revocation_stops_the_rest_of_a_batch() -> None:
    """A batch of twenty takes a second each: what is left 5 seconds after a revocation is not handed over."""
    world = World()
    gate = world.gate()
    world.publisher("shg-noord").publish_all(
        [world.record("E01", case_ref=CaseRef(bytes([n]) * 16)) for n in range(20)]
    )
    world.settle(gate)
    amk = world.subscriber("amk-noord")
    moments: list[int] = []

    def take_a_second(disclosure: Disclosure, connection: Connection) -> None:
        if not moments:
            world.revoke(REVOKED, "shg-noord")
        moments.append(world.clock.now())
        world.clock.forward(1.0)

    amk.on("E01")(take_a_second)
    world.settle(amk)

    assert moments[-1] - moments[0] <= 5_000_000
    assert len(moments) < 20


class CrashError(BaseException):
    """The process ends here."""


def crash_after_the_effect(world: World) -> None:
    """The AMK handles one message, and ends before its receipt is sent."""
    gate = world.gate()
    world.publisher("shg-noord").publish(world.record("E01"))
    world.settle(gate)
    gate.close()

    def end(point: str) -> None:
        if point == "D4":
            raise CrashError

    amk = world.subscriber("amk-noord", end)
    with pytest.raises(CrashError):
        amk.step(0.0)
    amk.close()


def told_after_restart(world: World) -> list[tuple[str, object]]:
    """What the SHG hears once everybody runs again: type of the answer, and its status."""
    gate, amk, shg = world.gate(), world.subscriber("amk-noord"), world.subscriber("shg-noord")
    world.settle(gate, amk, shg, quiet_rounds=10)
    return [(d.code, d.record("RC").get("status_code")) for d in world.handled["shg-noord"]]


def test_a_receipt_that_was_not_sent_is_sent() -> None:
    """A crash between effect and receipt: the sender hears that its message was handled."""
    world = World()
    crash_after_the_effect(world)

    assert told_after_restart(world) == [("E03", "handled")]


def test_a_revocation_does_not_turn_what_was_handled_into_a_refusal() -> None:
    """The agreement is revoked before the receipt was sent: the sender hears of the effect all the same."""
    world = World()
    crash_after_the_effect(world)
    world.revoke(REVOKED, "shg-noord")
    world.clock.forward(10)

    assert told_after_restart(world) == [("E03", "handled")]
    assert len(world.handled["amk-noord"]) == 1


def test_expiry_does_not_turn_what_was_handled_into_a_refusal() -> None:
    """The message expired before the receipt was sent: the sender hears of the effect all the same."""
    world = World()
    crash_after_the_effect(world)
    world.clock.forward(WEEK_AND_A_DAY)
    world.republish()

    assert told_after_restart(world) == [("E03", "handled")]
