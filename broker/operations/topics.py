"""Topics and access lists, derived from who takes part (docs/architecture.md, "Topics").

1. `plan` is a pure function: the same parties give the same plan, sorted.
2. What an access list does not grant is denied.  An agency writes the exchange topics named for it and reads
   its own decisions; nobody but the gate writes decisions, nobody but the ledger writer checkpoints.
3. The nodes stamp records with their own clock: a sender's date must not decide how long a record is kept.
4. Records are stored uncompressed, whatever a sender did: ciphertext does not shrink, and the client library
   unpacks without a limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from broker.adapters.kafka_admin import KafkaAdmin, Topic
from broker.adapters.kafka_grants import Grant
from broker.adapters.sizes import LARGEST_BATCH
from broker.errors import UsageError
from broker.moments import DAY
from broker.names import Oin, TopicName
from broker.topics import (
    CHECKPOINTS,
    DECISIONS_PREFIX,
    EXCHANGE_PREFIX,
    EXCHANGE_TOPICS,
    QUARANTINE,
    REMINDERS,
    decisions_topic,
)

__all__ = [
    "GATE",
    "LEDGER",
    "Difference",
    "Party",
    "Plan",
    "apply",
    "compare",
    "plan",
]

GATE: Final = "gate"
"""Short name of the gate: its certificate's CN, its consumer group, and how its other groups begin."""
LEDGER: Final = "ledger"
"""The same for the ledger writer."""

_DAY_MS: Final = DAY // 1000
_EXCHANGE_DAYS: Final = 7
_DECISION_DAYS: Final = 7
_QUARANTINE_DAYS: Final = 30
_FOR_EVER: Final = "-1"
_RESERVED: Final = frozenset({GATE, LEDGER, "admin"})
_NODES: Final = "kafka-"
"""How the nodes' own certificates are called, whose principals may do everything."""


@dataclass(frozen=True, slots=True)
class Party:
    """An agency that takes part.

    Args:
        name: Its short name: the CN of its certificate and how its consumer groups begin.
        oin: Its OIN, which names its decisions topic.
        writes: The exchange topics that it may write.
    """

    name: str
    oin: Oin
    writes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What Kafka should hold, sorted by name."""

    topics: tuple[Topic, ...]
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What `apply` would do, or did.

    Args:
        topics: To create.
        settings: To change, by topic.
        grants: To add.
        surplus: Granted but not planned; removed only when asked.
    """

    topics: tuple[str, ...] = ()
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()
    surplus: tuple[Grant, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether Kafka holds exactly what is planned."""
        return not (self.topics or self.settings or self.grants or self.surplus)


def plan(parties: Iterable[Party], partitions: int, replication: int) -> Plan:
    """The topics and access lists for *parties*.

    Args:
        parties: The agencies.
        partitions: Partitions of each exchange and decisions topic.
        replication: Copies of each; from 3 copies on, 2 must have a record before it counts.

    Raises:
        UsageError: Two parties share a name or an OIN, a name is taken by the exchange itself, or a topic
            to write is not an exchange topic.
    """
    agencies = sorted(parties, key=lambda party: party.name)
    _check(agencies)
    topics = [_topic(name, partitions, replication, _EXCHANGE_DAYS) for name in EXCHANGE_TOPICS]
    topics += [_topic(decisions_topic(p.oin), partitions, replication, _DECISION_DAYS) for p in agencies]
    topics.append(_topic(QUARANTINE, 1, replication, _QUARANTINE_DAYS))
    topics.append(_topic(CHECKPOINTS, 1, replication, None))
    grants = [*_gate_grants(), *_ledger_grants(), *(grant for p in agencies for grant in _agency_grants(p))]
    return Plan(tuple(sorted(topics, key=lambda topic: topic.name)), tuple(sorted(grants)))


def compare(planned: Plan, admin: KafkaAdmin) -> Difference:
    """What Kafka lacks, and what it grants beyond the plan."""
    there = admin.describe([topic.name for topic in planned.topics])
    settings = {
        topic.name: wrong
        for topic in planned.topics
        if topic.name in there and (wrong := dict(set(topic.settings) - set(there[topic.name].settings)))
    }
    granted = admin.grants()
    return Difference(
        topics=tuple(topic.name for topic in planned.topics if topic.name not in there),
        settings=settings,
        grants=tuple(grant for grant in planned.grants if grant not in granted),
        surplus=tuple(sorted(granted - set(planned.grants))),
    )


def apply(planned: Plan, admin: KafkaAdmin, *, prune: bool = False) -> Difference:
    """Make Kafka hold what is planned; with *prune* also take away what is granted beyond it.

    Returns:
        What was done; `surplus` holds what was taken away.
    """
    difference = compare(planned, admin)
    missing = set(difference.topics)
    admin.create(topic for topic in planned.topics if topic.name in missing)
    for name, settings in difference.settings.items():
        admin.configure(name, settings)
    admin.grant(difference.grants)
    surplus = admin.revoke(difference.surplus) if prune else ()
    return Difference(difference.topics, difference.settings, difference.grants, surplus)


def _check(agencies: Sequence[Party]) -> None:
    for values, what in (([p.name for p in agencies], "name"), ([p.oin for p in agencies], "OIN")):
        if len(set(values)) != len(values):
            raise UsageError(
                f"two parties have the same {what}", remedy="Give each party a name and an OIN of its own"
            )
    for party in agencies:
        if party.name in _RESERVED or party.name.startswith(_NODES):
            raise UsageError(
                f"the name {party.name} belongs to the exchange itself", remedy="Choose another name"
            )
        if strange := sorted(set(party.writes) - set(EXCHANGE_TOPICS)):
            raise UsageError(
                f"{party.name} cannot write {strange[0]}",
                why="it is not an exchange topic",
                remedy=f"Choose from {', '.join(EXCHANGE_TOPICS)}",
            )


def _topic(name: TopicName, partitions: int, replication: int, days: int | None) -> Topic:
    settings = {
        "cleanup.policy": "delete",
        "compression.type": "uncompressed",
        "max.message.bytes": str(LARGEST_BATCH),
        "message.timestamp.type": "LogAppendTime",
        "min.insync.replicas": "2" if replication >= 3 else "1",
        "retention.bytes": _FOR_EVER,
        "retention.ms": _FOR_EVER if days is None else str(days * _DAY_MS),
        # Only closed segments are removed: a day each keeps removal within a day of the promise.
        "segment.ms": str(_DAY_MS),
        "unclean.leader.election.enable": "false",
    }
    return Topic(name, partitions, replication, tuple(sorted(settings.items())))


def _gate_grants() -> Iterable[Grant]:
    who = f"User:{GATE}"
    yield Grant(who, "read", "topic", EXCHANGE_PREFIX, prefix=True)
    yield Grant(who, "write", "topic", DECISIONS_PREFIX, prefix=True)
    # Its own messages pass a gate as those of everybody: it writes no other exchange topic.
    yield Grant(who, "write", "topic", REMINDERS)
    yield from _own_groups(who, GATE)
    yield from _guard(who)


def _ledger_grants() -> Iterable[Grant]:
    who = f"User:{LEDGER}"
    yield Grant(who, "read", "topic", DECISIONS_PREFIX, prefix=True)
    yield Grant(who, "write", "topic", CHECKPOINTS)
    yield Grant(who, "describe_configs", "topic", CHECKPOINTS)
    yield from _own_groups(who, LEDGER)
    yield from _guard(who)
    yield Grant("User:*", "read", "topic", CHECKPOINTS)


def _agency_grants(party: Party) -> Iterable[Grant]:
    who = f"User:{party.name}"
    for topic in party.writes:
        yield Grant(who, "write", "topic", topic)
    yield Grant(who, "read", "topic", decisions_topic(party.oin))
    yield Grant(who, "read", "group", f"{party.name}.", prefix=True)


def _own_groups(who: str, name: str) -> Iterable[Grant]:
    yield Grant(who, "read", "group", name)
    yield Grant(who, "read", "group", f"{name}.", prefix=True)


def _guard(who: str) -> Iterable[Grant]:
    """What the start-up check reads: settings of the nodes and of the topics."""
    yield Grant(who, "describe_configs", "cluster", "kafka-cluster")
    yield Grant(who, "describe_configs", "topic", EXCHANGE_PREFIX, prefix=True)
    yield Grant(who, "describe_configs", "topic", DECISIONS_PREFIX, prefix=True)
