"""Ingest: decision records in, ledger entries out.

1. What a gate of the registry vouches for becomes an entry: the event's bytes, as signed.
2. What does not verify is not an entry, and never a stop: it is counted, with its position.
3. Offsets that are missing are counted too: they were deleted before the ledger could read them.
4. The envelope is not kept; its digest is, so that the gate's signature stays verifiable.
"""

from __future__ import annotations

from collections.abc import Sequence

from broker.audit.decision_record import GateDirectory, read_record, verify_record
from broker.audit.ledger import LedgerEntry, entry_of
from broker.audit.store import Batch, Problem
from broker.crypto import sha256
from broker.errors import RejectedError
from broker.names import TopicName
from broker.ports import Message, Offsets, Position
from broker.signing import VerificationCache

__all__ = ["MAY_BE_NEWS", "SOURCE_GAP", "ingest"]

SOURCE_GAP = "source-gap"
"""Reason of a problem about records that were deleted before they were read."""

MAY_BE_NEWS = frozenset({"unknown-gate", "unknown-key", "unknown-sender", "key-not-valid"})
"""Problems that a registry published a moment ago could solve: worth one more look."""


def ingest(
    messages: Sequence[Message], gates: GateDirectory, cache: VerificationCache, expected: Offsets
) -> Batch:
    """What one poll adds to the ledger.

    Never raises for anything that can be in a record.

    Args:
        messages: In the order of each partition; repeats are allowed.
        expected: Next offset of each partition that was read before; 0 for the others.
    """
    entries: list[LedgerEntry] = []
    problems: list[Problem] = []
    next_offsets: dict[tuple[TopicName, int], int] = {}
    for message in messages:
        position = message.position
        place = (position.topic, position.partition)
        here = next_offsets.get(place, expected.get(place, 0))
        if position.offset > here:
            problems.append(_gap(position, here))
        judged = _judge(message, gates, cache)
        if isinstance(judged, LedgerEntry):
            entries.append(judged)
        else:
            problems.append(judged)
        next_offsets[place] = position.offset + 1
    return Batch(tuple(entries), tuple(problems), next_offsets)


def _judge(message: Message, gates: GateDirectory, cache: VerificationCache) -> LedgerEntry | Problem:
    value = message.value or b""
    try:
        record = read_record(value)
        gate = gates.gate_of(record.signatures[0].key_id)
        return entry_of(verify_record(record, gate, gates, cache), message.position)
    except RejectedError as error:
        return Problem(message.position, error.step, error.reason, 1, sha256(value))


def _gap(position: Position, expected: int) -> Problem:
    first = Position(position.topic, position.partition, expected)
    return Problem(first, 0, SOURCE_GAP, position.offset - expected, sha256(b""))
