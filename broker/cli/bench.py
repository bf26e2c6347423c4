"""`schakel bench`: what the exchange carries on this machine, beside a bare Kafka path."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from broker.cli.printing import print_json, printable, progress
from broker.sandbox.bench.model import Plan
from broker.sandbox.bench.run import measure

__all__ = ["app", "bench"]

app = typer.Typer(add_completion=False)


@app.command()
def bench(
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Keep everything here; by default it is removed afterwards.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Seconds instead of minutes; the figures mean nothing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    cprofile: Annotated[
        Path | None, typer.Option("--cprofile", help="Leave a profile of each process in this folder.")
    ] = None,
) -> None:
    """Measure throughput, latency and growth; takes about ten minutes and wants the machine to itself."""
    plan = Plan.smoke() if quick else Plan()
    if cprofile:
        cprofile.mkdir(parents=True, exist_ok=True)
    with progress("starting Kafka") as tell:
        found = _measured(plan, directory, tell, cprofile)
    _print_tables(found)
    if json:
        print_json(found)


def _measured(
    plan: Plan, directory: Path | None, tell: Callable[[str], None], profiles: Path | None
) -> dict[str, Any]:
    if directory is not None:
        return measure(plan, directory, tell, profiles)
    with tempfile.TemporaryDirectory(prefix="schakel-bench-") as passing:
        return measure(plan, Path(passing), tell, profiles)


def _print_tables(found: dict[str, Any]) -> None:
    """For whoever looks on, on stderr: stdout is for the document alone."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(file=sys.stderr, highlight=False)
    if found["note"]:
        console.print(printable(found["note"]))
    for title, columns, rows in _tables(found):
        table = Table(*columns, title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False)
        for row in rows:
            table.add_row(*map(str, row))
        console.print(table)


_Table = tuple[str, list[str], list[list[object]]]


def _tables(found: dict[str, Any]) -> list[_Table]:
    return [_throughput(found), _latency(found), _burst(found), _growth(found), _goals(found)]


def _goals(found: dict[str, Any]) -> _Table:
    rows: list[list[object]] = [
        [one["goal"], f"at {one['at']} {one['limit']}", one["measured"], "yes" if one["met"] else "no"]
        for one in found["goals"]
    ]
    return "Goals", ["", "limit", "measured", "met"], rows


def _throughput(found: dict[str, Any]) -> _Table:
    bare, full = found["bare"], found["full"]
    rows: list[list[object]] = [
        ["messages/s", bare["messages_per_s"], full["messages_per_s"], found["ratio"]["messages_per_s"]],
        ["CPU us/message", bare["cpu_us_per_message"], full["cpu_us_per_message"], found["ratio"]["cpu"]],
    ]
    rows += [[f"  {name}", bare["stages"][name], full["stages"][name], ""] for name in full["stages"]]
    return "Throughput", ["", "bare", "full", "full/bare"], rows


def _latency(found: dict[str, Any]) -> _Table:
    rows: list[list[object]] = [
        [f"{rate}/s {way}", *(by[v][way][p] for v in ("bare", "full") for p in ("p50_ms", "p99_ms"))]
        for rate, by in found["latency"].items()
        for way in ("deliver", "receipt")
    ]
    return "Latency, ms", ["", "bare p50", "bare p99", "full p50", "full p99"], rows


def _burst(found: dict[str, Any]) -> _Table:
    rows: list[list[object]] = [
        [variant, one["messages"], one["delivered_s"], one["receipts_s"], one["ledger_s"]]
        for variant, one in found["burst"].items()
    ]
    return "Burst, s", ["", "messages", "delivered", "receipts", "ledger"], rows


def _growth(found: dict[str, Any]) -> _Table:
    rows: list[list[object]] = [
        [one["agreements"], one["payload"], one["cpu_us_per_message"], one["times"]]
        for kind in ("agreements", "payload")
        for one in found["growth"][kind]
    ]
    return "Growth of the core", ["agreements", "payload", "CPU us/message", "times"], rows
