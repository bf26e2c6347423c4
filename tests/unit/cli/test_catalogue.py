"""`schakel catalogue`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker.catalogue.load import load_catalogue
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

    assert [m["code"] for m in messages] == list(load_catalogue(packaged()).messages)


def test_show_prints_one_type(capsys: pytest.CaptureFixture[str]) -> None:
    """In whatever case its code is typed."""
    assert main(["catalogue", "show", "e02"]) == 0
    assert "domestic_circle_flag" in capsys.readouterr().out


def test_show_prints_who_owes_what(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the sender owes what its message opens, that is said."""
    assert main(["catalogue", "show", "E11"]) == 0
    assert "OB-RESULT taken_in_investigation=true owed by the sender" in capsys.readouterr().out


def test_show_prints_an_extension(capsys: pytest.CaptureFixture[str]) -> None:
    """An exchange without a type of its own says which types carry it."""
    assert main(["catalogue", "show", "e23"]) == 0
    shown = capsys.readouterr().out

    assert "E06, E07, E08, E05" in shown
    assert "HA" in shown


def test_show_gives_an_extension_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    """As one document."""
    assert main(["catalogue", "show", "E23", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)

    assert (document["code"], document["role"]) == ("E23", "HA")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["show", "E99"], 2), (["show", "--schemas", "/nowhere/at/all"], 3)],
    ids=["unknown-type", "no-folder"],
)
def test_mistakes_have_their_exit_code(arguments: list[str], code: int) -> None:
    """Usage is 2, configuration is 3."""
    assert main(["catalogue", *arguments]) == code
