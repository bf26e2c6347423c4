"""The same path without the product: same processes, topics, bytes, batches and commits, and no check.

publisher -> exchange -> gate (forwards) -> decisions -> subscriber (answers) -> exchange -> gate ->
decisions -> the sender's subscriber; the ledger reads every decision and drops it.  Nothing is signed,
sealed, parsed or stored.  What it costs is what Kafka, its client and TLS cost: the floor.

1. The topics are copies of the real ones, with their settings and access lists, named ``bare.…``.
2. A record begins with 16 bytes that stand for the message id; the rest is filling.
3. Sources and sinks are the real adapters as `broker.assembly` makes them.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broker.adapters.kafka_admin import KafkaAdmin
from broker.adapters.kafka_sink import KafkaSink
from broker.adapters.kafka_source import KafkaSource
from broker.assembly import LEDGER_TUNING, kafka_access
from broker.names import TopicName
from broker.operations.topics import GATE, LEDGER
from broker.ports import Header, Message, MessageSink, MessageSource, Outgoing
from broker.sandbox.bench.model import RECIPIENT, SENDER, Order, Stage, WireSizes
from broker.sandbox.bench.topics import PREFIX
from broker.sandbox.cast import member
from broker.sandbox.exchange import LOG_ORIGIN
from broker.sandbox.layout import Layout
from broker.settings import AgencyProfile, GateProfile, LedgerProfile, load_profile
from broker.topics import CHECKPOINTS, DECISIONS, EXCHANGE_TOPICS, decisions_topic

__all__ = ["BareConsumer", "BarePublisher", "Reply", "bare_consumer", "bare_publisher"]

_ID = 16
# As the gate and the subscriber have them.
_BATCH = 256
_COMMIT_SECONDS = 0.2
_NOTE = 300
_MESSAGES = TopicName(f"{PREFIX}exchange.meldingen")
_RECEIPTS = TopicName(f"{PREFIX}exchange.ontvangst")


@dataclass(frozen=True, slots=True)
class Reply:
    """What follows from a record: one on this topic, with as many bytes as the real one."""

    topic: TopicName
    filling: bytes
    headers: tuple[Header, ...] = ()


class BarePublisher:
    """Writes filling instead of messages."""

    def __init__(self, sink: MessageSink, sizes: WireSizes) -> None:
        self._sink = sink
        self._filling = bytes(sizes.message - _ID)
        self._headers = sizes.headers

    def publish(self, count: int) -> Sequence[bytes]:
        """See `broker.sandbox.bench.pace.Publishing`."""
        ids = [os.urandom(_ID) for _ in range(count)]
        self._sink.write(
            [Outgoing(_MESSAGES, os.urandom(_ID), id_ + self._filling, self._headers) for id_ in ids]
        )
        return ids

    def close(self) -> None:
        """Let go of Kafka."""
        self._sink.close()


class BareConsumer:
    """Reads a batch, writes what follows from it, commits: a gate, a subscriber or a ledger without rules.

    Args:
        replies: Source topic to what a record of it becomes; a topic that is not named ends here.
        commit_every: Seconds between two commits at the least.
        note: Written once for each batch, as the ledger does with its checkpoint.
    """

    def __init__(
        self,
        source: MessageSource,
        sink: MessageSink | None,
        replies: Mapping[TopicName, Reply],
        commit_every: float = _COMMIT_SECONDS,
        note: Outgoing | None = None,
    ) -> None:
        self.seen: dict[bytes, int] = {}
        self._source = source
        self._sink = sink
        self._replies = replies
        self._commit_every = commit_every
        self._notes = [note] if note else []
        self._pending: dict[tuple[TopicName, int], int] = {}
        self._committed_at = float("-inf")

    def step(self, timeout: float) -> int:
        """Do one batch."""
        messages = self._source.poll(timeout, _BATCH)
        now = time.monotonic_ns()
        self.seen.update((m.value[:_ID], now) for m in messages if m.value)
        out = [reply for message in messages if (reply := self._reply(message))]
        if messages and self._sink:
            self._sink.write([*out, *self._notes])
        self._pending.update(
            {(m.position.topic, m.position.partition): m.position.offset + 1 for m in messages}
        )
        self._commit(idle=not messages)
        return len(messages)

    def close(self) -> None:
        """Commit and let go of Kafka."""
        self._commit(idle=True)
        self._source.close()
        if self._sink:
            self._sink.close()

    def _reply(self, message: Message) -> Outgoing | None:
        reply = self._replies.get(message.position.topic)
        if reply is None or message.value is None:
            return None
        return Outgoing(reply.topic, message.key or b"", message.value[:_ID] + reply.filling, reply.headers)

    def _commit(self, *, idle: bool) -> None:
        now = time.monotonic()
        if self._pending and (idle or now - self._committed_at >= self._commit_every):
            self._source.commit(self._pending)
            self._pending, self._committed_at = {}, now


def bare_publisher(order: Order) -> BarePublisher:
    """The bare publisher."""
    profile = _agency(order, SENDER)
    return BarePublisher(KafkaSink(kafka_access(profile), profile.name), order.sizes)


def bare_consumer(order: Order) -> BareConsumer:
    """The bare gate, subscriber, receiver of receipts, or ledger."""
    make = {
        Stage.GATE: _gate,
        Stage.SUBSCRIBER: _subscriber,
        Stage.RECEIPTS: _receipts,
        Stage.LEDGER: _ledger,
    }
    return make[order.stage](order)


def _gate(order: Order) -> BareConsumer:
    access = kafka_access(load_profile(Layout(order.directory).gate_profile, GateProfile))
    sizes = order.sizes
    replies = {
        _MESSAGES: Reply(_bare(decisions_topic(member(RECIPIENT).oin)), bytes(sizes.message_decision - _ID)),
        _RECEIPTS: Reply(_bare(decisions_topic(member(SENDER).oin)), bytes(sizes.receipt_decision - _ID)),
    }
    topics = [_bare(topic) for topic in EXCHANGE_TOPICS]
    return BareConsumer(KafkaSource(access, topics, f"{GATE}.bare"), KafkaSink(access, GATE), replies)


def _subscriber(order: Order) -> BareConsumer:
    profile = _agency(order, RECIPIENT)
    access = kafka_access(profile)
    topic = _bare(decisions_topic(profile.oin))
    reply = Reply(_RECEIPTS, bytes(order.sizes.receipt - _ID), order.sizes.headers)
    source = KafkaSource(access, [topic], f"{profile.name}.bare")
    return BareConsumer(source, KafkaSink(access, f"{profile.name}-receipts"), {topic: reply})


def _receipts(order: Order) -> BareConsumer:
    profile = _agency(order, SENDER)
    topics = [_bare(decisions_topic(profile.oin))]
    return BareConsumer(KafkaSource(kafka_access(profile), topics, f"{profile.name}.bare"), None, {})


def _ledger(order: Order) -> BareConsumer:
    access = kafka_access(load_profile(Layout(order.directory).ledger_profile, LedgerProfile))
    topics = re.compile(re.escape(PREFIX) + DECISIONS.pattern)
    group = f"{LEDGER}.bare"
    # Like the real one, which keeps its offsets itself, it goes on where the last one ended.
    with KafkaAdmin(access) as admin:
        start = {(TopicName(name), number): next_ for (name, number), next_ in admin.committed(group).items()}
    source = KafkaSource.assigned(access, topics, start, LEDGER_TUNING, group)
    note = Outgoing(_bare(CHECKPOINTS), LOG_ORIGIN.encode(), bytes(_NOTE))
    return BareConsumer(source, KafkaSink(access, LEDGER), {}, commit_every=0.0, note=note)


def _agency(order: Order, name: str) -> AgencyProfile:
    return load_profile(Layout(order.directory).profile(name), AgencyProfile)


def _bare(topic: TopicName) -> TopicName:
    return TopicName(PREFIX + topic)
