"""Answers need no grant: what somebody could carry as one, and where that ends."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from broker.adapters.system import system_entropy
from broker.agreements.model import Agreement
from broker.audit.decision_record import read_record
from broker.audit.events import Outcome
from broker.envelope.padding import pad
from broker.envelope.seal import Draft, seal, sign_all
from broker.errors import RefusedError
from broker.names import GroupName, MessageId, ProducerId
from broker.pipelines.publish import prepare
from broker.ports import Message, Position
from broker.records.model import Record
from broker.sandbox.agreements import regional_agreement
from broker.topics import decisions_topic
from tests.attacker import agree, gate_judges, signed_by
from tests.world import NOON, World

DAY = 24 * 3600.0
NK, RC = GroupName("NK"), GroupName("RC")
SAID = "moeder is weer bij hem weggelopen"


def agreement() -> Agreement:
    """The agreement of the region in the north."""
    return regional_agreement("noord", NOON).agreement


def answer(world: World, code: str = "E03", **changes: Any) -> Record:
    """An answer under the agreement of the north, to a message that nobody sent."""
    ref = (agreement().id, agreement().digest)
    made = world.record(code, agreement=ref, causation_id=MessageId(os.urandom(16)))
    return replace(made, **changes)


def outcome(world: World, record: Record) -> tuple[Outcome, str]:
    """What the gate makes of it; refused by the sender's own publisher or not."""
    signed = signed_by(world, "shg-noord", record)
    event = gate_judges(world, Message(Position(signed.topic, 0, 0), signed.key, signed.value))[0].event
    return event.outcome, event.reason


def pass_time(world: World, days: float) -> None:
    """Let days pass, with a registry that is published daily."""
    world.clock.forward(days * DAY)
    world.republish()


def test_an_answer_goes_back_after_a_revocation() -> None:
    """A revocation must not swallow the evidence of a delivery before it."""
    world = World()
    record = answer(world)
    world.revoke(agreement().id, "amk-noord")
    pass_time(world, 13.9)

    assert outcome(world, record) == (Outcome.RECEIPT, "")


@pytest.mark.parametrize("code", ["E03", "E28"])
def test_two_weeks_after_a_revocation_there_is_nothing_left_to_answer(code: str) -> None:
    """Answers are to be a channel that stays open: it closes when no message can be alive any more."""
    world = World()
    record = answer(world, code)
    world.revoke(agreement().id, "amk-noord")
    pass_time(world, 14.1)

    with pytest.raises(RefusedError) as refused:
        outcome(world, record)
    assert refused.value.reason == "agreement-revoked"


def test_two_weeks_after_its_end_an_agreement_carries_no_answer() -> None:
    """The same for an agreement that ended by itself."""
    world = World()
    record = answer(world)
    pass_time(world, (agreement().valid_until - NOON) / (DAY * 1_000_000) + 14.1)

    with pytest.raises(RefusedError) as refused:
        outcome(world, record)
    assert refused.value.reason == "agreement-not-in-force"


def test_the_gate_asks_for_itself_whether_there_is_anything_left_to_answer() -> None:
    """A sender that does not ask its own agreements, and dates its answer back, is refused by the gate."""
    world = World()
    world.revoke(agreement().id, "amk-noord")
    pass_time(world, 13)
    signed = signed_by(world, "shg-noord", answer(world))
    pass_time(world, 2)

    event = gate_judges(world, Message(Position(signed.topic, 0, 0), signed.key, signed.value))[0].event

    assert (event.outcome, event.reason) == (Outcome.REFUSED, "agreement-revoked")


def test_an_answer_names_what_it_answers() -> None:
    """An answer to nothing is refused: whoever reads the ledger must see what it was about."""
    world = World()
    record = answer(world)

    signed = signed_by(world, "shg-noord", record, causation_id=None)
    event = gate_judges(world, Message(Position(signed.topic, 0, 0), signed.key, signed.value))[0].event

    assert (event.outcome, event.reason) == (Outcome.REFUSED, "no-agreement")


def test_an_answer_is_small() -> None:
    """A megabyte goes as a receipt under a revoked agreement: nothing so large is a receipt."""
    world = World()
    prepared = prepare(
        answer(world), world.sender("shg-noord"), world.view, world.clock.now(), system_entropy
    )
    header = replace(prepared.header, producer_id=ProducerId(bytes(8)), sequence=1)
    groups = ((RC, pad(b"the whole dossier " * 1000)),)
    unsigned = seal(Draft(header, groups, prepared.sealing_keys), system_entropy)
    value = sign_all([unsigned], world.members["shg-noord"].keys.signers)[0]

    judgement = gate_judges(world, Message(Position(header.topic, 0, 0), header.record_key, value))[0]

    assert judgement.envelope is None
    assert (judgement.event.step, judgement.event.reason) == (9, "section")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"rule": SAID}, id="rule"),
        pytest.param({"offending": [SAID]}, id="offending"),
        pytest.param({"reason_code": SAID}, id="reason"),
        pytest.param({"agreement_id": SAID}, id="agreement"),
    ],
)
def test_a_refusal_holds_no_words(content: dict[str, object]) -> None:
    """Free text is to travel in a refusal: its schema has codes and names only."""
    world = World()
    record = answer(world, "E28")
    told = {**record.groups[NK], **content}  # type: ignore[dict-item]

    with pytest.raises(RefusedError) as refused:
        signed_by(world, "shg-noord", replace(record, groups={NK: told}))
    assert refused.value.reason == "schema"


def test_an_answer_by_a_third_agency_bears_its_own_name() -> None:
    """An agency tells what became of a message that went to another: the gate cannot see that (it keeps no
    messages), and handler and ledger are given the name of who really said it.
    """
    world = World()
    extra = agree(world, ("shg-zuid", "amk-noord"))
    sent = world.publisher("amk-noord").publish(world.record("E02", to="shg-noord"))
    record = world.record("E03", agreement=(extra.id, extra.digest), causation_id=sent.message_id)
    world.log.append(signed_by(world, "shg-zuid", record))

    world.settle(world.gate(), world.subscriber("amk-noord"))

    told = [(d.header.causation_id, d.sender.oin) for d in world.handled["amk-noord"]]
    decision = read_record(world.log.records(decisions_topic(world.oin("amk-noord")))[0].value or b"")
    assert told == [(sent.message_id, world.oin("shg-zuid"))]
    assert decision.event.message is not None
    assert decision.event.message.sender.oin == world.oin("shg-zuid")
