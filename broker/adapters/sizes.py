"""How large a record may be: the same for Kafka and for its twin in memory."""

from __future__ import annotations

from typing import Final

from broker.names import MAX_ENVELOPE_BYTES
from broker.ports import Outgoing

__all__ = ["LARGEST_BATCH", "LARGEST_RECORD", "record_size"]

LARGEST_BATCH: Final = MAX_ENVELOPE_BYTES + 65_536
"""Bytes of the largest batch that a node accepts: 1 MiB of message, and 64 KiB for what surrounds it."""

LARGEST_RECORD: Final = LARGEST_BATCH - 4_096
"""Bytes of key, value and headers of the largest record, with room for what Kafka adds."""


def record_size(record: Outgoing) -> int:
    """Bytes of key, value and headers together."""
    headers = sum(len(name.encode()) + len(value) for name, value in record.headers)
    return len(record.key) + len(record.value) + headers
