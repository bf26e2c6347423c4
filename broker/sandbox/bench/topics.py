"""The topics and access lists of the bare path: copies of the real ones under names of their own."""

from __future__ import annotations

from dataclasses import replace

from broker.adapters.kafka_admin import KafkaAdmin, Topic
from broker.adapters.kafka_connection import KafkaAccess
from broker.adapters.kafka_grants import Grant
from broker.topics import CHECKPOINTS, DECISIONS_PREFIX, EXCHANGE_PREFIX

__all__ = ["PREFIX", "make_bare_topics"]

PREFIX = "bare."
"""How the name of every topic of the bare path begins."""

_REAL = (EXCHANGE_PREFIX, DECISIONS_PREFIX, CHECKPOINTS)


def make_bare_topics(access: KafkaAccess) -> None:
    """Copy the topics of the exchange in this Kafka, with their partitions, settings and rights."""
    with KafkaAdmin(access) as admin:
        names = sorted({name for name, _ in admin.partitions() if name.startswith(_REAL)})
        admin.create(_copy(topic) for topic in admin.describe(names).values())
        admin.grant(_bare(grant) for grant in admin.grants() if _concerns(grant))


def _copy(topic: Topic) -> Topic:
    return replace(topic, name=PREFIX + topic.name)


def _concerns(grant: Grant) -> bool:
    return grant.resource == "topic" and grant.name.startswith(_REAL)


def _bare(grant: Grant) -> Grant:
    return replace(grant, name=PREFIX + grant.name)
