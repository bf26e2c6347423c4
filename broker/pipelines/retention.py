"""Retention: up to which record each topic may be cleared, and what must stay (docs/spec/retention.md).

1. A body goes 24 hours after its recipient answered it (E03 or E28), and at the latest after 7 days.
2. What nobody answers (an answer, a refusal) goes 24 hours after its decision, once its reader is past it.
3. A partition is cleared from its beginning up to the first record that must stay, never beyond it, and never
   beyond what the ledger holds.
4. A case on legal hold stays, also beyond the 7 days, as long as Kafka itself keeps it.

Pure: everything that is known is an argument, and the same knowledge gives the same plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from broker.audit.events import AuditEvent, MessageFacts, Outcome
from broker.audit.retention import Recorded
from broker.moments import DAY
from broker.names import CaseRef, MessageId, MessageType, Micros, Oin, TopicName
from broker.ports import Offsets, Position
from broker.topics import DECISIONS_PREFIX, EXCHANGE_PREFIX, QUARANTINE

__all__ = [
    "AFTER",
    "CAP",
    "WINDOW",
    "BodyPlan",
    "Kept",
    "Known",
    "PartitionPlan",
    "Unconfirmed",
    "plan_bodies",
]

AFTER: Final = DAY
"""How long a body stays after it was answered: microseconds (domain 6, BR)."""
CAP: Final = 7 * DAY
"""How long it stays at most: microseconds (domain 6, BR)."""
WINDOW: Final = CAP + 2 * DAY
"""How far back decisions matter: the cap, and two days in which Kafka removes whole segments."""

_NOBODY: Final[frozenset[CaseRef]] = frozenset()
_Place = tuple[TopicName, int]


class Kept(StrEnum):
    """Why a record stays, and with it everything behind it in its partition."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED_LATELY = "confirmed-lately"
    DECIDED_LATELY = "decided-lately"
    UNREAD = "unread"
    UNDELIVERABLE = "undeliverable"
    HOLD = "hold"
    NOT_IN_LEDGER = "not-in-ledger"
    LEDGER_BEHIND = "ledger-behind"


@dataclass(frozen=True, slots=True)
class Known:
    """What the plan follows from.

    Attributes:
        entries: Decisions of at least the last `WINDOW`, and all of the cases on hold.
        starts: First offset of each partition that there is.
        problems: Records of decisions topics that did not become entries.
        passed: Next offset of the reader of each decisions partition.
        behind: Whether decision records stood on Kafka that the ledger had not read.
        holds: Cases on legal hold.
    """

    now: Micros
    entries: Sequence[Recorded]
    starts: Offsets
    problems: Sequence[Position] = ()
    passed: Offsets = field(default_factory=dict)
    behind: bool = False
    holds: frozenset[CaseRef] = _NOBODY


@dataclass(frozen=True, slots=True)
class PartitionPlan:
    """What may go from one partition.

    Attributes:
        start: Its first offset now.
        upto: Its first offset afterwards; equal to `start` when nothing may go.
        kept_at: Offset of the record that stays first, or None when none is known.
        kept: Why that one stays.
    """

    topic: TopicName
    partition: int
    start: int
    upto: int
    kept_at: int | None = None
    kept: Kept | None = None

    @property
    def count(self) -> int:
        """How many offsets go."""
        return self.upto - self.start


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A message that its recipient did not answer, whose body goes within a day or went: to be sent again.

    Attributes:
        lapses_at: When its 7 days are over.
        lapsed: Whether they are.
    """

    message_id: MessageId
    message_type: MessageType
    case_ref: CaseRef
    sender: Oin
    recipient: Oin
    decided_at: Micros
    lapses_at: Micros
    lapsed: bool


@dataclass(frozen=True, slots=True)
class BodyPlan:
    """What may go now, by topic and partition, and whose sender must send again, the oldest first."""

    partitions: tuple[PartitionPlan, ...]
    unconfirmed: tuple[Unconfirmed, ...]

    @property
    def limits(self) -> Offsets:
        """New first offset of each partition from which something goes."""
        return {(one.topic, one.partition): one.upto for one in self.partitions if one.count}


def plan_bodies(known: Known) -> BodyPlan:
    """What may go from every exchange and decisions partition of ``known.starts`` (domain 6, BR).

    The quarantine is not among them: its records hold no body.
    """
    answers = _answers(known.entries)
    states = _states(known, answers)
    places = sorted(place for place in known.starts if _has_bodies(place[0]))
    partitions = tuple(_walk(place, known, states.get(place, {})) for place in places)
    late = (_unconfirmed(one, known.now, answers) for one in known.entries)
    unconfirmed = sorted((one for one in late if one is not None), key=lambda one: one.decided_at)
    return BodyPlan(partitions, tuple(unconfirmed))


def _has_bodies(topic: TopicName) -> bool:
    return topic.startswith((EXCHANGE_PREFIX, DECISIONS_PREFIX)) and topic != QUARANTINE


class _Answers:
    """When each recipient answered each message."""

    def __init__(self) -> None:
        self._moments: dict[tuple[MessageId, Oin], list[Micros]] = {}

    def add(self, facts: MessageFacts, at: Micros) -> None:
        """An answer was decided at *at*."""
        if facts.causation_id is not None:
            self._moments.setdefault((facts.causation_id, facts.sender.oin), []).append(at)

    def to(self, event: AuditEvent) -> Micros | None:
        """When what *event* released was answered first, or None."""
        facts = event.message
        if facts is None:
            return None
        given = self._moments.get((facts.message_id, facts.recipient.oin), ())
        return min((at for at in given if at >= event.decided_at), default=None)


def _answers(entries: Iterable[Recorded]) -> _Answers:
    answers = _Answers()
    for one in entries:
        if one.event.outcome is Outcome.RECEIPT and one.event.message is not None:
            answers.add(one.event.message, one.event.decided_at)
    return answers


def _states(known: Known, answers: _Answers) -> dict[_Place, dict[int, Kept | None]]:
    """Of every record that is known, by partition and offset, why it stays, or None."""
    found: dict[_Place, dict[int, Kept | None]] = {}

    def say(topic: TopicName, partition: int, offset: int, kept: Kept | None) -> None:
        offsets = found.setdefault((topic, partition), {})
        # One record has a decision for each recipient: each of them may keep it.
        offsets[offset] = offsets.get(offset) or kept

    for one in known.entries:
        event, place = one.event, one.position
        kept = _kept(event, known, answers)
        say(event.source.topic, event.source.partition, event.source.offset, kept)
        say(place.topic, place.partition, place.offset, kept or _unread(one, known))
    for place in known.problems:
        say(place.topic, place.partition, place.offset, Kept.NOT_IN_LEDGER)
    return found


def _kept(event: AuditEvent, known: Known, answers: _Answers) -> Kept | None:
    """Why the body of this decision stays, wherever it stands."""
    facts, age = event.message, known.now - event.decided_at
    if facts is not None and facts.case_ref in known.holds:
        return Kept.HOLD
    if age >= CAP:
        return None
    if event.outcome is Outcome.RELEASED:
        return _waiting(answers.to(event), known.now)
    if event.outcome is Outcome.QUARANTINED and facts is not None:
        # Its sender is not told, and whoever connects the recipient needs it.
        return Kept.UNDELIVERABLE
    return Kept.DECIDED_LATELY if age < AFTER else None


def _waiting(answered: Micros | None, now: Micros) -> Kept | None:
    if answered is None:
        return Kept.UNCONFIRMED
    return Kept.CONFIRMED_LATELY if now - answered < AFTER else None


def _unread(one: Recorded, known: Known) -> Kept | None:
    """Whether a record that nobody answers still waits for its reader."""
    if one.event.outcome is Outcome.RELEASED or known.now - one.event.decided_at >= CAP:
        return None
    place = one.position
    passed = known.passed.get((place.topic, place.partition), 0) > place.offset
    return None if passed else Kept.UNREAD


def _walk(place: _Place, known: Known, states: Mapping[int, Kept | None]) -> PartitionPlan:
    topic, partition = place
    start = upto = known.starts[place]
    if known.behind and topic.startswith(EXCHANGE_PREFIX):
        # Another recipient's decision about the same record may be among those not read.
        return PartitionPlan(topic, partition, start, start, None, Kept.LEDGER_BEHIND)
    for offset in sorted(offset for offset in states if offset >= start):
        kept = states[offset]
        if kept is not None:
            return PartitionPlan(topic, partition, start, upto, offset, kept)
        # Repeats have no entry of their own: they go with what stands behind them.
        upto = offset + 1
    return PartitionPlan(topic, partition, start, upto)


def _unconfirmed(one: Recorded, now: Micros, answers: _Answers) -> Unconfirmed | None:
    event, facts = one.event, one.event.message
    lapses_at = Micros(event.decided_at + CAP)
    if event.outcome is not Outcome.RELEASED or facts is None or now < lapses_at - DAY:
        return None
    if answers.to(event) is not None:
        return None
    return Unconfirmed(
        facts.message_id,
        facts.message_type,
        facts.case_ref,
        facts.sender.oin,
        facts.recipient.oin,
        event.decided_at,
        lapses_at,
        now >= lapses_at,
    )
