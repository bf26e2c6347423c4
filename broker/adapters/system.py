"""The machine's own clock and randomness: the only places where either is read."""

from __future__ import annotations

import os
import time

from broker.names import Micros

__all__ = ["SystemClock", "system_entropy"]


class SystemClock:
    """`broker.ports.Clock` on the operating system."""

    def now(self) -> Micros:
        """Microseconds since the epoch, UTC."""
        return Micros(time.time_ns() // 1000)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


def system_entropy(size: int) -> bytes:
    """*size* bytes of the operating system's randomness (`broker.ports.Entropy`)."""
    return os.urandom(size)
