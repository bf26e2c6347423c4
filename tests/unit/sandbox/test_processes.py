"""The processes of a sandbox: which are ours, and which are nobody's business."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.errors import UnavailableError
from broker.sandbox.layout import Layout
from broker.sandbox.processes import Worker, status_of, workers


def worker(directory: Path, *command: str) -> Worker:
    """A worker with a profile that does not exist."""
    return Worker("gate", command or ("gate", "run"), directory / "gate.toml", directory / "run")


def test_a_pid_of_somebody_else_is_not_ours(tmp_path: Path) -> None:
    """A pid file outlives its process, and pids are used again: this very process must not be signalled."""
    one = worker(tmp_path)
    one.run.mkdir()
    one.pid_file.write_text(str(os.getpid()), encoding="ascii")

    assert one.pid() is None
    one.stop(0.1)
    assert not one.pid_file.exists()


@pytest.mark.parametrize("content", ["", "rubbish", "-1", "999999999"])
def test_a_pid_file_may_hold_anything(tmp_path: Path, content: str) -> None:
    """What is no pid of a living process of ours is no process."""
    one = worker(tmp_path)
    one.run.mkdir()
    one.pid_file.write_text(content, encoding="utf-8")

    assert one.pid() is None


def test_one_that_ends_while_it_starts_says_why(tmp_path: Path) -> None:
    """The last thing it wrote is the reason."""
    one = worker(tmp_path)
    begin = one.start()

    with pytest.raises(UnavailableError, match="cannot read the profile"):
        one.await_ready(begin, 30)


def test_nothing_runs_in_a_sandbox_that_was_never_started(tmp_path: Path) -> None:
    """Status never fails."""
    assert [process.running for process in status_of(Layout(tmp_path))] == [False] * len(
        workers(Layout(tmp_path))
    )
