"""`schakel catalogue coverage`: which exchange of the action plan is carried by what."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from broker.catalogue.build import CATALOGUE
from broker.catalogue.coverage import COVERAGE, cover, render
from broker.catalogue.document import parse_document
from broker.cli.arguments import AsJson
from broker.cli.named_files import write_named
from broker.cli.printing import print_json, print_line
from broker.cli.schemas import Folder, schema_files
from broker.errors import ConfigurationError

__all__ = ["coverage"]


def coverage(
    folder: Folder = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write the page to, instead of printing it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say of every exchange of the action plan what carries it, or why it stays outside."""
    catalogue = parse_document(schema_files(folder)[CATALOGUE])
    covered = cover(_content(folder), catalogue)
    if as_json:
        print_json(covered)
    elif output is None:
        for line in render(covered, catalogue).splitlines():
            print_line(line)
    else:
        write_named(output, render(covered, catalogue).encode())
        print_line(f"written: {output}")


def _content(folder: Path | None) -> bytes:
    try:
        return ((folder or files("schemas")) / COVERAGE).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"there is no {COVERAGE} here",
            why=str(folder or "the installed schemas"),
            remedy="Give --schemas FOLDER that holds one",
        ) from error
