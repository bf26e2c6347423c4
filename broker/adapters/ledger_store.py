"""The ledger in SQL: one writer, fenced by an epoch; entries, offsets and state in one transaction.

Kill points (delivery.md 5): a process that dies at L1 has stored nothing, one that dies at L2
has stored the entries together with the offsets to go on from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, func, insert, select, update

from broker.adapters.database import ListStatement, RowStatement, no_ledger, reading, replacing, writing
from broker.adapters.ledger_obligations import SqlObligationWork
from broker.adapters.ledger_search import add_to_index
from broker.adapters.ledger_tables import CHECKPOINTS, ENTRIES, LOG, OFFSETS, PROBLEMS
from broker.audit.checkpoint import Checkpoint
from broker.audit.ledger import Frontier, LedgerEntry
from broker.audit.store import Appended, Batch, LogState, Problem, columns_of
from broker.errors import ConfigurationError, EvidenceError
from broker.names import Micros, TopicName
from broker.ports import Offsets, Probe, no_probe

__all__ = ["SqlLedgerStore"]

_Follow = Callable[[SqlObligationWork, Sequence[LedgerEntry]], None]
"""What follows from the new entries of a batch; called before these are in their table."""

_INSERT = RowStatement(lambda _: insert(ENTRIES), [column.name for column in ENTRIES.c])
_OFFSETS = RowStatement(lambda dialect: replacing(dialect, OFFSETS), [column.name for column in OFFSETS.c])
_PROBLEMS = RowStatement(lambda dialect: replacing(dialect, PROBLEMS), [column.name for column in PROBLEMS.c])
_CHUNK = 1024
_KNOWN = ListStatement(lambda ids: select(ENTRIES.c.decision_id).where(ENTRIES.c.decision_id.in_(ids)))
_IN_ONE_STATEMENT = 512


class SqlLedgerStore:
    """A `LedgerStore` in a migrated database.

    Args:
        engine: From `broker.adapters.database.open_engine`.
        origin: Name of the log; one database holds one log.
        probe: Told of kill point L1.
    """

    def __init__(self, engine: Engine, origin: str, probe: Probe = no_probe) -> None:
        self._engine = engine
        self._origin = origin
        self._probe = probe

    def acquire(self, epoch: int | None = None) -> LogState:
        """Become the writer, or read the state again as the writer one already is."""
        with writing(self._engine) as connection:
            row = self._locked(connection)
            if epoch is None:
                epoch = row["epoch"] + 1
                connection.execute(update(LOG).values(epoch=epoch))
            elif row["epoch"] != epoch:
                raise _fenced()
            return LogState(self._origin, epoch, _frontier(row))

    def next_offsets(self) -> Offsets:
        """Where to go on reading."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(OFFSETS)).mappings()
            return {(TopicName(row["topic"]), row["partition"]): row["next_offset"] for row in rows}

    def append(self, state: LogState, batch: Batch, follow: _Follow | None = None) -> Appended:
        """Add a batch in one transaction, with what *follow* stores because of it."""
        with writing(self._engine) as connection:
            row = self._locked(connection)
            if row["epoch"] != state.epoch:
                raise _fenced()
            if row["size"] != state.size:
                raise EvidenceError("the ledger changed under its writer", code="ledger-conflict")
            added = _new(connection, batch.entries)
            if follow is not None:
                follow(SqlObligationWork(connection, row["rules"]), added)
            grown = state.frontier.append(entry.leaf_hash for entry in added)
            if added:
                _INSERT.execute(connection, (_row(seq, entry) for seq, entry in enumerate(added, state.size)))
                add_to_index(connection, state.size, added)
                connection.execute(update(LOG).values(_state(grown)))
            _store_problems(connection, batch.problems)
            _store_offsets(connection, batch.next_offsets)
            self._probe("L1")
        duplicates = len(batch.entries) - len(added)
        return Appended(LogState(self._origin, state.epoch, grown), tuple(added), duplicates)

    def rebuild(self, work_out: Callable[[SqlObligationWork], int]) -> int:
        """Have *work_out* make every obligation again, in one transaction that holds the log.

        A writer waits for it: on PostgreSQL as long as it takes, on SQLite not longer than any transaction
        waits for another, and then it does not get on.

        Returns:
            What *work_out* returned.

        Raises:
            ConfigurationError: There is no ledger here, or it is another's.
        """
        with writing(self._engine) as connection:
            row = self._row(connection)
            if row is None:
                raise no_ledger()
            return work_out(SqlObligationWork(connection, row["rules"]))

    def leaves(self, start: int, stop: int) -> Iterator[tuple[bytes, bytes]]:
        """Entry and leaf hash from *start* up to *stop*, in order."""
        columns = select(ENTRIES.c.event, ENTRIES.c.leaf_hash)
        for low in range(start, stop, _CHUNK):
            inside = ENTRIES.c.seq.between(low, min(low + _CHUNK, stop) - 1)
            with reading(self._engine) as connection:
                rows = connection.execute(columns.where(inside).order_by(ENTRIES.c.seq)).all()
            yield from ((bytes(row[0]), bytes(row[1])) for row in rows)

    def record_checkpoint(self, checkpoint: Checkpoint, note: bytes, at: Micros) -> None:
        """Remember a published checkpoint."""
        with writing(self._engine) as connection:
            same = select(CHECKPOINTS.c.root).where(CHECKPOINTS.c.size == checkpoint.size)
            root = connection.execute(same).scalar_one_or_none()
            largest = connection.execute(select(func.max(CHECKPOINTS.c.size))).scalar_one() or 0
            if largest > checkpoint.size:
                raise EvidenceError(
                    f"a checkpoint of {largest} entries was signed and the ledger has {checkpoint.size}",
                    why="entries were removed, or an older copy was restored",
                    remedy="Restore the newest copy; never publish again from the older one",
                    code="database-behind",
                )
            if root is None:
                values = {"size": checkpoint.size, "root": checkpoint.root, "note": note, "at": at}
                connection.execute(insert(CHECKPOINTS).values(values))
            elif bytes(root) != checkpoint.root:
                raise EvidenceError(
                    f"two checkpoints of {checkpoint.size} entries have different roots",
                    remedy="Stop every ledger writer and run `schakel ledger fsck`",
                    code="fork",
                )

    def _locked(self, connection: Connection) -> RowMapping:
        """As `_row`; made if it is the first time."""
        row = self._row(connection)
        if row is None:
            connection.execute(insert(LOG).values(origin=self._origin, epoch=0, **_state(Frontier())))
            row = self._row(connection)
        assert row is not None, "it was made just now"
        return row

    def _row(self, connection: Connection) -> RowMapping | None:
        """The row of the log, held until the transaction ends."""
        row = connection.execute(select(LOG).with_for_update()).mappings().one_or_none()
        if row is not None and row["origin"] != self._origin:
            raise ConfigurationError(
                f"the database holds the log {row['origin']}",
                why=f"the profile says {self._origin}",
                remedy="Give each log a database of its own",
                code="origin",
            )
        return row


def _fenced() -> ConfigurationError:
    return ConfigurationError(
        "another ledger writer has taken over", remedy="Run one ledger writer for each log", code="fenced"
    )


def _frontier(row: RowMapping) -> Frontier:
    frontier = Frontier.decode(row["size"], bytes(row["frontier"]))
    if frontier.root() != bytes(row["root"]):
        raise EvidenceError("the stored state of the ledger does not match its root")
    return frontier


def _state(frontier: Frontier) -> dict[str, Any]:
    return {"size": frontier.size, "root": bytes(frontier.root()), "frontier": frontier.encode()}


def _new(connection: Connection, entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Those whose decision is not in the ledger yet, each once."""
    first: dict[bytes, LedgerEntry] = {}
    for entry in entries:
        first.setdefault(bytes(entry.event.decision_id), entry)
    ids = list(first)
    known: set[bytes] = set()
    for low in range(0, len(ids), _IN_ONE_STATEMENT):
        known.update(bytes(row[0]) for row in _KNOWN.rows(connection, ids[low : low + _IN_ONE_STATEMENT]))
    return [entry for id_, entry in first.items() if id_ not in known]


def _row(seq: int, entry: LedgerEntry) -> tuple[object, ...]:
    # In the order of the columns.
    return (
        seq,
        entry.leaf_hash,
        entry.event.decision_id,
        entry.event_bytes,
        entry.envelope_digest,
        entry.gate,
        entry.signatures,
        entry.position.topic,
        entry.position.partition,
        entry.position.offset,
        *columns_of(entry.event).values(),
    )


def _store_offsets(connection: Connection, offsets: Offsets) -> None:
    if offsets:
        places = offsets.items()
        _OFFSETS.execute(connection, ((topic, partition, offset) for (topic, partition), offset in places))


def _store_problems(connection: Connection, problems: Sequence[Problem]) -> None:
    # The same record read twice is one problem.
    if problems:
        _PROBLEMS.execute(connection, map(_problem, problems))


def _problem(problem: Problem) -> tuple[object, ...]:
    # In the order of the columns.
    place = problem.position
    return (
        place.topic,
        place.partition,
        place.offset,
        problem.step,
        problem.reason,
        problem.count,
        problem.digest,
    )
