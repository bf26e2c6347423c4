"""What a process costs: processor time and resident memory, as Linux counts them in /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from broker.errors import ConfigurationError, UnavailableError

__all__ = ["Usage", "load_average", "usage"]

_USER_TICKS = 11
_SYSTEM_TICKS = 12


@dataclass(frozen=True, slots=True)
class Usage:
    """One process at one moment.

    Attributes:
        cpu_seconds: Processor time since it began, its own and the kernel's for it; ended children not.
        peak_mb: The most memory it had resident, in megabytes of 1,000,000 bytes.
    """

    cpu_seconds: float
    peak_mb: float


def usage(pid: int) -> Usage:
    """What process *pid* has used so far.

    Raises:
        UnavailableError: It has ended.
        ConfigurationError: This machine has no /proc.
    """
    proc = Path("/proc")
    if not proc.is_dir():
        raise ConfigurationError("processor time is read from /proc", remedy="Measure on Linux")
    try:
        stat = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        status = (proc / str(pid) / "status").read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UnavailableError("a process ended while it was measured", why=str(pid)) from error
    return Usage(_cpu(stat), _peak(status))


def load_average() -> float:
    """How many processes wanted a processor in the last minute, this one included."""
    return os.getloadavg()[0]


def _cpu(stat: str) -> float:
    # The name of the program may hold anything, brackets and blanks included.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])) / os.sysconf("SC_CLK_TCK")


def _peak(status: str) -> float:
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0
