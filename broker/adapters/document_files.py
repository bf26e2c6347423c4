"""Documents as files of an agency: whole or not there at all, durable, and readable by their owner only."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath

from broker.crypto import sha256
from broker.errors import UnavailableError

__all__ = ["FolderDocuments", "document_bytes", "free_name"]

_LONGEST_STEM_BYTES = 180


class FolderDocuments:
    """The places are folders in one *folder*; everything is made when it is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self, *places: str) -> None:
        """Have these folders, closed to others."""
        with _answering():
            for folder in (self._folder, *(self._folder / place for place in places)):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def names(self, place: str) -> Sequence[str]:
        """The names of its files that end in ``.json``, sorted."""
        with _answering():
            found = [path.name for path in (self._folder / place).glob("*.json") if path.is_file()]
        return sorted(found)

    def holds(self, place: str, name: str) -> bool:
        """Whether that file is there."""
        with _answering():
            return (self._folder / place / name).exists()

    def read(self, place: str, name: str) -> bytes:
        """What stands in that file."""
        with _answering():
            return (self._folder / place / name).read_bytes()

    def keep(self, place: str, name: str, document: Mapping[str, object]) -> bool:
        """Write *document* unless a file of that name is there; whether it is what stands there now."""
        path = self._folder / place / name
        with _answering(), _beside(path, document) as beside:
            try:
                os.link(beside, path)
            except FileExistsError:
                return path.read_bytes() == beside.read_bytes()
            _settle(path.parent)
        return True

    def write(self, place: str, name: str, document: Mapping[str, object]) -> None:
        """Write *document*; a file of that name is replaced."""
        path = self._folder / place / name
        with _answering(), _beside(path, document) as beside:
            beside.replace(path)
            _settle(path.parent)

    def move(self, name: str, place: str, to: str) -> str:
        """Move the file from *place* into *to*; its name there."""
        source, folder = self._folder / place / name, self._folder / to
        with _answering():
            target = free_name(name, lambda taken: (folder / taken).exists())
            source.rename(folder / target)
            _settle(folder)
        return target


def document_bytes(document: Mapping[str, object]) -> bytes:
    """*document* as it stands in its file."""
    return f"{json.dumps(document, ensure_ascii=False, indent=2)}\n".encode()


def free_name(name: str, taken: Callable[[str], bool]) -> str:
    """*name*, not so long that nothing can be put behind it, with a number where it is taken."""
    path = PurePath(name)
    stem = os.fsencode(path.stem)[:_LONGEST_STEM_BYTES].decode(errors="ignore")
    free, number = f"{stem}{path.suffix}", 1
    while taken(free):
        number += 1
        free = f"{stem}.{number}{path.suffix}"
    return free


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError("a folder of documents did not answer", why=error.strerror or "") from error


@contextmanager
def _beside(path: Path, document: Mapping[str, object]) -> Iterator[Path]:
    """A file with *document* that no reader of ``*.json`` sees, durable before it gets its name."""
    # Its name is as long as any: that of the document may be as long as a name can be.
    beside = path.with_name(f"{sha256(os.fsencode(path.name)).hex()[:32]}.part")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(document_bytes(document))
        file.flush()
        os.fsync(file.fileno())
    try:
        yield beside
    finally:
        beside.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """What was named in *folder* keeps its name when the power fails."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
