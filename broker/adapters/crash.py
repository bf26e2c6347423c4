"""A probe that kills its own process at a named point: for fault tests in development mode only.

Before it does, it says so on standard error, so that a test can tell its kill from any other end.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time

from broker.errors import ConfigurationError
from broker.ports import Probe, no_probe

__all__ = ["crash_probe"]

_SETTING = re.compile(r"([A-Z][0-9]):([0-9]{1,6})(?::([0-9]{1,4}))?")


def crash_probe(setting: str, *, development: bool) -> Probe:
    """A probe from ``POINT:N`` or ``POINT:N:MS``: SIGKILL at the N-th arrival at POINT; empty means never.

    Args:
        setting: MS is how many milliseconds to linger first, so that what was handed to another thread
            may or may not get away.

    Raises:
        ConfigurationError: Not of that form, or not in development mode.
    """
    if not setting:
        return no_probe
    match = _SETTING.fullmatch(setting)
    if not development or match is None:
        raise ConfigurationError(
            "a crash point is set",
            why="outside development mode a process must not be told to kill itself"
            if not development
            else f"{setting!r} is not POINT:N or POINT:N:MS",
            remedy="Unset SCHAKEL_CRASH_POINT",
        )
    return _Crash(match[1], int(match[2]), int(match[3] or 0))


class _Crash:
    def __init__(self, point: str, left: int, linger_ms: int) -> None:
        self._point = point
        self._left = left
        self._linger = linger_ms / 1000

    def __call__(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left <= 0:
                os.write(sys.stderr.fileno(), f"killed at {point}\n".encode("ascii"))
                time.sleep(self._linger)
                os.kill(os.getpid(), signal.SIGKILL)
