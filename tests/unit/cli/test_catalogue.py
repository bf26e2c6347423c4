"""`schakel catalogue`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker.cli.main import main
from schemas.reading import packaged


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the published schemas."""
    for path, content in packaged().items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return tmp_path


def test_published_schemas_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is stale in what is installed."""
    assert main(["catalogue", "build", "--check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"stale": [], "written": False}


def test_check_finds_a_stale_file_and_build_writes_it(folder: Path) -> None:
    """First exit code 9, then up to date."""
    (folder / "messages/E03/1.avsc").write_bytes(b"{}")
    arguments = ["catalogue", "build", "--schemas", str(folder)]

    assert [main([*arguments, "--check"]), main(arguments), main([*arguments, "--check"])] == [9, 0, 0]


def test_lint_says_what_it_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As one document, with exit code 9."""
    document = folder / "catalogue.yaml"
    document.write_text(document.read_text().replace("may: [FB], source", "may: [FB, RPI], source"))
    main(["catalogue", "build", "--schemas", str(folder)])
    capsys.readouterr()

    assert main(["catalogue", "lint", "--schemas", str(folder), "--json"]) == 9
    assert json.loads(capsys.readouterr().out)["findings"][0]["rule"] == "never-group"


def test_show_prints_every_type(capsys: pytest.CaptureFixture[str]) -> None:
    """With groups and sources."""
    assert main(["catalogue", "show", "--json"]) == 0
    messages = json.loads(capsys.readouterr().out)["messages"]

    assert [m["code"] for m in messages] == ["E01", "E02", "E03", "E04", "E05", "E28"]


def test_show_prints_one_type(capsys: pytest.CaptureFixture[str]) -> None:
    """In whatever case its code is typed."""
    assert main(["catalogue", "show", "e02"]) == 0
    assert "domestic_circle_flag" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["show", "E99"], 2), (["show", "--schemas", "/nowhere/at/all"], 3)],
    ids=["unknown-type", "no-folder"],
)
def test_mistakes_have_their_exit_code(arguments: list[str], code: int) -> None:
    """Usage is 2, configuration is 3."""
    assert main(["catalogue", *arguments]) == code
