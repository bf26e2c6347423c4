"""The clocks: the machine's, and that of a sandbox whose time was moved."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from broker.adapters.system import SandboxClock, SystemClock, read_offset
from broker.errors import ConfigurationError
from broker.moments import DAY, MINUTE

_SECONDS_A_DAY = 86_400


def test_without_a_file_a_sandbox_has_the_time_of_the_machine(tmp_path: Path) -> None:
    """No time was moved."""
    assert abs(SandboxClock(tmp_path / "clock").now() - SystemClock().now()) < MINUTE


@pytest.mark.parametrize("days", [5, -4000], ids=["ahead", "behind"])
def test_the_file_moves_the_time(tmp_path: Path, days: int) -> None:
    """Its offset is added to the machine's time."""
    file = tmp_path / "clock"
    file.write_text(f"{days * _SECONDS_A_DAY}\n", encoding="ascii")

    assert abs(SandboxClock(file).now() - SystemClock().now() - days * DAY) < MINUTE


def test_a_clock_that_runs_sees_the_move(tmp_path: Path) -> None:
    """A process that started before goes on in the new time."""
    file = tmp_path / "clock"
    clock = SandboxClock(file)
    before = clock.now()
    file.write_text(f"{5 * _SECONDS_A_DAY}\n", encoding="ascii")
    deadline = time.monotonic() + 10
    while clock.now() < before + 5 * DAY:
        assert time.monotonic() < deadline, "the move was not seen"


def test_the_monotonic_clock_does_not_jump(tmp_path: Path) -> None:
    """Deadlines inside a process have nothing to do with the time of a sandbox."""
    file = tmp_path / "clock"
    file.write_text(f"{5 * _SECONDS_A_DAY}\n", encoding="ascii")

    assert abs(SandboxClock(file).monotonic() - time.monotonic()) < 60


@pytest.mark.parametrize("text", ["", "five days", "1.5", "9" * 20, "--5", "5 6"])
def test_what_is_not_an_offset_is_refused(tmp_path: Path, text: str) -> None:
    """A time that nobody meant is worse than none."""
    file = tmp_path / "clock"
    file.write_text(text, encoding="ascii")

    with pytest.raises(ConfigurationError, match="whole seconds"):
        read_offset(file)
