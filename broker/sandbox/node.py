"""One Java process of ours: started so that it outlives us, found again, and stopped without harm to others.

1. A process is known by its pid file and by a mark in its command line (the path of its own settings file);
   both must fit before anything is signalled, because pids are used again.
2. It is started through a shell that leaves at once, so it belongs to no session and leaves us no zombie.
3. Stopping is SIGTERM, then SIGKILL after a while, to that one pid.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.errors import DeadlineError, UnavailableError

__all__ = ["NodeProcess"]

_PAUSE: Final = 0.05
_DETACH: Final = 'log=$1; shift; "$@" >>"$log" 2>&1 </dev/null & echo $!'


@dataclass(frozen=True, slots=True)
class NodeProcess:
    """A process that may or may not run.

    Args:
        directory: Where its pid file and its log are.
        mark: What its command line holds and no other's does.
    """

    directory: Path
    mark: str

    @property
    def log(self) -> Path:
        """Its standard output and error, over all its starts."""
        return self.directory / "node.log"

    @property
    def pid_file(self) -> Path:
        """Where its pid is written."""
        return self.directory / "node.pid"

    def pid(self) -> int | None:
        """Its pid, if it runs and is ours."""
        try:
            pid = int(self.pid_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        return pid if self.mark in _command_line(pid) else None

    def start(self, command: Sequence[str]) -> int:
        """Start *command* detached and return the size of its log before: where the new lines begin."""
        begin = self.log.stat().st_size if self.log.exists() else 0
        shell = ["/bin/sh", "-c", _DETACH, "sh", str(self.log), *command]
        done = subprocess.run(
            shell, capture_output=True, text=True, check=True, timeout=30, start_new_session=True
        )
        self.pid_file.write_text(done.stdout.strip(), encoding="ascii")
        return begin

    def await_line(self, line: str, begin: int, seconds: float) -> None:
        """Wait until *line* appears in the log after position *begin*.

        Raises:
            UnavailableError: The process ended before.
            DeadlineError: It did not appear in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            text = self._text(begin)
            if line in text:
                return
            # Between fork and exec the command line is still the shell's.
            if self.pid() is None and not self._starting():
                raise UnavailableError("a Kafka node ended while it started", why=_last_error(text))
            time.sleep(_PAUSE)
        raise DeadlineError(
            f"a Kafka node was not ready within {seconds:.0f} s",
            why=_last_error(self._text(begin)),
            remedy=f"Read {self.log}",
        )

    def stop(self, seconds: float) -> bool:
        """Ask it to end, and end it after *seconds*; say whether it ended by itself.

        Raises:
            DeadlineError: It did not even end by SIGKILL.
        """
        asked = self._signal_and_wait(signal.SIGTERM, seconds)
        if not asked and not self._signal_and_wait(signal.SIGKILL, 10):
            raise DeadlineError("a Kafka node cannot be ended")
        self.pid_file.unlink(missing_ok=True)
        return asked

    def kill(self) -> None:
        """End it at once, as a power cut would.

        Raises:
            DeadlineError: It is still there.
        """
        self.stop(0)

    def _signal_and_wait(self, number: signal.Signals, seconds: float) -> bool:
        if seconds <= 0:
            return self.pid() is None
        if (pid := self.pid()) is None:
            return True
        os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.pid() is None:
                return True
            time.sleep(_PAUSE)
        return False

    def _starting(self) -> bool:
        """Whether the pid file is so young that the program may not be loaded yet."""
        try:
            return time.time() - self.pid_file.stat().st_mtime < 1.0
        except OSError:
            return False

    def _text(self, begin: int) -> str:
        try:
            with self.log.open("rb") as file:
                file.seek(begin)
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""


def _command_line(pid: int) -> str:
    """The command line of a living process, or nothing; a zombie has none."""
    proc = Path("/proc")
    if proc.is_dir():
        try:
            return (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            return ""
    done = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, timeout=10, check=False
    )
    return done.stdout


def _last_error(text: str) -> str:
    """The last line that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if " ERROR " in line or "Exception" in line or "Error:" in line]
    return (telling or lines or ["it wrote nothing"])[-1][:300]
