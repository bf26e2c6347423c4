"""Words of the header, validated once: role codes, OINs, types and topics repeat in every message.

A `Vocabulary` turns the raw bytes of a short text into its validated value and remembers the pair.
Its memory is bounded: a sender who invents words only makes it start again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Generic, TypeVar

from broker.envelope.reasons import Reason
from broker.errors import MalformedError

__all__ = ["Vocabulary", "matching"]

_T = TypeVar("_T", bound=str)
_LONGEST = 128


class Vocabulary(Generic[_T]):
    """Validated texts by their UTF-8 bytes.

    Args:
        parse: Validates one text; raises MalformedError for anything else.
        limit: How many texts are remembered before it starts again.
    """

    __slots__ = ("_known", "_limit", "_parse")

    def __init__(self, parse: Callable[[str], _T], limit: int = 4096) -> None:
        self._parse = parse
        self._limit = limit
        self._known: dict[bytes, _T] = {}

    def __call__(self, raw: bytes) -> _T:
        """The value of *raw*.

        Raises:
            MalformedError: Reason ``malformed`` when it is not UTF-8, ``header-rule`` when it is not
                such a text.
        """
        known = self._known.get(raw)
        return self._learn(raw) if known is None else known

    def _learn(self, raw: bytes) -> _T:
        if len(raw) > _LONGEST:
            raise MalformedError("a text in the header is too long", reason=Reason.HEADER_RULE)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedError("a text in the header is not UTF-8") from None
        try:
            value = self._parse(text)
        except MalformedError as error:
            raise MalformedError(error.what, reason=Reason.HEADER_RULE) from None
        if len(self._known) >= self._limit:
            self._known.clear()
        self._known[raw] = value
        return value


def matching(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    """A parser of plain strings that match *pattern*."""

    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise MalformedError(f"not {what}")
        return text

    return parse
