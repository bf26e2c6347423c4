"""`schakel witness`: watch the logs of others, and cosign what only ever grew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from broker import logs
from broker.assembly_witness import make_witness, witness_keys, witness_server, witness_state
from broker.cli.arguments import AsJson
from broker.cli.printing import print_json, print_line, print_table
from broker.cli.processes import run_process
from broker.dutch_time import local
from broker.errors import EvidenceError
from broker.settings import WitnessProfile, load_profile

__all__ = ["app"]

app = typer.Typer(help="Watch logs of others, and cosign what only ever grew.", no_args_is_help=True)

Profile = Annotated[
    Path, typer.Option("--profile", envvar="SCHAKEL_PROFILE", help="Profile of the witness (witness.toml).")
]

_WAIT_SECONDS = 0.2


@app.command()
def run(profile: Profile) -> None:
    """Answer logs that ask to be cosigned, until SIGTERM."""
    # Imported here: to show keys needs no clock.
    from time import sleep

    settings = load_profile(profile, WitnessProfile)
    logs.configure("witness")
    server = witness_server(settings)
    server.start()

    def step() -> int:
        sleep(_WAIT_SECONDS)
        return 0

    run_process(step, server.close)


@app.command()
def show(profile: Profile, as_json: AsJson = False) -> None:
    """Show what was cosigned last of each log, and what did not fit; exit 7 when anything did not."""
    state = witness_state(load_profile(profile, WitnessProfile))
    logs_ = [(log.origin, log.size, log.root.hex(), local(log.at)) for log in state.logs]
    conflicts = [
        (
            one.finding,
            one.origin,
            one.known_size,
            one.known_root.hex(),
            one.size,
            one.root.hex(),
            local(one.at),
        )
        for one in state.conflicts
    ]
    if as_json:
        names = ("finding", "origin", "known_size", "known_root", "size", "root", "at")
        print_json(
            {
                "logs": [dict(zip(("origin", "size", "root", "at"), log, strict=True)) for log in logs_],
                "conflicts": [dict(zip(names, one, strict=True)) for one in conflicts],
            }
        )
    else:
        print_table(("log", "entries", "root", "cosigned"), logs_)
        if conflicts:
            print_line("")
            columns = ("finding", "log", "known entries", "known root", "entries", "root", "at")
            print_table(columns, conflicts)
    if state.conflicts:
        raise EvidenceError(
            f"{len(state.conflicts)} checkpoints did not follow from what was cosigned before",
            remedy="Ask the operator of the log; both checkpoints of each are in the store of the witness",
            code="witness-conflict",
        )


@app.command()
def keys(
    profile: Profile,
    new: Annotated[bool, typer.Option("--new", help="Make the keys and the empty store first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the verifier keys of the witness, one a line, for the policies of others."""
    settings = load_profile(profile, WitnessProfile)
    found = [str(key) for key in (make_witness(settings) if new else witness_keys(settings))]
    if as_json:
        print_json({"verifier_keys": found})
        return
    for key in found:
        print_line(key)
