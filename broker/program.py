"""How a program of an agency starts and ends: its options, its signals, its errors.

1. ``--profile FILE --tray DIR [--once]``; the name of the folder option is the program's, and one that
   runs in several roles has ``--role``.
2. SIGTERM and SIGINT end it after the batch that it is at, with exit code 0.
3. Every error becomes a line ``error CODE: ...`` on stderr and the exit code of its kind
   (`broker.errors.ExitCode`), as with `schakel`.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from broker import logs
from broker.errors import ExitCode, SchakelError, UsageError
from broker.settings import AgencyProfile, load_profile

__all__ = ["Program", "Run", "run_program", "say", "stop_signal"]


@dataclass(frozen=True, slots=True)
class Program:
    """What a program is called with.

    Attributes:
        folder: Name of the option that says where its documents are, and what is there.
        roles: In which it may be run, the first by default; empty for any, by default the agency's first.
    """

    purpose: str
    folder: tuple[str, str]
    roles: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program: what it was called with, and the event that ends it."""

    profile: AgencyProfile
    folder: Path
    role: str | None
    once: bool
    stop: threading.Event


def run_program(
    program: Program, work: Callable[[Run], None], arguments: Sequence[str] | None = None
) -> ExitCode:
    """Call *work* with what the command line says; the exit code.

    Args:
        work: Does all that there is to do when `Run.once`, otherwise goes on until `Run.stop` is set.
        arguments: Of the command line; the process's own by default.
    """
    try:
        options = _parser(program).parse_args(arguments)
        profile = load_profile(options.profile, AgencyProfile)
        logs.configure(profile.name)
        with stop_signal() as stop:
            work(Run(profile, options.folder, options.role, options.once, stop))
    except SchakelError as error:
        return _report(error)
    # The last line of defence of a process: whatever it is, the user gets a sentence and code 1.
    except Exception as error:  # noqa: BLE001
        return _report(_unexpected(error))
    return ExitCode.DONE


def say(lines: Sequence[object]) -> None:
    """Write one line each on standard output; what it cannot spell, such as an odd file name, is escaped."""
    coding = sys.stdout.encoding or "utf-8"
    for line in lines:
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(line))
        sys.stdout.write(text.encode(coding, "backslashreplace").decode(coding) + "\n")
    sys.stdout.flush()


@contextmanager
def stop_signal() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set: finish the batch, leave the group, exit 0."""
    stop = threading.Event()
    previous = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, remedy=f"Try '{self.prog} --help'")


def _parser(program: Program) -> argparse.ArgumentParser:
    folder, content = program.folder
    parser = _Parser(description=program.purpose)
    parser.add_argument("--profile", type=Path, required=True, help="the agency's schakel.toml")
    parser.add_argument(f"--{folder}", type=Path, required=True, dest="folder", metavar="DIR", help=content)
    roles = program.roles
    parser.add_argument("--role", choices=roles or None, default=next(iter(roles), None), help="its role")
    parser.add_argument("--once", action="store_true", help="do what is there, then end")
    return parser


def _unexpected(error: Exception) -> SchakelError:
    if os.environ.get("SCHAKEL_TRACEBACK"):
        traceback.print_exception(error)
    # The text of a foreign error may quote content; its type and place may be shown.
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
    return SchakelError(
        f"unexpected {type(error).__name__} at {where}",
        remedy="Set SCHAKEL_TRACEBACK=1 to see where it came from, and report it",
    )


def _report(error: SchakelError) -> ExitCode:
    sys.stderr.write(f"error {error.code}: {error}.\n")
    return error.exit_code
