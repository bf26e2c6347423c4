"""Options that several commands have, and what is written after one, read: an error repeats it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from broker.dutch_time import parse_moment
from broker.errors import MalformedError, UsageError
from broker.moments import from_text
from broker.names import KeyId, Micros, Oin

__all__ = ["AsJson", "LedgerDirectory", "LedgerFile", "Output", "given_key_id", "given_moment", "given_oin"]

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
LedgerFile = Annotated[
    Path | None,
    typer.Option("--profile", envvar="SCHAKEL_PROFILE", help="Profile of the ledger, or of its operator."),
]
LedgerDirectory = Annotated[
    Path | None, typer.Option("--dir", help="Sandbox directory; instead of --profile.")
]
Output = Annotated[Path, typer.Option("--output", "-o", help="File to write.")]


def given_oin(text: str) -> Oin:
    """The OIN that *text* is.

    Raises:
        UsageError: It is none.
    """
    try:
        return Oin.parse(text)
    except MalformedError as error:
        raise UsageError(
            f"not an OIN: {text}",
            why=f"an OIN has 20 positions: prefix, main number, zeroes; this has {len(text)}",
            remedy="Give the OIN as the register of OINs has it",
        ) from error


def given_key_id(text: str) -> KeyId:
    """The key id that *text* is.

    Raises:
        UsageError: It is none.
    """
    try:
        return KeyId.parse(text)
    except MalformedError as error:
        raise UsageError(
            f"not a key id: {text}",
            why="a key id has 64 hexadecimal digits, in lower case",
            remedy="See `schakel registry show --json`",
        ) from error


def given_moment(text: str) -> Micros:
    """The moment that *text* is, as clocks in the Netherlands show it; a day is its beginning; Z is UTC.

    Raises:
        UsageError: It is none; repeats it.
    """
    try:
        if text.endswith("Z"):
            return from_text(text)
        return parse_moment(f"{text} 00:00" if len(text) == len("2026-05-01") else text)
    except (MalformedError, UsageError):
        raise UsageError(
            f"not a moment: {text}",
            remedy="Write 2026-05-01, or 2026-05-01T10:00 in Dutch time, or 2026-05-01T08:00:00Z in UTC",
        ) from None
