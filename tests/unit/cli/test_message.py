"""`schakel message`."""

from __future__ import annotations

import json

import pytest

from broker.catalogue.load import load_catalogue
from broker.cli.main import main
from broker.records.document import Document
from schemas.reading import packaged

CODES = list(load_catalogue(packaged()).messages)


@pytest.mark.parametrize("extra", [[], ["--all"]], ids=["required", "all"])
@pytest.mark.parametrize("code", CODES)
def test_a_template_can_be_published(code: str, extra: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What it writes is a message document."""
    assert main(["message", "template", code, *extra]) == 0
    assert Document.parse(capsys.readouterr().out.encode()).type == code


def test_a_template_is_addressed(capsys: pytest.CaptureFixture[str]) -> None:
    """To whom was asked."""
    main(["message", "template", "E04", "--to", "ziekenhuis-noord", "--to", "shg-zuid"])

    assert json.loads(capsys.readouterr().out)["to"] == ["ziekenhuis-noord", "shg-zuid"]


def test_a_template_is_addressed_to_an_agency_of_a_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    """By the name it has there, whatever its role is called."""
    main(["message", "template", "E09"])

    assert json.loads(capsys.readouterr().out)["to"] == ["raad-noord"]


ID, CASE = "0a" * 16, "0c" * 16


def test_a_template_of_an_answer_says_what_it_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """The message and its case, as they were given."""
    assert main(["message", "template", "E05", "--reply-to", ID, "--case", CASE.upper()]) == 0
    document = json.loads(capsys.readouterr().out)

    assert (document["in_reply_to"], document["case"]) == (ID, CASE)


@pytest.mark.parametrize(("code", "has"), [("E01", False), ("E04", True), ("E05", True), ("E32", True)])
def test_a_template_of_an_answer_has_a_place_for_it(
    code: str, has: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person sees that the id of a message belongs there; a report answers nothing."""
    main(["message", "template", code])

    assert ("in_reply_to" in json.loads(capsys.readouterr().out)) is has


@pytest.mark.parametrize("option", ["--reply-to", "--case"])
def test_a_template_answers_nothing_that_is_no_id(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error repeats what was given."""
    assert main(["message", "template", "E05", option, "E01"]) == 2
    assert "E01" in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("--from", "shg"), ("--to", "amk")], ids=["neither", "from", "to"])
def test_explain_says_between_whom_it_goes(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Who asks without the two roles learns which there are."""
    assert main(["message", "explain", "E01", *words]) == 2
    assert "E01 goes from SHG to AMK" in capsys.readouterr().err


def test_explain_knows_the_agencies_of_a_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    """The Raad is not named after its role."""
    assert main(["message", "explain", "E09", "--from", "bjz-noord", "--to", "raad-noord", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["to"] == "RvdK"


def test_explain_says_what_each_group_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Required, allowed or forbidden, with the source."""
    assert main(["message", "explain", "E01", "--from", "shg", "--to", "amk-noord", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    rules = {line["group"]: line["rule"] for line in document["groups"]}

    assert (rules["CH"], rules["HH"], rules["FB"]) == ("required", "allowed", "forbidden")
    assert {line["source"] for line in document["groups"]} == {"A43"}


def test_explain_says_every_rule_and_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    """Checks, terms and obligations too, for this sender only."""
    assert main(["message", "explain", "E10", "--from", "POL", "--to", "RvdK", "--json"]) == 0
    rules = json.loads(capsys.readouterr().out)["rules"]

    assert all(rule["source"] for rule in rules)
    assert [rule["name"] for rule in rules if rule["aspect"] == "sender"] == ["POL"]
    assert "OB-FORWARD when notice_kind=ordinary" in {rule["name"] for rule in rules}


def test_explain_says_what_carries_an_extension(capsys: pytest.CaptureFixture[str]) -> None:
    """General practitioners have no types of their own (domain 4.3, E23)."""
    assert main(["message", "explain", "E23", "--from", "AMK", "--to", "HA"]) == 0
    assert "E06, E07, E08, E05" in capsys.readouterr().out


def test_explain_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """For a person."""
    assert main(["message", "explain", "E05", "--from", "AMK", "--to", "POL"]) == 0
    assert "steps_taken_codes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sender", "recipient", "code"),
    [
        pytest.param("amk", "shg", 6, id="sender-may-not"),
        pytest.param("shg", "pol", 6, id="recipient-may-not"),
        pytest.param("x", "amk", 2, id="no-such-role"),
    ],
)
def test_explain_refuses_a_direction_that_is_not_allowed(sender: str, recipient: str, code: int) -> None:
    """The exit code of a refusal, or of a mistake."""
    assert main(["message", "explain", "E01", "--from", sender, "--to", recipient]) == code
