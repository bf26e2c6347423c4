"""What came out of a scenario, as values; how it looks is the command's business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from broker.names import Micros
from broker.sandbox.demo.model import Ledger, Line
from broker.sandbox.scenario.model import Row, Scenario

__all__ = ["Compared", "Outcome", "Watcher"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One obligation: as it must be, as it is, or both.

    Attributes:
        actual: Its due moment is written as in the expected row when they fit.
    """

    expected: Row | None
    actual: Row | None

    @property
    def equal(self) -> bool:
        """Whether it is as it must be."""
        return self.expected == self.actual


@dataclass(slots=True)
class Outcome:
    """Everything that came out; filled while the scenario plays.

    Attributes:
        table: The obligations at the end.
        receipts: How many receipts came in time, which the table leaves out.
        failures: What did not come out as the scenario says.
    """

    scenario: Scenario
    lines: list[Line] = field(default_factory=list)
    table: list[Compared] = field(default_factory=list)
    receipts: int = 0
    ledger: Ledger | None = None
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether everything is as the scenario says."""
        return not self.failures and all(compared.equal for compared in self.table)

    def to_json(self) -> dict[str, object]:
        """The document of `schakel demo --scenario NAME --json`."""
        ledger = self.ledger
        return {
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "regime": self.scenario.regime.value,
            "messages": [line.to_json() for line in self.lines],
            "obligations": [
                {
                    "equal": compared.equal,
                    "expected": compared.expected and compared.expected.model_dump(mode="json"),
                    "actual": compared.actual and compared.actual.model_dump(mode="json"),
                }
                for compared in self.table
            ],
            "equal": self.equal,
            "failures": self.failures,
            "ledger": ledger and {"entries": ledger.entries, "root": ledger.root},
            "seconds": round(self.seconds, 1),
        }


class Watcher(Protocol):
    """Who watches a scenario."""

    def begins(self, scenario: Scenario, at: Micros) -> None:
        """It begins at that moment."""
        ...

    def time(self, at: Micros, text: str) -> None:
        """It is that moment now, and this is what is told."""
        ...

    def content(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """What an agency writes, group by group."""
        ...

    def outcome(self, line: Line, by: str) -> None:
        """A message came to its end; *by* says who decided that."""
        ...

    def obligations(self, title: str, table: Sequence[Compared]) -> None:
        """The obligations at this moment."""
        ...
