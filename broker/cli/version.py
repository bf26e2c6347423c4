"""`schakel version`: what runs here, for whoever reports or investigates a fault."""

from __future__ import annotations

import platform
import ssl
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from broker.cli.printing import print_json, print_table

__all__ = ["app", "show"]

_DISTRIBUTIONS = ("schakel", "kafka-python", "fastavro", "cryptography")

app = typer.Typer(add_completion=False)


@app.command()
def show(json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """Show the versions of schakel and of what it stands on."""
    versions = {
        **{name: _version(name) for name in _DISTRIBUTIONS},
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
    }
    if json:
        print_json(versions)
    else:
        print_table(["component", "version"], versions.items())


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        # Run from a checkout that is not installed.
        return "not installed"
