"""What the ledger asks of the world: a store for entries, a folder for the published log.

`broker.adapters.ledger_store` and `broker.adapters.tiles` implement these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from broker.audit.checkpoint import Checkpoint
from broker.audit.events import AuditEvent
from broker.audit.ledger import Frontier, LedgerEntry
from broker.audit.query import Query
from broker.audit.search import Summary
from broker.audit.tiles import File
from broker.names import Digest, Micros, Oin
from broker.ports import Offsets, Position

__all__ = [
    "COLUMNS",
    "Appended",
    "Batch",
    "LeafStore",
    "LedgerReader",
    "LedgerRow",
    "LedgerStore",
    "LogState",
    "Problem",
    "StoredState",
    "TileStore",
    "columns_of",
]


@dataclass(frozen=True, slots=True)
class StoredState:
    """What the database says of its ledger."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class LogState:
    """The ledger as its one writer knows it.

    Attributes:
        epoch: Which acquisition of the ledger this is; a later one fences this one off.
    """

    origin: str
    epoch: int
    frontier: Frontier

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.frontier.size

    def checkpoint(self) -> Checkpoint:
        """What a checkpoint of this state says."""
        return Checkpoint(self.origin, self.size, self.frontier.root())


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that did not become an entry, or records that are missing, and why.

    Attributes:
        position: Where it was read; for missing records, the first one.
        step: Failed verification step, 0 when none.
        reason: Reason code; ``source-gap`` when records are missing.
        count: How many records this is about.
        digest: SHA-256 of the record's value; of nothing for missing records.
    """

    position: Position
    step: int
    reason: str
    count: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class Batch:
    """What one poll of the decision topics adds to the ledger, all or nothing."""

    entries: tuple[LedgerEntry, ...]
    problems: tuple[Problem, ...]
    next_offsets: Offsets


@dataclass(frozen=True, slots=True)
class Appended:
    """What a batch came to.

    Attributes:
        state: The ledger afterwards.
        added: The entries that were new, in the order of the ledger.
        duplicates: How many were there already.
    """

    state: LogState
    added: tuple[LedgerEntry, ...]
    duplicates: int


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One entry as it is stored; nothing in it has been checked.

    Attributes:
        seq: Its place in the ledger.
        event_bytes: The entry.
        columns: What is stored beside the entry to search it by; it must follow from the event.
        subjects: The references by which it is found, or None when they were not read.
    """

    seq: int
    leaf_hash: bytes
    decision_id: bytes
    event_bytes: bytes
    envelope_digest: bytes
    gate: Oin
    signatures: bytes
    columns: Mapping[str, object]
    subjects: frozenset[bytes] | None = None


class LeafStore(Protocol):
    """A durable log, as far as publishing it goes."""

    def leaves(self, start: int, stop: int) -> Iterator[tuple[bytes, bytes]]:
        """Entry and leaf hash of every entry from *start* up to *stop*, in order."""
        ...

    def record_checkpoint(self, checkpoint: Checkpoint, note: bytes, at: Micros) -> None:
        """Remember a published checkpoint.

        Raises:
            EvidenceError: One of the same size and another root was published before.
        """
        ...


class LedgerStore(LeafStore, Protocol):
    """The durable ledger, with a single writer."""

    def acquire(self, epoch: int | None = None) -> LogState:
        """Become the writer; or, with an *epoch*, read the state again as the writer one already is.

        Raises:
            ConfigurationError: It is another log's (``origin``), or somebody else acquired it (``fenced``).
            UnavailableError: The database did not answer.
        """
        ...

    def next_offsets(self) -> Offsets:
        """Where to go on reading: stored in the same transactions as the entries."""
        ...

    def append(self, state: LogState, batch: Batch) -> Appended:
        """Add a batch, durable when it returns; entries with a known decision id are dropped.

        Raises:
            ConfigurationError: Somebody else acquired the ledger (code ``fenced``).
            UnavailableError: It is not known whether the batch is stored: `acquire` with the epoch tells.
        """
        ...


class TileStore(Protocol):
    """The folder of the published log (C2SP tlog-tiles)."""

    def read(self, path: str) -> bytes | None:
        """Content of a file, or None if there is none."""
        ...

    def write(self, files: Sequence[File]) -> None:
        """Write files; they are on disk when it returns.

        Raises:
            UnavailableError: They could not be written.
        """
        ...

    def checkpoint(self) -> bytes | None:
        """The published note, or None."""
        ...

    def publish(self, note: bytes) -> None:
        """Put a checkpoint in the place of the last one, at once and durably."""
        ...

    def discard(self, folders: Iterable[str]) -> None:
        """Remove folders of partial files that are no longer needed."""
        ...


class LedgerReader(Protocol):
    """Reads the ledger without ever holding up its writer."""

    def state(self) -> StoredState:
        """Origin, size and root as the writer left them.

        Raises:
            ConfigurationError: No ledger was ever written here.
            UnavailableError: The database did not answer.
        """
        ...

    def rows(self, start: int = 0) -> Iterator[LedgerRow]:
        """Every entry from *start* on, in order."""
        ...

    def find(self, id_: bytes) -> LedgerRow | None:
        """The entry with this decision id, or None."""
        ...

    def find_prefix(self, digits: str, limit: int) -> list[LedgerRow]:
        """At most *limit* entries whose decision id begins with these lower-case hexadecimal digits."""
        ...

    def search(self, query: Query, limit: int, before: int | None = None) -> list[LedgerRow]:
        """Entries that answer the query, newest first.

        Args:
            limit: At most this many.
            before: Only entries below this place: the last one of the page before.
        """
        ...

    def summary(self, query: Query) -> Summary:
        """How many entries answer the query, of which kinds, and when they were decided."""
        ...

    def index_differences(self) -> list[str]:
        """Sentences about what is stored to count entries by and does not count them; empty when sound."""
        ...

    def problems(self) -> int:
        """How many records did not become entries."""
        ...


COLUMNS = (
    "case_ref",
    "message_id",
    "sender",
    "sender_role",
    "recipient",
    "recipient_role",
    "message_type",
    "outcome",
    "reason",
    "step",
    "agreement_id",
    "decided_at",
    "created_at",
)
"""Names of what is stored beside an entry to search it by."""


def columns_of(event: AuditEvent) -> dict[str, object]:
    """What is stored beside an entry to search it by."""
    facts = event.message
    return {
        "case_ref": bytes(facts.case_ref) if facts else None,
        "message_id": bytes(facts.message_id) if facts else None,
        "sender": str(facts.sender.oin) if facts else None,
        "sender_role": facts.sender.role.lower() if facts else None,
        "recipient": str(facts.recipient.oin) if facts else None,
        "recipient_role": facts.recipient.role.lower() if facts else None,
        "message_type": str(facts.message_type) if facts else None,
        "outcome": event.outcome.value,
        "reason": event.reason,
        "step": event.step,
        "agreement_id": str(facts.agreement_id) if facts else None,
        "decided_at": int(event.decided_at),
        "created_at": int(facts.created_at) if facts else None,
    }
