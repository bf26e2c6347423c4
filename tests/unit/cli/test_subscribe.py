"""How a received message leaves `schakel subscribe`."""

from __future__ import annotations

import json
import os
import pty
import sys
from collections.abc import Iterator

import pytest

from broker.cli import subscribe

DOCUMENT: dict[str, object] = {
    "message_id": "0a",
    "type": "E05",
    "from": "1",
    "from_name": "amk-noord",
    "case": "0c",
    "groups": {"FB": {}},
}


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A real terminal as stdout; its other side."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        yield ours
    os.close(ours)


def test_a_terminal_shows_a_short_line(terminal: int) -> None:
    """Nobody reads JSON on a screen."""
    subscribe._shown(jsonl=False)(DOCUMENT)

    assert os.read(terminal, 1000) == b"E05 from amk-noord with FB, case 0c, message 0a\r\n"


def test_a_terminal_shows_json_when_asked(terminal: int) -> None:
    """`--jsonl` says the same everywhere."""
    subscribe._shown(jsonl=True)(DOCUMENT)

    assert json.loads(os.read(terminal, 1000)) == DOCUMENT


@pytest.mark.parametrize("jsonl", [True, False])
def test_a_pipe_gets_json_lines(jsonl: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """A program is never handed text for people."""
    subscribe._shown(jsonl=jsonl)(DOCUMENT)

    assert json.loads(capsys.readouterr().out) == DOCUMENT
