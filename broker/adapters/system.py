"""The machine's own clock and randomness: the only places where either is read."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import ClassVar, Final

from broker.errors import ConfigurationError
from broker.moments import SECOND
from broker.names import Micros

__all__ = ["SandboxClock", "SystemClock", "read_offset", "system_entropy"]

_LONGEST: Final = 12
"""Digits of an offset: enough for the years 1 to 9999."""


class SystemClock:
    """`broker.ports.Clock` on the operating system."""

    def now(self) -> Micros:
        """Microseconds since the epoch, UTC."""
        return Micros(time.time_ns() // 1000)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


class SandboxClock:
    """The time of a sandbox: the machine's, moved by what the sandbox's clock file says.

    The file is looked at again at most every 100 ms, so that time can be driven forward while processes run.

    Args:
        file: Holds an offset in whole seconds; without it, no time was moved.

    Attributes:
        REREAD_SECONDS: How long a change of the file may stay unseen.
    """

    REREAD_SECONDS: ClassVar[float] = 0.1

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0
        self._looked_at = float("-inf")

    def now(self) -> Micros:
        """Microseconds since the epoch, UTC, as the sandbox counts them.

        Raises:
            ConfigurationError: The file does not hold an offset.
        """
        if time.monotonic() - self._looked_at >= self.REREAD_SECONDS:
            self._offset = read_offset(self._file)
            self._looked_at = time.monotonic()
        return Micros(time.time_ns() // 1000 + self._offset * SECOND)

    def monotonic(self) -> float:
        """Seconds that never go back; moving the sandbox's time does not move these."""
        return time.monotonic()


def read_offset(file: Path) -> int:
    """By how many seconds the time of a sandbox is moved; 0 while there is no file.

    Raises:
        ConfigurationError: The file cannot be read, or does not hold a whole number.
    """
    try:
        text = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return 0
    except (OSError, ValueError) as error:
        raise _no_offset(file) from error
    if len(text) > _LONGEST or not text.removeprefix("-").isdigit():
        raise _no_offset(file)
    return int(text)


def _no_offset(file: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{file} does not hold an offset in whole seconds",
        remedy="Remove it, and drive the time with `schakel dev clock`",
    )


def system_entropy(size: int) -> bytes:
    """*size* bytes of the operating system's randomness (`broker.ports.Entropy`)."""
    return os.urandom(size)
