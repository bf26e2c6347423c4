"""A probe that kills its own process at a named point: for fault tests in development mode only."""

from __future__ import annotations

import os
import signal

from broker.errors import ConfigurationError
from broker.ports import Probe, no_probe

__all__ = ["crash_probe"]


def crash_probe(setting: str, *, development: bool) -> Probe:
    """A probe from ``POINT:N``: SIGKILL at the N-th arrival at POINT; empty means never.

    Raises:
        ConfigurationError: Not of that form, or not in development mode.
    """
    if not setting:
        return no_probe
    point, _, count = setting.partition(":")
    if not development or not count.isdigit():
        raise ConfigurationError(
            "a crash point is set",
            why="outside development mode a process must not be told to kill itself"
            if not development
            else f"{setting!r} is not POINT:N",
            remedy="Unset SCHAKEL_CRASH_POINT",
        )
    return _Crash(point, int(count))


class _Crash:
    def __init__(self, point: str, left: int) -> None:
        self._point = point
        self._left = left

    def __call__(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
