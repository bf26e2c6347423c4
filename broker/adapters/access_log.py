"""The access log in SQL: a tree of its own beside the ledger, to which any number of processes append.

1. One row holds size and root; whoever appends holds that row, so places are given out one by one.
2. Entry and row are stored in one transaction: durable, and one root for each size.
3. The ledger writer publishes it; what it signed is remembered, so that no second history is ever signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, and_, func, insert, select, update

from broker.adapters.database import reading, writing
from broker.adapters.ledger_tables import ACCESS_CHECKPOINTS, ACCESS_ENTRIES, ACCESS_LOG
from broker.audit.access import AccessEvent, write_access
from broker.audit.access_store import ACCESS_COLUMNS, AccessQuery, AccessRow, access_columns
from broker.audit.checkpoint import Checkpoint
from broker.audit.ledger import Frontier
from broker.errors import EvidenceError
from broker.merkle import leaf_hash
from broker.names import Micros

__all__ = ["SqlAccessLog"]

_CHUNK = 1024


class SqlAccessLog:
    """An `AccessLog` in a migrated database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, event: AccessEvent) -> int:
        """Remember that somebody looked; durable when it returns.

        Returns:
            Its place in the log.

        Raises:
            UnavailableError: It could not be remembered: nothing may be shown.
            ConfigurationError: The tables are older than this version: nothing may be shown.
            EvidenceError: The stored state of the log does not match its root.
        """
        entry = write_access(event)
        leaf = leaf_hash(entry)
        with writing(self._engine) as connection:
            before = _state(connection, held=True)
            grown = before.append((leaf,))
            row = {"seq": before.size, "leaf_hash": leaf, "event": entry, **access_columns(event)}
            connection.execute(insert(ACCESS_ENTRIES).values(row))
            state = {"size": grown.size, "root": bytes(grown.root()), "frontier": grown.encode()}
            connection.execute(update(ACCESS_LOG).values(state))
        return before.size

    def state(self) -> Frontier:
        """Size and root as they are stored.

        Raises:
            EvidenceError: They do not match.
        """
        with reading(self._engine) as connection:
            return _state(connection, held=False)

    def signed_size(self) -> int:
        """How many entries the largest checkpoint that was ever signed covers; 0 when none was."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.max(ACCESS_CHECKPOINTS.c.size))).scalar_one() or 0

    def rows(self, start: int = 0) -> Iterator[AccessRow]:
        """Every entry from *start* on, in order, read in pieces."""
        seq = ACCESS_ENTRIES.c.seq
        while True:
            page = select(ACCESS_ENTRIES).where(seq >= start).order_by(seq).limit(_CHUNK)
            with reading(self._engine) as connection:
                found = [_row(row) for row in connection.execute(page).mappings()]
            yield from found
            if len(found) < _CHUNK:
                return
            start = found[-1].seq + 1

    def search(self, query: AccessQuery, limit: int, before: int | None = None) -> list[AccessRow]:
        """Entries that answer the query, newest first; only those below *before* if it is given."""
        seq = ACCESS_ENTRIES.c.seq
        wanted = _answers(query)
        if before is not None:
            wanted = and_(wanted, seq < before)
        page = select(ACCESS_ENTRIES).where(wanted).order_by(seq.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_row(row) for row in connection.execute(page).mappings()]

    def leaves(self, start: int, stop: int) -> Iterator[tuple[bytes, bytes]]:
        """Entry and leaf hash from *start* up to *stop*, in order."""
        for row in self.rows(start):
            if row.seq >= stop:
                return
            yield row.event_bytes, row.leaf_hash

    def record_checkpoint(self, checkpoint: Checkpoint, note: bytes, at: Micros) -> None:
        """Remember a published checkpoint.

        Raises:
            EvidenceError: A larger one was signed, or one of the same size and another root.
        """
        with writing(self._engine) as connection:
            same = select(ACCESS_CHECKPOINTS.c.root).where(ACCESS_CHECKPOINTS.c.size == checkpoint.size)
            root = connection.execute(same).scalar_one_or_none()
            largest = connection.execute(select(func.max(ACCESS_CHECKPOINTS.c.size))).scalar_one() or 0
            if largest > checkpoint.size or (root is not None and bytes(root) != checkpoint.root):
                raise EvidenceError(
                    "a checkpoint of the access log was signed that its entries do not lead to",
                    why=f"{largest} entries were signed, {checkpoint.size} are there",
                    remedy="Stop the ledger writer and run `schakel ledger fsck`",
                    code="fork",
                )
            if root is None:
                values = {"size": checkpoint.size, "root": checkpoint.root, "note": note, "at": at}
                connection.execute(insert(ACCESS_CHECKPOINTS).values(values))


def _state(connection: Connection, *, held: bool) -> Frontier:
    """Size and root; *held* until the transaction ends, so that places are given out one by one."""
    asked = select(ACCESS_LOG).with_for_update() if held else select(ACCESS_LOG)
    row = connection.execute(asked).mappings().one_or_none()
    if row is None:
        raise EvidenceError(
            "the state of the access log is gone", remedy="Restore the newest copy of the database"
        )
    frontier = Frontier.decode(row["size"], bytes(row["frontier"]))
    if frontier.root() != bytes(row["root"]):
        raise EvidenceError(
            "the stored state of the access log does not match its root",
            remedy="Stop, and run `schakel ledger fsck`",
        )
    return frontier


def _answers(query: AccessQuery) -> Any:
    columns = ACCESS_ENTRIES.c
    wanted: list[Any] = []
    if query.person:
        wanted.append(columns.person.contains(query.person, autoescape=True))
    names = ("party", "role", "ground", "reference")
    wanted += [columns[name] == value for name in names if (value := getattr(query, name))]
    if query.since is not None:
        wanted.append(columns.at >= query.since)
    if query.until is not None:
        wanted.append(columns.at < query.until)
    return and_(True, *wanted)


def _row(row: RowMapping) -> AccessRow:
    columns = {
        name: bytes(row[name]) if isinstance(row[name], memoryview) else row[name] for name in ACCESS_COLUMNS
    }
    return AccessRow(row["seq"], bytes(row["leaf_hash"]), bytes(row["event"]), columns)
