"""The inbox on SQLite: a message and the agency's own changes commit together, at most once."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from broker.errors import ConfigurationError, UnavailableError, UsageError
from broker.names import Micros
from broker.ports import InboxEntry, InboxStatus, Position

__all__ = ["SqliteInbox"]

_ENDS_TRANSACTION = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|;)*(?:begin|commit|end|rollback|savepoint|release|attach|detach)\b",
    re.IGNORECASE | re.DOTALL,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS schakel_inbox (
    id BLOB PRIMARY KEY,
    decision_id BLOB NOT NULL,
    status TEXT NOT NULL,
    detail TEXT NOT NULL,
    receipt_id BLOB NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schakel_quarantine (
    topic TEXT NOT NULL,
    "partition" INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    step INTEGER NOT NULL,
    reason TEXT NOT NULL,
    value BLOB,
    PRIMARY KEY (topic, "partition", "offset")
) WITHOUT ROWID;
"""


class SqliteInbox:
    """An agency's inbox in a SQLite file; handlers may use the same file for their own tables.

    WAL with ``synchronous=FULL``: what is committed survives a power cut.  One thread at a time uses it,
    which need not be the one that made it.

    Raises:
        ConfigurationError: The file cannot be opened or is not a SQLite database.
    """

    def __init__(self, path: Path) -> None:
        try:
            # Not readable by others, whatever the folder is.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._connection = sqlite3.connect(
                path, isolation_level=None, timeout=10.0, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise ConfigurationError(
                f"the inbox {path.name} cannot be used",
                why=str(error),
                remedy="Give a writable path in the profile's `inbox`",
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[_Transaction]:
        """Begin; commit at the end, durable when it returns; roll back when it raises."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield _Transaction(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise UnavailableError("the inbox database did not answer", why=str(error)) from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


class _Handlers:
    """The connection that handlers get: the same transaction, without the means to end it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[object] = (), /) -> sqlite3.Cursor:
        _refuse_transaction(sql)
        return self._connection.execute(sql, parameters)

    def executemany(self, sql: str, rows: Sequence[Sequence[object]], /) -> sqlite3.Cursor:
        _refuse_transaction(sql)
        return self._connection.executemany(sql, rows)


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.connection = _Handlers(connection)

    def find(self, id_: bytes) -> InboxEntry | None:
        row = self._connection.execute(
            "SELECT decision_id, status, detail, receipt_id, at FROM schakel_inbox WHERE id = ?", (id_,)
        ).fetchone()
        if row is None:
            return None
        decision_id, status, detail, receipt_id, at = row
        return InboxEntry(id_, decision_id, InboxStatus(status), detail, receipt_id, Micros(at))

    @contextmanager
    def effect(self) -> Iterator[None]:
        self._connection.execute("SAVEPOINT schakel_effect")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO schakel_effect")
            self._connection.execute("RELEASE schakel_effect")
            raise
        self._connection.execute("RELEASE schakel_effect")

    def record(self, entry: InboxEntry) -> None:
        self._connection.execute(
            "INSERT INTO schakel_inbox VALUES (?,?,?,?,?,?)",
            (entry.id, entry.decision_id, entry.status, entry.detail, entry.receipt_id, entry.at),
        )

    def quarantine(self, position: Position, step: int, reason: str, value: bytes | None) -> None:
        self._connection.execute(
            "INSERT OR IGNORE INTO schakel_quarantine VALUES (?,?,?,?,?,?)",
            (position.topic, position.partition, position.offset, step, reason, value),
        )


def _refuse_transaction(sql: str) -> None:
    if _ENDS_TRANSACTION.match(sql):
        raise UsageError(
            "a handler must not begin, commit or roll back",
            why="its changes and the inbox commit together",
            remedy="Leave the statement out; raise Retry to have the changes undone",
            code="handler-transaction",
        )
