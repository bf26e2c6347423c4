"""An id is its sender's own: two contents under one id, somebody else's id, one id for two recipients."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.audit.events import Outcome
from broker.envelope.codec import read_envelope
from broker.names import CaseRef, GroupName, MessageId
from broker.ports import Outgoing
from broker.records.model import Addressee
from broker.records.template import template
from broker.sandbox.cast import member
from broker.topics import decisions_topic
from tests.attacker import agree, case_on, entries, facts, fresh_id, signed_by
from tests.world import World

CASE = CaseRef(bytes(16))
HH = GroupName("HH")


def release_two_contents(world: World) -> None:
    """One id: content about one case, then content about another case with one more group."""
    first = world.record("E01", message_id=fresh_id(world), case_ref=case_on(1))
    schema = world.view.schemas[world.view.catalogue.messages[first.code].schema_digest]
    household = template(schema, everything=True)[HH]
    second = replace(first, case_ref=case_on(0), groups={**first.groups, HH: household})
    gate = world.gate()
    for record in (first, second):
        world.log.append(signed_by(world, "shg-noord", record))
        world.settle(gate)


def test_two_contents_under_one_id_are_two_entries() -> None:
    """A sender hides a second release behind the id of the first: each has an audit entry of its own."""
    world = World()
    release_two_contents(world)

    released = world.log.records(decisions_topic(world.oin("amk-noord")))
    held = {event.message.statement_hash for event in entries(world) if event.message}

    assert len(held) == 2
    assert held == {facts(record).statement_hash for record in released}


def test_what_was_handled_is_what_the_ledger_says() -> None:
    """A sender has one content recorded and another handled: what a handler was given is in the ledger."""
    world = World()
    release_two_contents(world)
    amk = world.subscriber("amk-noord")
    world.settle(amk)

    handled = {d.event.message.statement_hash for d in world.handled["amk-noord"] if d.event.message}

    assert len(handled) == 1
    assert handled <= {event.message.statement_hash for event in entries(world) if event.message}


def squatter(world: World, code: str) -> tuple[MessageId, Outgoing]:
    """A message of the SHG in the south to the AMK in the north, under an id that the SHG in the north
    is about to use: a recipient of both, or the operator, could tell it.
    """
    agreement = agree(world, ("shg-zuid", "amk-noord"))
    id_ = fresh_id(world)
    record = world.record(code, case_ref=CASE, message_id=id_)
    if code == "E03":
        record = replace(record, causation_id=id_, agreement=(agreement.id, agreement.digest))
    return id_, signed_by(world, "shg-zuid", record)


@pytest.mark.parametrize("code", ["E01", "E03"])
def test_an_id_that_somebody_else_used_first_is_not_taken(code: str) -> None:
    """Another agency uses the id of a message before it arrives: the message is handed over all the same."""
    world = World()
    id_, squatting = squatter(world, code)
    world.log.append(squatting)
    gate, amk, shg = world.gate(), world.subscriber("amk-noord"), world.subscriber("shg-noord")
    world.settle(gate, amk)

    world.publisher("shg-noord").publish(world.record("E01", message_id=id_, case_ref=CASE))
    world.settle(gate, amk, shg)

    assert [d.sender.oin for d in world.handled["amk-noord"]] == [
        world.oin("shg-zuid"),
        world.oin("shg-noord"),
    ]
    assert [d.record("RC")["status_code"] for d in world.handled["shg-noord"]] == ["handled"]


def test_each_of_two_senders_of_one_id_is_answered() -> None:
    """Two messages with one id from two agencies: each sender gets the receipt of its own message."""
    world = World()
    id_, squatting = squatter(world, "E01")
    world.log.append(squatting)
    world.publisher("shg-noord").publish(world.record("E01", message_id=id_, case_ref=CASE))

    world.settle(world.gate(), world.subscriber("amk-noord"), world.gate())

    receipts = [read_envelope(m.value or b"").header for m in world.log.records("exchange.ontvangst")]
    assert {header.recipients[0].oin for header in receipts} == {
        world.oin("shg-zuid"),
        world.oin("shg-noord"),
    }
    assert len({header.message_id for header in receipts}) == 2


def test_two_recipients_that_are_not_connected_are_two_entries() -> None:
    """A message to two agencies without a topic: what became of it is recorded for each."""
    world = World(missing=("amk-noord", "amk-zuid"))
    agree(world, ("shg-noord", "amk-zuid"))
    to = tuple(Addressee(world.oin(name), member(name).roles[0]) for name in ("amk-noord", "amk-zuid"))
    world.publisher("shg-noord").publish(replace(world.record("E01"), to=to))

    world.settle(world.gate())

    held = entries(world)
    assert {event.outcome for event in held} == {Outcome.QUARANTINED}
    assert [event.message.recipient.oin for event in held if event.message] == [a.oin for a in to]


def test_what_is_not_delivered_is_not_said_to_be_released() -> None:
    """The entry of a message that reached nobody names no group as released."""
    world = World(missing=("amk-noord",))
    world.publisher("shg-noord").publish(world.record("E01"))

    world.settle(world.gate())

    assert [event.message.released for event in entries(world) if event.message] == [()]
