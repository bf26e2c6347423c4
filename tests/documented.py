"""The commands in the documentation, found and run as a reader would: page by page, from top to bottom.

1. A line ``<!-- run -->`` before a fence (``sh`` or ``python``) marks a block that is executed.  A line
   ``<!-- not run: why -->`` says why one is not.
2. ``<!-- prints -->`` before a ``text`` fence gives what the block before it prints, all of it; ``…`` in a
   line stands for anything, a line that is ``…`` alone for any number of lines.
3. The blocks of a page share one shell, one folder and its variables; the first command that fails ends it.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

__all__ = ["Block", "blocks", "matches", "play", "unmarked"]

ROOT = Path(__file__).parents[1]

_FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>[a-z]+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_END = "--- end of block {} ---"


@dataclass(frozen=True, slots=True)
class Block:
    """One block that is executed.

    Attributes:
        prints: What it should print, or None where the page does not say.
    """

    language: str
    text: str
    prints: str | None


def blocks(page: str) -> list[Block]:
    """The blocks of *page* that are executed, in order."""
    found = [*_FENCE.finditer(page), None]
    return [
        Block(
            fence["language"], fence["text"], after["text"] if after and after["mark"] == "prints" else None
        )
        for fence, after in pairwise(found)
        if fence is not None and fence["mark"] == "run"
    ]


def unmarked(page: str) -> list[str]:
    """First lines of blocks with commands that are neither executed nor excused."""
    return [
        fence["text"].splitlines()[0]
        for fence in _FENCE.finditer(page)
        if fence["language"] in {"sh", "python"}
        and fence["mark"] != "run"
        and not (fence["mark"] or "").startswith("not run: ")
    ]


def play(page: list[Block], folder: Path, seconds: float) -> tuple[int, list[str], str]:
    """Run the blocks of a page in *folder*.

    Returns:
        The exit code, what each block printed that was reached, and what all of it said on stderr.

    Raises:
        subprocess.TimeoutExpired: It took too long; what it started in the foreground is ended.
    """
    script = "\n".join(f"{_words(block)}\necho '{_END.format(n)}'" for n, block in enumerate(page))
    process = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=_environment(folder),
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return process.returncode, list(_parts(out, len(page))), err


def matches(expected: str, printed: str) -> bool:
    """Whether *printed* is what a page says, spaces at the end of lines aside."""
    lines = [
        ".*" if line == "…" else re.escape(line.rstrip()).replace("…", "[^\n]*")
        for line in expected.splitlines()
    ]
    text = "\n".join(line.rstrip() for line in printed.strip().splitlines())
    return re.fullmatch("\n".join(lines), text, re.DOTALL) is not None


def _words(block: Block) -> str:
    if block.language == "sh":
        return block.text
    return f"python - <<'END_OF_PYTHON'\n{block.text}END_OF_PYTHON"


def _parts(out: str, count: int) -> Iterator[str]:
    for number in range(count):
        part, _, out = out.partition(_END.format(number) + "\n")
        yield part


def _environment(folder: Path) -> dict[str, str]:
    """`schakel` and `python` are those of this interpreter, whether the package is installed or not."""
    commands = folder / ".commands"
    commands.mkdir(exist_ok=True)
    python = shlex.quote(sys.executable)
    for name, start in (("schakel", f"{python} -m broker.cli.main"), ("python", python)):
        file = commands / name
        file.write_text(f'#!/bin/sh\nexec {start} "$@"\n', encoding="utf-8")
        file.chmod(0o755)
    path = f"{commands}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    kept = {name: value for name, value in os.environ.items() if name != "SCHAKEL_PROFILE"}
    return {**kept, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
