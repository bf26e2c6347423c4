"""A sender without checks of its own: the gate refuses alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from broker.adapters.memory import MemorySink
from broker.adapters.system import system_entropy
from broker.audit.decision_record import read_record
from broker.audit.events import AuditEvent, Outcome
from broker.errors import RefusedError
from broker.names import GroupName, TopicName
from broker.parts import PublisherParts
from broker.records.model import GroupValue, Record
from broker.records.template import template
from broker.sandbox.careless import CarelessSender, tamper
from broker.topics import QUARANTINE, decisions_topic
from tests.world import World

POLICE = GroupName("PO")


def careless(world: World, name: str = "shg-noord") -> CarelessSender:
    """The careless sender of an agency."""
    parts = PublisherParts(
        sink=MemorySink(world.log, name),
        keeper=world.keeper(),
        sender=world.sender(name),
        signers=world.members[name].keys.signers,
        clock=world.clock,
        entropy=system_entropy,
    )
    return CarelessSender(parts, world.view)


def events(world: World, topic: TopicName) -> list[AuditEvent]:
    """What the gate decided on one topic."""
    return [read_record(message.value or b"").event for message in world.log.records(topic)]


def with_police_data(world: World) -> Record:
    """E01 with a group that the catalogue allows and the agreement does not."""
    record = world.record("E01")
    schema = world.view.schemas[world.view.catalogue.messages[record.code].schema_digest]
    everything: Mapping[GroupName, GroupValue] = template(schema, everything=True)
    return world.record("E01", groups={**record.groups, POLICE: everything[POLICE]})


NOT_ALLOWED: dict[str, tuple[Callable[[World], Record], str]] = {
    "no agreement": (lambda world: world.record("E01", to="amk-zuid"), "no-agreement"),
    "a group too many": (with_police_data, "group-forbidden"),
    "a predicate of the law": (
        lambda world: world.record(
            "E01", assertions={"domestic_violence_report": "true", "children_in_family": "false"}
        ),
        "predicate",
    ),
}


@pytest.mark.parametrize(("make", "reason"), NOT_ALLOWED.values(), ids=NOT_ALLOWED)
def test_the_publisher_stops_it(make: Callable[[World], Record], reason: str) -> None:
    """The careful way ends before anything is written."""
    world = World()
    with pytest.raises(RefusedError) as caught:
        world.publisher("shg-noord").publish(make(world))

    assert caught.value.reason == reason


@pytest.mark.parametrize(("make", "reason"), NOT_ALLOWED.values(), ids=NOT_ALLOWED)
def test_the_gate_stops_it_by_itself(make: Callable[[World], Record], reason: str) -> None:
    """Nobody relies on the sender's check: the same reason comes out at the gate, at step 11."""
    world = World()
    sender = careless(world)
    sender.send([sender.compose(make(world))])

    world.settle(world.gate())

    (event,) = events(world, decisions_topic(world.oin("shg-noord")))
    assert (event.outcome, event.reason, event.step) == (Outcome.REFUSED, reason, 11)


@pytest.mark.parametrize(
    ("header", "step"), [(False, 9), (True, 6)], ids=["a sealed section", "the signed header"]
)
def test_one_bit_turned_after_signing_ends_in_quarantine(*, header: bool, step: int) -> None:
    """Content fails at its digest, the header at its signature; nobody is told."""
    world = World()
    sender = careless(world)
    sender.send([tamper(sender.compose(world.record("E01")), header=header)])

    world.settle(world.gate())

    (event,) = events(world, QUARANTINE)
    assert (event.outcome, event.step) == (Outcome.QUARANTINED, step)


def test_what_is_allowed_is_released_although_it_was_composed_carelessly() -> None:
    """The refusals above come from the rules, not from the way the message was made."""
    world = World()
    sender = careless(world)
    sender.send([sender.compose(world.record("E01"))])

    world.settle(world.gate(), world.subscriber("amk-noord"))

    assert len(world.handled["amk-noord"]) == 1
