"""Words of the header, validated once: role codes, OINs, types and topics repeat in every message.

A `Vocabulary` turns the raw bytes of a short text into its validated value and remembers the pair.
Its memory is bounded: a sender who invents words only makes it start again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from broker.envelope.reasons import Reason
from broker.errors import MalformedError

__all__ = ["Vocabulary", "matching"]

_T = TypeVar("_T", bound=str)
_LONGEST = 128


class Vocabulary(dict[bytes, _T]):
    """Validated texts by their UTF-8 bytes: ``words[raw]`` validates what it has not seen.

    Args:
        parse: Validates one text; raises MalformedError for anything else.
        limit: How many texts are remembered before it starts again.
    """

    __slots__ = ("_limit", "_parse")

    def __init__(self, parse: Callable[[str], _T], limit: int = 4096) -> None:
        super().__init__()
        self._parse = parse
        self._limit = limit

    def __missing__(self, raw: bytes) -> _T:
        """Validate and remember *raw*.

        Raises:
            MalformedError: Reason ``malformed`` when it is not UTF-8, ``header-rule`` when it is not
                such a text.
        """
        if len(raw) > _LONGEST:
            raise MalformedError("a text in the header is too long", reason=Reason.HEADER_RULE)
        value = self._validated(raw)
        if len(self) >= self._limit:
            self.clear()
        self[raw] = value
        return value

    def _validated(self, raw: bytes) -> _T:
        try:
            return self._parse(raw.decode("utf-8"))
        except UnicodeDecodeError:
            raise MalformedError("a text in the header is not UTF-8") from None
        except MalformedError as error:
            raise MalformedError(error.what, reason=Reason.HEADER_RULE) from None


def matching(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    """A parser of plain strings that match *pattern*."""

    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise MalformedError(f"not {what}")
        return text

    return parse
