"""How a received message leaves `schakel subscribe`."""

from __future__ import annotations

import io
import json
import sys

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


class Terminal(io.StringIO):
    """A screen that remembers what it was shown."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_a_terminal_shows_a_short_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads JSON on a screen."""
    monkeypatch.setattr(sys, "stdout", screen := Terminal())

    subscribe._shown(jsonl=False)(DOCUMENT)

    assert screen.getvalue() == "E05 from amk-noord with FB, case 0c, message 0a\n"


def test_a_terminal_shows_json_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--jsonl` says the same everywhere."""
    monkeypatch.setattr(sys, "stdout", screen := Terminal())

    subscribe._shown(jsonl=True)(DOCUMENT)

    assert json.loads(screen.getvalue()) == DOCUMENT


@pytest.mark.parametrize("jsonl", [True, False])
def test_a_pipe_gets_json_lines(jsonl: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """A program is never handed text for people."""
    subscribe._shown(jsonl=jsonl)(DOCUMENT)

    assert json.loads(capsys.readouterr().out) == DOCUMENT
