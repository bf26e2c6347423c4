"""The processes of a sandbox: gate, ledger writer and witnesses, started, watched and stopped.

1. A process is known by its pid file and by its own profile's path in its command line: both must fit before
   anything is signalled, because pids are used again.
2. It is started detached and outlives whoever started it, until `stop`; it leaves nobody a zombie.
3. It is ready when it says so itself, in its log: the event ``process_started``.
4. Stopping is SIGTERM, then SIGKILL after a while, to that one pid.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.errors import DeadlineError, UnavailableError
from broker.logs import PROCESS_STARTED
from broker.operations.topics import GATE, LEDGER
from broker.sandbox.layout import Layout
from broker.sandbox.witnesses import WITNESSES

__all__ = ["ProcessStatus", "Worker", "start_all", "status_of", "stop_all", "workers"]

_PAUSE: Final = 0.05
_START_SECONDS: Final = 45.0
_STOP_SECONDS: Final = 15.0
_KILL_SECONDS: Final = 5.0
_YOUNG_SECONDS: Final = 1.0
_HOME: Final = Path(__file__).resolve().parents[2]
"""Where `python -m` finds this package, installed or not."""
_DETACH: Final = 'log=$1 pid=$2; shift 2; "$@" >>"$log" 2>&1 </dev/null & echo $! >"$pid"'
"""The shell leaves at once, so the process belongs to nobody who would have to reap it."""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process as it is now."""

    name: str
    pid: int | None
    log: Path

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self.pid is not None


@dataclass(frozen=True, slots=True)
class Worker:
    """A process of the sandbox, whether it runs or not.

    Attributes:
        name: Names its pid file and its log.
        command: Words after ``schakel``.
        profile: What it is started with; no other process has this path in its command line.
    """

    name: str
    command: tuple[str, ...]
    profile: Path
    run: Path

    @property
    def log(self) -> Path:
        """JSON lines, over all its starts."""
        return self.run / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """Where its pid is written."""
        return self.run / f"{self.name}.pid"

    def pid(self) -> int | None:
        """Its pid, if it runs and is ours."""
        try:
            pid = int(self.pid_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        words = _command_line(pid)
        return pid if str(self.profile) in words and self.command[0] in words else None

    def start(self) -> int:
        """Start it unless it runs; return the size its log had: where the new lines begin."""
        self.run.mkdir(parents=True, exist_ok=True)
        begin = self.log.stat().st_size if self.log.exists() else 0
        if self.pid() is not None:
            return 0
        words = [sys.executable, "-m", "broker.cli.main", *self.command, "--profile", str(self.profile)]
        shell = ["/bin/sh", "-c", _DETACH, "sh", str(self.log), str(self.pid_file), *words]
        with _uninterrupted():
            # A process that runs and has no pid file would never be stopped.
            subprocess.run(shell, check=True, timeout=30, start_new_session=True, cwd=_HOME)
        return begin

    def await_ready(self, begin: int, seconds: float = _START_SECONDS) -> None:
        """Wait until it says that it has started, in its log after position *begin*.

        Raises:
            UnavailableError: It ended before; says its last error.
            DeadlineError: It did not say so in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if any(line.get("event") == PROCESS_STARTED for line in self.lines(begin)):
                return
            if self.pid() is None and not self._is_young():
                raise UnavailableError(
                    f"the {self.name} ended while it started",
                    why=self._last_words(begin),
                    remedy=f"Read {self.log}",
                )
            time.sleep(_PAUSE)
        raise DeadlineError(
            f"the {self.name} was not ready within {seconds:.0f} s",
            why=self._last_words(begin),
            remedy=f"Read {self.log}",
        )

    def lines(self, begin: int = 0) -> list[dict[str, object]]:
        """The log's events after position *begin*; what is not JSON becomes ``{"event": text}``."""
        try:
            with self.log.open("rb") as file:
                file.seek(begin)
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        return [_event(line) for line in text.splitlines() if line.strip()]

    def ask_to_stop(self) -> None:
        """Send SIGTERM, if it runs."""
        self._signal(signal.SIGTERM)

    def stop(self, seconds: float = _STOP_SECONDS) -> None:
        """Ask it to end, and end it after *seconds*.

        Raises:
            DeadlineError: It did not even end by SIGKILL.
        """
        self.ask_to_stop()
        if not self._ended(seconds):
            self._signal(signal.SIGKILL)
            if not self._ended(_KILL_SECONDS):
                raise DeadlineError(f"the {self.name} cannot be ended")
        self.pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._signal(signal.SIGKILL)
        self.stop(_KILL_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        if (pid := self.pid()) is not None:
            os.kill(pid, number)

    def _ended(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
        return True

    def _is_young(self) -> bool:
        """Between fork and exec the command line is still the shell's."""
        try:
            return time.time() - self.pid_file.stat().st_mtime < _YOUNG_SECONDS
        except OSError:
            return False

    def _last_words(self, begin: int) -> str:
        lines = self.lines(begin)
        if not lines:
            return "it wrote nothing"
        telling = [
            line for line in lines if line.get("level") == "error" or "error" in line or "what" in line
        ]
        said = (telling or lines)[-1]
        return str(said.get("error") or said.get("event"))[:300]


def workers(layout: Layout) -> tuple[Worker, ...]:
    """The processes of a sandbox, in the order in which they start."""
    return (
        *(
            Worker(f"witness-{name}", ("witness", "run"), layout.witness_profile(name), layout.run)
            for name in WITNESSES
        ),
        Worker("gate", (GATE, "run"), layout.gate_profile, layout.run),
        Worker("ledger", (LEDGER, "run"), layout.ledger_profile, layout.run),
    )


def start_all(layout: Layout) -> None:
    """Start what does not run, side by side, and wait until all of it is ready.

    Raises:
        UnavailableError: One ended while it started.
        DeadlineError: One was not ready in time.
    """
    begins = [(worker, worker.start()) for worker in workers(layout)]
    for worker, begin in begins:
        worker.await_ready(begin)


def stop_all(layout: Layout) -> None:
    """Stop every process of the sandbox but Kafka: all are asked before any is waited for.

    Raises:
        DeadlineError: One cannot be ended; the others were.
    """
    with ExitStack() as stack:
        for worker in workers(layout):
            worker.ask_to_stop()
            stack.callback(worker.stop)


def status_of(layout: Layout) -> Sequence[ProcessStatus]:
    """Every process as it is now."""
    return tuple(ProcessStatus(worker.name, worker.pid(), worker.log) for worker in workers(layout))


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold an interrupt back until the block has ended; only the main thread gets any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for held in came:
        signal.raise_signal(held)


def _event(line: str) -> dict[str, object]:
    try:
        event = json.loads(line)
    except ValueError:
        return {"event": line}
    return event if isinstance(event, dict) else {"event": line}


def _command_line(pid: int) -> list[str]:
    """The words of a living process's command line; a zombie has none."""
    proc = Path("/proc")
    if proc.is_dir():
        try:
            content = (proc / str(pid) / "cmdline").read_bytes()
        except OSError:
            return []
        return content.decode("utf-8", "replace").split("\0")
    done = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, timeout=10, check=False
    )
    return done.stdout.split()
