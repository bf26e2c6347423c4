"""Help texts in the documentation: found, compared, and rewritten with `python -m tests.help_blocks`.

A block starts with the line ``<!-- help: schakel gate run -->``, followed by a fence with the text
that the command prints for ``--help``.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from broker.cli.main import main

__all__ = ["ROOT", "documents", "help_text", "renewed"]

ROOT = Path(__file__).parents[1]

_BLOCK = re.compile(r"(<!-- help: schakel ?(?P<command>[a-z -]*?) ?-->\n```text\n)(.*?)(```\n)", re.DOTALL)


def documents() -> list[Path]:
    """Every page of the project."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")])


def help_text(command: str) -> str:
    """What `schakel COMMAND --help` prints, 80 columns wide.

    Raises:
        ValueError: There is no such command.
    """
    printed, said = io.StringIO(), io.StringIO()
    with _columns(80), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        code = main([*command.split(), "--help"])
    if code:
        raise ValueError(said.getvalue().strip())
    return printed.getvalue()


def renewed(page: str) -> str:
    """*page* with every help block as it should be."""
    return _BLOCK.sub(lambda match: match[1] + help_text(match["command"]) + match[4], page)


@contextlib.contextmanager
def _columns(width: int) -> Iterator[None]:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(width)
    try:
        yield
    finally:
        del os.environ["COLUMNS"]
        if before is not None:
            os.environ["COLUMNS"] = before


def _rewrite() -> None:
    for path in documents():
        page = path.read_text(encoding="utf-8")
        if (new := renewed(page)) != page:
            path.write_text(new, encoding="utf-8")
            sys.stdout.write(f"renewed {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    _rewrite()
