"""The proof that a decision became durable before anything was opened (docs/architecture.md, promise 1).

`broker.envelope.open` asks for one, so opening without it does not type-check.  Only
`broker.pipelines.deliver` makes them, from a verified decision record that it read from Kafka: what
was read from there was acknowledged by all replicas first.  A test walks the syntax trees and
enforces who makes them.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.names import Digest
from broker.ports import Position

__all__ = ["AuditReceipt"]


@dataclass(frozen=True, slots=True)
class AuditReceipt:
    """Where the durable, verified decision record stands that allows an opening.

    Attributes:
        position: The record's topic, partition and offset.
        decision_id: The decision that it holds.
    """

    position: Position
    decision_id: Digest
