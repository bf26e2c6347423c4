"""Two subscribers share an inbox and two gates a group, on a log that does all that Kafka may do."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from broker.adapters.memory import Unkindness
from broker.errors import UnavailableError
from broker.names import CaseRef, MessageId
from broker.pipelines.deliver import Disclosure
from broker.ports import Connection
from consumers.handlers import Retry
from tests.world import World

CASES = tuple(CaseRef(bytes([number]) * 16) for number in range(4))


@pytest.mark.parametrize("seed", range(4))
def test_two_of_each_lose_double_and_reorder_nothing(seed: int) -> None:
    """Redelivery, rebalances and handlers that fail, in any order: each message once, each case in order."""
    world = World(unkindness=Unkindness(seed))
    dice, failing = random.Random(seed), random.Random(seed)
    sent: dict[CaseRef, list[MessageId]] = {case: [] for case in CASES}
    handled: dict[CaseRef, list[MessageId]] = {case: [] for case in CASES}

    def take_in(disclosure: Disclosure, connection: Connection) -> None:
        if failing.random() < 0.2:
            raise Retry(0.5)
        handled[disclosure.case_ref].append(disclosure.message_id)

    publisher = world.publisher("shg-noord")
    for _ in range(24):
        case = dice.choice(CASES)
        sent[case].append(publisher.publish(world.record("E01", case_ref=case)).message_id)
    subscribers = (world.subscriber("amk-noord"), world.subscriber("amk-noord"))
    for subscriber in subscribers:
        subscriber.on_any(take_in)
    everybody = (world.gate(), world.gate(), *subscribers)
    for _ in range(1500):
        with suppress(UnavailableError):
            dice.choice(everybody).step(0.0)
        world.clock.forward(0.1)

    assert handled == sent
