"""`broker.obligations.report`: cells as rows, for those inside and for everybody."""

from __future__ import annotations

import pytest

from broker.errors import MalformedError
from broker.obligations.completeness import Cell, Comparison, Counts, Measure, Verdict
from broker.obligations.report import COUNTED, Period, count_rows, declared_rows, selected, totals
from tests.unit.obligations.case import AMK, GGZ, SHG

MAY = Cell(AMK.oin, SHG.oin, "OB-DECIDE", "2026-05")
JUNE = Cell(GGZ.oin, AMK.oin, "OB-ANSWER", "2026-06")
COUNTED_CELLS = {
    MAY: Counts(open=3, met=20, met_late=2, overdue=4, waived=1, no_answer=1),
    JUNE: Counts(met=1),
}
NAMES = {AMK.oin: "amk-noord", SHG.oin: "shg-noord"}


def test_a_row_has_every_count_of_its_cell() -> None:
    """What should exist, exists, is missing, was late, is overdue, waived or open."""
    (row,) = count_rows({MAY: COUNTED_CELLS[MAY]}, NAMES)

    assert [row[name] for name in COUNTED] == [27, 22, 5, 2, 4, 1, 3]


def test_a_row_names_its_agencies() -> None:
    """By number, with the short name beside it where there is one."""
    row = count_rows(COUNTED_CELLS, NAMES)[1]

    assert (row["debtor"], row["debtor_name"], row["creditor_name"]) == (GGZ.oin, "", "amk-noord")


def test_small_counts_do_not_leave() -> None:
    """One to five may point at persons; zero and six do not."""
    (row,) = count_rows({MAY: COUNTED_CELLS[MAY]}, NAMES, public=True)

    assert [row[name] for name in COUNTED] == ["27", "22", "1-5", "1-5", "1-5", "1-5", "1-5"]


def test_totals_are_over_all_cells() -> None:
    """Each count by itself."""
    assert totals(COUNTED_CELLS) == {
        "expected": 28,
        "exists": 23,
        "missing": 5,
        "met_late": 2,
        "overdue": 4,
        "waived": 1,
        "open": 3,
    }


def test_a_period_has_both_its_ends() -> None:
    """Two months are two months."""
    assert set(selected(COUNTED_CELLS, Period.parse("2026-05..2026-06"))) == {MAY, JUNE}


def test_one_month_is_a_period() -> None:
    """And holds nothing else."""
    assert set(selected(COUNTED_CELLS, Period.parse("2026-06"))) == {JUNE}


def test_an_agency_is_shown_on_either_side() -> None:
    """As debtor and as creditor."""
    assert set(selected(COUNTED_CELLS, None, {AMK.oin})) == {MAY, JUNE}
    assert set(selected(COUNTED_CELLS, None, {SHG.oin})) == {MAY}


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-06..2026-05", "2026-05-01", "2026-05..", ""])
def test_what_is_no_period_is_refused(text: str) -> None:
    """Whole months, in order."""
    with pytest.raises(MalformedError):
        Period.parse(text)


def test_a_declared_count_stands_beside_ours() -> None:
    """With who declared it, and what follows."""
    compared = [Comparison(MAY, Measure.EXISTS, 22, "21", Verdict.DIFFERENCE)]
    (row,) = declared_rows(AMK.oin, compared, NAMES)

    assert (row["declared_by_name"], row["counted"], row["declared"], row["verdict"]) == (
        *("amk-noord", 22, "21"),
        "difference",
    )
