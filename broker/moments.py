"""Moments and spans of time: microseconds in UTC, and their one written form.

The written form is RFC 3339 in UTC with six decimals: ``2026-01-01T00:00:00.000000Z``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from broker.errors import MalformedError
from broker.names import Micros

__all__ = ["DAY", "HOUR", "LAST_MOMENT", "MINUTE", "SECOND", "from_text", "to_text"]

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

LAST_MOMENT: Final = 253_402_300_799_999_999
"""The last microsecond of the year 9999: beyond it, no calendar of ours can write a moment."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def to_text(at: Micros) -> str:
    """*at* in RFC 3339, in UTC with six decimals.

    Args:
        at: In the years 1 to 9999.
    """
    return (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_text(text: str) -> Micros:
    """The moment that *text* names: RFC 3339, with any zone and at most six decimals.

    Raises:
        MalformedError: It is not that.
    """
    if not _RFC_3339.fullmatch(text):
        raise MalformedError("not an RFC 3339 date and time with a zone")
    try:
        return Micros((datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND)
    except (ValueError, OverflowError):
        raise MalformedError("not a date and time of the calendar") from None
