"""The ledger's values: its entries, and the compact range that carries its root from batch to batch.

An entry is the bytes of an audit event exactly as the gate signed them; its place in the ledger is its
index in an RFC 9162 tree (docs/spec/audit.md 5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from broker.audit.decision_record import VerifiedDecision
from broker.audit.events import AuditEvent
from broker.avro_binary import Writer
from broker.errors import EvidenceError
from broker.merkle import leaf_hash, node_hash, tree_root
from broker.names import Digest, Oin
from broker.ports import Position
from broker.signing import write_signatures

__all__ = ["Frontier", "LedgerEntry", "entry_of"]

_HASH = 32


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger keeps of one decision record; never the envelope, only its digest.

    Attributes:
        event_bytes: The entry itself: the leaf of the tree.
        gate: OIN of the gate that vouches for it.
        signatures: Avro ``array<Signature>`` of the gate over event and envelope digest.
        position: Where the decision record was read.
    """

    event_bytes: bytes
    event: AuditEvent
    leaf_hash: bytes
    envelope_digest: Digest
    gate: Oin
    signatures: bytes
    position: Position


@dataclass(frozen=True, slots=True)
class Frontier:
    """A compact range: the roots of the largest perfect subtrees that make up a tree, widest first.

    One hash per bit set in `size`; enough to append and to compute the root.
    """

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def append(self, leaves: Iterable[bytes]) -> Frontier:
        """The tree with these leaf hashes added."""
        size, nodes = self.size, list(self.nodes)
        for node in leaves:
            whole = size
            while whole & 1:
                node = node_hash(nodes.pop(), node)
                whole >>= 1
            nodes.append(node)
            size += 1
        return Frontier(size, tuple(nodes))

    def root(self) -> Digest:
        """The root; of nothing it is SHA-256 of the empty string."""
        if not self.nodes:
            return Digest(tree_root(()))
        result = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            result = node_hash(node, result)
        return Digest(result)

    def encode(self) -> bytes:
        """The hashes in a row, for storage beside the size."""
        return b"".join(self.nodes)

    @classmethod
    def decode(cls, size: int, data: bytes) -> Frontier:
        """What `encode` wrote.

        Raises:
            EvidenceError: The number of hashes does not fit the size.
        """
        if size < 0 or len(data) != size.bit_count() * _HASH:
            raise EvidenceError("the stored state of the ledger does not fit its size")
        return cls(size, tuple(data[i : i + _HASH] for i in range(0, len(data), _HASH)))


def entry_of(decision: VerifiedDecision, position: Position) -> LedgerEntry:
    """The ledger's entry for a verified decision that was read at *position*."""
    record = decision.record
    writer = Writer()
    write_signatures(writer, record.signatures)
    return LedgerEntry(
        record.event_bytes,
        record.event,
        leaf_hash(record.event_bytes),
        record.envelope_digest,
        decision.gate,
        writer.done(),
        position,
    )
