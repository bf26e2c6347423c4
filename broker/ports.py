"""What the pipelines ask of the world: one small Protocol per need, and the values they exchange.

Adapters implement these (`broker.adapters`); nothing here knows Kafka, SQL or a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from broker.names import Micros, TopicName

__all__ = [
    "Clock",
    "Connection",
    "Cursor",
    "DocumentStore",
    "Entropy",
    "Header",
    "Inbox",
    "InboxEntry",
    "InboxStatus",
    "InboxTransaction",
    "Message",
    "MessageSink",
    "MessageSource",
    "Offsets",
    "Outgoing",
    "Position",
    "Probe",
    "first_offsets",
    "next_offsets",
    "no_probe",
]

Header = tuple[str, bytes]

Offsets = Mapping[tuple[TopicName, int], int]
"""An offset for each topic and partition; of progress, the next one to read."""

_EPOCH = Micros(0)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands: for commit and audit, opaque to the rules."""

    topic: TopicName
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True)
class Message:
    """One record as read: raw bytes, nothing decoded, nothing believed."""

    position: Position
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()
    timestamp: Micros = _EPOCH


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to write."""

    topic: TopicName
    key: bytes
    value: bytes
    headers: tuple[Header, ...] = field(default=())


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> Micros:
        """Microseconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for deadlines."""
        ...


class Entropy(Protocol):
    """The only source of randomness."""

    def __call__(self, size: int) -> bytes:
        """*size* unpredictable bytes."""
        ...


class MessageSource(Protocol):
    """A consumer in a group: read a batch, commit what is finished."""

    def poll(self, timeout: float, limit: int) -> Sequence[Message]:
        """Up to *limit* records, waiting at most *timeout* seconds.

        Raises:
            UnavailableError: Kafka did not answer; the same call may be repeated.
        """
        ...

    def commit(self, next_offsets: Offsets) -> None:
        """Record that everything below these offsets is finished.

        Raises:
            UnavailableError: Not known to be recorded; commit again later, repeats are harmless.
        """
        ...

    def rewind(self, next_offsets: Offsets) -> None:
        """Read again from these offsets: a batch could not be finished."""
        ...

    def close(self) -> None:
        """Leave the group; never blocks longer than its deadline."""
        ...


class MessageSink(Protocol):
    """A durable writer: when `write` returns, every record is acknowledged by all replicas."""

    def knows(self, topic: TopicName) -> bool:
        """Whether this topic exists now; for finding out why a write does not succeed.

        Raises:
            UnavailableError: Kafka did not answer.
        """
        ...

    def write(self, records: Sequence[Outgoing]) -> Sequence[Position]:
        """Write all *records* in order and wait for every acknowledgement.

        Returns:
            The position of each record, in the same order.

        Raises:
            UnavailableError: The state of at least one record is unknown; write all of them again
                with the same ids, everybody downstream drops repeats.
            RejectedError: A record can never be written (too large).
        """
        ...

    def close(self) -> None:
        """Let go; never blocks longer than its deadline."""
        ...


class Probe(Protocol):
    """Told where a process stands; fault tests kill it there, everybody else passes `no_probe`."""

    def __call__(self, point: str) -> None:
        """Execution has reached the named point (docs/spec/delivery.md 5)."""
        ...


def no_probe(point: str) -> None:
    """The probe of every process outside fault tests."""


class InboxStatus(StrEnum):
    """What became of a message or notice here, as receipts (E03) and the inbox spell it."""

    HANDLED = "handled"
    REJECTED = "rejected"
    HANDLER_FAILED = "handler_failed"
    WITHHELD = "withheld"
    """Not handed over: its sender gets a refusal (E28)."""
    NOTICED = "noticed"
    """Our own message, refused by the gate; nobody is answered."""


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One message or notice that took effect here.

    Attributes:
        id: Sender's OIN and message id, for an id is its sender's own; the decision id for a notice.
        detail: Reason code that goes with the status, or empty.
        receipt_id: Message id of the receipt that tells the sender; the same however often it is sent.
    """

    id: bytes
    decision_id: bytes
    status: InboxStatus
    detail: str
    receipt_id: bytes
    at: Micros


class Connection(Protocol):
    """What a handler may do with the agency's database: read and write, never commit.

    The inbox commits, together with its own row; a handler that ended the transaction would have its
    effect once for each time it is called.
    """

    def execute(self, sql: str, parameters: Sequence[object] = (), /) -> Cursor:
        """Run one statement.

        Raises:
            UsageError: It would begin, commit or roll back.
        """
        ...

    def executemany(self, sql: str, rows: Sequence[Sequence[object]], /) -> Cursor:
        """Run one statement for each row of parameters.

        Raises:
            UsageError: It would begin, commit or roll back.
        """
        ...


class Cursor(Protocol):
    """The rows that a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed, or -1."""
        ...

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, or None."""
        ...

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        ...


class InboxTransaction(Protocol):
    """One open transaction of the agency's database."""

    @property
    def connection(self) -> Connection:
        """The connection on which handlers write their own changes."""
        ...

    def find(self, id_: bytes) -> InboxEntry | None:
        """What already happened with this id, or None."""
        ...

    def effect(self) -> AbstractContextManager[None]:
        """A savepoint: everything inside happens, or nothing when it raises."""
        ...

    def record(self, entry: InboxEntry) -> None:
        """Remember that this took effect."""
        ...

    def quarantine(self, position: Position, step: int, reason: str, value: bytes | None) -> None:
        """Keep a record that could not be believed, with its original position."""
        ...


class Inbox(Protocol):
    """The table that makes a message take effect at most once (delivery.md 4)."""

    def transaction(self) -> AbstractContextManager[InboxTransaction]:
        """Begin; commit at the end, durable when it returns; roll back when it raises.

        Raises:
            UnavailableError: The database did not answer.
        """
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


class DocumentStore(Protocol):
    """JSON documents of an agency in named places: whole or not there at all, durable, closed to others.

    What people put there counts as well: a document is any file whose name ends in ``.json``.
    Anything may raise `UnavailableError` when the store does not answer.
    """

    def make(self, *places: str) -> None:
        """Have these places; those that are there stay as they are."""
        ...

    def names(self, place: str) -> Sequence[str]:
        """The names of the documents in *place*, sorted."""
        ...

    def holds(self, place: str, name: str) -> bool:
        """Whether *place* has a document *name*."""
        ...

    def read(self, place: str, name: str) -> bytes:
        """The bytes of a document, whoever wrote them."""
        ...

    def keep(self, place: str, name: str, document: Mapping[str, object]) -> bool:
        """Write *document* unless something of that name is there.

        Returns:
            Whether *document* is what stands there now; False when it is something else.
        """
        ...

    def write(self, place: str, name: str, document: Mapping[str, object]) -> None:
        """Write *document*; what stood there is replaced."""
        ...

    def move(self, name: str, place: str, to: str) -> str:
        """Move a document from *place* into *to*.

        Returns:
            Its name there: with a number where its own was taken, cut where it was very long.
        """
        ...


def first_offsets(messages: Sequence[Message]) -> dict[tuple[TopicName, int], int]:
    """Where *messages* begin: what to go back to when they could not be finished."""
    first: dict[tuple[TopicName, int], int] = {}
    for position in (message.position for message in messages):
        place = (position.topic, position.partition)
        first[place] = min(position.offset, first.get(place, position.offset))
    return first


def next_offsets(messages: Sequence[Message]) -> dict[tuple[TopicName, int], int]:
    """Where reading goes on when all *messages* are finished."""
    following: dict[tuple[TopicName, int], int] = {}
    for position in (message.position for message in messages):
        place = (position.topic, position.partition)
        following[place] = max(position.offset + 1, following.get(place, 0))
    return following
