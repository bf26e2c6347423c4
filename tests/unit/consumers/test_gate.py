"""The gate as a process: what is decided is durable before the source moves, and nobody holds up others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.adapters.memory import MemoryLog, MemorySink, Unkindness
from broker.audit.decision_record import read_record
from broker.audit.events import Outcome
from broker.crypto import SoftwareSigner
from broker.errors import UnavailableError
from broker.names import Algorithm
from broker.topics import QUARANTINE, decisions_topic
from tests.world import World


def outcomes(world: World, topic: str) -> list[tuple[Outcome, str]]:
    """Outcome and reason of every decision on a topic, repeats dropped as everybody downstream does."""
    events = [read_record(m.value or b"").event for m in world.log.records(topic)]
    once = {event.decision_id: (event.outcome, event.reason) for event in events}
    return list(once.values())


def test_nothing_is_committed_before_the_decision_is_durable() -> None:
    """While decisions cannot be written the source does not move, so nothing is lost."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))
    gate = world.gate(
        sink=MemorySink(world.log, "gate", Unkindness(1, 0, 0, 0, fail_before=1.0, fail_after=0))
    )

    with pytest.raises(UnavailableError):
        gate.step(0.0)

    assert world.log.committed("gate") == {}


def test_an_agency_without_a_topic_does_not_hold_up_the_others() -> None:
    """A decision for a topic that does not exist is quarantined; everybody else's goes through."""
    world = World(missing=("amk-zuid",))
    world.publisher("shg-zuid").publish(world.record("E01", to="amk-zuid"))
    world.publisher("shg-noord").publish(world.record("E01"))

    world.settle(world.gate())

    assert outcomes(world, QUARANTINE) == [(Outcome.QUARANTINED, "no-decisions-topic")]
    assert outcomes(world, decisions_topic(world.oin("amk-noord"))) == [(Outcome.RELEASED, "")]


def test_a_registry_published_a_moment_ago_is_asked_again() -> None:
    """A key that the gate does not know yet is looked up before it is refused for good."""
    world = World()
    gate = world.gate()
    gate.step(0.0)
    member = world.members["shg-noord"]
    fresh = SoftwareSigner.generate(Algorithm.ES256)
    world.members["shg-noord"] = replace(
        member, keys=replace(member.keys, signers=(fresh, *member.keys.signers))
    )
    world.change_agency("shg-noord", lambda agency: agency)
    world.clock.forward(0.5)
    world.publisher("shg-noord").publish(world.record("E01"))

    gate.step(0.0)

    assert outcomes(world, decisions_topic(world.oin("amk-noord"))) == [(Outcome.RELEASED, "")]


def test_a_log_that_fails_after_writing_gives_repeats_of_one_decision() -> None:
    """A write in doubt is repeated; the repeats carry one decision id."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))
    first = world.gate(sink=MemorySink(world.log, "gate", Unkindness(1, 0, 0, 0, 0, fail_after=1.0)))
    with pytest.raises(UnavailableError):
        first.step(0.0)
    first.close()

    world.settle(world.gate())

    records = world.log.records(decisions_topic(world.oin("amk-noord")))
    assert len(records) > 1
    assert len({read_record(m.value or b"").event.decision_id for m in records}) == 1


def test_the_memory_log_is_the_twin_that_these_tests_need() -> None:
    """A topic that was never made is not known, and writing does not make it."""
    assert MemorySink(MemoryLog({"a.topic": 1})).knows("decisions.nobody") is False  # type: ignore[arg-type]
