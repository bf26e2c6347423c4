"""Order, receipts and quarantine as the whole exchange shows them."""

from __future__ import annotations

from broker.audit.decision_record import read_record
from broker.audit.events import Outcome
from broker.envelope.codec import read_envelope
from broker.names import CaseRef, GroupName, MessageId, TopicName
from broker.pipelines.deliver import Disclosure
from broker.pipelines.gate import judge
from broker.ports import Message, Outgoing, Position
from broker.records.template import template
from broker.signing import VerificationCache
from broker.topics import QUARANTINE, decisions_topic
from consumers.handlers import Retry
from tests.rubbish import Party, Rubbish
from tests.world import NOON, World

CASE = CaseRef(b"\x01" * 16)


def test_a_case_waits_for_its_message_that_is_tried_again() -> None:
    """When the first message of a case must wait, those after it do too: the order is kept."""
    world = World()
    sent = world.publisher("shg-noord").publish_all([world.record("E01", case_ref=CASE) for _ in range(4)])
    handled: list[MessageId] = []
    failed: list[int] = []

    def first_fails_once(disclosure: Disclosure, connection: object) -> None:
        if not failed:
            failed.append(1)
            raise Retry(2)
        handled.append(disclosure.header.message_id)

    amk, gate = world.subscriber("amk-noord"), world.gate()
    amk.on("E01")(first_fails_once)
    world.settle(amk, gate, quiet_rounds=30)

    assert handled == [one.message_id for one in sent]  # type: ignore[union-attr]


def test_a_receipt_is_the_same_message_however_often_it_is_sent() -> None:
    """A message delivered twice is answered twice with one receipt, which its sender counts once."""
    world = World()
    sent = world.publisher("shg-noord").publish(world.record("E01"))
    world.publisher("shg-noord").publish(world.record("E01", message_id=sent.message_id))
    amk, shg, gate = world.subscriber("amk-noord"), world.subscriber("shg-noord"), world.gate()

    world.settle(amk, gate, shg)

    receipts = [read_envelope(m.value or b"").header for m in world.log.records("exchange.ontvangst")]
    assert [header.causation_id for header in receipts] == [sent.message_id] * 2
    assert len({header.message_id for header in receipts}) == 1
    assert len(world.handled["shg-noord"]) == 1


def test_noise_on_the_exchange_is_recorded_with_its_position() -> None:
    """What cannot be believed leaves a decision that names the very record."""
    world = World()
    position = world.log.append(Outgoing(TopicName("exchange.meldingen"), b"key", b"noise"))

    world.settle(world.gate())

    (event,) = [read_record(m.value or b"").event for m in world.log.records(QUARANTINE)]
    assert (event.outcome, event.reason) == (Outcome.QUARANTINED, "prefix")
    assert (event.source.partition, event.source.offset) == (position.partition, position.offset)


def test_a_recipient_is_not_even_sent_what_it_is_not_granted() -> None:
    """The gate takes out every section that the signed header does not grant to this recipient."""
    world = World()
    entry = world.view.catalogue.messages[world.record("E01").code]
    household = GroupName("HH")
    whole = template(world.view.schemas[entry.schema_digest])
    whole[household] = template(world.view.schemas[entry.schema_digest], everything=True)[household]
    party = Party(world.sender("shg-noord"), world.members["shg-noord"].keys.signers)
    made = Rubbish(
        world.view, party, party, lambda case: world.record("E01", case_ref=case, groups=whole), NOON, 1
    )
    sent = made.without_group(household)

    message = Message(Position(sent.topic, 0, 0), sent.key, sent.value)
    (judgement,) = judge(message, world.view, world.gate_identity, NOON, VerificationCache())

    assert judgement.topic == decisions_topic(world.oin("amk-noord"))
    assert judgement.event.message is not None
    assert judgement.event.message.withheld == (household,)
    envelope = read_envelope(judgement.envelope or b"")
    withheld = [
        ref.group
        for ref, section in zip(envelope.header.sections, envelope.sections, strict=True)
        if section is None
    ]
    assert withheld == [household]
