"""Content is to travel in the clear, past the sealing: in a record's key, or as an assertion."""

from __future__ import annotations

import pytest

from broker.audit.decision_record import read_record
from broker.audit.events import Outcome
from broker.errors import RefusedError
from broker.names import TopicName
from broker.topics import QUARANTINE, decisions_topic
from tests.attacker import signed_by
from tests.world import World

NAME = b"Een Naam, BSN 999900006"


def test_a_key_is_a_case_reference() -> None:
    """A name in the record's key gets no further than the quarantine, which does not repeat it."""
    world = World()
    world.log.append(signed_by(world, "shg-noord", world.record("E01"), record_key=NAME))

    world.settle(world.gate())

    assert world.log.records(decisions_topic(world.oin("amk-noord"))) == ()
    (kept,) = world.log.records(QUARANTINE)
    event = read_record(kept.value or b"").event
    assert (event.step, event.reason) == (7, "key")
    assert NAME not in (kept.value or b"") + (kept.key or b"")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("naam", "een-naam", id="undeclared-name"),
        pytest.param("children_in_family", "een-naam", id="undeclared-value"),
    ],
)
def test_an_assertion_is_one_that_is_declared(name: str, value: str) -> None:
    """A header says what the catalogue has words for: a publisher sends nothing else."""
    world = World()
    record = world.record("E01")

    with pytest.raises(RefusedError) as refused:
        world.publisher("shg-noord").publish(
            world.record("E01", assertions={**record.assertions, name: value})
        )
    assert refused.value.reason in ("predicate", "check")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("naam", "een-naam", id="undeclared-name"),
        pytest.param("feedback_stage", "een-naam", id="undeclared-value"),
    ],
)
def test_the_gate_refuses_an_assertion_that_is_not_declared(name: str, value: str) -> None:
    """A sender that does not ask its own catalogue: the gate refuses, and its sender hears of it by name."""
    world = World()
    record = world.record("E05")
    made = tuple(sorted({**record.assertions, name: value}.items()))
    world.log.append(signed_by(world, "shg-noord", record, assertions=made))

    world.settle(world.gate())

    assert world.log.records(decisions_topic(world.oin("amk-noord"))) == ()
    (told,) = world.log.records(TopicName(decisions_topic(world.oin("shg-noord"))))
    event = read_record(told.value or b"").event
    assert (event.outcome, event.reason, event.offending) == (Outcome.REFUSED, "predicate", (name,))
    assert event.message is not None
    assert event.message.assertions == ()
