"""`broker.obligations.report`: cells as rows, for those inside and for everybody."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import MalformedError
from broker.obligations.completeness import (
    Cell,
    Comparison,
    Counts,
    Declared,
    Measure,
    Verdict,
    masked,
    reconcile,
)
from broker.obligations.report import (
    COUNTED,
    WITHHELD,
    Period,
    count_rows,
    declared_rows,
    published,
    selected,
    totals,
)
from tests.unit.obligations.case import AMK, GGZ, SHG

MAY = Cell(AMK.oin, SHG.oin, "OB-DECIDE", "2026-05")
JUNE = Cell(GGZ.oin, AMK.oin, "OB-ANSWER", "2026-06")
COUNTED_CELLS = {
    MAY: Counts(open=3, met=20, met_late=2, overdue=4, waived=1, no_answer=1, waived_late=3),
    JUNE: Counts(met=1),
}
NAMES = {AMK.oin: "amk-noord", SHG.oin: "shg-noord"}


def test_a_row_has_every_count_of_its_cell() -> None:
    """What should exist, exists, is missing, was late, is overdue, waived or open."""
    (row,) = count_rows({MAY: COUNTED_CELLS[MAY]}, NAMES)

    assert [row[name] for name in COUNTED] == [30, 22, 8, 2, 4, 1, 3, 3]


def test_a_row_names_its_agencies() -> None:
    """By number, with the short name beside it where there is one."""
    row = count_rows(COUNTED_CELLS, NAMES)[1]

    assert (row["debtor"], row["debtor_name"], row["creditor_name"]) == (GGZ.oin, "", "amk-noord")


def test_small_counts_do_not_leave() -> None:
    """One to five may point at persons; zero and six do not.  Nor does what they would follow from."""
    (row,) = count_rows({MAY: COUNTED_CELLS[MAY]}, NAMES, public=True)

    assert [row[name] for name in COUNTED] == [
        *("30", "22", "8", WITHHELD, WITHHELD),
        *("1-5", WITHHELD, "1-5"),
    ]


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        pytest.param(Counts(met=9, no_answer=4), (WITHHELD, "9", "1-5"), id="missing"),
        pytest.param(Counts(met=5, overdue=5), (WITHHELD, "1-5", "1-5"), id="both"),
        pytest.param(Counts(met=2, overdue=2), ("1-5", "1-5", "1-5"), id="all"),
        pytest.param(Counts(met=9, overdue=8), ("17", "9", "8"), id="none"),
        pytest.param(Counts(met=4), ("1-5", "1-5", "0"), id="and-none"),
    ],
)
def test_a_sum_gives_no_small_part_away(counts: Counts, shown: tuple[str, ...]) -> None:
    """What exists and is missing stand there; what should exist gives way."""
    assert tuple(published(counts)[name] for name in ("expected", "exists", "missing")) == shown


def test_no_small_count_follows_from_a_published_row() -> None:
    """Whoever knows the rule and tries every table is left with several numbers, printed or not."""
    fits: dict[tuple[str, ...], list[Counts]] = {}
    for met, late, overdue, silent, waived in product(range(9), repeat=5):
        counts = Counts(met=met, met_late=late, overdue=overdue, no_answer=silent, waived_late=waived)
        fits.setdefault(tuple(published(counts).values()), []).append(counts)
    figures = [*COUNTED, "met", "no_answer"]
    told = [(row, name) for row, tables in fits.items() for name in figures if _determined(tables, name)]

    assert told == []


def _determined(tables: list[Counts], name: str) -> bool:
    """Whether all these tables have the same small number there."""
    values = {getattr(each, name) for each in tables}
    return len(values) == 1 and 1 <= values.pop() <= 5


@given(
    st.builds(Counts, *[st.integers(0, 12)] * 7),
    st.lists(st.tuples(st.sampled_from(Measure), st.integers(0, 24)), unique_by=lambda each: each[0]),
)
def test_a_declaration_says_no_more_than_the_row(counts: Counts, said: list[tuple[Measure, int]]) -> None:
    """A declared number that is not ours would have small numbers follow of its own."""
    compared = reconcile({MAY: counts}, [Declared(MAY, measure, masked(own)) for measure, own in said])
    for row in declared_rows(AMK.oin, compared, NAMES, public=True):
        assert row["counted"] == published(counts)[str(row["measure"])]
        assert row["declared"] in ("", WITHHELD, row["counted"])


def test_totals_are_over_all_cells() -> None:
    """Each count by itself."""
    assert totals(COUNTED_CELLS) == {
        "expected": 31,
        "exists": 23,
        "missing": 8,
        "met_late": 2,
        "overdue": 4,
        "waived": 1,
        "waived_late": 3,
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
    compared = [Comparison(MAY, Measure.EXISTS, COUNTED_CELLS[MAY], "21", Verdict.DIFFERENCE)]
    (row,) = declared_rows(AMK.oin, compared, NAMES)

    assert (row["declared_by_name"], row["counted"], row["declared"], row["verdict"]) == (
        *("amk-noord", 22, "21"),
        "difference",
    )
