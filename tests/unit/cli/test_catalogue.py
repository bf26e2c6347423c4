"""`schakel catalogue`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker.catalogue.load import load_catalogue
from broker.cli.main import main
from broker.names import Micros
from broker.sandbox.agreements import regional_agreement
from schemas.reading import packaged
from tests.architecture.source import ROOT


def rewrite(path: Path, before: str, after: str) -> None:
    """Replace the first occurrence of a text in a file."""
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


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


def test_show_prints_one_obligation(capsys: pytest.CaptureFixture[str]) -> None:
    """What it is, by when, what opens and what ends it."""
    assert main(["catalogue", "show", "ob-decide"]) == 0
    shown = capsys.readouterr().out

    assert "decision whether to investigate" in shown
    assert "5 days, moved off weekends and holidays" in shown
    assert "E01" in shown
    assert "E04" in shown


def test_show_gives_an_obligation_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    """Also one that no message opens."""
    assert main(["catalogue", "show", "OB-FB-END", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)

    assert document["opened_by"] == ["OB-JUDGE when it is met"]
    assert document["ended_by"] == ["E05 when feedback_stage=outcome"]


def test_show_knows_no_other_obligation(capsys: pytest.CaptureFixture[str]) -> None:
    """The error names those that there are."""
    assert main(["catalogue", "show", "OB-NOPE"]) == 2
    assert "OB-DECIDE" in capsys.readouterr().err


def test_show_lists_the_obligations(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the types."""
    assert main(["catalogue", "show"]) == 0
    assert "decision whether to investigate" in capsys.readouterr().out


def test_show_prints_who_owes_what(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the sender owes what its message opens, that is said."""
    assert main(["catalogue", "show", "E11"]) == 0
    assert "OB-RESULT when taken_in_investigation=true: owed by the sender" in capsys.readouterr().out


def test_show_gives_every_rule_with_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    """Not only lists of groups: senders, grounds, regimes, terms and obligations too."""
    assert main(["catalogue", "show", "E01", "--json"]) == 0
    rules = json.loads(capsys.readouterr().out)["rules"]

    assert all(rule["source"] for rule in rules)
    assert {"sender", "purpose", "legal-basis", "regime", "term", "opens", "retention"} <= {
        rule["aspect"] for rule in rules
    }


def test_diff_says_what_changes_for_whom(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From a folder to the installed catalogue, as one document."""
    rewrite(folder / "catalogue.yaml", "HH, AP, RPI, PO, IN, AT]", "HH, AP, RPI, PO, IN]")

    assert main(["catalogue", "diff", str(folder), "--json"]) == 0
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert (change["code"], change["sender"], change["recipient"], change["name"]) == (
        *("E01", "SHG", "AMK"),
        "AT",
    )


def test_diff_takes_a_catalogue_by_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of whatever name, with the groups beside it."""
    other = folder / "proposal.yaml"
    other.write_bytes((folder / "catalogue.yaml").read_bytes())

    assert main(["catalogue", "diff", str(folder), str(other)]) == 0
    assert "Nothing changes for anybody" in capsys.readouterr().out


def test_diff_says_who_must_sign_again(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """An agreement that would let through more: exit code 9."""
    agreements = tmp_path_factory.mktemp("agreements")
    (agreements / "one.yaml").write_bytes(regional_agreement("noord", Micros(1_893_499_200_000_000)).document)
    rewrite(folder / "catalogue.yaml", "HH, AP, RPI, PO, IN, AT]", "HH, AP, RPI, PO, IN]")

    assert main(["catalogue", "diff", str(folder), "--agreements", str(agreements)]) == 9
    assert "sign again: amk-shg-noord/1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.yaml", "just: notes\n", "notes.yaml is not an agreement"),
        ("empty.yaml", "\n", "the file is empty"),
        ("notes.txt", "x", "there is no agreement in"),
    ],
)
def test_diff_refuses_a_folder_without_agreements(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, said: str
) -> None:
    """A file too many in the folder, or none at all, is a mistake of the caller."""
    agreements = folder / "agreements"
    agreements.mkdir()
    (agreements / name).write_text(content)

    assert main(["catalogue", "diff", str(folder), "--agreements", str(agreements)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "the file is empty", id="empty"),
        pytest.param("[1]", "has to be names with their values", id="a-list"),
        pytest.param("format: 2", "format: has to be 1", id="wrong"),
        pytest.param("a: [", "line ", id="not-yaml"),
    ],
)
def test_diff_names_the_file_that_is_no_catalogue(
    folder: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    """And what is wrong in it, without an option that the command has not."""
    other = folder / "proposal.yaml"
    other.write_text(content)

    assert main(["catalogue", "diff", str(folder), str(other)]) == 2
    told = capsys.readouterr().err
    assert f"{other} is not a catalogue" in told
    assert said in told
    assert "--schemas" not in told


def test_diff_names_the_folder_without_a_catalogue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As typed."""
    assert main(["catalogue", "diff", str(tmp_path)]) == 2
    assert f"{tmp_path} is not a catalogue" in capsys.readouterr().err


def test_coverage_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """Line by line, as the page of the documentation has it."""
    assert main(["catalogue", "coverage"]) == 0

    assert capsys.readouterr().out == (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")


def test_coverage_without_its_document_is_a_mistake(folder: Path) -> None:
    """Configuration: the folder holds a catalogue, and nothing about the plan."""
    assert main(["catalogue", "coverage", "--schemas", str(folder)]) == 3


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
