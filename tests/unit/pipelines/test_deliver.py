"""Delivery: the recipient believes nobody, opens what it was granted, and says why when it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.audit.decision_record import read_record, write_records
from broker.crypto import SoftwareSigner, SoftwareUnwrapper
from broker.envelope.codec import read_envelope, reduce
from broker.names import Algorithm, GroupName, Micros
from broker.pipelines.deliver import Disclosure, Notice, Reader, Received, Rejected, Withheld, receive
from broker.ports import Message
from broker.signing import VerificationCache
from broker.topics import decisions_topic
from tests.world import HOUR, NOON, World


def decided(world: World, to: str = "amk-noord") -> Message:
    """A released decision record on the recipient's topic."""
    record = world.record("E01", to=to)
    world.publisher("shg-noord").publish(record)
    gate = world.gate()
    world.settle(gate)
    gate.close()
    return next(m for m in world.log.records(decisions_topic(world.oin(to))) if m.key == record.case_ref)


def received(world: World, message: Message, who: str = "amk-noord", now: Micros | None = None) -> Received:
    """What this agency makes of one record of a decisions topic."""
    reader = Reader(world.oin(who), world.members[who].keys.unwrappers, VerificationCache())
    return receive(message, reader, world.view, now or world.clock.now())


def test_the_recipient_reads_what_the_sender_wrote() -> None:
    """The decoded groups are the values that were sent."""
    world = World()
    record = world.record("E01")
    world.publisher("shg-noord").publish(record)
    gate = world.gate()
    world.settle(gate)
    gate.close()

    delivered = received(world, world.log.records(decisions_topic(world.oin("amk-noord")))[-1])

    assert isinstance(delivered, Disclosure)
    assert dict(record.groups) == {name: without_absent(value) for name, value in delivered.groups.items()}


def without_absent(value: object) -> object:
    """A decoded value without the fields that nobody filled in."""
    if isinstance(value, dict):
        return {name: without_absent(v) for name, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_absent(v) for v in value]
    return value


def test_another_agency_cannot_open_it() -> None:
    """A record copied to another agency's topic is not for it, and it holds no key that opens it."""
    world = World()

    delivered = received(world, decided(world), who="amk-zuid")

    assert Rejected(12, "not-addressed") == delivered


def test_without_the_sealing_key_nothing_opens() -> None:
    """An agency whose sealing key is gone cannot read what was sealed to it: step 13, withheld."""
    world = World()
    message = decided(world)
    stranger = SoftwareUnwrapper.generate()
    reader = Reader(world.oin("amk-noord"), {stranger.key_id: stranger}, VerificationCache())

    delivered = receive(message, reader, world.view, NOON)

    assert isinstance(delivered, Withheld)
    assert (delivered.step, delivered.reason) == (13, "sealing-key")


def test_a_revocation_after_the_decision_withholds() -> None:
    """The recipient asks its own agreements again at hand-over: a decision may be hours old."""
    world = World()
    message = decided(world)
    world.revoke("amk-shg-noord", "shg-noord")

    delivered = received(world, message)

    assert isinstance(delivered, Withheld)
    assert (delivered.step, delivered.reason) == (11, "agreement-revoked")


def test_an_expired_message_is_withheld() -> None:
    """A message that waited beyond its expiry is not handed over."""
    world = World()

    delivered = received(world, decided(world), now=Micros(NOON + 8 * 24 * HOUR))

    assert isinstance(delivered, Withheld)
    assert (delivered.step, delivered.reason) == (8, "expired")


def test_a_decision_that_no_gate_signed_is_rejected() -> None:
    """Whoever can write to the topic still cannot release: only a gate of the registry can."""
    world = World()
    record = read_record(decided(world).value or b"")
    forger = SoftwareSigner.generate(Algorithm.ES256)
    forged = write_records([(record.event, record.envelope)], world.gate_identity.oin, [forger])[0]
    message = replace(decided(world), value=forged)

    assert Rejected(12, "unknown-gate") == received(world, message)


def test_an_agency_that_signs_a_decision_is_not_a_gate() -> None:
    """A registered agency's own key does not make decisions."""
    world = World()
    record = read_record(decided(world).value or b"")
    signers = world.members["shg-noord"].keys.signers
    forged = write_records([(record.event, record.envelope)], world.oin("shg-noord"), signers)[0]

    assert Rejected(12, "unknown-gate") == received(world, replace(decided(world), value=forged))


def test_a_swapped_envelope_is_rejected() -> None:
    """The gate's signature covers the envelope: another one under the same decision is refused."""
    world = World()
    first, second = decided(world), decided(world)
    one, two = read_record(first.value or b""), read_record(second.value or b"")
    assert one.envelope is not None
    assert two.envelope is not None

    value = (first.value or b"").replace(one.envelope, two.envelope)

    assert isinstance(received(world, replace(first, value=value)), Rejected)


def test_a_gate_cannot_give_what_the_sender_did_not_grant() -> None:
    """A gate that claims other groups than the sender signed is caught: decision and envelope differ."""
    world = World()
    message = decided(world)
    record = read_record(message.value or b"")
    assert record.event.message is not None
    claim = replace(record.event.message, released=record.event.message.released[:-1])
    lying = replace(record.event, message=claim)
    signers = world.members["exchange"].keys.signers
    value = write_records([(lying, record.envelope)], world.gate_identity.oin, signers)[0]

    assert Rejected(12, "decision-differs") == received(world, replace(message, value=value))


def test_a_withheld_granted_section_is_noticed() -> None:
    """A section that the agreement grants but that is missing stops the hand-over: step 14."""
    world = World()
    record = read_record(decided(world).value or b"")
    assert record.envelope is not None
    envelope = read_envelope(record.envelope)
    reduced = reduce(envelope, (GroupName("REF"),), record.envelope)
    signers = world.members["exchange"].keys.signers
    value = write_records([(record.event, reduced)], world.gate_identity.oin, signers)[0]
    message = replace(decided(world), value=value, key=envelope.header.record_key)

    delivered = received(world, message)

    assert isinstance(delivered, Withheld)
    assert (delivered.step, delivered.reason) == (14, "section-withheld")


def test_the_sender_is_told_of_a_refusal() -> None:
    """A refused decision on the sender's topic is a notice with reason code, not a delivery."""
    world = World()
    publisher = world.publisher("shg-noord")
    publisher.publish(world.record("E01"))
    world.revoke("amk-shg-noord", "amk-noord")
    gate = world.gate()
    world.settle(gate)
    gate.close()
    message = world.log.records(decisions_topic(world.oin("shg-noord")))[-1]

    notice = received(world, message, who="shg-noord")

    assert isinstance(notice, Notice)
    assert notice.event.reason == "agreement-revoked"


@pytest.mark.parametrize("size", [0, 1, 9, 10, 100])
def test_a_truncated_decision_record_is_rejected(size: int) -> None:
    """Half a record is quarantined here, whatever its length."""
    world = World()
    message = decided(world)

    assert isinstance(received(world, replace(message, value=(message.value or b"")[:size])), Rejected)
