"""Looks over the operator's shoulder: what stands on Kafka, and what the gate decided about it.

It sees what an operator sees: envelopes that it cannot open, and decisions in the clear.
"""

from __future__ import annotations

import re
import time

from broker.adapters.kafka_source import KafkaSource
from broker.assembly import kafka_access, keeper
from broker.audit.decision_record import read_record, verify_record
from broker.audit.events import AuditEvent
from broker.errors import DeadlineError
from broker.names import Digest
from broker.ports import Message, Position
from broker.sandbox.demo.model import Judged
from broker.sandbox.layout import Layout
from broker.settings import Profile, load_profile
from broker.signing import VerificationCache
from broker.topics import DECISIONS_PREFIX, EXCHANGE_PREFIX

__all__ = ["Observer"]

_TOPICS = re.compile(f"({re.escape(EXCHANGE_PREFIX)}|{re.escape(DECISIONS_PREFIX)}).+")
_BATCH = 500


class Observer:
    """Reads every exchange and decisions topic with the administrator's rights.

    Attributes:
        decisions: Every decision it saw, once.
    """

    def __init__(self, layout: Layout) -> None:
        profile = load_profile(layout.operator_profile, Profile)
        self._source = KafkaSource.assigned(kafka_access(profile), _TOPICS, {})
        self._keeper = keeper(profile)
        self._cache = VerificationCache()
        self._judged: dict[str, Judged] = {}
        self._records: dict[str, Message] = {}
        self.decisions: dict[Digest, AuditEvent] = {}

    def judged(self, source: Position, seconds: float = 20.0) -> Judged:
        """What the gate decided about the record at *source*.

        Raises:
            DeadlineError: Nothing in time.
        """
        deadline = time.monotonic() + seconds
        while str(source) not in self._judged:
            if time.monotonic() > deadline:
                raise DeadlineError("the gate did not decide in time", why=str(source))
            self.look(0.2)
        return self._judged[str(source)]

    def record(self, position: Position) -> Message:
        """The record at *position*, as Kafka holds it.

        Raises:
            DeadlineError: It did not come in time.
        """
        deadline = time.monotonic() + 10
        while str(position) not in self._records:
            if time.monotonic() > deadline:
                raise DeadlineError("a record did not come in time", why=str(position))
            self.look(0.2)
        return self._records[str(position)]

    def look(self, seconds: float) -> None:
        """Take in what came, waiting at most so long."""
        for message in self._source.poll(seconds, _BATCH):
            self._records[str(message.position)] = message
            if message.position.topic.startswith(DECISIONS_PREFIX):
                self._take_in(message)

    def close(self) -> None:
        """Let go of Kafka."""
        self._source.close()

    def _take_in(self, message: Message) -> None:
        event = self._verified(message)
        source = event.source
        where = str(Position(source.topic, source.partition, source.offset))
        self.decisions.setdefault(event.decision_id, event)
        self._judged.setdefault(where, Judged(event, message))

    def _verified(self, message: Message) -> AuditEvent:
        view = self._keeper.current()
        record = read_record(message.value or b"")
        return verify_record(record, view.gate_of(record.signatures[0].key_id), view, self._cache).event
