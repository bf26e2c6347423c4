"""`schakel subscribe`: what is released to an agency, a line each, or handed to a command."""

from __future__ import annotations

import logging
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from broker import logs
from broker.cli.printing import hint, print_lines, print_message
from broker.errors import ConfigurationError, DeadlineError, UsageError
from broker.pipelines.deliver import Disclosure, Notice
from broker.pipelines.documents import notice_document, to_document
from broker.program import stop_signal
from broker.records.document import document_json
from consumers.client import BATCH, Subscriber
from consumers.handlers import Reject, Retry
from consumers.runner import keep_going

__all__ = ["app"]

_RETRY_CODE = 75
_REJECTED = "handler-command"
_Show = Callable[[dict[str, object]], None]

app = typer.Typer(add_completion=False)


@app.command()
def subscribe(
    profile: Annotated[
        Path, typer.Option("--profile", envvar="SCHAKEL_PROFILE", help="Profile of the agency that receives.")
    ],
    role: Annotated[str | None, typer.Option(help="In which of its roles; its first by default.")] = None,
    maximum: Annotated[int, typer.Option("--max", min=0, help="Stop after so many; 0 for never.")] = 0,
    timeout: Annotated[float, typer.Option(min=0, help="Stop after so many seconds; 0 for never.")] = 0.0,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="JSON lines, as always in a file or pipe.")] = False,
    command: Annotated[
        str | None,
        typer.Option("--exec", help="Hand each to this command: exit 0 done, 75 retry later, else reject."),
    ] = None,
) -> None:
    """Receive messages, in order per case; receipts go back by themselves, refusals of ours are shown."""
    logs.configure("subscribe", level="WARNING", json=False)
    logs.quiet_kafka(logging.ERROR)
    words = _words(command)
    with Subscriber.from_profile(profile, role) as subscriber, stop_signal() as stop:
        delivery = _Delivery(subscriber, maximum, words, _shown(jsonl=jsonl))

        def step() -> int:
            done = subscriber.step(limit=delivery.limit)
            delivery.require_output()
            if delivery.finished:
                stop.set()
            return done

        hint("waiting for messages; Ctrl-C stops")
        keep_going(step, stop, timeout or None)
        stopped = stop.is_set()
    if maximum and not delivery.finished and not stopped:
        raise DeadlineError(
            f"{delivery.count} of {maximum} came within {timeout:g} s", remedy="Ask again later"
        )


class _Delivery:
    """Hands out what comes, until the maximum is reached; what is beyond that stays for the next time."""

    def __init__(self, subscriber: Subscriber, maximum: int, command: list[str], show: _Show) -> None:
        """Hand to *command*, or without one to *show*."""
        self._command = command
        self._show = show
        self._maximum = maximum
        self._subscriber = subscriber
        self.count = 0
        self._broken: OSError | None = None
        subscriber.on_any(self._deliver)
        subscriber.on_refusal(self._tell)

    @property
    def limit(self) -> int:
        """How many may be fetched, so that what is beyond the maximum stays for the next time."""
        return min(BATCH, max(1, self._maximum - self.count)) if self._maximum else BATCH

    @property
    def finished(self) -> bool:
        """Whether the maximum is reached."""
        return 0 < self._maximum <= self.count

    def require_output(self) -> None:
        """Stop when nobody can read what is received: it stays unhandled, and is received again.

        Raises:
            ConfigurationError: Standard output cannot be written.
        """
        if self._broken is not None:
            raise ConfigurationError(
                "what was received cannot be written",
                why=self._broken.strerror or "",
                remedy="Mend standard output; what was not written is received again",
            ) from self._broken

    def _deliver(self, disclosure: Disclosure, _: object) -> None:
        self._hand_out(to_document(disclosure, self._subscriber.view))

    def _tell(self, notice: Notice, _: object) -> None:
        self._hand_out(notice_document(notice, self._subscriber.view))

    def _hand_out(self, document: dict[str, object]) -> None:
        if self.finished or self._broken is not None:
            raise Retry(60)
        if self._command:
            self._run(document)
        else:
            self._print(document)
        self.count += 1

    def _run(self, document: dict[str, object]) -> None:
        code = _exit_code(self._command, document_json(document))
        if code == _RETRY_CODE or code < 0:
            # A command that a signal ended (Ctrl-C, no memory) has not judged the message.
            raise Retry
        if code != 0:
            self.count += 1
            raise Reject(_REJECTED)

    def _print(self, document: dict[str, object]) -> None:
        try:
            self._show(document)
        except OSError as error:
            # Nobody got it: no fault of the message, and nothing after it will be got either.
            self._broken = error
            raise Retry(60) from error


def _shown(*, jsonl: bool) -> _Show:
    """How a document is printed: as a JSON line, or on a terminal as a short line for a person."""
    if jsonl or not sys.stdout.isatty():
        return lambda document: print_lines([document])
    return print_message


def _words(command: str | None) -> list[str]:
    try:
        words = shlex.split(command or "")
    except ValueError as error:
        raise UsageError("--exec is not a command", why=str(error), remedy="Close its quotes") from error
    if words and shutil.which(words[0]) is None:
        raise UsageError(
            f"cannot run {words[0]}", why="there is no such command", remedy="Give its full path"
        )
    return words


def _exit_code(command: list[str], line: str) -> int:
    # In a session of its own: a Ctrl-C meant for us must not end a command in the middle of its work.
    done = subprocess.run(
        command,
        input=line + "\n",
        text=True,
        stdout=sys.stderr.fileno(),
        check=False,
        start_new_session=True,
    )
    return done.returncode
