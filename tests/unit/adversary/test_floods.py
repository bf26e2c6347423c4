"""More than anybody can hold: of one case, of large messages, of rubbish, of writes that cannot succeed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

import pytest

from broker.adapters.memory import MemorySink
from broker.errors import UnavailableError
from broker.names import CaseRef, MessageId, TopicName
from broker.pipelines.deliver import Disclosure
from broker.ports import Connection, Outgoing, Position
from broker.records.model import Addressee
from broker.sandbox.cast import AGENCIES
from broker.topics import decisions_topic
from consumers import client, gate
from consumers.handlers import Retry
from tests.attacker import agree, case_on
from tests.world import World


def test_one_case_does_not_keep_the_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of messages in one case, whose handler asks to wait: another case is handled in minutes."""
    monkeypatch.setattr(client, "_MAX_WAITING", 64)
    world = World()
    crowded, other = case_on(0), case_on(0)
    publisher = world.publisher("shg-noord")
    publisher.publish_all([world.record("E01", case_ref=crowded) for _ in range(200)])
    judging, amk = world.gate(), world.subscriber("amk-noord")
    world.settle(judging)
    publisher.publish(world.record("E01", case_ref=other))
    world.settle(judging)
    seen: list[CaseRef] = []

    @amk.on("E01")
    def wait(disclosure: Disclosure, connection: Connection) -> None:
        if disclosure.case_ref == crowded:
            raise Retry(60)
        seen.append(disclosure.case_ref)

    for _ in range(40):
        amk.step(0.0, limit=32)
        world.clock.forward(15)

    assert seen == [other]


class Measured(MemorySink):
    """A sink that remembers how much was written at once."""

    def __init__(self, world: World) -> None:
        super().__init__(world.log, "gate")
        self.sizes: list[int] = []

    def write(self, records: Sequence[Outgoing]) -> Sequence[Position]:
        """Measure, then write."""
        self.sizes.append(sum(len(record.value) for record in records))
        return super().write(records)


def test_a_gate_holds_no_more_than_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message for many recipients becomes many records: a batch is written before it is too much."""
    monkeypatch.setattr(gate, "_MOST_BYTES", 1_048_576)
    world = World()
    everybody = agree(world, [agency.name for agency in AGENCIES], "landelijk")
    others = [agency for agency in AGENCIES if agency.name != "shg-noord"]
    record = replace(
        world.record("E03"),
        agreement=(everybody.id, everybody.digest),
        causation_id=MessageId(bytes(16)),
        to=tuple(Addressee(agency.oin, agency.roles[0]) for agency in others),
    )
    world.publisher("shg-noord").publish_all([record] * 12)
    sink = Measured(world)

    world.settle(world.gate(sink=sink))

    largest = max(len(m.value or b"") for m in world.log.records(decisions_topic(others[0].oin)))
    assert len(sink.sizes) > 1
    assert max(sink.sizes) <= 1_048_576 + 2 * len(others) * largest


class Blocking(MemorySink):
    """A sink that waits for a topic that does not exist, as a Kafka client does, and then fails."""

    def __init__(self, world: World) -> None:
        super().__init__(world.log, "gate")
        self._clock = world.clock
        self.waits = 0

    def write(self, records: Sequence[Outgoing]) -> Sequence[Position]:
        """Write, or wait for 5 seconds."""
        if any(not self.knows(record.topic) for record in records):
            self._clock.forward(5.0)
            self.waits += 1
            raise UnavailableError("could not write")
        return super().write(records)


def test_an_agency_that_is_not_connected_costs_one_wait() -> None:
    """An agency sends on and on to one without a topic: others wait for it once a minute at most."""
    world = World(missing=("amk-zuid",))
    sink = Blocking(world)
    judging = world.gate(sink=sink)
    for _ in range(12):
        world.publisher("shg-zuid").publish(world.record("E01", to="amk-zuid"))
        world.publisher("shg-noord").publish(world.record("E01"))
        judging.step(0.0)

    assert sink.waits == 1
    assert len(world.log.records(decisions_topic(world.oin("amk-noord")))) == 12


def test_an_agency_that_is_connected_at_last_is_delivered_to() -> None:
    """Its topic is made: within a minute, what is sent to it is released."""
    world = World(missing=("amk-zuid",))
    topic = decisions_topic(world.oin("amk-zuid"))
    judging = world.gate()
    for connected in (False, True):
        if connected:
            world.log.create(topic, 2)
            world.clock.forward(61)
        world.publisher("shg-zuid").publish(world.record("E01", to="amk-zuid"))
        judging.step(0.0)

    assert len(world.log.records(topic)) == 1


def test_rubbish_does_not_fill_the_disk() -> None:
    """Megabytes that no gate vouches for stand on an agency's topic: their places are kept, not they."""
    world = World()
    topic = TopicName(decisions_topic(world.oin("amk-noord")))
    for number in range(16):
        world.log.append(Outgoing(topic, b"%d" % number, os.urandom(100_000)))
    amk = world.subscriber("amk-noord")
    world.settle(amk)

    with sqlite3.connect(world.folder / "amk-noord.sqlite") as database:
        kept = database.execute("SELECT count(*), count(value) FROM schakel_quarantine").fetchone()
    assert kept == (16, 0)


def test_what_a_handler_could_not_take_is_kept_whole() -> None:
    """A message that is believed and five times failed can be looked at: its record is kept."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))
    judging, amk = world.gate(), world.subscriber("amk-noord")

    @amk.on("E01")
    def fail(disclosure: Disclosure, connection: Connection) -> None:
        raise Retry(0)

    world.settle(judging, amk, quiet_rounds=10)

    (record,) = world.log.records(decisions_topic(world.oin("amk-noord")))
    with sqlite3.connect(world.folder / "amk-noord.sqlite") as database:
        kept = database.execute("SELECT reason, value FROM schakel_quarantine").fetchall()
    assert kept == [("handler_failed", record.value)]
