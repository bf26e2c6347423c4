"""What `schakel publish` says when Kafka does not answer."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from broker.cli import publish
from broker.cli.main import main
from broker.errors import UnconfirmedError
from broker.names import CaseRef, MessageId
from broker.records.document import Document
from broker.sandbox.exchange import build
from broker.sandbox.layout import Layout


def test_without_kafka_it_fails_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the cause and what to do, not after half a minute of trying."""
    build(tmp_path / "sandbox", ["localhost:1"])
    file = tmp_path / "report.json"
    main(["message", "template", "E01"])
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    profile = Layout(tmp_path / "sandbox").agency("shg-noord") / "schakel.toml"
    began = time.monotonic()

    assert main(["publish", str(file), "--profile", str(profile)]) == 4
    assert time.monotonic() - began < 10
    said = capsys.readouterr().err
    assert "nobody listens there" in said
    assert "schakel dev status" in said


def test_what_is_unconfirmed_can_be_sent_again_as_the_same_message() -> None:
    """The message names what the document must say: its id and its case."""
    document = Document.parse(
        b'{"type": "E01", "to": ["a-b"], "case": "new", "purpose": "amk-taak",'
        b' "legal_basis": "wmo-21b-2d", "groups": {}}'
    )
    record = replace(document.to_record((), CaseRef(b"c" * 16)), message_id=MessageId(b"m" * 16))

    said = str(publish._unconfirmed(UnconfirmedError("Kafka did not acknowledge", (record,))))

    assert f'"message_id": "{"6d" * 16}", "case": "{"63" * 16}"' in said


def test_who_has_not_answered_is_named(tmp_path: Path) -> None:
    """In a sandbox with the command that lets it receive; elsewhere nobody else's profile is at hand."""
    mine = tmp_path / "agencies" / "shg-noord" / "schakel.toml"
    theirs = tmp_path / "agencies" / "amk-noord" / "schakel.toml"
    alone = str(publish._late(["amk-noord", "bjz-noord"], 2.0, mine))
    theirs.parent.mkdir(parents=True)
    theirs.touch()

    assert "no answer of amk-noord, bjz-noord came within 2 s" in alone
    assert "schakel subscribe" not in alone
    assert f"schakel subscribe --profile {theirs}" in str(publish._late(["amk-noord"], 2.0, mine))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "it is empty", id="empty"),
        pytest.param('{"type": 1}', "type: has to be a message code", id="a-field"),
    ],
)
def test_a_document_that_is_none_is_told_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    """In words that its writer knows."""
    build(tmp_path / "sandbox", ["localhost:1"])
    file = tmp_path / "report.json"
    file.write_text(content, encoding="utf-8")
    profile = Layout(tmp_path / "sandbox").agency("shg-noord") / "schakel.toml"

    assert main(["publish", str(file), "--profile", str(profile)]) == 2
    told = capsys.readouterr().err
    assert f"{file}: this is not a message document" in told
    assert said in told
