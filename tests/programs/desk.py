"""An agency's own program, as small as it can be: every message becomes a row in a table of the agency's.

    python -m tests.programs.desk schakel.toml

`DESK_CHATTY` makes it everything that a careful agency is not: it asks for all debug output, Kafka's too,
and its handler fails the first time at each message, with the content in the text of its error.

The table `intake` has nothing that would keep a message from being written twice.  Beside the database
lies `handed-over.jsonl`: a line for each time the handler was called, also when its row was undone.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import sys
import time
from pathlib import Path

from broker import logs
from broker.cli.processes import run_process
from broker.pipelines.deliver import Disclosure
from broker.ports import Connection
from broker.settings import AgencyProfile, load_profile
from consumers.client import Subscriber

__all__ = ["HISTORY", "Desk", "ask_kafka_for_everything", "main"]

HISTORY = "handed-over.jsonl"
_TABLE = """
CREATE TABLE IF NOT EXISTS intake (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT, case_ref TEXT, code TEXT, mark TEXT, decision_id TEXT
)
"""


class Desk:
    """Takes in whatever is disclosed."""

    def __init__(self, folder: Path, *, chatty: bool) -> None:
        self._chatty = chatty
        self._failed: set[str] = set()
        self._history = os.open(folder / HISTORY, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def take_in(self, disclosure: Disclosure, connection: Connection) -> None:
        """Say that it was handed over, then write the row."""
        header, receipt = disclosure.header, disclosure.receipt
        line = {
            "message_id": str(header.message_id),
            "decision_id": str(receipt.decision_id),
            "topic": receipt.position.topic,
            "partition": receipt.position.partition,
            "offset": receipt.position.offset,
            "at": time.time_ns() // 1000,
            "pid": os.getpid(),
        }
        os.write(self._history, json.dumps(line).encode() + b"\n")
        if self._chatty and line["message_id"] not in self._failed:
            self._failed.add(str(line["message_id"]))
            raise ValueError(f"cannot take in {dict(disclosure.groups)}")
        connection.execute(
            "INSERT INTO intake (message_id, case_ref, code, mark, decision_id) VALUES (?,?,?,?,?)",
            (
                line["message_id"],
                str(header.case_ref),
                str(disclosure.entry.code),
                _mark(disclosure),
                line["decision_id"],
            ),
        )


def _mark(disclosure: Disclosure) -> str:
    """What the sender wrote as its own case number; receipts and refusals have none."""
    for group in disclosure.groups.values():
        if isinstance(group, dict) and "case_ref_sender" in group:
            return str(group["case_ref_sender"])
    return ""


def ask_kafka_for_everything() -> None:
    """Tell every logger of the Kafka client to write all it knows."""
    for name in ("kafka", *(n for n in logging.Logger.manager.loggerDict if n.startswith("kafka."))):
        logging.getLogger(name).setLevel(logging.DEBUG)


def main(profile: Path) -> None:
    """Run until SIGTERM."""
    settings = load_profile(profile, AgencyProfile)
    chatty = bool(os.environ.get("DESK_CHATTY"))
    logs.configure(settings.name, level="DEBUG" if chatty else "INFO")
    if chatty:
        ask_kafka_for_everything()
    with sqlite3.connect(settings.inbox) as database:
        database.execute(_TABLE)
    database.close()
    subscriber = Subscriber.from_profile(profile)
    subscriber.on_any(Desk(settings.inbox.parent, chatty=chatty).take_in)
    run_process(subscriber.step, subscriber.close)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
