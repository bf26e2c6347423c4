"""The statistics of the bench."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.sandbox.bench.statistics import Spread, Times, median, percentile, spread, times

VALUES = st.lists(st.floats(min_value=0, max_value=1e9, allow_nan=False), min_size=1, max_size=200)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        pytest.param(50, 50, id="the middle of an even number is the lower one"),
        pytest.param(99, 99, id="the last but one of a hundred"),
        pytest.param(100, 100, id="all of them"),
        pytest.param(0.5, 1, id="less than one value is the first"),
        pytest.param(29, 29, id="a whole rank is not rounded up"),
    ],
)
def test_a_percentile_is_the_value_of_its_rank(percent: float, expected: float) -> None:
    """Nearest rank: of 1 to 100 the n-th percentile is n."""
    assert percentile(range(100, 0, -1), percent) == expected


@given(values=VALUES, percent=st.floats(min_value=0.1, max_value=100))
def test_a_percentile_was_measured(values: list[float], percent: float) -> None:
    """No value between two measured ones is made up."""
    assert percentile(values, percent) in values


@given(values=VALUES)
def test_percentiles_do_not_fall(values: list[float]) -> None:
    """A higher percentage never gives a lower value."""
    found = [percentile(values, percent) for percent in (1, 50, 90, 99, 100)]

    assert found == sorted(found)


@pytest.mark.parametrize("percent", [0, -1, 100.1])
def test_a_percentage_outside_its_range_is_refused(percent: float) -> None:
    """It would ask for a value that does not exist."""
    with pytest.raises(ValueError, match="percentage"):
        percentile([1.0], percent)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([3.0], 3.0, id="one"),
        pytest.param([9.0, 1.0, 5.0], 5.0, id="odd"),
        pytest.param([4.0, 1.0, 2.0, 9.0], 3.0, id="even: the mean of the two in the middle"),
    ],
)
def test_the_median_is_in_the_middle(values: list[float], expected: float) -> None:
    """Half of the values are not above it, half not below."""
    assert median(values) == expected


@pytest.mark.parametrize("statistic", [median, lambda values: percentile(values, 50)])
def test_nothing_has_no_middle(statistic: object) -> None:
    """No values, no figure: never a zero."""
    assert callable(statistic)
    with pytest.raises(ValueError, match="needs values"):
        statistic([])


def test_a_spread_holds_its_ends() -> None:
    """The lowest and the highest stand beside the median."""
    assert spread([2.0, 8.0, 3.0]) == Spread(median=3.0, lowest=2.0, highest=8.0)


def test_times_are_in_milliseconds() -> None:
    """Nanoseconds in, milliseconds out."""
    assert times([2_000_000, 1_000_000, 5_000_000]) == Times(3, p50_ms=2.0, p99_ms=5.0, max_ms=5.0)
