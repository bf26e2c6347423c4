"""`schakel demo`: everything comes out as it is told, and nothing stays behind."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import processes_in, schakel, start, wait_for

pytestmark = pytest.mark.kafka


@dataclass(frozen=True)
class Played:
    """One run of the demonstration."""

    document: dict[str, Any]
    directory: Path
    code: int

    def lines(self, *outcomes: str) -> list[tuple[str, str, str, str, int]]:
        """Type, sender, recipient, reason and step of the messages with one of these outcomes."""
        return [
            (m["type"], m["from"], m["to"], m["reason"], m["step"])
            for m in self.document["messages"]
            if m["outcome"] in outcomes
        ]


@pytest.fixture(scope="module")
def played(own_kafka: None, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demonstration, played once for all tests of this file."""
    directory = tmp_path_factory.mktemp("demo")
    ran = schakel("demo", "--json", "--keep", directory, seconds=180)
    assert ran.out, ran.err
    return Played(ran.json, directory, ran.code)


def test_it_comes_out_as_told(played: Played) -> None:
    """Exit 0 is only given when every scene ended as it said."""
    assert played.code == 0


def test_the_document_has_exactly_the_keys_that_scripts_rely_on(played: Played) -> None:
    """The keys of the command's documentation, and no others."""
    assert set(played.document) == {"kafka", "messages", "ledger", "proof", "seconds"}
    assert set(played.document["kafka"]) == {"version", "nodes", "how"}
    assert set(played.document["ledger"]) == {"entries", "root", "checkpoint"}
    assert set(played.document["proof"]) == {"verified", "file"}


def test_report_decision_and_feedback_arrive_with_their_receipts(played: Played) -> None:
    """The case is exchanged: E01, E04 and E05, each answered with an E03."""
    delivered = [(line[0], line[1]) for line in played.lines("delivered")]

    assert delivered[:6] == [
        ("E01", "shg-noord"),
        ("E03", "amk-noord"),
        ("E04", "amk-noord"),
        ("E03", "shg-noord"),
        ("E05", "amk-noord"),
        ("E03", "shg-noord"),
    ]


REASONS = ("no-agreement", "group-forbidden", "predicate", "agreement-revoked")


@pytest.mark.parametrize("reason", REASONS)
def test_publisher_and_gate_refuse_alike(played: Played, reason: str) -> None:
    """The sender is stopped in the house; a sender without checks is refused at step 11 of the gate."""
    assert [line[3:] for line in played.lines("not-sent") if line[3] == reason] == [(reason, 11)]
    assert [line[3:] for line in played.lines("refused") if line[3] == reason] == [(reason, 11)]


def test_a_refused_message_that_never_left_has_no_id(played: Played) -> None:
    """What the publisher stops does not exist for anybody else."""
    assert {m["id"] for m in played.document["messages"] if m["outcome"] == "not-sent"} == {None}


def test_tampered_bytes_are_quarantined(played: Played) -> None:
    """One bit turned in a sealed group fails at step 9."""
    assert [line[3:] for line in played.lines("quarantined")] == [("section", 9)]


def test_the_subscriber_withholds_what_was_revoked_after_its_release(played: Played) -> None:
    """A decision that is a moment old is checked again at the recipient."""
    assert ("E05", "amk-noord", "shg-noord", "agreement-revoked", 11) in played.lines("withheld")


def test_the_proof_verifies_and_is_kept(played: Played) -> None:
    """The evidence of the first decision is a file that outlives the sandbox."""
    assert played.document["proof"]["verified"] is True
    assert Path(played.document["proof"]["file"]).stat().st_size > 0


def test_the_ledger_has_every_decision(played: Played) -> None:
    """At least one entry for each message that reached the gate."""
    sent = [m for m in played.document["messages"] if m["outcome"] != "not-sent"]

    assert played.document["ledger"]["entries"] >= len(sent)


def test_no_process_stays_behind(played: Played) -> None:
    """Kafka, gate and ledger writer are gone."""
    assert list(processes_in(played.directory)) == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "kill"]
)
def test_interrupted_it_takes_everything_with_it(
    own_kafka: None, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """Stopped half-way, the exit code says so and no process stays behind."""
    with start("demo", "--keep", tmp_path) as demo:
        wait_for(lambda: (tmp_path / "run" / "gate.pid").exists(), "the gate was started")
        demo.send_signal(number)
        ended = demo.wait(60)

    assert ended == code
    assert list(processes_in(tmp_path)) == []
