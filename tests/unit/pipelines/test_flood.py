"""50,000 records of bad faith through the gate's judgement: each gets a reason, none is released."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict

import pytest

from broker.audit.codec import read_event, write_event
from broker.audit.events import Outcome
from broker.names import TopicName
from broker.pipelines.deliver import Disclosure, Reader, Rejected, Withheld, receive
from broker.pipelines.gate import Judgement, judge, write
from broker.ports import Message, Outgoing, Position
from broker.signing import VerificationCache
from broker.topics import decisions_topic
from tests.rubbish import HOSTILE, Party, Rubbish, spoil_decision
from tests.unit.pipelines.test_gate import revoked_keys
from tests.world import NOON, World

COUNT = 50_000


def party(world: World, name: str) -> Party:
    """An agency as a sender, with its keys."""
    return Party(world.sender(name), world.members[name].keys.signers)


def rubbish(world: World, seed: int) -> Rubbish:
    """Rubbish by an agency that may send, and one whose keys are revoked."""
    world.change_agency("shg-zuid", revoked_keys)
    return Rubbish(
        world.view,
        party(world, "shg-noord"),
        party(world, "shg-zuid"),
        lambda case: world.record("E01", case_ref=case),
        NOON,
        seed,
    )


def judged(world: World, outgoing: Outgoing, offset: int, cache: VerificationCache) -> list[Judgement]:
    """What the gate makes of a record at this offset."""
    message = Message(Position(outgoing.topic, 0, offset), outgoing.key, outgoing.value, outgoing.headers)
    return judge(message, world.view, world.gate_identity, NOON, cache)


def test_each_of_50000_malformed_records_gets_a_reason_and_none_is_released() -> None:
    """Every kind of record that may not pass is refused or quarantined, with a reason, in bounded time."""
    world = World()
    cache = VerificationCache()
    outcomes: defaultdict[str, Counter[Outcome]] = defaultdict(Counter)
    slowest = 0.0
    for number, (kind, outgoing) in enumerate(rubbish(world, 1).records(COUNT)):
        begin = time.perf_counter()
        judgements = judged(world, outgoing, number, cache)
        slowest = max(slowest, time.perf_counter() - begin)
        assert judgements, kind
        for judgement in judgements:
            assert judgement.event.reason, kind
            assert read_event(write_event(judgement.event)) == judgement.event
            outcomes[kind][judgement.event.outcome] += 1
    assert {o for counts in outcomes.values() for o in counts} == {Outcome.REFUSED, Outcome.QUARANTINED}
    assert sum(sum(counts.values()) for counts in outcomes.values()) == COUNT
    assert len(outcomes) > 50
    assert slowest < 1.0


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_content_in_an_allowed_message_is_not_handed_over(kind: str) -> None:
    """The gate cannot see it; the recipient withholds it at step 15 or 16, quickly, and says why."""
    world = World()
    made = dict(rubbish(world, 2).hostile(len(HOSTILE)))
    (judgement,) = judged(world, made[kind], 0, VerificationCache())
    (record,) = write([judgement], world.gate_identity, world.members["exchange"].keys.signers)
    reader = Reader(world.oin("amk-noord"), world.members["amk-noord"].keys.unwrappers, VerificationCache())

    begin = time.perf_counter()
    position = Position(decisions_topic(world.oin("amk-noord")), 0, 0)
    received = receive(Message(position, record.key, record.value), reader, world.view, NOON)

    assert judgement.event.outcome is Outcome.RELEASED
    assert isinstance(received, Withheld)
    assert received.step in (15, 16)
    assert time.perf_counter() - begin < 0.5


def test_a_good_message_on_any_topic_but_its_own_is_quarantined() -> None:
    """Whoever can write to a topic cannot move a message there."""
    world = World()
    (good,) = rubbish(world, 3).good(1)
    topics = ("informatie", "bescherming", "veiligheid", "toezicht", "ontvangst")
    moved = [Outgoing(TopicName(f"exchange.{name}"), good.key, good.value, good.headers) for name in topics]

    found = [judged(world, one, 0, VerificationCache())[0].event for one in moved]

    assert {(e.outcome, e.step, e.reason) for e in found} == {(Outcome.QUARANTINED, 7, "topic")}


def test_a_replayed_decision_is_no_second_disclosure_for_another() -> None:
    """A released record replayed on another agency's topic is for nobody there."""
    world = World()
    (good,) = rubbish(world, 4).good(1)
    (judgement,) = judged(world, good, 0, VerificationCache())
    (record,) = write([judgement], world.gate_identity, world.members["exchange"].keys.signers)
    reader = Reader(world.oin("amk-zuid"), world.members["amk-zuid"].keys.unwrappers, VerificationCache())

    position = Position(decisions_topic(world.oin("amk-zuid")), 0, 0)
    received = receive(Message(position, record.key, record.value), reader, world.view, NOON)

    assert not isinstance(received, Disclosure)
    assert isinstance(received, Rejected)


def test_a_decision_that_no_gate_made_is_rejected_whatever_was_done_to_it() -> None:
    """Noise, pieces, turned bits, joined halves, forged signatures: each is rejected, none delivered."""
    world = World()
    dice = random.Random(5)
    judgements = [judged(world, one, 0, VerificationCache())[0] for one in rubbish(world, 5).good(6)]
    gate = world.gate_identity
    real = [one.value for one in write(judgements, gate, world.members["exchange"].keys.signers)]
    reader = Reader(world.oin("amk-noord"), world.members["amk-noord"].keys.unwrappers, VerificationCache())
    position = Position(decisions_topic(world.oin("amk-noord")), 0, 0)
    spoiled = [spoil_decision(dice, dice.choice(real), dice.choice(real)) for _ in range(3000)]

    found = Counter(
        type(receive(Message(position, judgements[0].key, value), reader, world.view, NOON))
        for value in spoiled
    )

    assert found == {Rejected: len(spoiled)}
