"""The command `schakel` as a person or a script runs it: a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Ran", "processes_in", "schakel", "start", "wait_for"]

HOME = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The documents on standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def schakel(*words: str | Path, stdin: str = "", seconds: float = 90) -> Ran:
    """Run it in an environment of its own and wait for its end."""
    done = subprocess.run(
        _command(words),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=HOME,
        env=_environment(),
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@contextmanager
def start(*words: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start it, and end it at the end if it still runs."""
    process = subprocess.Popen(
        _command(words),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=HOME,
        env=_environment(),
        # Tests that run in the background inherit an interrupt that is ignored; a person's terminal has none.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(30)


def wait_for(holds: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until *holds*.

    Raises:
        AssertionError: It does not, in time.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


def _command(words: Sequence[str | Path]) -> list[str]:
    return [sys.executable, "-m", "broker.cli.main", *map(str, words)]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "SCHAKEL_PROFILE"}


def processes_in(directory: Path) -> Iterator[str]:
    """Command lines of living processes that name this directory."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if any(str(directory) in word for word in words):
            yield " ".join(words)
