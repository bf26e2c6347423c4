"""What an answer to a question says besides its entries: how many, of which kinds, and when.

1. Facets count the entries of the answer by one field each, largest first.
2. The histogram counts them by hour, by day or by month of the Dutch calendar, whichever a screen can show.
3. Both are exact: they come from counts by the hour, and a period begins and ends on the hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from broker.audit.periods import Period
from broker.dutch_time import local_day, midnight
from broker.moments import DAY, HOUR
from broker.names import Micros

__all__ = ["FACETS", "Bucket", "Facet", "Granularity", "Summary", "histogram"]

FACETS: Mapping[str, str] = {
    "decision": "outcome",
    "type": "message_type",
    "from": "sender",
    "to": "recipient",
    "reason": "reason",
    "agreement": "agreement_id",
    "step": "step",
}
"""Fields of the grammar that are counted, and the column that each names."""

_BY_HOUR = 3 * DAY
_BY_DAY = 120 * DAY


class Granularity(StrEnum):
    """How long the parts of a histogram are."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Facet:
    """How many entries have one value of a field."""

    value: str | int
    count: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many entries were decided from *start* until the next bucket begins."""

    start: Micros
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """An answer in numbers.

    Attributes:
        total: How many entries answer the question.
        facets: By field of the grammar, largest count first.
        histogram: Earliest first; parts without entries are left out.
    """

    total: int
    facets: Mapping[str, tuple[Facet, ...]]
    granularity: Granularity
    histogram: tuple[Bucket, ...]


def histogram(hours: Iterable[tuple[int, int]], period: Period | None) -> tuple[Granularity, list[Bucket]]:
    """Counts by the hour as a histogram of readable length.

    Args:
        hours: Number of the hour since 1970 and how many entries fall in it, earliest first.
        period: What was asked for; None for everything, which is as long as its entries are apart.
    """
    counted = list(hours)
    span = _span(counted, period)
    if span <= _BY_HOUR:
        return Granularity.HOUR, [Bucket(Micros(hour * HOUR), count) for hour, count in counted]
    whole = Granularity.DAY if span <= _BY_DAY else Granularity.MONTH
    buckets: dict[date, int] = {}
    for hour, count in counted:
        day = local_day(Micros(hour * HOUR))
        first = day if whole is Granularity.DAY else day.replace(day=1)
        buckets[first] = buckets.get(first, 0) + count
    return whole, [Bucket(midnight(first), count) for first, count in buckets.items()]


def _span(counted: list[tuple[int, int]], period: Period | None) -> int:
    """Microseconds from the first hour that can have entries to the last."""
    if not counted:
        return 0
    first, after = counted[0][0] * HOUR, (counted[-1][0] + 1) * HOUR
    if period is not None:
        first, after = max(first, period.start), min(after, period.end)
    return after - first
