"""A whole exchange on this machine, used as a person uses it: up, publish, subscribe, status, down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import Ran, processes_in, schakel

pytestmark = pytest.mark.kafka


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that runs, and where to put files."""

    directory: Path
    files: Path

    def profile(self, name: str) -> Path:
        """The profile of an agency."""
        return self.directory / "agencies" / name / "schakel.toml"

    def document(self, **changes: Any) -> Path:
        """A file with an E01 that is allowed, but for *changes*."""
        content = schakel("message", "template", "E01", "--to", "amk-noord").json | changes
        path = self.files / "document.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def publish(self, path: Path, *words: str, name: str = "shg-noord") -> Ran:
        """Publish the document in *path*."""
        return schakel("publish", "--profile", self.profile(name), path, *words)

    def subscribe(self, name: str, *words: str) -> Ran:
        """Receive one document."""
        return schakel(
            "subscribe", "--profile", self.profile(name), "--max", "1", "--timeout", "40", "--jsonl", *words
        )


@pytest.fixture(scope="module")
def sandbox(own_kafka: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for all tests of this file."""
    directory = tmp_path_factory.mktemp("sandbox")
    up = schakel("dev", "up", "--dir", directory, "--detach", "--json", seconds=180)
    try:
        assert up.code == 0, up.err
        assert up.json["running"] is True
        yield Sandbox(directory, tmp_path_factory.mktemp("files"))
    finally:
        down = schakel("dev", "down", "--dir", directory)
    assert down.code == 0, down.err
    assert list(processes_in(directory)) == []


def test_status_says_that_all_of_it_runs(sandbox: Sandbox) -> None:
    """Kafka, the gate and the ledger writer are there, each with its pid."""
    status = schakel("dev", "status", "--dir", sandbox.directory, "--json").json

    assert {process["name"] for process in status["processes"]} >= {"kafka-1", "gate", "ledger"}
    assert all(process["running"] and process["pid"] for process in status["processes"])


def test_a_message_goes_there_and_its_receipt_comes_back(sandbox: Sandbox) -> None:
    """What one agency publishes, the other gets word for word; the sender gets the receipt."""
    path = sandbox.document()
    sent = sandbox.publish(path, "--json")
    (delivered,) = sandbox.subscribe("amk-noord").lines
    (receipt,) = sandbox.subscribe("shg-noord").lines

    assert delivered["message_id"] == sent.json["message_id"]
    assert delivered["groups"] == json.loads(path.read_text(encoding="utf-8"))["groups"]
    assert (receipt["type"], receipt["in_reply_to"]) == ("E03", sent.json["message_id"])
    assert receipt["groups"]["RC"]["status_code"] == "handled"


def test_a_command_gets_each_document_and_decides_what_becomes_of_it(sandbox: Sandbox) -> None:
    """A command that fails rejects the message, and the sender hears that."""
    sandbox.publish(sandbox.document())
    sandbox.subscribe("amk-noord", "--exec", "false")
    (receipt,) = sandbox.subscribe("shg-noord").lines

    assert receipt["groups"]["RC"]["status_code"] == "rejected"


def test_waiting_ends_when_the_time_is_up(sandbox: Sandbox) -> None:
    """No answer is exit 10, and the message is published all the same."""
    ran = sandbox.publish(sandbox.document(), "--wait", "--timeout", "1", "--json")
    sandbox.subscribe("amk-noord")
    sandbox.subscribe("shg-noord")

    assert ran.code == 10
    assert ran.json["outcome"] == "published"


def test_what_may_not_be_sent_is_exit_6_and_sends_nothing(sandbox: Sandbox) -> None:
    """The reason code is in the answer, and no message id."""
    ran = sandbox.publish(sandbox.document(to=["amk-zuid"]), "--json")

    assert ran.code == 6
    assert (ran.json["message_id"], ran.json["reason"]) == (None, "no-agreement")


def test_many_documents_are_published_a_line_each(sandbox: Sandbox) -> None:
    """One line of standard input is one message; one that is refused stops none of the others."""
    allowed = json.loads(sandbox.document().read_text(encoding="utf-8"))
    lines = [json.dumps(allowed | {"to": [to]}) for to in ("amk-noord", "amk-zuid", "amk-noord")]
    words = ("publish", "--profile", sandbox.profile("shg-noord"), "-", "--jsonl")

    ran = schakel(*words, stdin="\n".join(lines))

    assert [line["outcome"] for line in ran.lines] == ["published", "refused", "published"]
    assert ran.code == 6


def test_lag_is_told_per_topic_and_group(sandbox: Sandbox) -> None:
    """The gate keeps up; every agency's inbox is listed."""
    found = schakel("topics", "status", "--dir", sandbox.directory, "--json").json["topics"]
    groups = {lag["group"] for lag in found}

    assert {"gate", "ledger", "amk-noord.inbox"} <= groups
    assert all(lag["lag_messages"] >= 0 and lag["lag_seconds"] >= 0 for lag in found)


def test_the_plan_of_topics_is_what_kafka_holds(sandbox: Sandbox) -> None:
    """`dev up` made exactly what the registry asks for."""
    assert schakel("topics", "plan", "--dir", sandbox.directory, "--json").json["empty"] is True


def test_the_doctor_finds_nothing_wrong(sandbox: Sandbox) -> None:
    """Every check passes for an agency of a fresh sandbox."""
    ran = schakel("doctor", "--profile", sandbox.profile("amk-noord"), "--json")

    assert [check for check in ran.json["checks"] if check["state"] == "wrong"] == []
    assert ran.code == 0


def test_the_doctor_finds_a_key_file_that_others_may_read(sandbox: Sandbox) -> None:
    """Exit 9, and the finding says what to do."""
    key = sandbox.directory / "agencies" / "ggz-zuid" / "keys" / "sign-es256.pem"
    key.chmod(0o644)
    ran = schakel("doctor", "--profile", sandbox.profile("ggz-zuid"), "--json")
    key.chmod(0o600)

    wrong = {check["check"]: check for check in ran.json["checks"] if check["state"] == "wrong"}
    assert ran.code == 9
    assert "chmod 600" in wrong["file sign-es256.pem"]["remedy"]


MISTAKES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "not a document": (("publish", "--profile", "{shg}", "{broken}"), 2, "schakel message template"),
    "no such file": (("publish", "--profile", "{shg}", "nowhere.json"), 2, "nowhere.json"),
    "no such profile": (("publish", "--profile", "nowhere.toml", "{good}"), 3, "Check the path"),
    "the profile of something else": (("publish", "--profile", "{gate}", "{good}"), 3, "roles: is missing"),
    "no such flag": (("publish", "--nope", "{good}"), 2, "--help"),
    "no such role": (("publish", "--profile", "{shg}", "--role", "AMK", "{good}"), 2, "SHG"),
    "a key file that others may read": (("publish", "--profile", "{open}", "{good}"), 3, "chmod 600"),
    "no registry": (("publish", "--profile", "{lost}", "{good}"), 4, "registry"),
    "no sandbox": (("dev", "status", "--dir", "nowhere"), 3, "schakel dev up"),
    "nobody who acts": (("topics", "status"), 2, "--dir"),
    "no such command": (("subscribe", "--profile", "{shg}", "--exec", "nowhere-to-run"), 2, "full path"),
}


@pytest.mark.parametrize(("words", "code", "remedy"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence_with_what_to_do(
    sandbox: Sandbox, words: tuple[str, ...], code: int, remedy: str
) -> None:
    """The exit code says which kind, the line on stderr says what to do, stdout stays empty."""
    ran = schakel(*(word.format(**_places(sandbox)) for word in words))

    assert ran.code == code, ran.err
    assert remedy in ran.err
    assert (ran.out, len(ran.err.splitlines())) == ("", 1)


def _places(sandbox: Sandbox) -> dict[str, Path]:
    broken = sandbox.files / "broken.json"
    broken.write_text("{", encoding="utf-8")
    shg = sandbox.profile("shg-noord")
    text = shg.read_text(encoding="utf-8")
    lost = shg.with_name("lost.toml")
    lost.write_text(
        text.replace("../../registry/public", "../nowhere").replace("cache/registry", "cache/lost")
    )
    key = sandbox.profile("ggz-noord").parent / "keys" / "sign-es256.pem"
    key.chmod(0o644)
    return {
        "shg": shg,
        "good": sandbox.document(),
        "broken": broken,
        "gate": sandbox.directory / "exchange" / "gate.toml",
        "open": sandbox.profile("ggz-noord"),
        "lost": lost,
    }
