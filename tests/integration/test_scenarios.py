"""Every scenario comes out as it says: on one real Kafka, in one exchange, with time going forward only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from broker.names import Micros
from broker.sandbox.demo.model import Line
from broker.sandbox.scenario.company import Company
from broker.sandbox.scenario.model import Scenario
from broker.sandbox.scenario.parse import read_scenario, scenario_files
from broker.sandbox.scenario.perform import opening
from broker.sandbox.scenario.play import play_scenario
from broker.sandbox.scenario.report import Compared
from broker.sandbox.scenario.start import starts_at
from tests.exchange import RealExchange

pytestmark = pytest.mark.kafka

_MOST_SECONDS = 120.0
"""For all scenarios together: people must be able to run them before every commit."""


def _start(file: Path) -> Micros:
    return starts_at(read_scenario(file).start, Micros(0))


FILES = sorted(scenario_files(), key=_start)


class Silence:
    """Watches without a word."""

    def begins(self, scenario: Scenario, at: Micros) -> None:
        """Nothing."""

    def time(self, at: Micros, text: str) -> None:
        """Nothing."""

    def content(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """Nothing."""

    def outcome(self, line: Line, by: str) -> None:
        """Nothing."""

    def obligations(self, title: str, table: Sequence[Compared]) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def company(
    exchange_at: Callable[[Micros], AbstractContextManager[RealExchange]],
) -> Iterator[Company]:
    """Agencies in one exchange, whose time begins before the first scenario."""
    with exchange_at(opening(read_scenario(FILES[0]))) as exchange:
        exchange.run("gate", "ledger")
        company = Company(exchange.layout)
        yield company
        company.close()


@pytest.fixture(scope="module")
def spent() -> list[float]:
    """Seconds that each scenario took."""
    return []


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_scenario_comes_out_as_it_says(company: Company, spent: list[float], file: Path) -> None:
    """Each message ends as it must, and the obligations at the end are those of its table."""
    begin = time.monotonic()
    outcome = play_scenario(read_scenario(file), company, Silence())
    spent.append(time.monotonic() - begin)

    assert outcome.failures == []
    assert [compared for compared in outcome.table if not compared.equal] == []


def test_they_are_played_in_two_minutes(spent: list[float], figure: Callable[[str], None]) -> None:
    """All of them together: it counts what the tests above have played, and is no proof without them."""
    assert len(spent) == len(FILES), "run it together with the scenarios themselves"
    figure(f"scenarios: {len(spent)} in {sum(spent):.1f} s")

    assert sum(spent) < _MOST_SECONDS
