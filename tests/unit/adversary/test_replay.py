"""What a recipient was given is put back on the exchange: what was decided once is not decided anew."""

from __future__ import annotations

from dataclasses import replace

from broker.audit.decision_record import read_record
from broker.audit.events import Outcome
from broker.envelope.codec import read_envelope, reduce
from broker.names import Micros, TopicName
from broker.ports import Outgoing
from broker.records.model import Addressee
from broker.sandbox.cast import member
from broker.topics import QUARANTINE, decisions_topic
from tests.attacker import agree, entries
from tests.world import HOUR, World

MELDINGEN = TopicName("exchange.meldingen")
DAY = 24 * 3600.0


def copy_of(world: World, name: str) -> Outgoing:
    """What agency *name* was given, as a record for the exchange topic."""
    given = world.log.records(decisions_topic(world.oin(name)))[0]
    envelope = read_record(given.value or b"").envelope
    assert envelope is not None
    return Outgoing(MELDINGEN, given.key or b"", envelope)


def released(world: World) -> World:
    """A world in which one message was released to the AMK in the north, and handled."""
    world.publisher("shg-noord").publish(world.record("E01"))
    gate, amk = world.gate(), world.subscriber("amk-noord")
    world.settle(gate, amk)
    gate.close()
    amk.close()
    return world


def test_a_reduced_copy_is_no_message() -> None:
    """A recipient leaves a section out of its copy and puts it back: quarantined, nobody is told."""
    world = released(World())
    copy = copy_of(world, "amk-noord")
    envelope = read_envelope(copy.value)
    all_but_one = [ref.group for ref in envelope.header.sections[1:]]
    world.log.append(replace(copy, value=reduce(envelope, all_but_one, copy.value)))

    world.settle(world.gate())

    (kept,) = world.log.records(QUARANTINE)
    event = read_record(kept.value or b"").event
    assert (event.step, event.reason) == (9, "section")
    assert len(world.log.records(decisions_topic(world.oin("amk-noord")))) == 1


def test_a_whole_copy_is_the_same_decision() -> None:
    """A recipient puts its whole copy back: the same decision id, one entry and one effect."""
    world = released(World())
    world.log.append(copy_of(world, "amk-noord"))

    world.settle(world.gate(), world.subscriber("amk-noord"))

    records = world.log.records(decisions_topic(world.oin("amk-noord")))
    ids = {read_record(record.value or b"").event.decision_id for record in records}
    assert (len(records), len(ids)) == (2, 1)
    assert [event.outcome for event in entries(world)].count(Outcome.RELEASED) == 1
    assert len(world.handled["amk-noord"]) == 1


def test_a_copy_dies_with_its_message() -> None:
    """A recipient puts its copy back after the message has expired: it is not handed over again."""
    world = released(World())
    world.clock.forward(8 * DAY)
    world.republish()
    world.log.append(copy_of(world, "amk-noord"))

    world.settle(world.gate(), world.subscriber("amk-noord"))

    assert len(world.handled["amk-noord"]) == 1
    last = read_record(world.log.records(decisions_topic(world.oin("shg-noord")))[-1].value or b"").event
    assert (last.outcome, last.step, last.reason) == (Outcome.REFUSED, 8, "expired")


def test_a_copy_put_back_after_a_refusal_is_decided_as_things_are_then() -> None:
    """One of two recipients was refused; the other puts its whole copy back before it expires, when both
    may have it: the gate keeps no messages, so it is released, and the ledger holds both decisions.
    """
    world = World()
    agree(world, ("shg-noord", "amk-zuid"))
    names = ("amk-noord", "amk-zuid")
    to = tuple(Addressee(world.oin(name), member(name).roles[0]) for name in names)
    world.publisher("shg-noord").publish(replace(world.record("E01"), to=to))
    later = Micros(world.clock.now() + 72 * HOUR)
    world.change_agency("amk-noord", lambda agency: replace(agency, active_from=later))
    gate = world.gate()
    world.settle(gate)
    world.clock.forward(4 * DAY)
    world.change_agency("amk-noord", lambda agency: agency)
    world.log.append(copy_of(world, "amk-zuid"))

    world.settle(gate, world.subscriber("amk-noord"))

    decided = [e for e in entries(world) if e.message and e.message.recipient.oin == world.oin("amk-noord")]
    assert [d.message_id for d in world.handled["amk-noord"]] == [decided[0].message.message_id]  # type: ignore[union-attr]
    assert {event.outcome for event in decided} == {Outcome.REFUSED, Outcome.RELEASED}
