"""The decision record: audit event and release in one record, signed by the gate (docs/spec/audit.md 4).

```
C3 01 | CRC-64-AVRO fingerprint of DecisionRecord v1 | decision | envelope or null | signatures
```

The gate signs `statement`: the event's bytes and the digest of the envelope, so an inspector without
the envelope can still verify the decision.  A whole batch is signed as one Merkle tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from broker.audit.codec import expected_decision_id, read_event, write_event
from broker.audit.events import AuditEvent
from broker.avro_binary import Reader, Writer, frame, unframe
from broker.crypto import Signer, VerifyingKey, pae, sha256
from broker.errors import MalformedError, RejectedError, UntrustedError
from broker.names import MAX_ENVELOPE_BYTES, Digest, KeyId, Micros, Oin
from broker.signing import (
    KeyDirectory,
    Signature,
    VerificationCache,
    read_signatures,
    sign_batch,
    verify_signatures,
    write_signatures,
)

__all__ = [
    "DECISION_FINGERPRINT",
    "STEP",
    "DecisionRecord",
    "GateDirectory",
    "VerifiedDecision",
    "read_record",
    "statement",
    "verify_record",
    "write_records",
]

DECISION_FINGERPRINT = bytes.fromhex("267ec96e354fa2bb")
"""CRC-64-AVRO of the canonical form of schema DecisionRecord v1, little endian."""

STEP = 12
"""The verification step at which a recipient judges the gate's record (docs/spec/envelope.md 8)."""

_MAX_VALUE_BYTES = MAX_ENVELOPE_BYTES + 131_072
"""The largest envelope, and room for the event and the signatures around it."""
_TYPE = b"application/vnd.schakel.decision.v1"


class GateDirectory(KeyDirectory, Protocol):
    """Whose keys vouch for what, and which agency is a gate; the trust view answers."""

    def gate_of(self, key_id: KeyId) -> Oin:
        """The agency with role GATE that owns this signing key.

        Raises:
            UntrustedError: No gate owns it, with step 12.
        """
        ...

    def once_vouching_key(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:
        """As `vouching_key`, for a key that may have been revoked: it still tells who signed.

        Raises:
            UntrustedError: As `vouching_key`, but for ``key-revoked``.
        """
        ...


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision record that parses; nobody has vouched for it yet.

    Attributes:
        event_bytes: The event exactly as it was signed.
        event: The same, decoded.
        envelope: The reduced envelope, or None when nothing was released.
        envelope_digest: SHA-256 of the envelope, of nothing when there is none.
    """

    event_bytes: bytes
    event: AuditEvent
    envelope: bytes | None
    envelope_digest: Digest
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class VerifiedDecision:
    """A decision record that a gate of the registry vouches for.

    Only `verify_record` makes one.
    """

    record: DecisionRecord
    gate: Oin

    @property
    def event(self) -> AuditEvent:
        """What was decided."""
        return self.record.event

    @property
    def envelope(self) -> bytes | None:
        """What was released, or None."""
        return self.record.envelope


def statement(decision: bytes, envelope_digest: Digest) -> bytes:
    """What the gate signs for one decision."""
    return pae(_TYPE, decision + envelope_digest)


def write_records(
    decisions: Sequence[tuple[AuditEvent, bytes | None]], gate: Oin, signers: Sequence[Signer]
) -> list[bytes]:
    """Record values for a batch of decisions, under one signature for each signer.

    Args:
        decisions: Each event with the envelope it releases, or None.
        gate: OIN in whose name the signers sign.

    Raises:
        UnavailableError: A key store did not answer.
    """
    written = [(write_event(event), envelope) for event, envelope in decisions]
    statements = [statement(event, sha256(envelope or b"")) for event, envelope in written]
    signed = sign_batch(statements, gate, signers)
    return [_value(event, envelope, by) for (event, envelope), by in zip(written, signed, strict=True)]


def read_record(value: bytes) -> DecisionRecord:
    """Parse a record value.

    Raises:
        MalformedError: With `step` 12; nothing else is ever raised.
    """
    try:
        return _parse(value)
    except MalformedError as error:
        error.at(STEP)
        raise


def verify_record(
    record: DecisionRecord, gate: Oin, keys: KeyDirectory, cache: VerificationCache
) -> VerifiedDecision:
    """Check that *gate* made this decision, with keys that were valid when it decided.

    Args:
        gate: The agency with role GATE that is to vouch for it (`GateDirectory.gate_of`).

    Raises:
        UntrustedError: With `step` 12: a key, a signature, or (reason ``decision-id``) the id.
    """
    signed = statement(record.event_bytes, record.envelope_digest)
    event = record.event
    try:
        verify_signatures(record.signatures, signed, sender=gate, at=event.decided_at, keys=keys, cache=cache)
    except RejectedError as error:
        error.at(STEP)
        raise
    if expected_decision_id(event) not in (None, event.decision_id):
        raise UntrustedError("a decision carries the id of another", step=STEP, reason="decision-id")
    return VerifiedDecision(record, gate)


def _parse(value: bytes) -> DecisionRecord:
    if len(value) > _MAX_VALUE_BYTES:
        raise MalformedError("a decision record is too large")
    reader = Reader(unframe(DECISION_FINGERPRINT, value))
    decision = reader.octets()
    envelope = reader.optional(reader.octets)
    signatures = read_signatures(reader)
    reader.finish()
    return DecisionRecord(decision, read_event(decision), envelope, sha256(envelope or b""), signatures)


def _value(decision: bytes, envelope: bytes | None, signatures: tuple[Signature, ...]) -> bytes:
    writer = Writer()
    writer.octets(decision)
    writer.optional(envelope, writer.octets)
    write_signatures(writer, signatures)
    return frame(DECISION_FINGERPRINT, writer.done())
