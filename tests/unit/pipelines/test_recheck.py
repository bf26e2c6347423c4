"""Deciding again from what the ledger keeps: the same, otherwise, or not to be told; never silently."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.audit.events import AuditEvent, Outcome
from broker.names import AgreementId, Digest, GroupName, Micros, Role
from broker.operations.explaining_decision import STEPS, explain_decision
from broker.pipelines.gate import judge
from broker.pipelines.recheck import Verdicts, recheck
from broker.ports import Message
from broker.signing import VerificationCache
from broker.trust.view import TrustView
from tests.world import HOUR, NOON, World


def _judged(world: World, message: Message) -> AuditEvent:
    (judgement,) = judge(message, world.view, world.gate_identity, NOON, VerificationCache())
    return judgement.event


@pytest.fixture(scope="module")
def world() -> World:
    """An exchange with agreements."""
    return World()


@pytest.fixture(scope="module")
def message(world: World) -> Message:
    """One report that may go."""
    world.publisher("shg-noord").publish(world.record("E01"))
    return world.log.records("exchange.meldingen")[-1]


@pytest.fixture
def released(world: World, message: Message) -> AuditEvent:
    """Its release."""
    return _judged(world, message)


def test_a_release_comes_out_the_same(world: World, released: AuditEvent) -> None:
    """Under the same agreement, at its own moment."""
    found = recheck(released, world.view)

    assert (released.outcome, found.verdict) == (Outcome.RELEASED, Verdicts.SAME)


def test_a_release_of_a_group_that_is_not_granted_comes_out_otherwise(
    world: World, released: AuditEvent
) -> None:
    """A gate that released too much is found out from its own record."""
    assert released.message is not None
    more = replace(released.message, released=(*released.message.released, GroupName("GG")))

    assert recheck(replace(released, message=more), world.view).verdict is Verdicts.DIFFERS


def test_a_release_by_another_grant_comes_out_otherwise(world: World, released: AuditEvent) -> None:
    """The grant that is named is the one that allows it."""
    assert recheck(replace(released, rule="no-such-grant"), world.view).verdict is Verdicts.DIFFERS


def test_a_release_by_who_has_not_the_role_comes_out_otherwise(world: World, released: AuditEvent) -> None:
    """Roles are asked of the registry again."""
    assert released.message is not None
    other = replace(released.message, sender=replace(released.message.sender, role=Role("RvdK")))

    assert recheck(replace(released, message=other), world.view).verdict is Verdicts.DIFFERS


def test_a_version_that_is_gone_cannot_be_decided_by_again(world: World, released: AuditEvent) -> None:
    """That is said, and is not taken for a difference."""
    assert released.message is not None
    gone = replace(released.message, agreement_digest=Digest(bytes(32)))

    assert recheck(replace(released, message=gone), world.view).verdict is Verdicts.CANNOT


def test_a_refusal_without_an_agreement_comes_out_the_same(world: World, released: AuditEvent) -> None:
    """What a refusal keeps is enough for that."""
    assert released.message is not None
    facts = replace(
        released.message, agreement_id=AgreementId("none"), agreement_digest=Digest(bytes(32)), assertions=()
    )
    refused = replace(
        released, outcome=Outcome.REFUSED, reason="no-agreement", rule="", step=11, message=facts
    )

    assert recheck(refused, world.view).verdict is Verdicts.SAME


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"outcome": Outcome.QUARANTINED, "message": None, "step": 2}, id="nothing-believed"),
        pytest.param({"outcome": Outcome.REFUSED, "reason": "expired", "step": 8}, id="another-step"),
        pytest.param({"outcome": Outcome.REFUSED, "reason": "predicate", "step": 11}, id="assertions-gone"),
    ],
)
def test_what_is_not_kept_cannot_be_told(
    world: World, released: AuditEvent, changes: dict[str, object]
) -> None:
    """Not to be told is an answer of its own."""
    changed: AuditEvent = replace(released, **changes)  # type: ignore[arg-type]

    assert recheck(changed, world.view).verdict is Verdicts.CANNOT


def _texts(event: AuditEvent, view: TrustView, topic: str) -> list[str]:
    return [sentence.text for sentence in explain_decision(event, view) if sentence.topic == topic]


def test_every_step_of_a_release_held(world: World, released: AuditEvent) -> None:
    """Each step of a gate is named, and the agreement and grant with it."""
    steps = _texts(released, world.view, "step")

    assert len(steps) == len(STEPS)
    assert all(" held: " in step for step in steps)
    assert _texts(released, world.view, "agreement")
    assert _texts(released, world.view, "grant")


def test_what_was_released_is_explained_group_by_group(world: World, released: AuditEvent) -> None:
    """Each with the source of the rule that lets it through."""
    sentences = [s for s in explain_decision(released, world.view) if s.topic == "released"]

    assert released.message is not None
    assert len(sentences) == len(released.message.released)
    assert all(sentence.source for sentence in sentences)


def test_the_step_that_failed_is_named_and_those_after_it_were_not_reached(
    world: World, message: Message
) -> None:
    """An expired message failed at 8; nobody asked for an agreement."""
    (late,) = judge(message, world.view, world.gate_identity, later(NOON, 24 * 30), VerificationCache())
    steps = _texts(late.event, world.view, "step")

    assert [step.split()[0] for step in steps if " failed: " in step] == ["8"]
    assert [step.split()[0] for step in steps if " was not reached" in step] == ["9", "11"]


def later(moment: Micros, hours: int) -> Micros:
    """A moment so many hours later."""
    return Micros(moment + hours * HOUR)
