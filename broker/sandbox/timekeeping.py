"""The time of a sandbox: when it begins, and how it is driven forward so that terms pass.

1. A sandbox that is not laid out yet may begin at any moment, also one long past; later, time only goes on.
2. Before time jumps, the registry is signed anew for the moment it jumps to: nobody refuses it as stale.
3. People write moments as clocks in the Netherlands show them.
"""

from __future__ import annotations

import os
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

from broker.adapters.system import SandboxClock, SystemClock, read_offset
from broker.dutch_time import local, moment
from broker.errors import UsageError
from broker.moments import LAST_MOMENT, SECOND
from broker.names import Micros
from broker.sandbox.layout import Layout
from broker.sandbox.registry import renew_registry
from broker.trust.keeper import RECHECK_SECONDS

__all__ = [
    "begin_at",
    "drive_to",
    "later",
    "moved_seconds",
    "sandbox_now",
]

_SPAN: Final = re.compile(r"([1-9][0-9]{0,5})(m|h|d|w)")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def sandbox_now(layout: Layout) -> Micros:
    """The sandbox's time at this moment."""
    return SandboxClock(layout.clock).now()


def moved_seconds(layout: Layout) -> int:
    """By how much the sandbox's time differs from this machine's; negative when it is behind."""
    return read_offset(layout.clock)


def begin_at(layout: Layout, start: Micros) -> None:
    """Have a sandbox that is not laid out yet begin at *start*.

    Raises:
        UsageError: It is laid out: its keys and agreements count from when it was.
    """
    if layout.is_built:
        raise UsageError(
            f"the sandbox in {layout.directory} has begun already",
            remedy="Give another directory, or drive its time forward with `schakel dev clock`",
        )
    _move(layout.clock, start)


def drive_to(layout: Layout, to: Micros) -> None:
    """Drive the time of a sandbox forward to *to*, with its registry signed for then.

    Raises:
        UsageError: That is not in its future.
    """
    if to <= sandbox_now(layout):
        raise UsageError(
            "time in a sandbox never goes back",
            why=f"it is {local(sandbox_now(layout)):%Y-%m-%d %H:%M} there",
            remedy="Give a later moment, or make a new sandbox",
        )
    renew_registry(layout, to)
    _move(layout.clock, to)
    # Until then, some processes would live in the old time, or hold a registry of then.
    time.sleep(2 * SandboxClock.REREAD_SECONDS + RECHECK_SECONDS)


def later(at: Micros, span: str) -> Micros:
    """*span* after *at*: ``90m``, ``2h``, ``5d`` or ``13w``; days and weeks keep the time on the clock.

    Raises:
        UsageError: It is not a span.
    """
    found = _SPAN.fullmatch(span)
    if found is None:
        raise UsageError(f"{span!r} is not a span of time", remedy="Write it as 90m, 2h, 5d or 13w")
    added = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if found[2] in "mh":
        return Micros(at + added // timedelta(microseconds=1))
    try:
        return moment(local(at) + added)
    except OverflowError:
        raise UsageError(f"{span} is too far", remedy="Give a shorter span") from None


def _move(file: Path, to: Micros) -> None:
    """Write the offset in one step: processes read it at any moment."""
    if not 0 <= to <= LAST_MOMENT:
        raise UsageError("that moment is outside the calendar", remedy="Give one after 1970")
    offset = -(-(to - SystemClock().now()) // SECOND)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    draft.write_text(f"{max(offset, read_offset(file)) if file.exists() else offset}\n", encoding="ascii")
    draft.replace(file)
