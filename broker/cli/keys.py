"""`schakel keys`: the private keys of one agency, in files that only it can read."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from broker.cli.arguments import AsJson, given_oin
from broker.cli.printing import print_json, print_line, print_table
from broker.moments import SECOND
from broker.names import Micros
from broker.operations.keys import add_sealing_key, check_keys, list_keys, make_keys, write_proof

__all__ = ["app"]

app = typer.Typer(help="The private keys of an agency.", no_args_is_help=True)

Keys = Annotated[Path, typer.Option("--keys", help="Directory of the key files.")]
Number = Annotated[str, typer.Option("--oin", help="OIN of the agency.")]
Proof = Annotated[Path, typer.Option("--proof", help="Where the proof of possession goes.")]

_KEYS = Path("keys")


@app.command()
def new(
    oin: Number,
    proof: Proof,
    keys: Keys = _KEYS,
    post_quantum: Annotated[bool, typer.Option(help="Make an ML-DSA-44 signing key too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the keys of an agency, and the proof that the registry asks for."""
    party, now = given_oin(oin), _now()
    make_keys(keys, _day(now), post_quantum=post_quantum)
    write_proof(keys, party, proof, now)
    _show(keys, as_json=as_json)


@app.command()
def rotate(oin: Number, proof: Proof, keys: Keys = _KEYS, as_json: AsJson = False) -> None:
    """Make one more sealing key, and a proof for the registry; older keys stay."""
    party, now = given_oin(oin), _now()
    add_sealing_key(keys, _day(now))
    write_proof(keys, party, proof, now)
    _show(keys, as_json=as_json)


@app.command()
def show(keys: Keys = _KEYS, as_json: AsJson = False) -> None:
    """Show the public side: file, algorithm and key id."""
    _show(keys, as_json=as_json)


@app.command()
def check(
    oin: Number,
    keys: Keys = _KEYS,
    production: Annotated[bool, typer.Option(help="Refuse a test organisation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Try every key out: modes, form, a signature, a seal."""
    check_keys(keys, given_oin(oin), production=production)
    _show(keys, as_json=as_json)


def _show(keys: Path, *, as_json: bool) -> None:
    found = list_keys(keys)
    if as_json:
        print_json({"keys": [{"file": f, "algorithm": a, "key_id": k} for f, a, k in found]})
    elif found:
        print_table(("file", "algorithm", "key id"), found)
    else:
        print_line(f"no keys in {keys}")


def _now() -> Micros:
    return Micros(time.time_ns() // 1000)


def _day(now: Micros) -> str:
    return datetime.fromtimestamp(now / SECOND, UTC).date().isoformat()
