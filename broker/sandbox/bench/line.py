"""The five processes of one variant, started, asked and stopped from here."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from broker.errors import DeadlineError, UnavailableError
from broker.sandbox.bench.model import Failed, Order, Stage
from broker.sandbox.bench.usage import Usage, usage

__all__ = ["Child", "Line"]

_STOP_SECONDS = 20.0
_Answer = TypeVar("_Answer")


class Child:
    """A process of ours that answers what it is asked."""

    def __init__(self, module: str, order: object, log: Path) -> None:
        """Start *module* as a program and hand it *order*.

        Args:
            log: Where what it writes to its standard output and error goes.
        """
        self._channel, theirs = Pipe()
        root = str(Path(__file__).parents[3])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        with theirs, log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            )
        self._log = log
        self._channel.send(order)

    @property
    def usage(self) -> Usage:
        """What it has used so far."""
        return usage(self._process.pid)

    def tell(self, command: object) -> None:
        """Give it something to do; `answer` waits for the result."""
        try:
            self._channel.send(command)
        except OSError as error:
            raise self._ended() from error

    def answer(self, kind: type[_Answer], seconds: float) -> _Answer:
        """Its answer.

        Raises:
            DeadlineError: None came in time.
            UnavailableError: It ended, or could not go on.
        """
        try:
            if not self._channel.poll(seconds):
                raise DeadlineError("a process of the bench does not answer", remedy=f"Read {self._log}")
            answer = self._channel.recv()
        except (EOFError, OSError) as error:
            raise self._ended() from error
        if isinstance(answer, Failed):
            raise UnavailableError("a process of the bench could not go on", why=answer.what)
        assert isinstance(answer, kind), "question and answer belong together"
        return answer

    def ask(self, command: object, kind: type[_Answer], seconds: float = 30.0) -> _Answer:
        """`tell` and `answer`."""
        self.tell(command)
        return self.answer(kind, seconds)

    def release(self) -> None:
        """Ask nothing more: it finishes what it does and ends."""
        self._channel.close()

    def stop(self) -> None:
        """Let it finish what it does, and end it when it does not."""
        self.release()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)

    def _ended(self) -> UnavailableError:
        return UnavailableError("a process of the bench ended", remedy=f"Read {self._log}")


class Line:
    """Publisher, gate, subscriber, receiver of receipts and ledger of one variant, each a process."""

    def __init__(self, order: Order, kafka_pid: int) -> None:
        """Start them; *order* names no stage yet, each gets its own.

        Args:
            kafka_pid: The node, whose work counts as well.
        """
        self._kafka_pid = kafka_pid
        self.children: dict[Stage, Child] = {}
        with ExitStack() as started:
            for stage in Stage:
                log = order.directory / "run" / f"bench-{order.variant}-{stage}.out"
                child = Child("broker.sandbox.bench.worker", replace(order, stage=stage), log)
                started.callback(child.stop)
                self.children[stage] = child
            self._stop = started.pop_all()

    def usages(self) -> dict[str, Usage]:
        """What every process has used so far, the Kafka node as ``kafka``."""
        return {
            **{str(stage): child.usage for stage, child in self.children.items()},
            "kafka": usage(self._kafka_pid),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self.children.values():
            child.release()
        self._stop.close()
