"""The published log in a folder: tiles, entry bundles, checkpoint (docs/spec/audit.md 7).

1. A file appears under its name only when its content is on disk: written beside, synced, renamed.
2. `write` returns when files and folders are on disk; the checkpoint is published after that.
3. One process at a time writes: it holds a lock on the folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from broker.audit.tiles import File
from broker.errors import ConfigurationError, UnavailableError

__all__ = ["TileDirectory"]

_CHECKPOINT = "checkpoint"
_LOCK = ".lock"


class TileDirectory:
    """A `TileStore` in a folder of its own.

    Attributes:
        folder: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None

    def acquire(self) -> TileDirectory:
        """Become the only writer of this folder, until `close` or the end of the process.

        Raises:
            ConfigurationError: Another process writes to it (code ``locked``), or it cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise ConfigurationError(
                f"the folder of the log cannot be written: {self.folder}",
                why=error.strerror or "",
                remedy="Run one ledger writer for each log, with a folder that it may write",
                code="locked" if isinstance(error, BlockingIOError) else None,
            ) from error
        return self

    def close(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def read(self, path: str) -> bytes | None:
        """Content of a file, or None if there is none."""
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unavailable(path, error) from error

    def write(self, files: Sequence[File]) -> None:
        """Write files; they are on disk when it returns."""
        touched: set[Path] = set()
        for path, content in files:
            target = self.folder / path
            # Also where the file is there already: a crash may have come between it and its folder.
            touched.add(target.parent)
            if self.read(path) == content:
                continue
            try:
                touched |= _make_folders(target.parent, self.folder)
                _replace(target, content)
            except OSError as error:
                raise _unavailable(path, error) from error
        for folder in sorted(touched, reverse=True):
            try:
                _sync_folder(folder)
            except OSError as error:
                raise _unavailable(folder.name, error) from error

    def checkpoint(self) -> bytes | None:
        """The published note, or None."""
        return self.read(_CHECKPOINT)

    def publish(self, note: bytes) -> None:
        """Put a checkpoint in the place of the last one."""
        try:
            _replace(self.folder / _CHECKPOINT, note)
            _sync_folder(self.folder)
        except OSError as error:
            raise _unavailable(_CHECKPOINT, error) from error

    def discard(self, folders: Iterable[str]) -> None:
        """Remove folders of partial files; what cannot be removed does no harm."""
        for folder in folders:
            shutil.rmtree(self.folder / folder, ignore_errors=True)


def _replace(target: Path, content: bytes) -> None:
    beside = target.with_name(f".{target.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(target)


def _make_folders(folder: Path, top: Path) -> set[Path]:
    """Make *folder*; the folders that got a new name in them."""
    changed = set()
    missing = folder
    while missing != top and not missing.exists():
        changed.add(missing.parent)
        missing = missing.parent
    folder.mkdir(parents=True, exist_ok=True)
    return changed


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unavailable(path: str, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"the published log did not take or give {path}",
        why=error.strerror or "",
        remedy="Check the disk and its rights; work goes on by itself afterwards",
        code="tlog",
    )
