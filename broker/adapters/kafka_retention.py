"""Clearing topics: Kafka moves the first offset of a partition, and what stood before it can be read no more.

The bytes go with their segment, as soon as all of it stands before the first offset; an operator who has to
know more exactly sets ``segment.ms`` of the topics (docs/how-to/retain-and-erase.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kafka import TopicPartition
from kafka.admin import OffsetSpec

from broker.adapters.kafka_admin import KafkaAdmin
from broker.names import TopicName
from broker.ports import Offsets

__all__ = ["KafkaRetention"]

_TIMEOUT_MS: Final = 10_000


class KafkaRetention(KafkaAdmin):
    """An operator's connection that may also delete records (the right ``delete`` on the topics)."""

    def start_offsets(self, topics: Sequence[str]) -> Offsets:
        """The first offset of each partition of *topics*; unknown topics are left out."""
        if not topics:
            return {}
        asked = {
            TopicPartition(found["name"], part["partition_index"]): OffsetSpec.EARLIEST
            for found in self._metadata(list(topics))
            for part in found["partitions"]
        }
        answer = self._ask(
            "read first offsets", lambda client: client.list_partition_offsets(asked, timeout_ms=_TIMEOUT_MS)
        )
        return {(TopicName(tp.topic), tp.partition): found.offset for tp, found in answer.items()}

    def clear(self, limits: Offsets) -> Offsets:
        """Delete what stands before these offsets; done again, it does nothing.

        Returns:
            The first offset of each of these partitions afterwards.

        Raises:
            UnauthorisedError: We may not delete from one of them.
            UnavailableError: Kafka did not answer; some partitions may have been cleared.
        """
        if not limits:
            return {}
        asked = {TopicPartition(topic, number): offset for (topic, number), offset in limits.items()}
        answer: Mapping[Any, Mapping[str, Any]] = self._ask(
            "delete records", lambda client: client.delete_records(asked, timeout_ms=_TIMEOUT_MS)
        )
        return {(TopicName(tp.topic), tp.partition): found["low_watermark"] for tp, found in answer.items()}
