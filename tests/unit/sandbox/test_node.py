"""A process of ours is found again and stopped; nobody else's ever is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.errors import DeadlineError, UnavailableError
from broker.sandbox.node import NodeProcess

_OBEDIENT = "import time; print('ready', flush=True); time.sleep(60)"
_STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {_OBEDIENT}"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    """A process that is ended after the test."""
    process = NodeProcess(tmp_path, str(tmp_path / "mark"))
    yield process
    process.kill()


def _start(node: NodeProcess, script: str) -> None:
    begin = node.start([sys.executable, "-c", script, node.mark])
    node.await_line("ready", begin, 20)


def test_it_is_found_again(node: NodeProcess) -> None:
    """Another object for the same directory finds the running process."""
    _start(node, _OBEDIENT)
    assert NodeProcess(node.directory, node.mark).pid() == node.pid() is not None


def test_it_ends_when_asked(node: NodeProcess) -> None:
    """SIGTERM is enough for a process that listens."""
    _start(node, _OBEDIENT)
    assert (node.stop(10), node.pid()) == (True, None)


def test_it_ends_when_it_does_not_listen(node: NodeProcess) -> None:
    """A process that ignores SIGTERM is ended after the wait."""
    _start(node, _STUBBORN)
    assert (node.stop(0.3), node.pid()) == (False, None)


def test_another_process_with_the_same_number_is_left_alone(node: NodeProcess) -> None:
    """A pid that now belongs to somebody else is not ours, and is not signalled."""
    with subprocess.Popen([sys.executable, "-c", _OBEDIENT]) as stranger:
        node.pid_file.write_text(str(stranger.pid), encoding="ascii")
        node.stop(1)
        alive = stranger.poll() is None
        stranger.kill()
    assert alive


def test_an_early_end_is_noticed(node: NodeProcess) -> None:
    """A process that ends before it is ready is an error that quotes its last words."""
    begin = node.start([sys.executable, "-c", "raise SystemExit('Error: no data')", node.mark])
    with pytest.raises(UnavailableError, match="no data"):
        node.await_line("ready", begin, 20)


def test_a_wait_has_an_end(node: NodeProcess) -> None:
    """A process that never says it is ready is given up after the time."""
    _start(node, _OBEDIENT)
    with pytest.raises(DeadlineError):
        node.await_line("never", 0, 0.2)
