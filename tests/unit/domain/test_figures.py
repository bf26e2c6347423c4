"""Figures are counts that point at nobody (docs/invariants.md 1: number 15)."""

from __future__ import annotations

import pytest

from tests.open_world import entry_of, party
from tests.unit.domain.contents import changed, refusal

AMK = party("AMK")


@pytest.mark.parametrize("count", range(8))
def test_a_count_of_one_to_five_does_not_leave(count: int) -> None:
    """Zero and six do; what lies between is small, and says no more."""
    failed = refusal("E27", AMK, groups=changed("E27", "ST", count=count, small_flag=False))

    assert failed == (("ST.count",) if 1 <= count <= 5 else ())


@pytest.mark.parametrize("count", [None, 3, 120])
def test_a_small_cell_has_no_count(count: int | None) -> None:
    """Not even the one that it would be refused with."""
    failed = refusal("E27", AMK, groups=changed("E27", "ST", count=count, small_flag=True))

    assert failed == (() if count is None else ("ST.count",))


def test_a_cell_that_is_not_small_has_its_count() -> None:
    """An empty cell would be anything."""
    failed = refusal("E27", AMK, groups=changed("E27", "ST", count=None, small_flag=False))

    assert failed == ("ST.count",)


def test_there_is_no_place_for_a_record_of_anybody() -> None:
    """One group, of cells: no case, no worker, no person."""
    assert tuple(map(str, entry_of("E27").groups)) == ("ST",)


@pytest.mark.parametrize("unit", ["dossiers", "kinderen"])
def test_what_is_counted_is_said(unit: str) -> None:
    """Reports are counted per family, statistics per child: both counters exist, and no third."""
    assert refusal("E27", AMK, groups=changed("E27", "ST", unit_code=unit)) == ()
    assert refusal("E27", AMK, groups=changed("E27", "ST", unit_code="gevallen")) == ("ST.unit_code",)
