"""The completeness report as rows: what should exist, what does, and what agencies declared beside it.

The rules, in order (docs/spec/obligations.md 8):

1. A row is a cell: debtor, creditor, duty and month.  Rows are sorted; none is left out because it is small.
2. In a report that leaves the exchange counts of 1 to 5 stand as "1-5", and there are no totals over rows.
   A number from which such a count would follow stands as "withheld": a sum of which one part is small,
   and the parts of a sum of which one is small, printed or not.
3. A declaration is laid beside the cells in which its agency stands, and no other.  In a report that leaves
   the exchange a declared number is shown where it equals ours: another would say what ours does not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from broker.errors import MalformedError
from broker.names import Oin
from broker.obligations.completeness import Cell, Comparison, Counts, Verdict, is_few, masked

__all__ = ["COUNTED", "WITHHELD", "Period", "count_rows", "declared_rows", "published", "selected", "totals"]

COUNTED = ("expected", "exists", "missing", "met_late", "overdue", "waived", "waived_late", "open")
"""The counts of a row, in the order in which they are shown."""

WITHHELD = "withheld"
"""A number of 6 or more, or the part of one, that would give a small number away."""

_MONTHS = re.compile(r"([0-9]{4}-(?:0[1-9]|1[0-2]))(?:\.\.([0-9]{4}-(?:0[1-9]|1[0-2])))?")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole months of Europe/Amsterdam, both included, as ``YYYY-MM``."""

    first: str
    last: str

    @classmethod
    def parse(cls, text: str) -> Period:
        """The period that *text* names: ``2026-05..2026-06``, or one month.

        Raises:
            MalformedError: It is neither, or ends before it begins.
        """
        found = _MONTHS.fullmatch(text)
        if found is None:
            raise MalformedError("not a period: write 2026-05..2026-06, or 2026-05")
        first, last = found[1], found[2] or found[1]
        if last < first:
            raise MalformedError("a period that ends before it begins")
        return cls(first, last)

    def __contains__(self, month: str) -> bool:
        return self.first <= month <= self.last


def selected(
    counted: Mapping[Cell, Counts], period: Period | None, agencies: Collection[Oin] = ()
) -> dict[Cell, Counts]:
    """The cells of *period*, with one of *agencies* as debtor or creditor; all when there are none."""
    return {
        cell: counts
        for cell, counts in counted.items()
        if (period is None or cell.month in period)
        and (not agencies or cell.debtor in agencies or cell.creditor in agencies)
    }


def count_rows(
    counted: Mapping[Cell, Counts], names: Mapping[Oin, str], *, public: bool = False
) -> list[dict[str, object]]:
    """One row for each cell.

    Args:
        names: Short names of agencies.
        public: As `published` has them.
    """
    return [
        {**_place(cell, names), **(published(counts) if public else dict(_values(counts)))}
        for cell, counts in sorted(counted.items())
    ]


def published(counts: Counts) -> dict[str, str]:
    """The counts of one cell as they may leave: none of 1 to 5 follows from what stands there.

    What exists and what is missing come first: their sum gives way, and what they consist of.
    """
    shown = {name: masked(value) for name, value in _values(counts)}
    sums = (
        (counts.exists, (counts.met, counts.met_late), ("met_late",)),
        (counts.missing, (counts.overdue, counts.waived_late, counts.no_answer), ("overdue", "waived_late")),
        (counts.expected, (counts.exists, counts.missing), ("expected",)),
    )
    for total, parts, giving_way in sums:
        if not is_few(total) and any(map(is_few, parts)):
            shown.update(dict.fromkeys(giving_way, WITHHELD))
    return shown


def totals(counted: Mapping[Cell, Counts]) -> dict[str, int]:
    """Each count over all cells; not for a report that leaves the exchange."""
    sums = dict.fromkeys(COUNTED, 0)
    for counts in counted.values():
        for name, value in _values(counts):
            sums[name] += value
    return sums


def declared_rows(
    by: Oin, compared: Iterable[Comparison], names: Mapping[Oin, str], *, public: bool = False
) -> list[dict[str, object]]:
    """What agency *by* declared beside what was counted, one row for each.

    Args:
        public: Ours as `published` has them, and a declared number only where it says no more.
    """
    return [
        {
            "declared_by": by,
            "declared_by_name": names.get(by, ""),
            **_place(each.cell, names),
            "measure": each.measure.value,
            "counted": published(each.counts)[each.measure] if public else each.counted,
            "declared": _declared(each) if public else each.declared,
            "verdict": each.verdict.value,
        }
        for each in compared
    ]


def _place(cell: Cell, names: Mapping[Oin, str]) -> dict[str, object]:
    return {
        "debtor": cell.debtor,
        "debtor_name": names.get(cell.debtor, ""),
        "creditor": cell.creditor,
        "creditor_name": names.get(cell.creditor, ""),
        "duty": cell.duty,
        "month": cell.month,
    }


def _values(counts: Counts) -> list[tuple[str, int]]:
    values: list[tuple[str, int]] = [(name, getattr(counts, name)) for name in COUNTED]
    return values


def _declared(compared: Comparison) -> str:
    """A declared count as it may leave: one that is not ours may differ from a third by a small number."""
    if not compared.declared:
        return ""
    return (
        WITHHELD if compared.verdict is Verdict.DIFFERENCE else published(compared.counts)[compared.measure]
    )
