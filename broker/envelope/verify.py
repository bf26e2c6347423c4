"""Steps 4 to 9: from bytes that parse to an envelope that is believed (docs/spec/envelope.md 8).

The order is fixed and each failure carries the number of its step and its reason:

4. the message type and the exact schema are known;
5. the sender is known, and every signing key was valid at `created_at` and is not revoked;
6. every signature verifies, and the set that the registry requires is complete;
7. topic and key are those of the record;
8. the message has not expired and does not come from the future (5 minutes);
9. every present section matches its signed digest.

Steps 1 to 3 are `broker.envelope.codec.read_envelope`.  This module alone makes `AuthenticEnvelope`
(after step 7) and `VerifiedEnvelope` (after step 9); a test walks the syntax trees and enforces it.
"""

from __future__ import annotations

from typing import Protocol

from broker.crypto import sha256
from broker.envelope import schema
from broker.envelope.binding import statement
from broker.envelope.model import AuthenticEnvelope, Envelope, EnvelopeHeader, VerifiedEnvelope
from broker.envelope.reasons import Reason
from broker.errors import RejectedError, SchemaError, UntrustedError
from broker.names import Digest, MessageType, Micros, TopicName
from broker.signing import (
    KeyDirectory,
    Signature,
    VerificationCache,
    check_signatures,
    vouching_keys,
)

__all__ = [
    "SchemaDirectory",
    "authenticate",
    "require_intact",
    "require_timely",
]


class SchemaDirectory(Protocol):
    """Which schemas are published; the trust view answers."""

    def knows(self, message_type: MessageType, schema_digest: Digest) -> bool:
        """Whether this is a published schema of this message type."""
        ...


def authenticate(
    envelope: Envelope,
    *,
    topic: TopicName,
    key: bytes | None,
    keys: KeyDirectory,
    schemas: SchemaDirectory,
    cache: VerificationCache,
) -> AuthenticEnvelope:
    """Steps 4 to 7: the header is what its sender signed, and it was signed for this topic and key.

    Raises:
        SchemaError: Step 4.
        UntrustedError: Step 5, 6 or 7.
    """
    header = envelope.header
    if not schemas.knows(header.message_type, header.schema_digest):
        raise SchemaError("no published schema has this digest", step=4, reason=Reason.UNKNOWN_SCHEMA)
    signed = statement(envelope.header_bytes)
    _check_signatures(envelope.signatures, signed, header, keys, cache)
    if header.topic != topic:
        raise UntrustedError("signed for another topic", step=7, reason=Reason.TOPIC)
    if header.record_key != key:
        raise UntrustedError("signed for another key", step=7, reason=Reason.KEY)
    return AuthenticEnvelope(envelope, sha256(signed))


def require_timely(header: EnvelopeHeader, now: Micros) -> None:
    """Step 8.

    Raises:
        UntrustedError: Reason ``expired`` or ``from-the-future``.
    """
    if now >= header.expires_at:
        raise UntrustedError("the message has expired", step=8, reason=Reason.EXPIRED)
    if header.created_at > now + schema.CLOCK_TOLERANCE:
        raise UntrustedError("the message is from the future", step=8, reason=Reason.FROM_THE_FUTURE)


def require_intact(authentic: AuthenticEnvelope) -> VerifiedEnvelope:
    """Step 9; the caller has passed step 8, or decided that time does not matter (archives).

    Raises:
        UntrustedError: Reason ``section``, naming the group.
    """
    envelope = authentic.envelope
    for ref, sealed in zip(envelope.header.sections, envelope.sections, strict=True):
        if sealed is not None and sha256(sealed) != ref.digest:
            raise UntrustedError(
                "a section does not match its digest", step=9, reason=Reason.SECTION, offending=(ref.group,)
            )
    return VerifiedEnvelope(envelope, authentic.statement_hash)


def _check_signatures(
    signatures: tuple[Signature, ...],
    signed: bytes,
    header: EnvelopeHeader,
    keys: KeyDirectory,
    cache: VerificationCache,
) -> None:
    sender = header.sender.oin
    try:
        vouching = vouching_keys(signatures, sender=sender, at=header.created_at, keys=keys)
        required = keys.required_algorithms(sender)
    except RejectedError as error:
        error.at(5)
        raise
    try:
        check_signatures(signatures, signed, sender=sender, vouching=vouching, required=required, cache=cache)
    except RejectedError as error:
        error.at(6)
        raise
