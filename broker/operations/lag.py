"""How far behind every reader is, in messages and in seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from broker.adapters.kafka_admin import KafkaAdmin, Lag
from broker.adapters.kafka_connection import KafkaAccess
from broker.adapters.kafka_source import KafkaSource
from broker.moments import SECOND
from broker.names import Micros, TopicName
from broker.operations.topics import GATE, LEDGER, Party
from broker.topics import EXCHANGE_TOPICS, QUARANTINE, decisions_topic

__all__ = ["TopicLag", "measure", "readers"]

_READ_SECONDS = 3.0
_BATCH = 500


@dataclass(frozen=True, slots=True)
class TopicLag:
    """How far one group is behind in one topic.

    Attributes:
        lag_messages: Records that it has not finished.
        lag_seconds: Age of the oldest of them; 0 when there is none.
    """

    topic: str
    group: str
    lag_messages: int
    lag_seconds: float


def readers(parties: Iterable[Party]) -> dict[str, tuple[TopicName, ...]]:
    """Every group that should keep up, with the topics it reads."""
    inboxes = {f"{party.name}.inbox": (decisions_topic(party.oin),) for party in parties}
    decisions = tuple(sorted({topic for topics in inboxes.values() for topic in topics} | {QUARANTINE}))
    return {GATE: EXCHANGE_TOPICS, LEDGER: decisions, **inboxes}


def measure(
    access: KafkaAccess, groups: Mapping[str, Sequence[TopicName]], now: Micros
) -> tuple[TopicLag, ...]:
    """The lag of every group in every topic it reads.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    with KafkaAdmin(access) as admin:
        lags = {group: admin.lag(group, topics) for group, topics in groups.items()}
    found = []
    for group, partitions in lags.items():
        ages = _oldest(access, [lag for lag in partitions if lag.messages], now)
        for topic in sorted({lag.topic for lag in partitions}):
            messages = sum(lag.messages for lag in partitions if lag.topic == topic)
            found.append(TopicLag(topic, group, messages, ages.get(topic, 0.0)))
    return tuple(found)


def _oldest(access: KafkaAccess, behind: Sequence[Lag], now: Micros) -> dict[str, float]:
    """Seconds since the first unfinished record of each topic was written."""
    if not behind:
        return {}
    start = {(TopicName(lag.topic), lag.partition): lag.committed or 0 for lag in behind}
    source = KafkaSource.assigned(access, sorted({lag.topic for lag in behind}), start)
    ages: dict[tuple[TopicName, int], float] = {}
    deadline = time.monotonic() + _READ_SECONDS
    try:
        while start.keys() - ages.keys() and time.monotonic() < deadline:
            for message in source.poll(0.2, _BATCH):
                key = (message.position.topic, message.position.partition)
                if key in start:
                    ages.setdefault(key, round(max(0, now - message.timestamp) / SECOND, 1))
    finally:
        source.close()
    return {topic: max(a for (t, _), a in ages.items() if t == topic) for topic, _ in ages}
