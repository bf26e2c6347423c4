"""How `schakel demo --scenario` looks: a timeline in Dutch, and the table of obligations at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from broker.cli.printing import print_table, printable
from broker.dutch_time import local
from broker.names import Micros
from broker.sandbox.demo.model import Line
from broker.sandbox.scenario.model import Row, Scenario
from broker.sandbox.scenario.parse import read_scenario, scenario_files
from broker.sandbox.scenario.report import Compared, Outcome

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["QuietWatcher", "ScreenWatcher", "list_scenarios"]

_WIDTH: Final = 132
_DAYS: Final = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
_MONTHS: Final = (
    *("januari", "februari", "maart", "april", "mei", "juni", "juli"),
    *("augustus", "september", "oktober", "november", "december"),
)
_COLOURS: Final = {"delivered": "green", "refused": "yellow", "not-sent": "yellow", "withheld": "yellow"}
_OUTCOMES: Final = {
    "delivered": "bezorgd",
    "refused": "geweigerd door de poort",
    "not-sent": "tegengehouden door de afzender zelf",
    "withheld": "tegengehouden door de ontvanger",
}
_STATES: Final = {
    "open": ("open", "cyan"),
    "met": ("nagekomen", "green"),
    "met-late": ("te laat nagekomen", "yellow"),
    "overdue": ("over tijd", "red"),
    "waived": ("van afgezien", "blue"),
    "waived-late": ("te laat van afgezien", "yellow"),
    "closed-no-answer": ("gesloten zonder antwoord", "yellow"),
}


def list_scenarios() -> None:
    """Print the scenarios that come with this installation."""
    scenarios = [read_scenario(file) for file in scenario_files()]
    rows = [(one.name, one.start, one.regime.value, one.title) for one in scenarios]
    print_table(("scenario", "start", "regime", "title"), rows)


class QuietWatcher:
    """Watches without a word; progress goes to standard error."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def begins(self, scenario: Scenario, at: Micros) -> None:  # noqa: ARG002 - the signature of `Watcher`
        """Say which."""
        self._tell(scenario.title)

    def time(self, at: Micros, text: str) -> None:  # noqa: ARG002 - as for `begins`
        """Say what happens."""
        self._tell(text)

    def content(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """Nothing."""

    def outcome(self, line: Line, by: str) -> None:
        """Nothing."""

    def obligations(self, title: str, table: Sequence[Compared]) -> None:
        """Nothing."""


class ScreenWatcher:
    """Shows a scenario to a person, as it happens."""

    def __init__(self) -> None:
        # Rich takes 40 ms to import: not a price for `--json`.
        from rich.console import Console

        plain = Console()
        self._console: Console = plain if plain.is_terminal else Console(width=_WIDTH)
        self._day = ""

    def begins(self, scenario: Scenario, at: Micros) -> None:  # noqa: ARG002 - the signature of `Watcher`
        """Title and description."""
        self._console.print()
        self._console.rule(f"[bold]{printable(scenario.title)}", align="left")
        self._console.print(
            printable(scenario.description.strip()), markup=False, highlight=False, style="dim"
        )

    def time(self, at: Micros, text: str) -> None:
        """A line of the timeline, with the date when a new day began."""
        shown = local(at)
        day = f"{_DAYS[shown.weekday()]} {shown.day} {_MONTHS[shown.month - 1]} {shown.year}"
        if day != self._day:
            self._day = day
            self._console.print()
            self._console.print(f"[bold cyan]{day}")
        if text:
            self._console.print(
                f"{shown:%H:%M}  {printable(text.strip())}", markup=False, highlight=False, soft_wrap=False
            )

    def content(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """What is in the message, one group a line."""
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1))
        table.add_column(min_width=7)
        table.add_column(style="cyan", min_width=3)
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row("", Text(name), Text("\n".join(map(printable, value.splitlines())), style="dim"))
        self._console.print(f"       {printable(title)}", style="bold", markup=False, highlight=False)
        self._console.print(table)

    def outcome(self, line: Line, by: str) -> None:
        """One line."""
        from rich.text import Text

        text = Text("       ")
        text.append(f"{line.sender} → {line.recipient}: ")
        said = _OUTCOMES.get(line.outcome, line.outcome)
        text.append(said, style=f"bold {_COLOURS.get(line.outcome, 'red')}")
        if line.reason:
            text.append(f" ({line.reason})")
        text.append(f"  {printable(by)}", style="dim")
        self._console.print(text)

    def obligations(self, title: str, table: Sequence[Compared]) -> None:
        """Expected beside actual."""
        from rich.table import Table

        shown = Table(
            *("over", "verplichting", "van", "aan", "uiterlijk", "verwacht", "werkelijk", "klopt"),
            title=title,
            title_justify="left",
            box=None,
            padding=(0, 2, 0, 0),
        )
        for compared in table:
            shown.add_row(*_cells(compared))
        self._console.print()
        self._console.print(shown)
        for line in _legend(table):
            self._console.print(line, markup=False, highlight=False, style="dim")

    def summary(self, outcome: Outcome) -> None:
        """The last words."""
        self._console.print()
        for failure in outcome.failures:
            self._console.print(f"anders dan verwacht: {printable(failure)}", style="red", markup=False)
        entries = 0 if outcome.ledger is None else outcome.ledger.entries
        ledger = f"; het grootboek telt {_number(entries, 'beslissing')}" if entries else ""
        verdict = "[green]alles zoals verwacht[/]" if outcome.equal else "[red]niet alles zoals verwacht[/]"
        self._console.print(
            f"{_number(len(outcome.lines), 'bericht')}, "
            f"{_number(outcome.receipts, 'ontvangstbevestiging')} op tijd{ledger}; "
            f"{outcome.seconds:.1f} s; {verdict}."
        )


def _number(count: int, noun: str) -> str:
    """``1 bericht``, ``2 berichten``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}en"


def _legend(table: Sequence[Compared]) -> Iterator[str]:
    """What the signs and codes of the table mean, each code once, as the catalogue has them."""
    from broker.catalogue.load import load_catalogue
    from schemas.reading import packaged

    rows = [row for one in table if (row := one.expected or one.actual) is not None]
    known = load_catalogue(packaged()).obligations
    yield "klopt: = toestand en moment zijn zoals verwacht, ≠ niet; uiterlijk: Nederlandse tijd"
    for code in sorted({row.code for row in rows} & known.keys()):
        yield f"{code}: {known[code].title}"


def _cells(compared: Compared) -> tuple[str, ...]:
    row = compared.expected or compared.actual
    assert row is not None, "one of the two is there"
    due = row.due if compared.equal or compared.actual is None else compared.actual.due
    mark = "[green]=[/]" if compared.equal else "[red]≠[/]"
    return (
        *(row.about, row.code, row.debtor, row.creditor, due),
        *(_state(compared.expected), _state(compared.actual), mark),
    )


def _state(row: Row | None) -> str:
    if row is None:
        return "[red]geen[/]"
    text, colour = _STATES[row.state]
    return f"[{colour}]{text}[/]"
