"""The command `schakel`: a table of nouns, each in a file of its own that is imported when it is used.

1. `NOUNS` is data: names and help texts stand here, so `schakel --help` imports nothing else.
2. A file of a noun has `app`, a `typer.Typer`; a noun that is one command has one command in it.
3. Every error becomes a line on stderr and an exit code (docs/architecture.md, "Exit codes"); with
   `--json` or `--jsonl` among the arguments the line is a JSON object.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_group

from broker.cli.printing import printable
from broker.errors import ConfigurationError, ExitCode, SchakelError, UsageError

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

__all__ = ["NOUNS", "Noun", "Nouns", "main"]


@dataclass(frozen=True, slots=True)
class Noun:
    """One line of the table.

    Attributes:
        help: What it is about, for the list in `schakel --help`.
        single: Whether it is one command instead of a group of verbs.
    """

    name: str
    help: str
    single: bool = False

    @property
    def module(self) -> str:
        """The module that has its commands."""
        return f"broker.cli.{self.name}"


NOUNS: Final = (
    Noun("demo", "Play a realistic case through a sandbox, and prove what happened.", single=True),
    Noun("dev", "Start and stop a whole exchange on this machine."),
    Noun("kafka", "Start and stop a real Kafka on this machine."),
    Noun("topics", "Plan, apply and inspect topics and access lists."),
    Noun("registry", "Make, publish and verify the signed registry."),
    Noun("keys", "Make and inspect the keys of a party."),
    Noun("agreement", "Write, sign, revoke and compare data-sharing agreements."),
    Noun("catalogue", "Show and check message types, groups and schemas."),
    Noun("message", "Fill in and explain message documents."),
    Noun("publish", "Publish a message.", single=True),
    Noun("subscribe", "Receive messages.", single=True),
    Noun("gate", "Run the gate."),
    Noun("ledger", "Run, show and check the ledger."),
    Noun("witness", "Watch logs of others, and cosign what only ever grew."),
    Noun("obligations", "See what must be answered by when, and whether it was."),
    Noun("audit", "Search the audit trail, prove an entry, verify a proof."),
    Noun("retention", "Clear what has had its time, and hold what must stay."),
    Noun("bench", "Measure what this machine carries, beside a bare Kafka path.", single=True),
    Noun("doctor", "Find out why something does not work.", single=True),
    Noun("version", "Show the versions in use.", single=True),
)


class Nouns(TyperGroup):
    """The group of all nouns; imports the one that is asked for."""

    def __init__(self, nouns: Sequence[Noun] = NOUNS) -> None:
        super().__init__(
            name="schakel",
            help="Signed, sealed and audited messages between agencies, over Apache Kafka.",
            rich_markup_mode=None,
        )
        self._nouns: Mapping[str, Noun] = {noun.name: noun for noun in nouns}

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - the signature is Typer's
        """Names of the nouns, in the order of the table."""
        return list(self._nouns)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002
        """The noun of this name, imported now; None if there is none."""
        noun = self._nouns.get(cmd_name)
        return _load(noun) if noun else None

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002
        """Write the table itself: no noun is imported for the list."""
        with formatter.section("Commands"):
            formatter.write_dl([(noun.name, noun.help) for noun in self._nouns.values()])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Those after the program's name; those of this process by default.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    with _terminable():
        try:
            return _run(given)
        except SchakelError as error:
            return _report(error, as_json=_wants_json(given))
        except KeyboardInterrupt:
            return ExitCode.INTERRUPTED
        except BrokenPipeError:
            return _reader_left()
        except OSError as error:
            return _report(_unwritable(error), as_json=_wants_json(given))
        # The last line of defence of a process: whatever it is, the user gets a sentence and code 1.
        except Exception as error:  # noqa: BLE001
            return _report(_unexpected(error), as_json=_wants_json(given))


def _run(arguments: list[str]) -> int:
    try:
        code = Nouns().main(arguments or ["--help"], prog_name="schakel", standalone_mode=False)
    except typer.TyperException as error:
        raise _misused(error) from error
    except typer.Abort:
        return ExitCode.INTERRUPTED
    sys.stdout.flush()
    return code if isinstance(code, int) else ExitCode.DONE


def _load(noun: Noun) -> Command:
    app: typer.Typer = import_module(noun.module).app
    # Help as plain text: the same on every terminal, and comparable with the documentation.
    app.rich_markup_mode = None
    group = get_group(app)
    if not noun.single:
        return group
    (command,) = group.commands.values()
    return command


def _misused(error: typer.TyperException) -> SchakelError:
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if context else "schakel"
    if type(error).__name__ == "NoArgsIsHelpError":
        # Its message is the whole help text, which belongs on a screen and not in a sentence.
        return UsageError(f"{path} is followed by what to do", remedy=f"Try '{path} --help'")
    return UsageError(error.format_message(), remedy=f"Try '{path} --help'")


def _unwritable(error: OSError) -> SchakelError:
    if error.errno not in (errno.ENOSPC, errno.EBADF, errno.EIO):
        return _unexpected(error)
    return ConfigurationError(
        "the output cannot be written",
        why=error.strerror or "",
        remedy="Mend standard output, and call again",
    )


def _unexpected(error: Exception) -> SchakelError:
    if os.environ.get("SCHAKEL_TRACEBACK"):
        traceback.print_exception(error)
    # The text of a foreign error may quote content; its type and place may be shown.
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "unknown"  # noqa: PTH119
    return SchakelError(
        f"unexpected {type(error).__name__} at {where}",
        remedy="Set SCHAKEL_TRACEBACK=1 to see where it came from, and report it",
    )


def _report(error: SchakelError, *, as_json: bool) -> int:
    if as_json:
        problem = {"code": error.code, "what": error.what, "why": error.why, "remedy": error.remedy}
        text = json.dumps(problem | {"exit_code": error.exit_code}, ensure_ascii=False)
    else:
        text = printable(f"error {error.code}: {error}.")
    sys.stderr.write(text + "\n")
    return error.exit_code


def _wants_json(arguments: Sequence[str]) -> bool:
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options or "--jsonl" in options


def _reader_left() -> int:
    """Whoever read stdout is gone: not our fault, and nothing more can be said there."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return SchakelError.exit_code


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends a command with exit code 143; long-running processes set a handler of their own."""

    def terminate(_: int, __: FrameType | None) -> None:
        raise SystemExit(ExitCode.TERMINATED)

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main())
