"""`schakel kafka`: a real Kafka on this machine, up and down."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from broker.cli.arguments import AsJson
from broker.errors import SchakelError
from broker.sandbox.kafka import KAFKA_VERSION, KafkaCluster, default_cache

__all__ = ["app"]

app = typer.Typer(
    help="A real Apache Kafka on this machine, with mutual TLS and access lists.", no_args_is_help=True
)

Directory = Annotated[Path, typer.Option("--dir", help="Sandbox directory: everything is kept there.")]
Nodes = Annotated[int, typer.Option("--nodes", help="1 or 3; an existing cluster keeps its own number.")]

_SANDBOX = Path("sandbox")


@app.command()
def up(directory: Directory = _SANDBOX, nodes: Nodes = 1, as_json: AsJson = False) -> None:
    """Start it, or what of it does not run; return when it answers."""
    with _reported():
        cluster = _cluster(directory, nodes)
        cluster.up()
        _show(cluster, as_json=as_json)


@app.command()
def down(directory: Directory = _SANDBOX, as_json: AsJson = False) -> None:
    """Stop it; what it holds stays in the directory."""
    with _reported():
        cluster = _cluster(directory)
        cluster.down()
        _show(cluster, as_json=as_json)


@app.command()
def status(directory: Directory = _SANDBOX, as_json: AsJson = False) -> None:
    """Say which nodes run, and where."""
    with _reported():
        _show(_cluster(directory), as_json=as_json)


def _cluster(directory: Path, nodes: int = 1) -> KafkaCluster:
    cache = os.environ.get("SCHAKEL_CACHE")
    return KafkaCluster(directory, nodes, Path(cache) if cache else default_cache())


def _show(cluster: KafkaCluster, *, as_json: bool) -> None:
    found = cluster.status()
    if as_json:
        nodes = [{"id": n.id, "address": n.address, "running": n.running, "pid": n.pid} for n in found]
        addresses = [n.address for n in found]
        typer.echo(
            json.dumps({"version": KAFKA_VERSION, "how": "jars", "bootstrap": addresses, "nodes": nodes})
        )
        return
    table = Table("node", "address", "state", "pid")
    for node in found:
        table.add_row(
            str(node.id), node.address, "running" if node.running else "stopped", str(node.pid or "")
        )
    Console().print(
        table if found else "There is no Kafka in this directory; start one with: schakel kafka up"
    )


@contextmanager
def _reported() -> Iterator[None]:
    """Show an error of ours on standard error and leave with its exit code."""
    try:
        yield
    except SchakelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from error
