"""Writing to Kafka: when `write` returns, every record is acknowledged by all replicas that must have it.

1. `acks=all`, idempotent, uncompressed (ciphertext does not shrink), keyed partitions.
2. The library's own expiry is off: after an expired batch its producer never sends again.  Our deadline
   counts; the first send that fails or outlives it ends that producer, and the next `write` makes a new one.
3. The library buffers without limit, so what has no acknowledgement is capped here, in records and in bytes,
   over all threads that share the sink.
4. A record that can never be written is refused before anything of its batch is sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from broker.adapters.kafka_admin import KafkaAdmin
from broker.adapters.kafka_connection import KafkaAccess, connect, diagnose
from broker.adapters.kafka_errors import translate
from broker.adapters.sizes import LARGEST_BATCH, LARGEST_RECORD, record_size
from broker.errors import DeadlineError, RejectedError, SchakelError
from broker.names import TopicName
from broker.ports import Outgoing, Position

__all__ = ["KafkaSink", "SinkLimits"]

_NEVER_MS: Final = 2_147_483_647
_METADATA_MS: Final = 5_000
_CLOSE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class SinkLimits:
    """Bounds of a sink.

    Args:
        record_bytes: Largest key, value and headers of one record together.
        pending_records: Most records without an acknowledgement.
        pending_bytes: Most bytes without an acknowledgement.
        deadline: Seconds that one `write` may take.
        linger_ms: Milliseconds that records wait for the rest of their `write`, which then sends them.
        batch_bytes: Most bytes in a batch.
    """

    record_bytes: int = LARGEST_RECORD
    pending_records: int = 2_000
    pending_bytes: int = 16 * 1_048_576
    deadline: float = 30.0
    linger_ms: int = 5
    batch_bytes: int = 131_072


class KafkaSink:
    """A `MessageSink` over Kafka; threads may share it."""

    def __init__(
        self,
        access: KafkaAccess,
        client_id: str,
        limits: SinkLimits | None = None,
        sent: Callable[[], None] = lambda: None,
    ) -> None:
        """Describe a writer; it connects at the first `write`.

        Args:
            access: How to connect.
            client_id: A name for the nodes' logs.
            limits: Bounds.
            sent: Called when records were handed over and none is known to be acknowledged.
        """
        self._access = access
        self._sent = sent
        self._client_id = client_id
        self._limits = limits or SinkLimits()
        self._room = _Room(self._limits.pending_records, self._limits.pending_bytes)
        self._lock = threading.Lock()
        self._producer: Any = None

    def write(self, records: Sequence[Outgoing]) -> Sequence[Position]:
        """Write all *records* in order and wait for every acknowledgement.

        Returns:
            The position of each record, in the same order.

        Raises:
            UnavailableError: The state of at least one record is unknown; write all of them again.
            DeadlineError: The same, because our deadline passed.
            RejectedError: A record can never be written; nothing was, if it is the size.
            UnauthorisedError: An access list forbids it.
        """
        for index, record in enumerate(records):
            if (size := record_size(record)) > self._limits.record_bytes:
                raise RejectedError(
                    f"record {index + 1} of {len(records)} for {record.topic} has {size} bytes, "
                    f"{self._limits.record_bytes} are allowed",
                    reason="too-large",
                )
        deadline = time.monotonic() + self._limits.deadline
        positions: list[Position] = []
        for part in self._parts(records):
            with self._room.taken(len(part), sum(map(record_size, part)), deadline):
                positions.extend(self._write(part, deadline))
        return positions

    def knows(self, topic: TopicName) -> bool:
        """Whether this topic exists now, asked of Kafka on a connection of its own.

        Raises:
            UnavailableError: Kafka did not answer.
        """
        with KafkaAdmin(self._access) as admin:
            return topic in admin.topics()

    def close(self) -> None:
        """Let go of the connection; what was written is acknowledged already."""
        with self._lock:
            producer, self._producer = self._producer, None
        if producer is not None:
            _end(producer)

    def _parts(self, records: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
        """Runs of records that fit under the cap; one record always does."""
        part: list[Outgoing] = []
        size = 0
        for record in records:
            full = (
                len(part) >= self._limits.pending_records
                or size + record_size(record) > self._limits.pending_bytes
            )
            if part and full:
                yield part
                part, size = [], 0
            part.append(record)
            size += record_size(record)
        if part:
            yield part

    def _write(self, records: Sequence[Outgoing], deadline: float) -> list[Position]:
        producer = self._open()
        try:
            futures = [
                producer.send(r.topic, key=r.key, value=r.value, headers=list(r.headers)) for r in records
            ]
            with _flushing(producer):
                self._sent()
                return [_position(future.get(max(0.0, deadline - time.monotonic()))) for future in futures]
        except Exception as error:
            self._discard(producer)
            raise self._failure(error) from error
        except BaseException:
            # Interrupted: what was sent is unknown, so this producer is at its end as well.
            self._discard(producer)
            raise

    def _failure(self, error: Exception) -> SchakelError:
        """What a failed send means; a time-out is looked into, because the library never says why."""
        if isinstance(error, KafkaTimeoutError) and (cause := diagnose(self._access)) is not None:
            return cause
        return translate(error, "write to Kafka")

    def _open(self) -> Any:
        with self._lock:
            if self._producer is None:
                self._producer = self._connect()
            return self._producer

    def _connect(self) -> Any:
        limits = self._limits
        return connect(
            self._access,
            _Producer,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            compression_type=None,
            linger_ms=limits.linger_ms,
            batch_size=limits.batch_bytes,
            max_request_size=LARGEST_BATCH,
            delivery_timeout_ms=_NEVER_MS,
            max_block_ms=min(_METADATA_MS, int(limits.deadline * 1000)),
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def _discard(self, producer: Any) -> None:
        with self._lock:
            if self._producer is producer:
                self._producer = None
        _end(producer)


class _Producer(KafkaProducer):  # type: ignore[misc]
    """The library's producer without its finaliser, which replaces a logger of the whole process."""

    def __del__(self) -> None:
        """Nothing: a sink ends its producers itself."""


class _Room:
    """How much may be without an acknowledgement, shared by threads."""

    def __init__(self, records: int, size: int) -> None:
        self._free_records = records
        self._free_bytes = size
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, records: int, size: int, deadline: float) -> Iterator[None]:
        """Hold room for this many records and bytes.

        Raises:
            DeadlineError: There was none before *deadline* (monotonic seconds); nothing was sent.
        """
        with self._changed:
            wait = max(0.0, deadline - time.monotonic())
            if not self._changed.wait_for(lambda: self._fits(records, size), wait):
                raise DeadlineError("could not write to Kafka", why="too much waits for an acknowledgement")
            self._change(-records, -size)
        try:
            yield
        finally:
            with self._changed:
                self._change(records, size)
                self._changed.notify_all()

    def _fits(self, records: int, size: int) -> bool:
        return self._free_records >= records and self._free_bytes >= size

    def _change(self, records: int, size: int) -> None:
        self._free_records += records
        self._free_bytes += size


def _end(producer: Any) -> None:
    """Close *producer* without a wait for what it still holds.

    The library's `close` waits for pending records first and then leaves the producer open; ending its
    sender beforehand makes them fail at once.
    """
    producer._sender.force_close()
    try:
        producer.close(timeout=_CLOSE_SECONDS)
    except KafkaError:
        # The sender has its order to end and does so as soon as it wakes.
        producer._unregister_cleanup()


@contextmanager
def _flushing(producer: Any) -> Iterator[None]:
    """Send what was handed over at once, each node's share in one request: nobody else joins.

    As the library's `flush`, which waits for every batch as long again, past our deadline.
    """
    accumulator = producer._accumulator
    accumulator.begin_flush()
    producer._sender.wakeup()
    try:
        yield
    finally:
        accumulator._flushes_in_progress.decrement()


def _position(written: Any) -> Position:
    return Position(TopicName(written.topic), written.partition, written.offset)
