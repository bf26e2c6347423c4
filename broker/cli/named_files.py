"""Files that a person names: one that cannot be used is wrong usage, as a wrong word is."""

from __future__ import annotations

from pathlib import Path

from broker.errors import UsageError

__all__ = ["read_named", "write_named"]


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
