"""What commands print: one document, a stream of them, or a table on stdout; progress on stderr.

1. Nothing but the answer goes to stdout.
2. What is printed may hold text that others wrote: control characters never reach the terminal.
3. A table has moments as clocks in the Netherlands show them, with the zone; documents have them in UTC.
4. Progress shows only to a person: on a terminal, without `CI`, `NO_COLOR` or `--quiet`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import PurePath

from broker.dutch_time import local_text
from broker.moments import from_text

__all__ = [
    "hint",
    "print_json",
    "print_line",
    "print_lines",
    "print_message",
    "print_table",
    "printable",
    "progress",
]

_WIDE = 10_000
_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
"""A moment as `broker.moments.to_text` writes it."""


def print_json(document: object) -> None:
    """Print *document* as the one JSON document on stdout.

    Bytes become hexadecimal, moments ISO 8601, dataclasses objects, sets sorted lists.
    """
    sys.stdout.write(json.dumps(document, default=_plain, indent=2, ensure_ascii=False) + "\n")


def print_lines(documents: Iterable[object]) -> None:
    """Print each of *documents* as a JSON line, at once: for `--jsonl`."""
    for document in documents:
        sys.stdout.write(json.dumps(document, default=_plain, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def print_line(text: str) -> None:
    """Print one line for a person."""
    sys.stdout.write(printable(text) + "\n")


def hint(text: str) -> None:
    """Say on stderr what a person should know, only if one is there: on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(printable(text) + "\n")
        sys.stderr.flush()


def print_message(document: Mapping[str, object]) -> None:
    """Print what `schakel subscribe` got in one short line for a person, without any content.

    Args:
        document: As `broker.pipelines.documents` writes it: delivered, or the refusal of one of ours.
    """
    about = f"case {document['case']}, message {document['message_id']}"
    print_line(f"{document['type']} {_what_became(document)}, {about}")
    sys.stdout.flush()


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str = "",
    whole: bool = False,
) -> None:
    """Print a table for a person; written to a file or a pipe, no cell is cut or wrapped.

    Args:
        whole: On a terminal that is too narrow, a row becomes a block of lines and no word is cut.
    """
    # Rich takes 40 ms to import: not a price for `--help` or `--json`.
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    table = Table(
        *columns, title=title or None, title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
    cells = [[printable(_cell(value)) for value in row] for row in rows]
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console(file=sys.stdout, width=None if terminal else _WIDE, highlight=False)
    if whole and table.__rich_measure__(console, console.options.update(width=_WIDE)).maximum > console.width:
        _print_blocks(columns, cells, console.width)
    else:
        console.print(table)


def _print_blocks(columns: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> None:
    """A line for each cell that says something, folded between words only, and an empty line between rows."""
    name_width = max(map(len, columns)) + 2
    for number, row in enumerate(rows):
        if number:
            print_line("")
        for column, cell in zip(columns, row, strict=True):
            if cell:
                folded = textwrap.wrap(
                    cell, max(20, width - name_width), break_long_words=False, break_on_hyphens=False
                )
                for line, part in enumerate(folded):
                    print_line(f"{'' if line else column:{name_width}}{part}")


@contextmanager
def progress(what: str, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Show on stderr that *what* is under way; the value yielded changes the text.

    Args:
        what: What is being done.
        quiet: Show nothing.
    """
    if quiet or not sys.stderr.isatty() or os.environ.keys() & {"CI", "NO_COLOR"}:
        yield lambda _: None
        return
    from rich.console import Console

    with Console(file=sys.stderr).status(printable(what)) as status:
        yield lambda text: status.update(printable(text))


def printable(text: str) -> str:
    """*text* with every control and invisible character made visible."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _what_became(document: Mapping[str, object]) -> str:
    if "outcome" in document:
        return f"to {document['to_name'] or document['to']} {document['outcome']}: {document['reason']}"
    groups = document.get("groups")
    names = " ".join(groups) if isinstance(groups, Mapping) else ""
    return f"from {document['from_name'] or document['from']} with {names}"


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return local_text(from_text(text)) if _UTC.fullmatch(text) else text
