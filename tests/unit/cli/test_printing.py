"""What commands print, to a pipe."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.cli.printing import print_json, print_lines, print_message, print_table, progress
from broker.names import MessageId, TopicName
from broker.ports import Position


def test_values_of_ours_have_a_json_form(capsys: pytest.CaptureFixture[str]) -> None:
    """Identifiers, moments, sets, paths and dataclasses need no conversion by each command."""
    print_json(
        {
            "id": MessageId(bytes(16)),
            "at": datetime(2013, 5, 1, tzinfo=UTC),
            "groups": frozenset({"GU", "CH"}),
            "file": Path("x"),
            "position": Position(TopicName("t"), 0, 7),
        }
    )

    assert json.loads(capsys.readouterr().out) == {
        "id": "00" * 16,
        "at": "2013-05-01T00:00:00Z",
        "groups": ["CH", "GU"],
        "file": "x",
        "position": {"topic": "t", "partition": 0, "offset": 7},
    }


def test_a_stream_has_one_document_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A script can read line by line."""
    print_lines([{"a": 1}, {"a": "x\ny"}])

    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"a": 1}, {"a": "x\ny"}]


@pytest.mark.parametrize(
    ("document", "line"),
    [
        pytest.param(
            {"from": "1", "from_name": "shg-noord", "groups": {"CH": {"surname": "Voorbeeld"}, "GU": []}},
            "E01 from shg-noord with CH GU, case 0c, message 0a",
            id="delivered",
        ),
        pytest.param(
            {"to": "00000099000000001000", "to_name": "", "outcome": "refused", "reason": "no-agreement"},
            "E01 to 00000099000000001000 refused: no-agreement, case 0c, message 0a",
            id="refused",
        ),
    ],
)
def test_a_message_on_a_terminal_is_one_line_without_content(
    document: dict[str, object], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person sees what came and from whom; a name or address on a screen is seen by others too."""
    print_message({"message_id": "0a", "type": "E01", "case": "0c", **document})

    assert capsys.readouterr().out == line + "\n"


def test_a_table_in_a_pipe_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Long cells are neither cut nor wrapped, and markup of others is text."""
    print_table(["name", "ok"], [["x" * 200, True], ["[bold]\x1b[2J", None]])

    printed = capsys.readouterr().out
    assert "x" * 200 in printed
    assert "[bold]\\x1b[2J" in printed


def test_progress_is_silent_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """A script's stderr holds errors only."""
    with progress("working") as say:
        say("still working")

    assert capsys.readouterr() == ("", "")


def test_a_narrow_terminal_cuts_no_word_of_a_whole_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row becomes a block of lines, folded between words."""
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    print_table(("id", "fields"), [("a" * 40, "surname first_names birth_date"), ("b", "")], whole=True)

    assert capsys.readouterr().out.splitlines() == [
        "id      " + "a" * 40,
        "fields  surname first_names",
        "        birth_date",
        "",
        "id      b",
    ]


def test_a_table_has_moments_in_dutch_time(capsys: pytest.CaptureFixture[str]) -> None:
    """With the zone; what only begins like a moment stays as it is."""
    print_table(("when", "what"), [("2014-07-01T08:00:00.000000Z", "2014-07-01T08:00:00.000000Z or later")])
    printed = capsys.readouterr().out

    assert "2014-07-01 10:00:00 CEST" in printed
    assert "2014-07-01T08:00:00.000000Z or later" in printed
