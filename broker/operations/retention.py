"""Retention as an operator runs it: gather what is known, plan, record, clear, record.

What is to be cleared is recorded before anything goes: a run that dies leaves a record of what it began, and
the next one completes it.
"""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from broker import logs
from broker.adapters.database import open_engine
from broker.adapters.kafka_retention import KafkaRetention
from broker.adapters.ledger_reader import SqlLedgerReader
from broker.adapters.retention_store import SqlRetention
from broker.assembly import clock, kafka_access, keeper
from broker.audit.retention import (
    Deed,
    RetentionKind,
    RetentionRecord,
    RetentionStore,
    holds_of,
    require_chain,
)
from broker.errors import UsageError
from broker.names import CaseRef, Micros, TopicName
from broker.operations.lag import readers
from broker.operations.parties import parties_of
from broker.pipelines.retention import WINDOW, BodyPlan, Known, plan_bodies
from broker.ports import Clock, Offsets
from broker.settings import LedgerProfile, Profile
from broker.topics import DECISIONS, DECISIONS_PREFIX, EXCHANGE_TOPICS

__all__ = ["Retention", "Why", "kafka_of", "opened_retention", "planned", "run"]

_CATCH_UP_SECONDS: Final = 5.0
_PAUSE: Final = 0.1

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Why:
    """Why somebody does something to what is kept: a reason in a few words, and what it belongs to."""

    reason: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Retention:
    """The retention log of one ledger, and who acts on it now.

    Attributes:
        person: As the system knows them.
    """

    store: RetentionStore
    clock: Clock
    person: str

    def record(self, kind: RetentionKind, why: Why, facts: Mapping[str, object]) -> RetentionRecord:
        """Append what is done to the retention log, and tell the structured log.

        Raises:
            UsageError: The reason or the reference is too long.
            UnavailableError: It cannot be recorded: it may not be done.
        """
        deed = Deed(kind, self.clock.now(), self.person, why.reason, why.reference, facts)
        record = self.store.record(deed)
        _log.info(logs.RETENTION_RECORDED, kind=kind.value, sequence=record.seq)
        return record

    def log(self) -> Sequence[RetentionRecord]:
        """Every record, checked.

        Raises:
            EvidenceError: The log was changed.
        """
        records = self.store.log()
        require_chain(records)
        return records

    def hold(self, case: CaseRef, why: Why) -> RetentionRecord:
        """Put a case on hold.

        Raises:
            UsageError: It is on hold already.
        """
        if case in holds_of(self.log()):
            raise UsageError("the case is on hold already", remedy="See `schakel retention hold list`")
        return self.record(RetentionKind.HOLD, why, {"case": str(case)})

    def release(self, case: CaseRef, why: Why) -> RetentionRecord:
        """End the hold on a case.

        Raises:
            UsageError: It is not on hold.
        """
        if case not in holds_of(self.log()):
            raise UsageError("the case is not on hold", remedy="See `schakel retention hold list`")
        return self.record(RetentionKind.RELEASE, why, {"case": str(case)})


@contextmanager
def opened_retention(ledger: LedgerProfile) -> Iterator[Retention]:
    """The retention log in the ledger's database.

    Raises:
        ConfigurationError: There is no ledger.
    """
    engine = open_engine(ledger.database)
    try:
        SqlLedgerReader(engine).state()
        yield Retention(SqlRetention(engine), clock(ledger), _person())
    finally:
        engine.dispose()


@contextmanager
def kafka_of(operator: Profile) -> Iterator[tuple[KafkaRetention, Mapping[str, Sequence[TopicName]]]]:
    """Kafka with the operator's rights, and the groups that read decisions."""
    groups = readers(parties_of(keeper(operator).current()))
    with closing(KafkaRetention(kafka_access(operator))) as kafka:
        yield kafka, groups


def planned(
    retention: Retention, kafka: KafkaRetention, groups: Mapping[str, Sequence[TopicName]]
) -> BodyPlan:
    """What may go from the topics now.

    Args:
        groups: Consumer groups and what they read; those of agencies read one decisions topic.

    Raises:
        EvidenceError: The retention log was changed: nothing may go.
        UnavailableError: Kafka or the database does not answer.
    """
    now = retention.clock.now()
    holds = frozenset(holds_of(retention.log()))
    decisions = [topic for topic in kafka.topics() if DECISIONS.fullmatch(topic)]
    starts = kafka.start_offsets([*EXCHANGE_TOPICS, *decisions])
    behind = not _caught_up(retention.store, kafka.end_offsets(decisions), starts)
    return plan_bodies(
        Known(
            now=now,
            entries=retention.store.recorded(Micros(now - WINDOW), holds),
            starts=starts,
            problems=retention.store.problems(),
            passed=_passed(kafka, groups),
            behind=behind,
            holds=holds,
        )
    )


def run(
    retention: Retention, kafka: KafkaRetention, groups: Mapping[str, Sequence[TopicName]], why: Why
) -> BodyPlan:
    """Clear what may go now; what is done is recorded before and afterwards.

    Raises:
        UsageError: No reason is given.
        EvidenceError, UnavailableError: As for `planned`.
        UnauthorisedError: The operator may not delete records.
    """
    if not why.reason:
        raise UsageError("no reason is given", remedy="Say why in a few words: --reason 'daily retention'")
    plan = planned(retention, kafka, groups)
    if plan.limits:
        lapsed = [one.message_id.hex() for one in plan.unconfirmed if one.lapsed]
        retention.record(RetentionKind.BEGUN, why, {"upto": _written(plan.limits), "lapsed": lapsed})
        after = kafka.clear(plan.limits)
        retention.record(RetentionKind.CLEARED, why, {"starts": _written(after)})
    return plan


def _caught_up(store: RetentionStore, ends: Mapping[tuple[str, int], int], starts: Offsets) -> bool:
    """Whether the ledger has read up to *ends*, perhaps a moment later."""
    filled = {
        (TopicName(t), p): end for (t, p), end in ends.items() if starts.get((TopicName(t), p), 0) < end
    }
    deadline = time.monotonic() + _CATCH_UP_SECONDS
    while True:
        read = store.next_offsets()
        if all(read.get(place, 0) >= end for place, end in filled.items()):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)


def _passed(kafka: KafkaRetention, groups: Mapping[str, Sequence[TopicName]]) -> Offsets:
    """Next offset of the agency that reads each decisions partition."""
    agencies = (group for group, topics in groups.items() if len(topics) == 1)
    return {
        (TopicName(topic), partition): offset
        for group in agencies
        for (topic, partition), offset in kafka.committed(group).items()
        if topic.startswith(DECISIONS_PREFIX)
    }


def _written(offsets: Offsets) -> dict[str, int]:
    return {f"{topic}/{partition}": offset for (topic, partition), offset in sorted(offsets.items())}


def _person() -> str:
    try:
        # Not `getpass.getuser`: that believes the environment.
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
