"""`schakel dev`: a whole exchange on this machine, in one directory, up and down."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from broker.cli.arguments import AsJson, given_moment
from broker.cli.printing import print_json, print_line, print_table, printable, progress
from broker.dutch_time import ZONE, local
from broker.errors import UsageError
from broker.program import stop_signal
from broker.sandbox.cast import AGENCIES
from broker.sandbox.layout import require_sandbox
from broker.sandbox.sandbox import Sandbox
from broker.sandbox.timekeeping import drive_to, later, moved_seconds, sandbox_now

__all__ = ["app"]

app = typer.Typer(help="Start and stop a whole exchange on this machine.", no_args_is_help=True)

Directory = Annotated[Path, typer.Option("--dir", help="Sandbox directory: everything is kept there.")]

_SANDBOX = Path("sandbox")
_WATCH_SECONDS = 1.0


@app.command()
def up(
    directory: Directory = _SANDBOX,
    nodes: Annotated[int, typer.Option(help="Kafka nodes, 1 or 3; an existing sandbox keeps its own.")] = 1,
    database: Annotated[
        str | None, typer.Option(help="Of the ledger: postgresql://USER@HOST/NAME; SQLite otherwise.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return when all of it runs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start Kafka, the gate and the ledger writer; without --detach, stop them again at Ctrl-C."""
    sandbox = Sandbox(directory, nodes=nodes, database=database)
    with sandbox.alone(), _steps("starting", quiet=as_json) as tell, _stopped_on_failure(sandbox):
        sandbox.up(tell)
    _show(sandbox, as_json=as_json)
    if detach:
        return
    if not as_json:
        print_line("Ctrl-C stops all of it.")
    sys.stdout.flush()
    with _always(sandbox.down), stop_signal() as stop:
        while not stop.wait(_WATCH_SECONDS):
            sandbox.require_running()


@app.command()
def status(directory: Directory = _SANDBOX, as_json: AsJson = False) -> None:
    """Say what runs, and where it logs."""
    _show(_existing(directory), as_json=as_json)


@app.command()
def down(directory: Directory = _SANDBOX, as_json: AsJson = False) -> None:
    """Stop all of it; what it holds stays in the directory."""
    sandbox = _existing(directory)
    with progress("stopping"):
        sandbox.down()
    _show(sandbox, as_json=as_json)


@app.command()
def clock(
    directory: Directory = _SANDBOX,
    forward: Annotated[str | None, typer.Option(help="How far: 90m, 2h, 5d or 13w.")] = None,
    to: Annotated[
        str | None, typer.Option(help="Up to when, in Dutch time: 2026-12-24T16:00 or 2026-12-24.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what time it is in the sandbox; drive it forward, so that terms pass. It never goes back."""
    layout = require_sandbox(directory)
    if forward is not None and to is not None:
        raise UsageError("time is driven forward by a span or up to a moment", remedy="Give one of the two")
    if forward is not None:
        drive_to(layout, later(sandbox_now(layout), forward))
    if to is not None:
        drive_to(layout, given_moment(to))
    now = local(sandbox_now(layout))
    if as_json:
        print_json({"now": now.isoformat(timespec="seconds"), "moved_seconds": moved_seconds(layout)})
    else:
        print_line(f"{now:%Y-%m-%d %H:%M:%S} ({ZONE})")


@contextmanager
def _steps(what: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show each step on stderr: on a terminal as it happens in one place, elsewhere a line for each.

    It takes long enough to wonder, and who starts it in the background reads what it wrote.
    """
    if quiet or sys.stderr.isatty():
        with progress(what) as tell:
            yield tell
        return
    yield _say


def _say(text: str) -> None:
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def _existing(directory: Path) -> Sandbox:
    sandbox = Sandbox(directory)
    # One that was killed while it was laid out has a Kafka to stop.
    if not sandbox.exists:
        require_sandbox(directory)
    return sandbox


@contextmanager
def _stopped_on_failure(sandbox: Sandbox) -> Iterator[None]:
    try:
        yield
    except BaseException:
        sandbox.down()
        raise


@contextmanager
def _always(end: Callable[[], None]) -> Iterator[None]:
    try:
        yield
    finally:
        end()


def _show(sandbox: Sandbox, *, as_json: bool) -> None:
    status = sandbox.status()
    if as_json:
        print_json(status)
        return
    rows = [
        (process.name, "running" if process.running else "stopped", process.pid, process.at)
        for process in status.processes
    ]
    print_table(("process", "state", "pid", "where"), rows)
    print_line("")
    print_line(f"{len(AGENCIES)} agencies; the profile of one is {sandbox.layout.profile('<name>')}")
    print_line(f"(such as {AGENCIES[0].name}; --json lists all of them)")
