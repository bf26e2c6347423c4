"""`schakel dev`: what it says while it starts."""

from __future__ import annotations

import pytest

from broker.cli.dev import _steps


def test_steps_are_lines_on_stderr_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Who starts it in the background can see how far it is; control characters stay visible."""
    with _steps("starting", quiet=False) as tell:
        tell("starting Kafka\x1b")

    assert capsys.readouterr() == ("", "starting Kafka\\x1b\n")


def test_a_script_that_asks_for_json_hears_no_steps(capsys: pytest.CaptureFixture[str]) -> None:
    """Its stderr holds errors only."""
    with _steps("starting", quiet=True) as tell:
        tell("starting Kafka")

    assert capsys.readouterr() == ("", "")
