"""Logs: one JSON line an event, without personal data; set up by entry points only.

1. An event has a name from this module, in the past tense; what differs goes into named values.
2. A value is written only if its name is on the list below; every other value is withheld, visibly.
3. Bytes are never written, and a number that could be a BSN is masked in every string.
4. An error of ours is written as it stands, for it holds no content by contract; of any other error
   only its type and where it arose, for its text may quote what it choked on.
5. The loggers of kafka-python never go below INFO: its DEBUG lines print values and passwords.

Logs help operators and may be lost.  Evidence is in the decision records: never derive one from the other.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, MutableMapping
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import TextIO

import structlog

from broker.errors import SchakelError
from broker.names import CaseRef, Digest, KeyId, MessageId, ProducerId

__all__ = [
    "ANSWER_REFUSED",
    "CHECKPOINT_COSIGNED",
    "COSIGNING_LATE",
    "DECISIONS_TOPIC_MISSING",
    "DECISION_WRITTEN",
    "HANDLER_FAILED",
    "KAFKA_WEAKER",
    "LEDGER_APPENDED",
    "LEDGER_PROBLEM",
    "MESSAGE_REFUSED",
    "OBLIGATIONS_OVERDUE",
    "OBLIGATIONS_REBUILT",
    "PROCESS_FAILED",
    "PROCESS_STARTED",
    "PROCESS_STOPPED",
    "RETENTION_RECORDED",
    "WITNESS_ANSWERED",
    "WITNESS_CONFLICT",
    "WITNESS_REFUSED",
    "WITNESS_UNAVAILABLE",
    "WORLD_UNAVAILABLE",
    "configure",
    "quiet_kafka",
]

ANSWER_REFUSED = "answer_refused"
CHECKPOINT_COSIGNED = "checkpoint_cosigned"
COSIGNING_LATE = "cosigning_late"
DECISIONS_TOPIC_MISSING = "decisions_topic_missing"
DECISION_WRITTEN = "decision_written"
HANDLER_FAILED = "handler_failed"
KAFKA_WEAKER = "kafka_weaker"
LEDGER_APPENDED = "ledger_appended"
LEDGER_PROBLEM = "ledger_problem"
MESSAGE_REFUSED = "message_refused"
OBLIGATIONS_OVERDUE = "obligations_overdue"
OBLIGATIONS_REBUILT = "obligations_rebuilt"
PROCESS_FAILED = "process_failed"
PROCESS_STARTED = "process_started"
PROCESS_STOPPED = "process_stopped"
RETENTION_RECORDED = "retention_recorded"
WITNESS_ANSWERED = "witness_answered"
WITNESS_CONFLICT = "witness_conflict"
WITNESS_REFUSED = "witness_refused"
WITNESS_UNAVAILABLE = "witness_unavailable"
WORLD_UNAVAILABLE = "world_unavailable"

_ALLOWED = re.compile(
    "(?!.*(bsn|birth|password|passphrase|secret|payload|plain|content|person|child|subject))"
    "(event|level|logger|process|timestamp|pid|agency|attempt|code|command|count|flow|host|id|kind|lag|limit|offset"
    "|oin|outcome|partition|port|reason|recipient|remedy|role|root|rule|sender|sequence|signal|size|state|status"
    "|step|topic|total|type|urgency|version|error|where|(reason|error|message|exit)_code"
    "|[a-z_]+_(at|bytes|count|digest|id|ids|ms|offset|oin|ref|role|seconds|size|state|total|type|version))"
)
_IDENTIFIERS = (CaseRef, Digest, KeyId, MessageId, ProducerId)
_WITHHELD = "[withheld]"
_BSN_SHAPE = re.compile(r"(?<!\d)\d(?:[ .\-/]?\d){8}(?!\d)")
_HEXADECIMAL = re.compile(r"(?<![0-9a-z])(?=[0-9]*[a-f])[0-9a-f]{12,}(?![0-9a-z])")
"""Identifiers: nine digits inside one are no number of a person."""
_BSN_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_DEPTH = 4
_FRAMES = 8

_Event = MutableMapping[str, object]


def configure(
    process: str,
    *,
    json: bool = True,
    level: str = "INFO",
    stream: TextIO | None = None,
    file: Path | None = None,
) -> None:
    """Set up logging for this process, for structlog and the standard library alike.

    Calling it again replaces the earlier set-up.

    Args:
        process: Which process this is, in every line: ``gate``, ``ledger-writer`` ...
        json: JSON lines; otherwise lines for a person.
        level: Name of the lowest level that is written.
        stream: Where to write; standard error by default.
        file: Write to this file instead; it may be moved away while the process runs.
    """
    stream = stream or sys.stderr
    handler = WatchedFileHandler(file, encoding="utf-8") if file else logging.StreamHandler(stream)
    handler.addFilter(_QUIET)
    colours = file is None and stream.isatty()
    handler.setFormatter(_formatter(process, json=json, colours=colours))
    # The loggers of kafka-python have a level of their own and would pass the root's by.
    handler.setLevel(level)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    quiet_kafka()


def quiet_kafka(level: int = logging.INFO) -> None:
    """Hold every logger of kafka-python at INFO or above, whatever level is set later.

    `configure` does this; the Kafka adapter does it as well, for agencies with a set-up of their own.

    Args:
        level: A higher level for all of them, for commands whose user needs only our own sentences.
    """
    logger = logging.getLogger("kafka")
    if level > logging.INFO:
        logger.setLevel(max(logger.level, level))
    for name in list(logging.Logger.manager.loggerDict):
        if _is_kafka(name):
            logging.getLogger(name).addFilter(_QUIET)
            _lift(name)


def _is_kafka(name: str) -> bool:
    return f"{name}.".startswith("kafka.")


def _lift(name: str) -> None:
    logger = logging.getLogger(name)
    if logging.NOTSET < logger.level < logging.INFO or (name == "kafka" and logger.level == logging.NOTSET):
        logger.setLevel(logging.INFO)


class _Quiet(logging.Filter):
    """Drops what a Kafka logger says below INFO, and lifts the level that let it through."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not _is_kafka(record.name) or record.levelno >= logging.INFO:
            return True
        for end in range(len(parts := record.name.split(".")), 0, -1):
            _lift(".".join(parts[:end]))
        return False


_QUIET = _Quiet()


def _formatter(process: str, *, json: bool, colours: bool) -> logging.Formatter:
    def name_process(_: object, __: str, event: _Event) -> _Event:
        event["process"] = process
        return event

    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=colours)
    common: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.contextvars.merge_contextvars],
        processors=[
            *common,
            name_process,
            _describe_error,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _redact,
            renderer,
        ],
    )


def _describe_error(_: object, __: str, event: _Event) -> _Event:
    """Replace an exception by what may be written of it."""
    given = event.pop("exc_info", None)
    record = event.get("_record")
    if not given and isinstance(record, logging.LogRecord):
        given = record.exc_info
    error = given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given is True else given
    if isinstance(error, BaseException):
        event.update(_error_values(error))
    return event


def _error_values(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    values: dict[str, object] = {
        "error_type": type(error).__name__,
        "where": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, SchakelError):
        values |= {"error": str(error), "error_code": error.code}
    return values


def _redact(_: object, __: str, event: _Event) -> _Event:
    return {name: _allowed(name, value, _DEPTH) for name, value in event.items()}


def _allowed(name: object, value: object, depth: int) -> object:
    """*value* as it may be written under *name*."""
    if not _ALLOWED.fullmatch(str(name)):
        return _WITHHELD
    return _clean(value, depth)


def _clean(value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, _IDENTIFIERS):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return _WITHHELD
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _clean_items(value, depth - 1) if depth else _WITHHELD
    return _masked(str(value))


def _masked(text: str) -> str:
    """Without numbers that could be a person's; the identifiers of messages and keys stay as they are."""
    parts, last = [], 0
    for identifier in _HEXADECIMAL.finditer(text):
        parts += [_BSN_SHAPE.sub(_mask, text[last : identifier.start()]), identifier[0]]
        last = identifier.end()
    return "".join([*parts, _BSN_SHAPE.sub(_mask, text[last:])])


def _clean_items(values: Mapping[object, object] | Iterable[object], depth: int) -> object:
    if isinstance(values, Mapping):
        return {str(name): _allowed(name, value, depth) for name, value in values.items()}
    return [_clean(value, depth) for value in values]


def _mask(match: re.Match[str]) -> str:
    digits = [int(character) for character in match[0] if character.isdigit()]
    elevenproof = sum(weight * digit for weight, digit in zip(_BSN_WEIGHTS, digits, strict=True)) % 11 == 0
    return "[masked]" if elevenproof else match[0]
