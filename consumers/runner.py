"""What every consumer loop needs: which offsets are finished, and how to keep going until told to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from broker import logs
from broker.errors import SchakelError, UnauthorisedError, UnavailableError
from broker.memory import settle_memory
from broker.names import TopicName
from broker.ports import Offsets, Position

__all__ = ["OffsetWindow", "keep_going"]

_log = structlog.get_logger()
_PAUSE_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
_SAY_AGAIN_SECONDS = 30.0


class OffsetWindow:
    """Tracks which records are under way, so that only contiguous finished offsets are committed.

    Records of one partition may finish out of order (a case that waits for a retry does not hold up
    the others); an offset is committed only when everything below it is finished.
    """

    __slots__ = ("_committed", "_highest", "_open")

    def __init__(self) -> None:
        self._open: dict[tuple[TopicName, int], set[int]] = {}
        self._highest: dict[tuple[TopicName, int], int] = {}
        self._committed: dict[tuple[TopicName, int], int] = {}

    def begin(self, position: Position) -> None:
        """The record at *position* is under way."""
        key = (position.topic, position.partition)
        self._open.setdefault(key, set()).add(position.offset)
        self._highest[key] = max(self._highest.get(key, -1), position.offset)

    def finish(self, position: Position) -> None:
        """The record at *position* is finished."""
        self._open[position.topic, position.partition].discard(position.offset)

    def finished(self) -> Offsets:
        """Next offset to read per partition, for those that moved since `committed`."""
        return {
            key: offset
            for key, highest in self._highest.items()
            if (offset := min(self._open[key], default=highest + 1)) != self._committed.get(key)
        }

    def committed(self, offsets: Offsets) -> None:
        """These offsets are recorded in Kafka."""
        self._committed.update(offsets)


def keep_going(
    step: Callable[[], int],
    stop: threading.Event,
    seconds: float | None = None,
    *,
    own_process: bool = True,
) -> None:
    """Call *step* until *stop* is set; when the world does not answer, pause and go on.

    Args:
        step: Does one batch and returns how many records it finished.
        seconds: Give up after so many, whether the world answers or not; None for never.
        own_process: The process is there for this loop, so its memory may be settled
            (`broker.memory`) once the first records are done.

    Raises:
        UnauthorisedError: A right is missing from the start.  One that is taken away later may be given
            back: until then nothing is lost, only late.
    """
    deadline = time.monotonic() + seconds if seconds is not None else float("inf")
    failures, started, settled, told = 0, False, not own_process, _Told()
    while not stop.is_set() and time.monotonic() < deadline:
        try:
            finished = step()
            failures, started, told = 0, True, _Told()
            if finished and not settled:
                # After the first records: by now registry, schemas and connections are there.
                settle_memory()
                settled = True
        except (UnavailableError, UnauthorisedError) as error:
            if isinstance(error, UnauthorisedError) and not started:
                raise
            pause = _PAUSE_SECONDS[min(failures, len(_PAUSE_SECONDS) - 1)]
            failures += 1
            told.tell(error, pause)
            stop.wait(min(pause, max(0.0, deadline - time.monotonic())))


class _Told:
    """Says why the world does not answer: at once, when the cause changes, and every half minute."""

    __slots__ = ("_at", "_cause")

    def __init__(self) -> None:
        self._cause = ""
        self._at = 0.0

    def tell(self, error: SchakelError, pause: float) -> None:
        """Log *error*, unless that was just done."""
        cause, now = str(error), time.monotonic()
        if cause == self._cause and now - self._at < _SAY_AGAIN_SECONDS:
            return
        self._cause, self._at = cause, now
        _log.warning(logs.WORLD_UNAVAILABLE, code=error.code, error=cause, pause_seconds=pause)
