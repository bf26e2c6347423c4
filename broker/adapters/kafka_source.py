"""Reading from Kafka: raw bytes, nothing committed that we did not say, no wait without an end.

1. Nothing is decoded here and nothing believed: key, value and headers are handed over as they came.
2. A consumer that raised is never polled again, because the library may then loop for ever; the next
   `poll` makes a new one, which begins at the last commit (or, in assigned mode, where the old one was).
3. Watchdog: a member that has not finished joining its group within 10 s is replaced (the library can lose
   the answer to a join and then waits for ever); the patience doubles with each replacement in a row.
4. The library says nothing when every node is gone.  After 10 s without a record we look for ourselves and
   raise the cause.
5. A commit holds only partitions that are still ours; what moved to another member is its business now.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from kafka import KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import KafkaError, TopicAuthorizationFailedError
from kafka.structs import MemberState, OffsetAndMetadata

from broker.adapters.kafka_admin import KafkaAdmin
from broker.adapters.kafka_connection import KafkaAccess, connect, diagnose
from broker.adapters.kafka_errors import translate, translated
from broker.adapters.kafka_records import accept_any_header_name
from broker.adapters.sizes import LARGEST_BATCH
from broker.errors import SchakelError, UnavailableError
from broker.names import Micros, TopicName
from broker.ports import Message, Offsets, Position, next_offsets

__all__ = ["KafkaSource", "SourceTuning"]

_MOST_PATIENT: Final = 8


@dataclass(frozen=True, slots=True)
class SourceTuning:
    """Times of a source, in seconds.

    Args:
        join: How long a member may take to join before it is replaced.
        idle: How long without a record before we look whether Kafka is there.
        session: How long after its last sign of life a member's partitions go to others.
        busy: How long a batch may be worked on before the same happens.
        request: Longest wait for a commit, and for leaving.
        fetch: How long a node holds an empty answer back; a record ends the wait, so it costs no latency,
            but a rewind or a new partition waits for the answer under way.
        fetch_bytes: How much a node gathers before it answers, within *fetch*; more than 1 makes fewer and
            larger batches, and records wait.
        fetch_most: Largest answer of a node: a backlog is read in such pieces, so that it does not fill our
            memory.
        gather: How long after a batch that was not full the next may be had; what arrives meanwhile becomes
            one batch.  Unlike *fetch_bytes* it costs nothing while there is nothing, and the first record
            does not wait.
        discovery: How often new topics are looked for in assigned mode.
        isolation: ``read_uncommitted`` or ``read_committed``; nothing of ours writes in transactions.
    """

    join: float = 10.0
    idle: float = 10.0
    session: float = 20.0
    busy: float = 120.0
    request: float = 10.0
    fetch: float = 0.5
    fetch_bytes: int = 1
    fetch_most: int = 8 * 1_048_576
    gather: float = 0.0
    discovery: float = 2.0
    isolation: str = "read_uncommitted"


class _Reading(Protocol):
    """Which partitions a consumer reads: those a group gives it, or those it takes."""

    def options(self) -> dict[str, Any]:
        """Settings of the consumer that depend on this."""
        ...

    def attach(self, consumer: Any) -> None:
        """Begin, with a new consumer."""
        ...

    def refresh(self, consumer: Any) -> None:
        """Before each poll."""
        ...

    def advance(self, next_offsets: Offsets) -> None:
        """These were handed over, or are to be read again."""
        ...

    def joined(self, consumer: Any) -> bool:
        """Whether the consumer has what it asked for."""
        ...

    def close(self) -> None:
        """Let go of what it holds itself."""
        ...


class KafkaSource:
    """A `MessageSource` over Kafka; one thread at a time, as the library wants it."""

    def __init__(
        self,
        access: KafkaAccess,
        topics: Sequence[str],
        group: str,
        instance: str | None = None,
        tuning: SourceTuning | None = None,
    ) -> None:
        """Describe a member of a group; it joins at the first `poll`.

        Args:
            access: How to connect.
            topics: Topics to read.
            group: The consumer group.
            instance: A name that is this member's alone and stays the same over restarts, so that a restart
                moves no partitions; None for a member that leaves when it is closed.
            tuning: Times.
        """
        self._access = access
        self._tuning = tuning or SourceTuning()
        self._reading: _Reading = _Group(tuple(topics), group, instance)
        self._consumer: Any = None
        self._replacements = 0
        self._in_a_row = 0
        self._joined_at = self._heard_at = self._gathered_at = time.monotonic()

    @classmethod
    def assigned(
        cls,
        access: KafkaAccess,
        topics: Sequence[str] | re.Pattern[str],
        start_offsets: Offsets,
        tuning: SourceTuning | None = None,
        group: str | None = None,
    ) -> KafkaSource:
        """A reader without a group, of every partition of *topics*, for who keeps its own offsets.

        Args:
            access: How to connect.
            topics: Topic names, or a pattern that a whole name must match; topics that appear later
                are found within seconds.
            start_offsets: Where to begin; a partition that is not named is read from its beginning.
            tuning: Times.
            group: A group that nobody joins; with it `commit` records progress for others to see, without
                it `commit` does nothing.
        """
        # As a member it would join at its first poll; it has not polled yet, so it may read otherwise.
        source = cls(access, (), group or "", tuning=tuning)
        source._reading = _Assigned(access, topics, dict(start_offsets), source._tuning, group)
        return source

    def poll(self, timeout: float, limit: int) -> Sequence[Message]:
        """Up to *limit* records, waiting at most *timeout* seconds (longer only while connecting).

        Raises:
            UnavailableError: Kafka did not answer; the same call may be repeated.
            UnauthorisedError: An access list forbids it.
            ConfigurationError: The certificates do not fit, or another process has this instance name.
        """
        consumer = self._open()
        time.sleep(max(0.0, self._gathered_at - time.monotonic()))
        try:
            self._reading.refresh(consumer)
            batch = consumer.poll(timeout_ms=max(0, int(timeout * 1000)), max_records=limit)
        except Exception as error:
            self._discard()
            raise error if isinstance(error, SchakelError) else translate(error, "read from Kafka") from error
        messages = [_message(record) for records in batch.values() for record in records]
        if 0 < len(messages) < limit:
            self._gathered_at = time.monotonic() + self._tuning.gather
        self._watch(consumer, messages)
        self._reading.advance(next_offsets(messages))
        return messages

    def commit(self, next_offsets: Offsets) -> None:
        """Record that everything below these offsets is finished.

        Raises:
            UnavailableError: Not known to be recorded; commit again later, repeats are harmless.
        """
        if self._consumer is None:
            raise UnavailableError("could not commit", why="the connection was replaced; records come again")
        held = self._consumer.assignment()
        offsets = {
            TopicPartition(topic, partition): OffsetAndMetadata(offset, "", -1)
            for (topic, partition), offset in next_offsets.items()
            if (topic, partition) in held
        }
        if offsets and self._reading.options().get("group_id") is not None:
            with translated("commit"):
                self._consumer.commit(offsets, timeout_ms=int(self._tuning.request * 1000))

    def rewind(self, next_offsets: Offsets) -> None:
        """Read again from these offsets; partitions that are no longer ours are left alone."""
        self._reading.advance(next_offsets)
        if self._consumer is not None:
            held = self._consumer.assignment()
            for (topic, partition), offset in next_offsets.items():
                if (topic, partition) in held:
                    self._consumer.seek(TopicPartition(topic, partition), offset)

    def close(self) -> None:
        """Leave the group (a member with an instance name is expected back and keeps its place)."""
        self._discard()
        self._reading.close()

    @property
    def replacements(self) -> int:
        """How many consumers the watchdog replaced, for health reports."""
        return self._replacements

    def assignment(self) -> frozenset[tuple[TopicName, int]]:
        """The partitions read at this moment, for health reports."""
        held = self._consumer.assignment() if self._consumer is not None else ()
        return frozenset((TopicName(topic), partition) for topic, partition in held)

    def _open(self) -> Any:
        if self._consumer is None:
            self._consumer = self._connect()
            self._reading.attach(self._consumer)
            self._joined_at = self._heard_at = time.monotonic()
        return self._consumer

    def _connect(self) -> Any:
        accept_any_header_name()
        return connect(self._access, KafkaConsumer, **_settings(self._tuning) | self._reading.options())

    def _discard(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            try:
                consumer.close(autocommit=False, timeout_ms=int(self._tuning.request * 1000))
            except KafkaError:
                # It is gone either way; the group notices by the missing sign of life.
                return

    def _watch(self, consumer: Any, messages: Sequence[Message]) -> None:
        now = time.monotonic()
        if messages or self._reading.joined(consumer):
            self._joined_at, self._in_a_row = now, 0
        if messages:
            self._heard_at = now
        if now - self._heard_at > self._tuning.idle:
            if (cause := diagnose(self._access)) is not None:
                raise cause
            self._heard_at = time.monotonic()
        patience = self._tuning.join * min(2**self._in_a_row, _MOST_PATIENT)
        if now - self._joined_at > patience:
            self._replacements += 1
            self._in_a_row += 1
            self._discard()


class _Group:
    """Partitions that a consumer group hands out."""

    def __init__(self, topics: tuple[str, ...], group: str, instance: str | None) -> None:
        self._topics = topics
        self._group = group
        self._instance = instance

    def options(self) -> dict[str, Any]:
        return {"group_id": self._group, "group_instance_id": self._instance}

    def attach(self, consumer: Any) -> None:
        consumer.subscribe(list(self._topics))

    def refresh(self, consumer: Any) -> None:
        # The library only logs that a topic is forbidden, and then waits for partitions that never come.
        if forbidden := consumer._cluster.unauthorized_topics & set(self._topics):
            raise TopicAuthorizationFailedError(forbidden)

    def advance(self, next_offsets: Offsets) -> None:
        """Nothing: a new consumer begins at the last commit."""

    def joined(self, consumer: Any) -> bool:
        # A stable member without partitions is a reserve, not a fault.
        return bool(consumer.group_metadata().state == MemberState.STABLE)

    def close(self) -> None:
        """Nothing to let go of."""


class _Assigned:
    """Every partition of the topics that match, from offsets that the caller keeps."""

    def __init__(
        self,
        access: KafkaAccess,
        topics: Sequence[str] | re.Pattern[str],
        offsets: dict[tuple[TopicName, int], int],
        tuning: SourceTuning,
        group: str | None,
    ) -> None:
        self._admin = KafkaAdmin(access)
        self._topics = topics
        self._next = offsets
        self._every = tuning.discovery
        self._group = group
        self._due = 0.0

    def options(self) -> dict[str, Any]:
        return {"group_id": self._group}

    def attach(self, consumer: Any) -> None:  # noqa: ARG002
        self._due = 0.0

    def refresh(self, consumer: Any) -> None:
        if time.monotonic() < self._due:
            return
        found = {TopicPartition(*one) for one in self._admin.partitions() if self._wanted(one[0])}
        held = consumer.assignment()
        if found - held:
            consumer.assign(sorted(found | held))
            for partition in found - held:
                self._place(consumer, partition)
        self._due = time.monotonic() + self._every

    def advance(self, next_offsets: Offsets) -> None:
        self._next.update(next_offsets)

    def joined(self, consumer: Any) -> bool:  # noqa: ARG002
        return True

    def close(self) -> None:
        self._admin.close()

    def _wanted(self, topic: str) -> bool:
        if isinstance(self._topics, re.Pattern):
            return self._topics.fullmatch(topic) is not None
        return topic in self._topics

    def _place(self, consumer: Any, partition: Any) -> None:
        start = self._next.get((TopicName(partition.topic), partition.partition))
        if start is None:
            consumer.seek_to_beginning(partition)
        else:
            consumer.seek(partition, start)


def _settings(tuning: SourceTuning) -> dict[str, Any]:
    return {
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "allow_auto_create_topics": False,
        "partition_assignment_strategy": [CooperativeStickyAssignor],
        "isolation_level": tuning.isolation,
        "session_timeout_ms": int(tuning.session * 1000),
        "heartbeat_interval_ms": int(min(tuning.session / 4, 3.0) * 1000),
        "max_poll_interval_ms": int(tuning.busy * 1000),
        "fetch_min_bytes": tuning.fetch_bytes,
        "fetch_max_wait_ms": int(tuning.fetch * 1000),
        "max_partition_fetch_bytes": LARGEST_BATCH,
        "fetch_max_bytes": tuning.fetch_most,
        "metrics_enabled": False,
    }


def _message(record: Any) -> Message:
    return Message(
        position=Position(TopicName(record.topic), record.partition, record.offset),
        key=record.key,
        value=record.value,
        headers=tuple((name, value or b"") for name, value in record.headers),
        timestamp=Micros(max(0, record.timestamp or 0) * 1000),
    )
