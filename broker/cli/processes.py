"""What every long-running command does: say when it is ready, go on until told to stop, say why it ended."""

from __future__ import annotations

import os
from collections.abc import Callable

import structlog

from broker import logs
from broker.errors import SchakelError
from broker.program import stop_signal
from consumers.runner import keep_going

__all__ = ["run_process"]

_log = structlog.get_logger()


def run_process(step: Callable[[], int], close: Callable[[], None]) -> None:
    """Call *step* until SIGTERM or SIGINT, then *close*; logs its start, its end and what ended it.

    Args:
        step: Does one batch; the process counts as started when the first is done.
        close: Finishes, commits and leaves.

    Raises:
        SchakelError: What no waiting mends, such as a missing right.
    """
    ready = _Announced(step)
    with stop_signal() as stop:
        try:
            keep_going(ready, stop)
        except SchakelError as error:
            _log.error(logs.PROCESS_FAILED, code=error.code, error=str(error))
            raise
        finally:
            close()
    _log.info(logs.PROCESS_STOPPED, pid=os.getpid())


class _Announced:
    """Calls a step, and says once, after the first that succeeded, that the process has started."""

    def __init__(self, step: Callable[[], int]) -> None:
        self._step = step
        self._said = False

    def __call__(self) -> int:
        done = self._step()
        if not self._said:
            self._said = True
            _log.info(logs.PROCESS_STARTED, pid=os.getpid(), state="ready")
        return done
