"""`schakel gate`: the process that judges every message before it is released."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import structlog
import typer

from broker import logs
from broker.assembly import gate_parts, kafka_weaknesses
from broker.cli.processes import run_process
from broker.settings import GateProfile, load_profile
from consumers.gate import Gate

__all__ = ["app"]

_log = structlog.get_logger()

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
    guard = _Guard(settings)

    def step() -> int:
        guard.check()
        return process.step()

    run_process(step, process.close)


class _Guard:
    """Looks once, when Kafka answers, whether it keeps the promises that the exchange relies on."""

    def __init__(self, profile: GateProfile) -> None:
        self._profile = profile
        self._checked = False

    def check(self) -> None:
        """Refuse a weaker Kafka; in development, say so and go on."""
        if not self._checked:
            for weakness in kafka_weaknesses(self._profile):
                _log.warning(logs.KAFKA_WEAKER, reason=weakness)
            self._checked = True
