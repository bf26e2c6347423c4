"""`schakel gate`: the process that judges every message before it is released."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from broker import logs
from broker.assembly import gate_parts
from broker.cli.processes import run_process
from broker.settings import GateProfile, load_profile
from consumers.gate import Gate

__all__ = ["app"]

app = typer.Typer(help="Judge every message before it is released.", no_args_is_help=True)


@app.callback()
def gate() -> None:
    """Judge every message before it is released."""


@app.command()
def run(
    profile: Annotated[
        Path, typer.Option("--profile", envvar="SCHAKEL_PROFILE", help="Profile of the gate (gate.toml).")
    ],
) -> None:
    """Run a gate until SIGTERM; several share the work by partition."""
    settings = load_profile(profile, GateProfile)
    logs.configure(settings.name)
    process = Gate(gate_parts(settings))
    run_process(process.step, process.close)
