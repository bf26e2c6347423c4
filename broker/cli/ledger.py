"""`schakel ledger`: the process that keeps the audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from broker import logs
from broker.assembly import ledger_parts
from broker.cli.processes import run_process
from broker.settings import LedgerProfile, load_profile
from consumers.ledger_writer import LedgerWriter

__all__ = ["app"]

app = typer.Typer(help="Run, show and check the ledger.", no_args_is_help=True)


@app.callback()
def ledger() -> None:
    """Run, show and check the ledger."""


@app.command()
def run(
    profile: Annotated[
        Path,
        typer.Option(
            "--profile", envvar="SCHAKEL_PROFILE", help="Profile of the ledger writer (ledger.toml)."
        ),
    ],
) -> None:
    """Write the ledger until SIGTERM; one process for each log."""
    settings = load_profile(profile, LedgerProfile)
    logs.configure(settings.name)
    process = LedgerWriter(ledger_parts(settings))
    run_process(process.step, process.close)
