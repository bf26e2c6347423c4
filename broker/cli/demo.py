"""`schakel demo`: a realistic case played through a whole exchange on this machine, and the proof of it."""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broker import logs
from broker.cli.arguments import AsJson
from broker.cli.printing import print_json, printable, progress
from broker.cli.scenarios import QuietWatcher, ScreenWatcher, list_scenarios
from broker.errors import ExitCode, SchakelError
from broker.sandbox.demo.model import Line, Report
from broker.sandbox.demo.play import play
from broker.sandbox.sandbox import Sandbox
from broker.sandbox.scenario.model import Scenario
from broker.sandbox.scenario.parse import named_scenario
from broker.sandbox.scenario.perform import perform

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_COLOURS = {
    "delivered": "green",
    "not-sent": "yellow",
    "withheld": "yellow",
    "refused": "yellow",
    "quarantined": "red",
}
_ENDINGS = (
    ("delivered", "the recipient's system took it in"),
    ("not-sent", "the sender's own publisher stopped it: nothing left the house"),
    ("refused", "the gate stopped it: nobody can open it, its sender is told"),
    ("withheld", "the gate let it pass, the recipient's own check stopped it"),
    ("quarantined", "damaged or forged: the gate keeps it apart, nobody is told"),
)
_WIDTH = 118


@app.command()
def demo(
    as_json: AsJson = False,
    nodes: Annotated[int, typer.Option(help="Kafka nodes: 1 or 3.")] = 1,
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep everything in this directory; by default only the proof is kept."),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="Play this one, by name or from a file, to its table of obligations.")
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="List the scenarios.")] = False,
) -> None:
    """Play a case: what is delivered, what is refused and by whom, and a proof that needs no network."""
    if list_them:
        list_scenarios()
        return
    if scenario is not None:
        _play_scenario(named_scenario(scenario), keep, nodes, as_json=as_json)
        return
    with _directory(keep) as directory, _farewell(quiet=as_json):
        logs.configure("demo", file=directory / "demo.log")
        proof = _proof_file(directory, keep)
        if as_json:
            with progress("playing") as tell:
                report = play(Sandbox(directory, nodes), _Silent(tell), proof)
            print_json(report.to_json())
        else:
            report = play(Sandbox(directory, nodes), screen := _Screen(), proof)
            screen.summary(report)
        logging.shutdown()
    if report.failures:
        raise SchakelError(
            "the demonstration did not come out as told",
            why="; ".join(report.failures),
            remedy="Run it again with --keep DIR, and look into DIR/run and DIR/demo.log",
            code="demo",
        )


def _play_scenario(scenario: Scenario, keep: Path | None, nodes: int, *, as_json: bool) -> None:
    """Play one scenario; what it says must be what comes out."""
    with _directory(keep) as directory, _farewell(quiet=as_json):
        logs.configure("demo", file=directory / "demo.log")
        if as_json:
            with progress("playing") as tell:
                outcome = perform(scenario, Sandbox(directory, nodes), QuietWatcher(tell), tell)
            print_json(outcome.to_json())
        else:
            watcher = ScreenWatcher()
            with progress("starting") as tell:
                outcome = perform(scenario, Sandbox(directory, nodes), watcher, tell)
            watcher.summary(outcome)
        logging.shutdown()
    if not outcome.equal:
        raise _FoundError(
            f"{scenario.name} did not come out as it says",
            why="; ".join(outcome.failures) or "the obligations differ",
            remedy="Compare the two tables; --keep DIR keeps everything",
        )


class _FoundError(SchakelError):
    """A scenario came out otherwise than it says."""

    exit_code = ExitCode.FOUND


@contextmanager
def _directory(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    directory = Path(tempfile.mkdtemp(prefix="schakel-demo-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _farewell(*, quiet: bool) -> Iterator[None]:
    """Tell whoever interrupts the play that nothing stays behind: `play` stops all before it ends."""
    try:
        yield
    except KeyboardInterrupt:
        if not quiet:
            sys.stderr.write("interrupted; everything is stopped\n")
        raise


def _proof_file(directory: Path, keep: Path | None) -> Path:
    """Beside the sandbox, so that it outlives one that is not kept."""
    if keep is not None:
        return directory / "proof.zip"
    return Path(tempfile.mkdtemp(prefix="schakel-proof-")) / "proof.zip"


class _Silent:
    """Watches without a word; progress goes to standard error."""

    def __init__(self, tell: object) -> None:
        self._tell = tell

    def scene(self, title: str) -> None:
        if callable(self._tell):
            self._tell(title)

    def say(self, text: str) -> None:
        """Nothing."""

    def show(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """Nothing."""

    def outcome(self, line: Line, by: str) -> None:
        """Nothing."""


class _Screen:
    """Shows the play to a person, as it happens."""

    def __init__(self) -> None:
        # Rich takes 40 ms to import: not a price for `--json`.
        from rich.console import Console

        plain = Console()
        self._console: Console = plain if plain.is_terminal else Console(width=_WIDTH)
        self._number = 0

    def scene(self, title: str) -> None:
        self._number += 1
        self._console.print()
        self._console.rule(f"[bold]{self._number}. {printable(title)}", align="left")

    def say(self, text: str) -> None:
        self._console.print(printable(text), markup=False, highlight=False, style="dim")

    def show(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        table.add_column(style="cyan", no_wrap=True)
        table.add_column(overflow="ellipsis")
        for name, value in rows:
            table.add_row(Text(printable(name)), Text("\n".join(map(printable, value.splitlines()))))
        self._console.print(Panel(table, title=printable(title), title_align="left", border_style="dim"))

    def outcome(self, line: Line, by: str) -> None:
        from rich.text import Text

        text = Text("  ")
        text.append(f"{line.type:4}", style="bold")
        text.append(f"{line.sender} → {line.recipient}: ")
        text.append(line.outcome, style=f"bold {_COLOURS.get(line.outcome, 'red')}")
        if line.reason:
            text.append(f" at step {line.step}, {line.reason}")
        text.append(f" ({printable(by)})", style="dim")
        self._console.print(text)

    def summary(self, report: Report) -> None:
        """The table at the end."""
        from rich.table import Table

        self.scene("Summary")
        self.show("How a message can end", _ENDINGS)
        table = Table("type", "from", "to", "outcome", "reason", "step", box=None, padding=(0, 2, 0, 0))
        for line, count in _merged(report.lines):
            colour = _COLOURS.get(line.outcome, "red")
            outcome = f"[{colour}]{line.outcome}[/]" + (f" ×{count}" if count > 1 else "")
            table.add_row(line.type, line.sender, line.recipient, outcome, line.reason, str(line.step or ""))
        self._console.print(table)
        if report.ledger is not None and report.proof is not None:
            verdict = "verified" if report.proof.verified else "[red]NOT verified[/]"
            root = f"{report.ledger.root[:16]}…"
            self._console.print(f"\nledger: {report.ledger.entries} decisions, root {root}")
            self._console.print(f"proof: {verdict}, kept in {report.proof.file}", soft_wrap=True)
        kafka = report.kafka
        self._console.print(
            f"Apache Kafka {kafka['version']}, {kafka['nodes']} node(s); {report.seconds:.1f} s; "
            "everything is stopped again."
        )
        self._console.print(_conclusion(report))


def _merged(lines: Sequence[Line]) -> list[tuple[Line, int]]:
    """The lines in order; those that were withheld alike are one, with their number."""
    withheld = Counter(replace(line, id=None) for line in lines if line.outcome == "withheld")
    merged: list[tuple[Line, int]] = []
    for line in lines:
        count = withheld.pop(replace(line, id=None), 0) if line.outcome == "withheld" else 1
        merged += [(line, count)] if count else []
    return merged


def _conclusion(report: Report) -> str:
    """The numbers in one sentence."""
    counts = Counter(line.outcome for line in report.lines)
    numbers = ", ".join(f"{count} {outcome.replace('-', ' ')}" for outcome, count in counts.items())
    entries = report.ledger.entries if report.ledger is not None else 0
    return (
        f"{numbers}; the ledger holds {entries} decisions, one for each message that reached the gate "
        "(receipts and refusals too), because what a publisher stops never gets there."
    )
