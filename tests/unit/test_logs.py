"""Logs: what is written, and above all what is not."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from broker import logs
from broker.errors import UnavailableError
from broker.names import MessageId, SubjectRef

BSN = "999900006"


class Captured:
    """What a configured process wrote."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def lines(self) -> list[dict[str, object]]:
        """Every line, read back."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    @property
    def line(self) -> dict[str, object]:
        """The only line."""
        (line,) = self.lines
        return line


@pytest.fixture
def captured() -> Iterator[Captured]:
    """Logging set up as in a process, and put back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    kafka = logging.getLogger("kafka").level
    root.handlers = []
    written = Captured()
    logs.configure("gate", stream=written.stream, level="DEBUG")
    yield written
    root.handlers, root.level = before
    logging.getLogger("kafka").setLevel(kafka)
    structlog.reset_defaults()


def test_an_event_is_one_json_line(captured: Captured) -> None:
    """Name, process, level and a UTC moment stand in every line, with the values given."""
    structlog.get_logger("gate").info(logs.DECISION_WRITTEN, topic="exchange.meldingen", partition=3)

    line = captured.line
    assert line["timestamp"].__str__().endswith("Z")
    assert {
        "event": "decision_written",
        "level": "info",
        "process": "gate",
        "topic": "exchange.meldingen",
        "partition": 3,
    }.items() <= line.items()


@pytest.mark.parametrize(
    "name",
    ["payload", "plain", "groups", "password", "bsn", "private_key", "surname", "child_id", "database_url"],
)
def test_a_value_that_is_not_on_the_list_is_withheld(captured: Captured, name: str) -> None:
    """Nobody can log content by adding a name of their own."""
    structlog.get_logger().info("tried", **{name: "Jansen"})

    assert captured.line[name] == "[withheld]"


def test_names_inside_a_mapping_are_held_to_the_same_list(captured: Captured) -> None:
    """A permitted name does not carry forbidden ones inside."""
    structlog.get_logger().info("tried", state={"count": 1, "surname": "Jansen"})

    assert captured.line["state"] == {"count": 1, "surname": "[withheld]"}


def test_an_identifier_is_written_in_hexadecimal(captured: Captured) -> None:
    """An operator can follow one message by its id."""
    structlog.get_logger().info("seen", message_id=MessageId(bytes(16)))

    assert captured.line["message_id"] == "00" * 16


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("state", b"secret", id="bytes"),
        pytest.param("subject_ref", SubjectRef(bytes(16)), id="a-reference-to-a-person"),
    ],
)
def test_bytes_are_never_written(captured: Captured, name: str, value: object) -> None:
    """Bytes may be content or key material, whatever they are called."""
    structlog.get_logger().info("tried", **{name: value})

    assert captured.line[name] == "[withheld]"


@pytest.mark.parametrize(
    "text",
    [f"who is {BSN}?", "who is 9999.00.006?", "BSN999900006", "999-900-006", "code999900006", "9 9990 0006"],
)
def test_a_number_that_may_be_a_bsn_is_masked(captured: Captured, text: str) -> None:
    """Nine digits that pass the eleven test do not reach the log."""
    structlog.get_logger().info("seen", reason=text)

    assert "[masked]" in str(captured.line["reason"])


@pytest.mark.parametrize("text", ["999900007", "00000099999900006000", "0a999900006b"])
def test_other_numbers_are_left_alone(captured: Captured, text: str) -> None:
    """Offsets, OINs and identifiers keep their digits."""
    structlog.get_logger().info("seen", reason=text)

    assert captured.line["reason"] == text


def test_a_foreign_error_is_named_and_not_quoted(captured: Captured) -> None:
    """The text of a foreign error may quote content: only its type and place are written."""
    structlog.get_logger().error(logs.HANDLER_FAILED, exc_info=ValueError("surname Jansen is not a number"))

    assert "Jansen" not in captured.stream.getvalue()
    assert captured.line["error_type"] == "ValueError"


def test_an_error_under_way_is_found(captured: Captured) -> None:
    """`exception()` names the error that is being handled, and where it arose."""
    try:
        int("Jansen")
    except ValueError:
        structlog.get_logger().exception(logs.HANDLER_FAILED)

    assert "Jansen" not in captured.stream.getvalue()
    assert "test_logs.py" in str(captured.line["where"])


def test_an_error_of_ours_is_written_whole(captured: Captured) -> None:
    """Our own errors hold no content, so an operator gets all of them."""
    error = UnavailableError("Kafka did not answer", remedy="look at the nodes")
    structlog.get_logger().error(logs.PROCESS_FAILED, exc_info=error)

    assert captured.line["error"] == "Kafka did not answer. look at the nodes"


def test_the_standard_library_writes_the_same_lines(captured: Captured) -> None:
    """A library's line goes through the same mask."""
    logging.getLogger("sqlalchemy").warning("number %s", BSN)

    assert captured.line["event"] == "number [masked]"


@pytest.mark.parametrize("name", ["kafka", "kafka.conn", "kafka.made.after.configure"])
def test_debug_on_a_kafka_logger_is_lifted(captured: Captured, name: str) -> None:
    """DEBUG of kafka-python prints values and passwords: set later, it is set back."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)

    logger.debug("password=geheim")

    assert captured.lines == []
    assert logger.getEffectiveLevel() == logging.INFO


def test_kafka_still_warns(captured: Captured) -> None:
    """What an operator needs from kafka-python passes."""
    logging.getLogger("kafka.conn").warning("node gone")

    assert captured.line["event"] == "node gone"


def test_a_log_file_may_be_moved_away(captured: Captured, tmp_path: Path) -> None:
    """Log rotation by moving the file loses nothing."""
    file = tmp_path / "gate.log"
    logs.configure("gate", file=file)
    structlog.get_logger().info("first")
    file.rename(tmp_path / "gate.log.1")

    structlog.get_logger().info("second")

    assert json.loads(file.read_text())["event"] == "second"
    logs.configure("gate", stream=captured.stream)
