"""What a message costs without Kafka: the rules, the cryptography and Avro, on the real parts.

A batch of 64 goes through `prepare` and `release`, `judge` and `write`, and `receive`, in one process.
What is counted is processor time, so other programs on the machine disturb it least.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from broker.assembly import gate_parts, publisher_parts, subscriber_parts
from broker.names import Micros, ProducerId
from broker.parts import GateParts, PublisherParts, SubscriberParts
from broker.pipelines.deliver import Disclosure, receive
from broker.pipelines.gate import judge, write
from broker.pipelines.publish import Numbering, new_message_id, prepare, release
from broker.pipelines.receipts import receipt_record
from broker.ports import InboxEntry, InboxStatus, Message, Outgoing, Position
from broker.records.model import Record
from broker.sandbox.bench.model import RECIPIENT, SENDER, WireSizes
from broker.sandbox.bench.pace import BATCH
from broker.sandbox.bench.payload import Letter, letter
from broker.sandbox.layout import Layout
from broker.settings import AgencyProfile, GateProfile, load_profile
from broker.signing import VerificationCache
from broker.trust.view import TrustView

__all__ = ["Core", "Cost"]

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time of one message, in microseconds."""

    publish_us: float
    gate_us: float
    deliver_us: float

    @property
    def total_us(self) -> float:
        """All three steps together."""
        return self.publish_us + self.gate_us + self.deliver_us


class Core:
    """Sender, gate and recipient of a sandbox in one process; nobody connects to Kafka.

    Attributes:
        view: The registry as all three see it; may be replaced by one with more agreements.
    """

    def __init__(self, layout: Layout, payload: int) -> None:
        """Load the parties.

        Args:
            layout: A laid-out exchange.
            payload: Bytes of Avro in each message.
        """
        self._sender: PublisherParts = publisher_parts(_agency(layout, SENDER))
        self._recipient: SubscriberParts = subscriber_parts(_agency(layout, RECIPIENT))
        self._gate: GateParts = gate_parts(load_profile(layout.gate_profile, GateProfile))
        self.view: TrustView = self._sender.keeper.current()
        self._letter: Letter = letter(self.view, RECIPIENT, payload)
        self._verified = VerificationCache()
        self._numbering = Numbering(ProducerId(self._sender.entropy(8)))

    def batch(self) -> Cost:
        """Carry a batch of messages from publisher to handler, and say what one of them cost.

        Raises:
            RefusedError: One may not be sent.
        """
        records = [self._letter.record() for _ in range(BATCH)]
        published, publish_us = _timed(lambda: self._publish(records))
        decisions, gate_us = _timed(lambda: self._decide(published))
        disclosed, deliver_us = _timed(lambda: self._receive(decisions))
        assert len(disclosed) == BATCH, "a message of the measurement was not delivered"
        return Cost(publish_us, gate_us, deliver_us)

    def sizes(self) -> WireSizes:
        """Bytes of what goes over Kafka for one message and its receipt, batches of 64."""
        published = self._publish([self._letter.record() for _ in range(BATCH)])
        decisions = self._decide(published)
        receipts = self._answer(self._receive(decisions))
        receipt_decisions = self._decide(receipts)
        return WireSizes(
            message=len(published[0].value),
            message_decision=len(decisions[0].value),
            receipt=len(receipts[0].value),
            receipt_decision=len(receipt_decisions[0].value),
            headers=published[0].headers,
        )

    def _publish(self, records: Sequence[Record]) -> list[Outgoing]:
        parts, now = self._sender, self._now()
        prepared = [prepare(record, parts.sender, self.view, now, parts.entropy) for record in records]
        return release(prepared, self._numbering, parts.signers, parts.entropy)

    def _decide(self, published: Sequence[Outgoing]) -> list[Outgoing]:
        identity, now = self._gate.identity, self._now()
        judgements = [
            judgement
            for message in _read(published)
            for judgement in judge(message, self.view, identity, now, self._verified)
        ]
        return write(judgements, identity, self._gate.signers)

    def _receive(self, decisions: Sequence[Outgoing]) -> list[Disclosure]:
        now = self._now()
        received = [receive(message, self._recipient.reader, self.view, now) for message in _read(decisions)]
        return [one for one in received if isinstance(one, Disclosure)]

    def _answer(self, disclosed: Sequence[Disclosure]) -> list[Outgoing]:
        parts, now = self._recipient, self._now()
        records = [
            receipt_record(one.header, parts.reader.oin, self._entry(one, now), self.view)
            for one in disclosed
        ]
        prepared = [prepare(record, parts.sender, self.view, now, parts.entropy) for record in records]
        return release(prepared, self._numbering, parts.signers, parts.entropy)

    def _entry(self, disclosed: Disclosure, now: Micros) -> InboxEntry:
        receipt_id = new_message_id(now, self._recipient.entropy)
        decision_id = bytes(disclosed.event.decision_id)
        return InboxEntry(
            bytes(disclosed.header.message_id), decision_id, InboxStatus.HANDLED, "", receipt_id, now
        )

    def _now(self) -> Micros:
        return self._sender.clock.now()


def _timed(work: Callable[[], _Result]) -> tuple[_Result, float]:
    """What *work* gives, and its processor time per message in microseconds."""
    begin = time.process_time_ns()
    result = work()
    return result, (time.process_time_ns() - begin) / 1000 / BATCH


def _read(written: Sequence[Outgoing]) -> list[Message]:
    """Records as they come out of Kafka."""
    return [
        Message(Position(record.topic, 0, offset), record.key, record.value, record.headers)
        for offset, record in enumerate(written)
    ]


def _agency(layout: Layout, name: str) -> AgencyProfile:
    return load_profile(layout.profile(name), AgencyProfile)
