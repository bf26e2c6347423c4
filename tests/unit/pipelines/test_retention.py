"""What may go from the topics: never beyond the first record that must stay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.audit.events import AuditEvent, Outcome, Source
from broker.audit.retention import Recorded
from broker.moments import DAY, HOUR
from broker.names import MessageId, Micros, TopicName
from broker.pipelines.retention import CAP, BodyPlan, Kept, Known, plan_bodies
from broker.ports import Position
from broker.topics import QUARANTINE
from tests.audit_world import AMK, DECIDED, TOPIC, event, quarantined, refused

ORIGINALS = TopicName("exchange.meldingen")
BACK = TopicName("exchange.ontvangst")
STARTS = {(TOPIC, 0): 0, (ORIGINALS, 0): 0, (QUARANTINE, 0): 0}


def recorded(event: AuditEvent, offset: int, topic: TopicName = TOPIC) -> Recorded:
    """A decision whose record and original stand at *offset*."""
    source = Source(event.source.topic, 0, offset)
    return Recorded(Position(topic, 0, offset), replace(event, source=source))


def answer(to: AuditEvent, at: Micros, offset: int = 0) -> Recorded:
    """The receipt of a released message, decided at *at*, on its way back to the sender."""
    facts = to.message
    assert facts is not None
    back = replace(
        facts,
        message_id=MessageId(bytes(reversed(facts.message_id))),
        sender=facts.recipient,
        recipient=facts.sender,
        causation_id=facts.message_id,
    )
    receipt = replace(
        to, outcome=Outcome.RECEIPT, message=back, decided_at=at, source=Source(BACK, 0, offset)
    )
    return Recorded(Position(TopicName(f"decisions.{AMK}"), 0, offset), receipt)


def planned(known: Known, topic: TopicName = TOPIC) -> tuple[int, Kept | None]:
    """First offset afterwards of a partition, and why the next record stays."""
    (one,) = [one for one in plan_bodies(known).partitions if one.topic == topic]
    return one.upto, one.kept


def after(hours: float) -> Micros:
    """Some hours after the first decision."""
    return Micros(DECIDED + int(hours * HOUR))


ANSWERED = (recorded(event(1), 0), answer(event(1), after(1)))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(Known(after(24.9), ANSWERED, STARTS), (0, Kept.CONFIRMED_LATELY), id="23.9 hours"),
        pytest.param(Known(after(25.1), ANSWERED, STARTS), (1, None), id="24.1 hours after its receipt"),
        pytest.param(Known(after(100), ANSWERED[:1], STARTS), (0, Kept.UNCONFIRMED), id="no receipt"),
        pytest.param(Known(after(7 * 24 + 1), ANSWERED[:1], STARTS), (1, None), id="seven days"),
        pytest.param(
            Known(after(25.1), ANSWERED, STARTS, problems=[Position(TOPIC, 0, 0)]),
            (0, Kept.NOT_IN_LEDGER),
            id="a record that is no entry",
        ),
    ],
)
def test_when_a_body_goes(known: Known, expected: tuple[int, Kept | None]) -> None:
    """A body goes 24 hours after its receipt, or after seven days."""
    assert planned(known) == expected


def test_the_original_goes_with_the_body() -> None:
    """The record that the sender wrote goes when all its recipients answered 24 hours ago."""
    other = replace(event(1), outcome=Outcome.RELEASED)
    assert other.message is not None
    third = replace(other.message, recipient=other.message.sender)
    two = (*ANSWERED, recorded(replace(other, message=third), 0, TopicName("decisions.third")))
    assert planned(Known(after(26), ANSWERED, STARTS), ORIGINALS) == (1, None)
    assert planned(Known(after(26), two, STARTS), ORIGINALS) == (0, Kept.UNCONFIRMED)


def test_what_nobody_answers_waits_for_its_reader() -> None:
    """A refusal goes 24 hours after its decision once its reader is past it; its original does not wait."""
    entries = [recorded(refused(1), 0)]
    assert planned(Known(after(1), entries, STARTS)) == (0, Kept.DECIDED_LATELY)
    assert planned(Known(after(25), entries, STARTS)) == (0, Kept.UNREAD)
    assert planned(Known(after(25), entries, STARTS, passed={(TOPIC, 0): 1})) == (1, None)
    assert planned(Known(after(25), entries, STARTS), ORIGINALS) == (1, None)


def test_a_quarantined_original_goes_after_a_day() -> None:
    """What could not be believed goes after 24 hours; the quarantine itself has no bodies."""
    entries = [recorded(quarantined(1), 0, QUARANTINE)]
    assert planned(Known(after(1), entries, STARTS), ORIGINALS) == (0, Kept.DECIDED_LATELY)
    assert planned(Known(after(25), entries, STARTS), ORIGINALS) == (1, None)
    assert QUARANTINE not in {one.topic for one in plan_bodies(Known(after(25), entries, STARTS)).partitions}


def test_an_undeliverable_message_stays() -> None:
    """What was believed and could not be delivered stays for its seven days: its sender is not told."""
    entries = [recorded(replace(event(1), outcome=Outcome.QUARANTINED), 0, QUARANTINE)]
    assert planned(Known(after(100), entries, STARTS), ORIGINALS) == (0, Kept.UNDELIVERABLE)


def test_a_ledger_that_is_behind_keeps_originals() -> None:
    """While the ledger has decisions to read, no original goes."""
    assert planned(Known(after(26), ANSWERED, STARTS, behind=True), ORIGINALS) == (0, Kept.LEDGER_BEHIND)


def test_a_hold_keeps_a_case() -> None:
    """A case on hold stays, also after seven days."""
    facts = event(1).message
    assert facts is not None
    held = Known(after(24 * 8), ANSWERED, STARTS, holds=frozenset({facts.case_ref}))
    assert planned(held) == planned(held, ORIGINALS) == (0, Kept.HOLD)


def test_who_must_send_again_is_named() -> None:
    """A message that nobody answered is named a day before its body goes, and when it has gone."""

    def named(hours: float, *entries: Recorded) -> list[bool]:
        return [one.lapsed for one in plan_bodies(Known(after(hours), entries, STARTS)).unconfirmed]

    assert [named(hours, ANSWERED[0]) for hours in (100, 24 * 6 + 1, 24 * 7 + 1)] == [[], [False], [True]]
    assert named(24 * 7 + 1, *ANSWERED) == []


def test_an_answer_of_somebody_else_confirms_nothing() -> None:
    """Only its recipient confirms a message."""
    stranger = answer(event(1), after(1))
    facts = stranger.event.message
    assert facts is not None
    forged = replace(stranger, event=replace(stranger.event, message=replace(facts, sender=facts.recipient)))
    assert planned(Known(after(26), [ANSWERED[0], forged], STARTS)) == (0, Kept.UNCONFIRMED)


HISTORIES = st.lists(
    st.tuples(
        st.sampled_from(["released", "answered", "refused", "quarantined", "gone"]),
        st.integers(0, 3 * DAY),
        st.integers(0, 3 * DAY),
    ),
    max_size=12,
)
MOMENTS = st.integers(DECIDED, DECIDED + 12 * DAY).map(Micros)


def history(steps: list[tuple[str, int, int]]) -> list[Recorded]:
    """Decisions one after the other; ``gone`` is a record without an entry, such as a repeat."""
    found: list[Recorded] = []
    at: int = DECIDED
    for number, (kind, pause, until_answer) in enumerate(steps):
        at += pause
        made = {"refused": refused, "quarantined": quarantined}.get(kind, event)(number)
        made = replace(made, decided_at=Micros(at))
        if kind != "gone":
            found.append(recorded(made, number))
        if kind == "answered":
            found.append(answer(made, Micros(at + until_answer), number))
    return found


@given(HISTORIES, MOMENTS)
def test_nothing_goes_beyond_what_must_stay(steps: list[tuple[str, int, int]], now: Micros) -> None:
    """Every released record that goes was answered by its recipient 24 hours ago, or is seven days old."""
    entries = history(steps)
    passed = {(TOPIC, 0): len(steps)}
    limits = plan_bodies(Known(now, entries, STARTS, passed=passed)).limits
    answered = {
        one.event.message.causation_id: one.event.decided_at
        for one in entries
        if one.event.outcome is Outcome.RECEIPT and one.event.message is not None
    }
    for one in entries:
        going = one.event.outcome is Outcome.RELEASED and one.position.offset < limits.get((TOPIC, 0), 0)
        if going and now - one.event.decided_at < CAP:
            assert one.event.message is not None
            assert now - answered[one.event.message.message_id] >= DAY


@given(HISTORIES, MOMENTS, MOMENTS)
def test_later_at_least_as_much_goes(steps: list[tuple[str, int, int]], one: Micros, other: Micros) -> None:
    """The same knowledge, later, clears at least as much."""
    early, late = sorted((one, other))
    entries = history(steps)

    def limits(now: Micros) -> list[int]:
        return [part.upto for part in _plan(now, entries).partitions]

    assert all(a <= b for a, b in zip(limits(early), limits(late), strict=True))


def _plan(now: Micros, entries: list[Recorded]) -> BodyPlan:
    return plan_bodies(Known(now, entries, STARTS, passed={(TOPIC, 0): 6}))
