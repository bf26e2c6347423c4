"""What a witness remembers, in a SQLite file: one row for each log, and what did not fit (audit.md 6.3).

1. ``synchronous=FULL``: what `advance` returned True for survives a power cut.
2. `advance` compares and swaps in one statement: of two requests at once one wins, also between processes.
3. The file is made once.  A witness that lost it must not begin again under the same key, so a missing
   file is an error, and never a new one.
4. At most 1,000 conflicts are kept; the first ones tell the most.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from broker.audit.checkpoint import SignedCheckpoint
from broker.audit.witness import EMPTY, Conflict, Known
from broker.errors import ConfigurationError, UnavailableError
from broker.names import Digest, Micros

__all__ = ["SqliteWitnessStore", "StoredConflict", "StoredLog"]

_MOST_CONFLICTS = 1000
_BUSY_SECONDS = 5.0
_SCHEMA = """
CREATE TABLE logs (
    origin TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note BLOB NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE conflicts (
    id INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    finding TEXT NOT NULL,
    known_size INTEGER NOT NULL,
    known_root BLOB NOT NULL,
    known_note BLOB,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note BLOB NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (origin, known_size, size, root)
);
"""


@dataclass(frozen=True, slots=True)
class StoredLog:
    """What was cosigned last of a log, as the store has it."""

    origin: str
    size: int
    root: Digest
    at: Micros


@dataclass(frozen=True, slots=True)
class StoredConflict:
    """A signed checkpoint that did not fit, beside the one that was known then.

    Attributes:
        finding: ``fork`` or ``unproven``.
        known_note, note: Both checkpoints as their log signed them; the former is empty for an empty log.
    """

    origin: str
    finding: str
    known_size: int
    known_root: Digest
    known_note: bytes
    size: int
    root: Digest
    note: bytes
    at: Micros


class SqliteWitnessStore:
    """A `broker.audit.witness.WitnessStore` in an existing file; threads take turns.

    Raises:
        ConfigurationError: There is no such file, or it is no store of a witness.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise ConfigurationError(
                f"there is no store of a witness in {path}",
                why="a witness that forgot what it cosigned would cosign a second history",
                remedy="Restore it; or make new keys and a new store with `schakel witness keys`",
                code="no-witness-store",
            )
        self._lock = Lock()
        try:
            self._connection = sqlite3.connect(
                path, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False
            )
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("SELECT size FROM logs LIMIT 1").fetchone()
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(
                f"{path} is not the store of a witness",
                why=str(error),
                remedy="Name the file that `schakel witness keys` made",
            ) from error

    @classmethod
    def create(cls, path: Path) -> None:
        """Make a new, empty store, readable by its owner only.

        Raises:
            ConfigurationError: There is a file already, or it cannot be made.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise ConfigurationError(
                f"the store of the witness cannot be made: {path}",
                why=error.strerror or "",
                remedy="Choose another place; a store is never overwritten",
            ) from error
        connection = sqlite3.connect(path)
        connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_SCHEMA}")
        connection.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def known(self, origin: str) -> Known:
        """The checkpoint cosigned last of this log."""
        with self._talking() as connection:
            row = connection.execute("SELECT size, root FROM logs WHERE origin = ?", (origin,)).fetchone()
        return EMPTY if row is None else Known(row[0], Digest(row[1]))

    def advance(self, origin: str, known: Known, signed: SignedCheckpoint, at: Micros) -> bool:
        """Remember a checkpoint in the place of *known*; False if another is there by now."""
        new = signed.checkpoint
        with self._talking() as connection:
            connection.execute(
                "INSERT INTO logs VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (origin, EMPTY.size, bytes(EMPTY.root), b"", at),
            )
            done = connection.execute(
                "UPDATE logs SET size = ?, root = ?, note = ?, at = ?"
                " WHERE origin = ? AND size = ? AND root = ?",
                (new.size, bytes(new.root), signed.note, at, origin, known.size, bytes(known.root)),
            )
            return done.rowcount == 1

    def record_conflict(self, conflict: Conflict, at: Micros) -> None:
        """Keep what does not fit; the same once."""
        known, new = conflict.known, conflict.checkpoint
        with self._talking() as connection:
            if connection.execute("SELECT count(*) FROM conflicts").fetchone()[0] >= _MOST_CONFLICTS:
                return
            connection.execute(
                "INSERT INTO conflicts"
                " (origin, finding, known_size, known_root, known_note, size, root, note, at) VALUES"
                " (?, ?, ?, ?, (SELECT note FROM logs WHERE origin = ? AND size = ?), ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (
                    *(new.origin, conflict.finding.name.lower(), known.size, bytes(known.root)),
                    *(new.origin, known.size, new.size, bytes(new.root), conflict.note, at),
                ),
            )

    def logs(self) -> list[StoredLog]:
        """What was cosigned last of each log, by origin."""
        with self._talking() as connection:
            rows = connection.execute("SELECT origin, size, root, at FROM logs ORDER BY origin").fetchall()
        return [StoredLog(row[0], row[1], Digest(row[2]), Micros(row[3])) for row in rows]

    def conflicts(self) -> list[StoredConflict]:
        """What did not fit, the first one first."""
        with self._talking() as connection:
            rows = connection.execute(
                "SELECT origin, finding, known_size, known_root, known_note, size, root, note, at"
                " FROM conflicts ORDER BY id"
            ).fetchall()
        return [
            StoredConflict(
                *(row[0], row[1], row[2], Digest(row[3]), row[4] or b""),
                *(row[5], Digest(row[6]), row[7], Micros(row[8])),
            )
            for row in rows
        ]

    @contextmanager
    def _talking(self) -> Iterator[sqlite3.Connection]:
        """One transaction, durable when the block ends."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise UnavailableError(
                    "the store of the witness did not answer",
                    why=str(error),
                    remedy="Check the disk and its rights; work goes on by itself afterwards",
                    code="witness-store",
                ) from error
