"""What should exist, what exists and what is missing: per pair of agencies, duty and month.

A tally reads obligations one by one and keeps one row per cell, so a year of messages fits in little
memory.  `reconcile` lays what agencies counted themselves beside it; a number of 1 to 5 is published
as "1-5" (sources.md 4.8), so such a cell can contradict ours but never confirm it.
See docs/spec/obligations.md 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from broker.dutch_time import local_day
from broker.errors import MalformedError
from broker.moments import HOUR
from broker.names import Micros, Oin
from broker.obligations.model import Obligation, State
from broker.obligations.states import state_of

__all__ = [
    "FEW",
    "Cell",
    "Comparison",
    "Counts",
    "Declared",
    "Measure",
    "Tally",
    "Verdict",
    "is_few",
    "masked",
    "reconcile",
]

FEW = "1-5"
"""How a count of 1 to 5 is written outside: small numbers can point at persons."""

_MOST_FEW = 5
_LONGEST_COUNT = 12


class Measure(StrEnum):
    """What is counted of a cell."""

    EXPECTED = "expected"
    EXISTS = "exists"
    MISSING = "missing"


class Verdict(StrEnum):
    """How a declared count relates to ours."""

    AGREEMENT = "agreement"
    DIFFERENCE = "difference"
    CANNOT_BE_TOLD = "cannot-be-told"


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One cell of the report.

    Attributes:
        month: ``YYYY-MM`` in Europe/Amsterdam: the month in which the obligation opened.
    """

    debtor: Oin
    creditor: Oin
    duty: str
    month: str


@dataclass(frozen=True, slots=True)
class Counts:
    """The obligations of one cell, by state."""

    open: int = 0
    met: int = 0
    met_late: int = 0
    overdue: int = 0
    waived: int = 0
    no_answer: int = 0
    waived_late: int = 0

    @property
    def expected(self) -> int:
        """What should exist: all that came due or was done, less what was waived in time."""
        return self.exists + self.missing

    @property
    def exists(self) -> int:
        """What was done, in time or late."""
        return self.met + self.met_late

    @property
    def missing(self) -> int:
        """What came due and was not done, whether or not it still may be or was given up since."""
        return self.overdue + self.no_answer + self.waived_late

    def of(self, measure: Measure) -> int:
        """The number that *measure* names."""
        return {
            Measure.EXPECTED: self.expected,
            Measure.EXISTS: self.exists,
            Measure.MISSING: self.missing,
        }[measure]


_POSITION = {state: position for position, state in enumerate(State)}
_AS_COUNTED = (
    State.OPEN,
    State.MET,
    State.MET_LATE,
    State.OVERDUE,
    State.WAIVED,
    State.CLOSED_NO_ANSWER,
    State.WAIVED_LATE,
)


class Tally:
    """Counts obligations into cells; each is looked at once and not kept."""

    __slots__ = ("_cells", "_now")

    def __init__(self, now: Micros) -> None:
        self._now = now
        self._cells: dict[tuple[Oin, Oin, str, str], list[int]] = {}

    def add(self, obligation: Obligation) -> None:
        """Count one obligation, in its state at the moment of this tally."""
        month = _month_of_hour(obligation.opened_at // HOUR)
        key = (obligation.debtor.oin, obligation.creditor.oin, obligation.code, month)
        row = self._cells.get(key)
        if row is None:
            row = self._cells[key] = [0] * len(_POSITION)
        row[_POSITION[state_of(obligation, self._now)]] += 1

    def add_all(self, obligations: Iterable[Obligation]) -> None:
        """Count all *obligations* as they come."""
        for obligation in obligations:
            self.add(obligation)

    def report(self) -> dict[Cell, Counts]:
        """Every cell with something in it, sorted."""
        places = [_POSITION[state] for state in _AS_COUNTED]
        return {
            Cell(*key): Counts(*(self._cells[key][place] for place in places)) for key in sorted(self._cells)
        }


@dataclass(frozen=True, slots=True)
class Declared:
    """What an agency itself counted for one cell.

    Attributes:
        count: A whole number of at most 12 digits, or ``1-5``.
    """

    cell: Cell
    measure: Measure
    count: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Our count beside a declared one.

    Attributes:
        counts: All that we counted of the cell.
        declared: As declared; empty when nothing was.
    """

    cell: Cell
    measure: Measure
    counts: Counts
    declared: str
    verdict: Verdict

    @property
    def counted(self) -> int:
        """What we counted of this measure."""
        return self.counts.of(self.measure)


def is_few(count: int) -> bool:
    """Whether *count* may not leave as it is."""
    return 1 <= count <= _MOST_FEW


def masked(count: int) -> str:
    """*count* as it may leave by itself: 1 to 5 as `FEW` (sources.md 4.8)."""
    return FEW if is_few(count) else str(count)


def reconcile(counted: Mapping[Cell, Counts], declared: Iterable[Declared]) -> list[Comparison]:
    """What agencies declared beside what was counted, sorted by cell and measure.

    Of a cell that is counted, each measure for which nothing was declared stands there as well: it cannot
    be told.  Who declares what should exist and is silent about what is missing is seen to be silent.

    Raises:
        MalformedError: A declared count is no whole number and not ``1-5``.
    """
    compared = [_compare(each, counted.get(each.cell, Counts())) for each in declared]
    named = {(each.cell, each.measure) for each in compared}
    silent = [
        Comparison(cell, measure, counts, "", Verdict.CANNOT_BE_TOLD)
        for cell, counts in counted.items()
        for measure in Measure
        if (cell, measure) not in named
    ]
    return sorted([*compared, *silent], key=lambda each: (each.cell, each.measure))


def _compare(declared: Declared, counts: Counts) -> Comparison:
    ours = counts.of(declared.measure)
    return Comparison(declared.cell, declared.measure, counts, declared.count, _verdict(ours, declared.count))


def _verdict(ours: int, declared: str) -> Verdict:
    if declared == FEW:
        return Verdict.CANNOT_BE_TOLD if masked(ours) == FEW else Verdict.DIFFERENCE
    if not (declared.isascii() and declared.isdigit() and len(declared) <= _LONGEST_COUNT):
        raise MalformedError("not a count (a whole number, or 1-5)")
    return Verdict.AGREEMENT if int(declared) == ours else Verdict.DIFFERENCE


@lru_cache(maxsize=16_384)
def _month_of_hour(hour: int) -> str:
    """The month of Europe/Amsterdam that holds the *hour*-th hour since 1970."""
    return local_day(Micros(hour * HOUR)).strftime("%Y-%m")
