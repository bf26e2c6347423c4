"""Files that a person names: one that cannot be used is wrong usage, as a wrong word is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from broker.errors import MalformedError, UsageError

__all__ = ["named_document", "read_named", "write_named"]

_T = TypeVar("_T")
_MOST = 4 * 1024 * 1024


def read_named(file: Path, most: int) -> bytes:
    """The content of *file*, and no more than *most* bytes and one: who reads it sees that it is too large.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return opened.read(most + 1)
    except OSError as error:
        raise UsageError(
            f"cannot read {file}", why=error.strerror or "", remedy="Check the path and its rights"
        ) from error


def named_document(file: Path, what: str, parse: Callable[[bytes], _T]) -> _T:
    """What *parse* makes of the content of *file*.

    Args:
        what: What the file should be, as the errors of *parse* call it: ``an agreement``.

    Raises:
        UsageError: It cannot be read, is empty, or is not that; names the file, and what is wrong in it.
    """
    content = read_named(file, _MOST)
    remedy = "Correct what is named, or name another file"
    if not content.strip():
        raise UsageError(f"{file} is not {what}", why="the file is empty", remedy=remedy)
    try:
        return parse(content)
    except MalformedError as error:
        why = error.what.removeprefix(f"{what} is wrong").removeprefix(" at ").removeprefix(": ")
        raise UsageError(f"{file} is not {what}", why=why, remedy=remedy) from error


def write_named(file: Path, content: bytes) -> None:
    """Make *content* the whole of *file*.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        file.write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"cannot write {file}", why=error.strerror or "", remedy="Give a file that you may write"
        ) from error
