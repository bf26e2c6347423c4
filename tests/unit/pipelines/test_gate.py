"""The gate: what is released, what is refused to its sender, and what nobody is told about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.agreements.model import Reason
from broker.audit.decision_record import read_record
from broker.audit.events import AuditEvent, Outcome
from broker.crypto import SoftwareSigner
from broker.envelope.codec import read_envelope
from broker.names import Algorithm, Micros, TopicName
from broker.pipelines.gate import Judgement, judge, write
from broker.ports import Message, Position
from broker.records.model import Record
from broker.signing import VerificationCache
from broker.topics import QUARANTINE, decisions_topic
from broker.trust.view import Agency
from tests.world import HOUR, NOON, World


def published(world: World, record: Record | None = None, sender: str = "shg-noord") -> Message:
    """One authentic record on the exchange topic."""
    world.publisher(sender).publish(record or world.record("E01"))
    return world.log.records("exchange.meldingen")[-1]


def judged(world: World, message: Message, now: Micros = NOON) -> list[Judgement]:
    """What the gate makes of one record."""
    return judge(message, world.view, world.gate_identity, now, VerificationCache())


def only(judgements: list[Judgement]) -> Judgement:
    """The one judgement there must be."""
    assert len(judgements) == 1
    return judgements[0]


def test_releases_what_the_agreement_allows_to_the_recipient() -> None:
    """An allowed message goes to its recipient's topic, keyed by case, with its envelope."""
    world = World()
    message = published(world)

    judgement = only(judged(world, message))

    assert judgement.event.outcome is Outcome.RELEASED
    assert judgement.topic == decisions_topic(world.oin("amk-noord"))
    assert judgement.key == message.key
    assert judgement.envelope == message.value


def test_a_release_records_the_assertions_that_its_sender_signed() -> None:
    """What an obligation depends on stands in the decision itself."""
    world = World()
    message = published(world)

    facts = only(judged(world, message)).event.message

    assert facts is not None
    assert facts.assertions == read_envelope(message.value or b"").header.assertions != ()


def test_a_refusal_goes_to_the_sender_without_the_envelope() -> None:
    """What is authentic but not allowed returns to its sender as reason and names, without content."""
    world = World()
    message = published(world)
    world.revoke("amk-shg-noord", "amk-noord")

    judgement = only(judged(world, message))

    assert (judgement.event.outcome, judgement.event.reason) == (Outcome.REFUSED, Reason.AGREEMENT_REVOKED)
    assert judgement.topic == decisions_topic(world.oin("shg-noord"))
    assert judgement.envelope is None


def test_the_same_record_judged_twice_is_the_same_decision() -> None:
    """Deciding again gives the same decision id, so that everybody downstream drops the repeat."""
    world = World()
    message = published(world)

    first = only(judged(world, message, NOON)).event
    again = only(judged(world, message, Micros(NOON + HOUR))).event

    assert first.decision_id == again.decision_id


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        pytest.param(Micros(NOON + 8 * 24 * HOUR), "expired", id="expired"),
        pytest.param(Micros(NOON - HOUR // 2), "from-the-future", id="from-the-future"),
    ],
)
def test_an_untimely_message_is_refused_to_its_sender(now: Micros, reason: str) -> None:
    """An authentic message at the wrong time is refused at step 8, and its sender hears of it."""
    world = World()

    judgement = only(judged(world, published(world), now))

    assert (judgement.event.outcome, judgement.event.reason, judgement.event.step) == (
        Outcome.REFUSED,
        reason,
        8,
    )
    assert judgement.topic == decisions_topic(world.oin("shg-noord"))


def moved(message: Message, **changes: object) -> Message:
    """The same record somewhere else, or with other parts."""
    return replace(message, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("alter", "step"),
    [
        pytest.param(lambda m: moved(m, value=None), 1, id="no-value"),
        pytest.param(lambda m: moved(m, value=b""), 1, id="empty"),
        pytest.param(lambda m: moved(m, value=bytes(2 << 20)), 1, id="oversized"),
        pytest.param(lambda m: moved(m, value=b"\x00" * 10 + (m.value or b"")[10:]), 1, id="wrong-prefix"),
        pytest.param(lambda m: moved(m, value=(m.value or b"")[:-1]), 2, id="truncated"),
        pytest.param(lambda m: moved(m, value=(m.value or b"") + b"\x00"), 2, id="trailing"),
        pytest.param(lambda m: moved(m, key=b"another"), 7, id="other-key"),
        pytest.param(lambda m: moved(m, key=None), 7, id="no-key"),
        pytest.param(
            lambda m: moved(m, position=Position(TopicName("exchange.informatie"), 0, 0)), 7, id="other-topic"
        ),
        pytest.param(lambda m: moved(m, headers=(("ce_id", b"forged"),)), 7, id="contradicting-header"),
    ],
)
def test_what_cannot_be_believed_is_quarantined(alter: object, step: int) -> None:
    """A record that fails steps 1 to 7 goes to quarantine with its position, and to no agency."""
    world = World()
    message = alter(published(world))  # type: ignore[operator]

    judgement = only(judged(world, message))

    assert (judgement.event.outcome, judgement.event.step) == (Outcome.QUARANTINED, step)
    assert judgement.topic == QUARANTINE
    assert judgement.event.message is None
    assert judgement.event.source.offset == message.position.offset


def test_altered_ciphertext_is_quarantined_at_step_9() -> None:
    """A flipped bit in a section breaks its signed digest: quarantine, since anybody may have done it."""
    world = World()
    message = published(world)
    envelope_bytes = bytearray(message.value or b"")
    sections_end = len(envelope_bytes) - 300
    envelope_bytes[sections_end] ^= 1

    judgement = only(judged(world, moved(message, value=bytes(envelope_bytes))))

    assert (judgement.event.outcome, judgement.event.step) == (Outcome.QUARANTINED, 9)


def test_every_single_bit_flip_of_an_envelope_is_refused() -> None:
    """No flip of one bit anywhere in a record leads to a release."""
    world = World()
    message = published(world, world.record("E04", to="shg-noord"), sender="amk-noord")
    value = message.value or b""
    cache = VerificationCache()

    released = [
        (position, bit)
        for position in range(len(value))
        for bit in (0, 3, 7)
        if any(
            j.event.outcome is Outcome.RELEASED
            for j in judge(
                moved(message, value=flipped(value, position, bit)),
                world.view,
                world.gate_identity,
                NOON,
                cache,
            )
        )
    ]

    assert released == []


def flipped(value: bytes, position: int, bit: int) -> bytes:
    """*value* with one bit turned over."""
    return value[:position] + bytes([value[position] ^ (1 << bit)]) + value[position + 1 :]


def test_a_foreign_key_is_quarantined() -> None:
    """A message signed with a key that the registry does not list is nobody's: step 5."""
    world = World()
    stranger = SoftwareSigner.generate(Algorithm.ES256)
    member = world.members["shg-noord"]
    world.members["shg-noord"] = replace(member, keys=replace(member.keys, signers=(stranger,)))
    message = published(world)

    judgement = only(judged(world, message))

    assert (judgement.event.outcome, judgement.event.step, judgement.event.reason) == (
        Outcome.QUARANTINED,
        5,
        "unknown-key",
    )


def test_a_revoked_key_vouches_for_nothing() -> None:
    """After its revocation a key's signature counts for no message, whatever time that claims."""
    world = World()
    message = published(world)
    world.change_agency("shg-noord", revoked_keys)

    judgement = only(judged(world, message))

    assert (judgement.event.step, judgement.event.reason) == (5, "key-revoked")


def revoked_keys(agency: Agency) -> Agency:
    """The agency with every signing key revoked."""
    keys = tuple(replace(entry, revoked_at=NOON) for entry in agency.signing_keys)
    return replace(agency, signing_keys=keys)


def test_a_missing_required_signature_is_quarantined() -> None:
    """An agency that owes two signatures is not believed with one: step 6."""
    world = World()
    member = world.members["amk-noord"]
    one = tuple(s for s in member.keys.signers if s.algorithm is Algorithm.ES256)
    world.members["amk-noord"] = replace(member, keys=replace(member.keys, signers=one))
    message = published(world, world.record("E04", to="shg-noord"), sender="amk-noord")

    judgement = only(judged(world, message))

    assert (judgement.event.step, judgement.event.reason) == (6, "signature-missing")


def test_a_decision_record_holds_no_personal_data() -> None:
    """Nothing that stands in the content of a message stands in its audit event."""
    world = World()
    message = published(world)
    record = read_record(
        write(judged(world, message), world.gate_identity, world.members["exchange"].keys.signers)[0].value
    )

    leaves = [leaf for leaf in texts(world.record("E01").groups) if len(leaf) > 3]

    assert len(leaves) > 10
    assert [leaf for leaf in leaves if leaf.encode() in record.event_bytes] == []


def texts(value: object) -> list[str]:
    """Every text in a document."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [t for v in value.values() for t in texts(v)]
    if isinstance(value, list | tuple):
        return [t for v in value for t in texts(v)]
    return []


def test_events_survive_the_wire() -> None:
    """Reading a written decision record gives the very event that was decided."""
    world = World()
    judgements = judged(world, published(world))

    events: list[AuditEvent] = [
        read_record(out.value).event
        for out in write(judgements, world.gate_identity, world.members["exchange"].keys.signers)
    ]

    assert [j.event for j in judgements] == events
