"""Reading the ledger: search, one entry, every entry."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, RowMapping, and_, func, select

from broker.adapters.database import no_ledger, reading
from broker.adapters.ledger_search import answers, index_differences, summarise
from broker.adapters.ledger_tables import ENTRIES, LOG, PROBLEMS, SUBJECTS
from broker.audit.query import Query
from broker.audit.search import Summary
from broker.audit.store import COLUMNS, LedgerRow, StoredState
from broker.names import Oin

__all__ = ["SqlLedgerReader"]

_CHUNK = 1024


class SqlLedgerReader:
    """A `LedgerReader` on the ledger's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def state(self) -> StoredState:
        """Origin, size and root as the writer left them.

        Raises:
            ConfigurationError: No ledger was ever written here, or the tables are older than this version.
            UnavailableError: The database did not answer.
        """
        with reading(self._engine) as connection:
            # Only what is used: an older database lacks the columns that came later.
            row = connection.execute(select(LOG.c.origin, LOG.c.size, LOG.c.root)).mappings().one_or_none()
        if row is None:
            raise no_ledger()
        return StoredState(row["origin"], row["size"], bytes(row["root"]))

    def rows(self, start: int = 0) -> Iterator[LedgerRow]:
        """Every entry from *start* on, in order, read in pieces."""
        while True:
            page = select(ENTRIES).where(ENTRIES.c.seq >= start).order_by(ENTRIES.c.seq).limit(_CHUNK)
            with reading(self._engine) as connection:
                rows = connection.execute(page).mappings().all()
                subjects = _subjects(connection, start, rows[-1]["seq"]) if rows else {}
            found = [_row(row, subjects.get(row["seq"], frozenset())) for row in rows]
            yield from found
            if len(found) < _CHUNK:
                return
            start = found[-1].seq + 1

    def find(self, id_: bytes) -> LedgerRow | None:
        """The entry with this decision id, or None."""
        with reading(self._engine) as connection:
            by_id = select(ENTRIES).where(ENTRIES.c.decision_id == id_)
            row = connection.execute(by_id).mappings().one_or_none()
        return None if row is None else _row(row)

    def find_prefix(self, digits: str, limit: int) -> list[LedgerRow]:
        """At most *limit* entries whose decision id begins with these lower-case hexadecimal digits."""
        # Bytes compare as their digits do, so the index on the ids answers this on every database.
        low, high = bytes.fromhex(digits.ljust(64, "0")), bytes.fromhex(digits.ljust(64, "f"))
        page = select(ENTRIES).where(ENTRIES.c.decision_id.between(low, high)).limit(limit)
        with reading(self._engine) as connection:
            return [_row(row) for row in connection.execute(page).mappings()]

    def search(self, query: Query, limit: int, before: int | None = None) -> list[LedgerRow]:
        """Entries that answer the query, newest first.

        Args:
            limit: At most this many.
            before: Only entries below this place: the last one of the page before.
        """
        wanted = answers(query)
        if before is not None:
            wanted = and_(wanted, ENTRIES.c.seq < before)
        page = select(ENTRIES).where(wanted).order_by(ENTRIES.c.seq.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_row(row) for row in connection.execute(page).mappings()]

    def summary(self, query: Query) -> Summary:
        """How many entries answer *query*, of which kinds, and when they were decided."""
        return summarise(self._engine, query)

    def index_differences(self) -> list[str]:
        """What the counts by the hour say otherwise than the entries do."""
        return index_differences(self._engine)

    def problems(self) -> int:
        """How many records did not become entries."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.coalesce(func.sum(PROBLEMS.c.count), 0))).scalar_one())


def _subjects(connection: Connection, first: int, last: int) -> dict[int, frozenset[bytes]]:
    """The persons concerned, by place, of the entries from *first* to *last*."""
    inside = select(SUBJECTS.c.seq, SUBJECTS.c.subject).where(SUBJECTS.c.seq.between(first, last))
    found: dict[int, frozenset[bytes]] = {}
    for seq, subject in connection.execute(inside):
        found[seq] = found.get(seq, frozenset()) | {bytes(subject)}
    return found


def _row(row: RowMapping, subjects: frozenset[bytes] | None = None) -> LedgerRow:
    columns = {name: _plain(row[name]) for name in COLUMNS}
    return LedgerRow(
        seq=row["seq"],
        leaf_hash=bytes(row["leaf_hash"]),
        decision_id=bytes(row["decision_id"]),
        event_bytes=bytes(row["event"]),
        envelope_digest=bytes(row["envelope_digest"]),
        gate=Oin(row["gate"]),
        signatures=bytes(row["signatures"]),
        columns=columns,
        subjects=subjects,
    )


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else value
