"""`schakel subscribe`: what is released to an agency, a JSON document a line, or handed to a command."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from broker import logs
from broker.cli.printing import print_lines
from broker.errors import DeadlineError, UsageError
from broker.pipelines.deliver import Disclosure, Notice
from broker.pipelines.documents import notice_document, to_document
from broker.records.document import document_json
from consumers.client import BATCH, Subscriber
from consumers.handlers import Reject, Retry
from consumers.runner import keep_going, stop_signal

__all__ = ["app"]

_RETRY_CODE = 75
_REJECTED = "handler-command"

app = typer.Typer(add_completion=False)


@app.command()
def subscribe(
    profile: Annotated[
        Path, typer.Option("--profile", envvar="SCHAKEL_PROFILE", help="Profile of the agency that receives.")
    ],
    role: Annotated[str | None, typer.Option(help="In which of its roles; its first by default.")] = None,
    maximum: Annotated[int, typer.Option("--max", min=0, help="Stop after so many; 0 for never.")] = 0,
    timeout: Annotated[float, typer.Option(min=0, help="Stop after so many seconds; 0 for never.")] = 0.0,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="A JSON document a line; the default.")] = False,  # noqa: ARG001
    command: Annotated[
        str | None,
        typer.Option("--exec", help="Hand each to this command: exit 0 done, 75 retry later, else reject."),
    ] = None,
) -> None:
    """Receive messages, in order per case; receipts go back by themselves, refusals of ours are shown."""
    logs.configure("subscribe", level="WARNING", json=False)
    words = _words(command)
    with Subscriber.from_profile(profile, role) as subscriber, stop_signal() as stop:
        delivery = _Delivery(subscriber, words, maximum)

        def step() -> int:
            done = subscriber.step(limit=delivery.limit)
            if delivery.finished:
                stop.set()
            return done

        keep_going(step, stop, timeout or None)
        stopped = stop.is_set()
    if maximum and not delivery.finished and not stopped:
        raise DeadlineError(
            f"{delivery.count} of {maximum} came within {timeout:g} s", remedy="Ask again later"
        )


class _Delivery:
    """Hands out what comes, until the maximum is reached; what is beyond that stays for the next time."""

    def __init__(self, subscriber: Subscriber, command: list[str], maximum: int) -> None:
        self._command = command
        self._maximum = maximum
        self._subscriber = subscriber
        self.count = 0
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

    def _deliver(self, disclosure: Disclosure, _: object) -> None:
        self._hand_out(to_document(disclosure, self._subscriber.view))

    def _tell(self, notice: Notice, _: object) -> None:
        self._hand_out(notice_document(notice, self._subscriber.view))

    def _hand_out(self, document: dict[str, object]) -> None:
        if self.finished:
            raise Retry(60)
        if not self._command:
            print_lines([document])
        elif (code := _exit_code(self._command, document_json(document))) == _RETRY_CODE:
            raise Retry
        elif code != 0:
            self.count += 1
            raise Reject(_REJECTED)
        self.count += 1


def _words(command: str | None) -> list[str]:
    words = shlex.split(command or "")
    if words and shutil.which(words[0]) is None:
        raise UsageError(
            f"cannot run {words[0]}", why="there is no such command", remedy="Give its full path"
        )
    return words


def _exit_code(command: list[str], line: str) -> int:
    done = subprocess.run(command, input=line + "\n", text=True, stdout=sys.stderr.fileno(), check=False)
    return done.returncode
