"""`schakel catalogue diff`: what changes for whom between two catalogues, and who must sign again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from broker.agreements.document import parse_agreement
from broker.agreements.model import Agreement
from broker.catalogue.build import CATALOGUE, read_groups
from broker.catalogue.diff import Change, compare
from broker.catalogue.document import parse_document
from broker.cli.arguments import AsJson
from broker.cli.named_files import named_document
from broker.cli.printing import print_json, print_line, print_table
from broker.cli.schemas import schema_files
from broker.errors import ConfigurationError, ExitCode, UsageError
from broker.trust.resign import SignAgain, sign_again
from schemas.reading import read

__all__ = ["diff"]


_Catalogue = Annotated[
    Path, typer.Argument(exists=True, help="Folder with a catalogue, or its catalogue.yaml.")
]
_MaybeCatalogue = Annotated[
    Path | None, typer.Argument(exists=True, help="The later one; by default the installed one.")
]
_Agreements = Annotated[
    Path | None,
    typer.Option("--agreements", exists=True, file_okay=False, help="Folder with agreement documents."),
]


def diff(
    old: _Catalogue, new: _MaybeCatalogue = None, agreements: _Agreements = None, as_json: AsJson = False
) -> None:
    """Say what changes for whom; exit 9 when an agreement of --agreements must be signed again."""
    changes = compare(_catalogue(old), schema_files() if new is None else _catalogue(new))
    again = sign_again(changes, _agreements(agreements) if agreements else ())
    if as_json:
        print_json({"changes": changes, "sign_again": again})
    else:
        _print(changes, again, checked=agreements is not None)
    if again:
        raise typer.Exit(ExitCode.FOUND)


def _catalogue(path: Path) -> dict[str, bytes]:
    """The catalogue in a folder; or a catalogue.yaml of whatever name with the groups beside it.

    Raises:
        UsageError: It is none; names *path* and what is wrong with it.
    """
    try:
        found = read(path) if path.is_dir() else read(path.parent) | {CATALOGUE: path.read_bytes()}
        if CATALOGUE not in found:
            raise _no_catalogue(path, f"there is no {CATALOGUE} in this folder")
        if not found[CATALOGUE].strip():
            raise _no_catalogue(path, "the file is empty")
        read_groups(parse_document(found[CATALOGUE]), found)
    except OSError as error:
        raise _no_catalogue(path, error.strerror or "") from error
    except ConfigurationError as error:
        raise _no_catalogue(path, error.why or error.what) from error
    return found


def _no_catalogue(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is not a catalogue",
        why=why,
        remedy=f"Name a folder with {CATALOGUE} and groups/, or such a file with groups/ beside it",
    )


def _agreements(folder: Path) -> list[Agreement]:
    paths = sorted(folder.rglob("*.yaml"))
    if not paths:
        raise UsageError(
            f"there is no agreement in {folder}",
            why="no file in it ends in .yaml",
            remedy="Give --agreements the folder with the agreement documents",
        )
    return [named_document(path, "an agreement", parse_agreement) for path in paths]


def _print(changes: tuple[Change, ...], again: tuple[SignAgain, ...], *, checked: bool) -> None:
    if not changes:
        print_line("Nothing changes for anybody.")
        return
    columns = ("type", "from", "to", "what", "name", "before", "after", "asks", "source")
    print_table(columns, _rows(changes), whole=True)
    for item in again:
        grants, parties = ", ".join(item.grants), ", ".join(item.parties)
        print_line(f"sign again: {item.id}/{item.version} (grants {grants}) by {parties}")
    if checked and not again:
        print_line("No agreement must be signed again.")


def _rows(changes: Iterable[Change]) -> list[tuple[object, ...]]:
    """A line for each change, whomever it is for; who sends and who receives are put together."""
    alike: dict[tuple[object, ...], tuple[dict[str, None], dict[str, None]]] = {}
    for c in changes:
        key = (c.code, c.aspect, c.name, c.before, c.after, _asks(c), c.source)
        senders, recipients = alike.setdefault(key, ({}, {}))
        senders[c.sender], recipients[c.recipient] = None, None
    return [
        (key[0], " ".join(senders), " ".join(recipients), *key[1:])
        for key, (senders, recipients) in alike.items()
    ]


def _asks(change: Change) -> str:
    words = [word for word, holds in (("widens", change.widens), ("demands", change.demands)) if holds]
    return ", ".join(words)
