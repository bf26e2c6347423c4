"""What the commands about message types share: their options, and where the schemas are."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from broker.catalogue.facets import Facet
from broker.catalogue.model import Catalogue, Extension, MessageEntry
from broker.cli.printing import print_json, print_table
from broker.errors import ConfigurationError, UsageError
from broker.names import MessageCode
from schemas.reading import packaged, read

__all__ = ["Folder", "find_entry", "find_extension", "print_extension", "said", "schema_files"]

Folder = Annotated[
    Path | None, typer.Option("--schemas", help="Folder of the catalogue; by default the installed one.")
]


def schema_files(folder: Path | None = None) -> dict[str, bytes]:
    """The files of the catalogue in *folder*, or those installed.

    Raises:
        ConfigurationError: They cannot be read.
    """
    try:
        found = read(folder) if folder else packaged()
    except OSError as error:
        raise ConfigurationError(
            "the schemas cannot be read", why=error.strerror or "", remedy="Check the path and its rights"
        ) from error
    if "catalogue.yaml" not in found:
        raise ConfigurationError(
            "there is no catalogue.yaml here",
            why=str(folder or "the installed schemas"),
            remedy="Give --schemas FOLDER that holds a catalogue",
        )
    return found


def find_entry(catalogue: Catalogue, code: str) -> MessageEntry:
    """The message type with this code, in whatever case.

    Raises:
        UsageError: There is none.
    """
    entry = catalogue.messages.get(MessageCode(code.upper()))
    if entry is None:
        raise UsageError(
            "no such message type", why=code, remedy=f"Choose one of {', '.join(catalogue.messages)}"
        )
    return entry


def find_extension(catalogue: Catalogue, code: str | None) -> Extension | None:
    """The exchange with this code, in whatever case, if it is one without a type of its own."""
    return catalogue.extensions.get(MessageCode(code.upper())) if code else None


def said(rule: Facet) -> str:
    """What a rule says, in words: its name, and its value where that says more."""
    value = "" if rule.value in {"allowed", "holds", "yes"} else rule.value
    return ": ".join(part for part in (rule.name, value) if part)


def print_extension(extension: Extension, *, as_json: bool) -> None:
    """Say which types carry the exchange, and for which role."""
    if as_json:
        print_json(asdict(extension))
        return
    rows: list[tuple[str, object]] = [
        ("code", extension.code),
        ("title", f"{extension.title_nl} ({extension.title_en})"),
        ("type", "none of its own"),
        ("carried by", ", ".join(extension.carried_by)),
        ("role", extension.role),
        ("source", extension.source),
    ]
    print_table(("property", "value"), rows)
