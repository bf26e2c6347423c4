"""The few statistics that a measurement needs: order statistics, because times are never normal.

1. A percentile is a value that was measured (nearest rank), never one in between.
2. A figure of several rounds is their median, with the lowest and the highest beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

__all__ = ["Spread", "Times", "median", "percentile", "spread", "times"]


@dataclass(frozen=True, slots=True)
class Spread:
    """The same thing measured several times."""

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took, in milliseconds."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of *values* that at least *percent* per cent of them do not exceed.

    Raises:
        ValueError: There are no values, or *percent* is not above 0 and at most 100.
    """
    if not values or not 0 < percent <= 100:
        raise ValueError("a percentile needs values, and a percentage above 0 and at most 100")
    # 29 per cent of 100 is not 29 in binary: a rank that is whole but for rounding is whole.
    rank = ceil(round(len(values) * percent / 100, 9))
    return sorted(values)[max(rank, 1) - 1]


def median(values: Sequence[float]) -> float:
    """The middle of *values*; of an even number the mean of the two in the middle.

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("a median needs values")
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def spread(values: Sequence[float]) -> Spread:
    """Median, lowest and highest of *values*.

    Raises:
        ValueError: There are no values.
    """
    return Spread(median(values), min(values), max(values))


def times(nanoseconds: Sequence[int]) -> Times:
    """What is said about durations.

    Raises:
        ValueError: There are none.
    """
    in_ms = [value / 1e6 for value in nanoseconds]
    return Times(len(in_ms), percentile(in_ms, 50), percentile(in_ms, 99), max(in_ms))
