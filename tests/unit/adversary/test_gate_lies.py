"""The key of a gate is stolen, or its holder lies: what it says is compared with what was signed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.audit.codec import message_decision_id
from broker.audit.events import AuditEvent, AuditParty, Outcome
from broker.moments import DAY, MINUTE, SECOND
from broker.names import (
    AgreementId,
    CaseRef,
    Digest,
    GroupName,
    LegalBasis,
    MessageId,
    MessageType,
    Micros,
    ProducerId,
    Purpose,
    Regime,
    Role,
    SubjectRef,
    Urgency,
)
from broker.pipelines.deliver import Disclosure, Rejected
from broker.pipelines.gate import Judgement
from broker.sandbox.cast import member
from broker.trust.view import Agency
from tests.attacker import gate_judges, gate_writes, received
from tests.world import NOON, World

DIFFERS = Rejected(12, "decision-differs")


def judged(world: World) -> Judgement:
    """An honest release of one message to the AMK in the north."""
    world.publisher("shg-noord").publish(world.record("E01"))
    return gate_judges(world, world.log.records("exchange.meldingen")[0])[0]


def lying(event: AuditEvent, outcome: Outcome = Outcome.RELEASED, **words: Any) -> AuditEvent:
    """The event with other words about the message, and the id that follows from them."""
    assert event.message is not None
    facts = replace(event.message, **words)
    id_ = message_decision_id(
        facts.statement_hash, facts.recipient.oin, facts.agreement_digest, outcome, event.rule
    )
    return replace(event, message=facts, outcome=outcome, decision_id=id_)


def test_an_honest_decision_is_opened() -> None:
    """What all tests of this module change: unchanged, it is believed."""
    world = World()
    judgement = judged(world)

    honest = gate_writes(world, replace(judgement, event=lying(judgement.event)))

    assert isinstance(received(world, "amk-noord", honest), Disclosure)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param({name: value}, id=name)
        for name, value in {
            "legal_basis": LegalBasis("wmo-21d"),
            "purpose": Purpose("something-else"),
            "regime": Regime.R2,
            "urgency": Urgency.ACUTE,
            "statement_hash": Digest(bytes(32)),
            "schema_digest": Digest(bytes(32)),
            "sequence": 99,
            "created_at": Micros(5),
            "released": (),
            "withheld": (GroupName("PO"),),
            "subject_refs": (SubjectRef(bytes(16)),),
            "message_id": MessageId(bytes(16)),
            "message_type": MessageType("nl.beschermingszaken.something.else.v1"),
            "case_ref": CaseRef(bytes(16)),
            "sender": AuditParty(member("shg-noord").oin, Role("KR")),
            "recipient": AuditParty(member("amk-noord").oin, Role("KR")),
            "correlation_id": MessageId(bytes(16)),
            "causation_id": MessageId(bytes(16)),
            "agreement_id": AgreementId("another-one"),
            "producer_id": ProducerId(bytes(8)),
        }.items()
    ],
)
def test_a_gate_that_records_something_else_is_not_believed(words: dict[str, Any]) -> None:
    """The audit record is to say something else than the sender signed: the recipient opens nothing."""
    world = World()
    judgement = judged(world)

    lie = gate_writes(world, replace(judgement, event=lying(judgement.event, **words)))

    assert received(world, "amk-noord", lie) == DIFFERS


def test_a_release_is_not_called_a_receipt() -> None:
    """Evidence of a release is to look like that of an answer: the recipient opens nothing."""
    world = World()
    judgement = judged(world)

    lie = gate_writes(world, replace(judgement, event=lying(judgement.event, Outcome.RECEIPT)))

    assert received(world, "amk-noord", lie) == DIFFERS


@pytest.mark.parametrize(
    "words",
    [
        pytest.param({"rule": "no-such-rule"}, id="rule"),
        pytest.param({"emergency": True}, id="emergency"),
    ],
)
def test_a_rule_that_did_not_allow_it_is_not_cited(words: dict[str, Any]) -> None:
    """The record is to cite another rule of the agreement, or an emergency that was none."""
    world = World()
    judgement = judged(world)

    lie = gate_writes(world, replace(judgement, event=lying(replace(judgement.event, **words))))

    assert received(world, "amk-noord", lie) == DIFFERS


def test_an_id_of_another_decision_is_found() -> None:
    """The entry is to be dropped as a repeat of another one: its id must follow from what it says."""
    world = World()
    judgement = judged(world)

    lie = gate_writes(
        world, replace(judgement, event=replace(judgement.event, decision_id=Digest(bytes(32))))
    )

    assert received(world, "amk-noord", lie) == Rejected(12, "decision-id")


@pytest.mark.parametrize(
    ("moment", "believed"),
    [
        pytest.param(NOON - 5 * MINUTE - 1, False, id="before-the-message"),
        pytest.param(NOON - 5 * MINUTE, True, id="a-clock-that-is-behind"),
        pytest.param(NOON + 5 * MINUTE, True, id="a-clock-that-is-ahead"),
        pytest.param(NOON + 5 * MINUTE + 1, False, id="in-the-future"),
    ],
)
def test_a_decision_is_of_its_message_s_time(moment: int, believed: bool) -> None:
    """A gate chooses the moment that it writes down: not before the message was made, not after now."""
    world = World()
    judgement = judged(world)

    decision = gate_writes(
        world, replace(judgement, event=replace(judgement.event, decided_at=Micros(moment)))
    )

    assert isinstance(received(world, "amk-noord", decision), Disclosure) is believed


def test_an_expired_gate_key_decides_nothing_today() -> None:
    """A gate key that expired long ago was stolen from a backup, and claims a moment when it was valid."""
    world = World()
    then = Micros(NOON - 300 * DAY)

    def expired(agency: Agency) -> Agency:
        keys = tuple(
            replace(key, valid_from=Micros(then - SECOND), valid_until=Micros(then + DAY))
            for key in agency.signing_keys
        )
        return replace(agency, active_from=Micros(then - SECOND), signing_keys=keys)

    judgement = judged(world)
    world.change_agency("exchange", expired)
    back = gate_writes(world, replace(judgement, event=replace(judgement.event, decided_at=then)))

    assert received(world, "amk-noord", back) == DIFFERS
