"""What is written after an option, read: an error repeats what was written."""

from __future__ import annotations

from broker.errors import MalformedError, UsageError
from broker.names import KeyId, Micros, Oin

__all__ = ["given_key_id", "given_moment", "given_oin"]


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
    """The moment that *text* is, as clocks in the Netherlands show it; a day is its beginning.

    Raises:
        UsageError: It is none.
    """
    # Imported here, so that a command that needs no moment loads no sandbox.
    from broker.sandbox.timekeeping import parse_moment

    return parse_moment(f"{text} 00:00" if len(text) == len("2026-05-01") else text)
