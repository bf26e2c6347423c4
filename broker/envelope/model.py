"""What an envelope is, before and after it has been verified (docs/spec/envelope.md 3 and 4)."""

from __future__ import annotations

from dataclasses import dataclass

from broker.names import (
    AgreementId,
    CaseRef,
    Digest,
    GroupName,
    KeyId,
    LegalBasis,
    MessageId,
    MessageType,
    Micros,
    Oin,
    ProducerId,
    Purpose,
    Regime,
    Role,
    SubjectRef,
    TopicName,
    Urgency,
)
from broker.signing import Signature

__all__ = [
    "AgreementRef",
    "Assertion",
    "AuthenticEnvelope",
    "Envelope",
    "EnvelopeHeader",
    "Origin",
    "Party",
    "Recipient",
    "SectionRef",
    "Sender",
    "VerifiedEnvelope",
]

Assertion = tuple[str, str]
"""A clear, coded predicate, such as ``("children_in_family", "true")``; never personal data."""


@dataclass(frozen=True, slots=True)
class Party:
    """An agency in one of its roles."""

    oin: Oin
    role: Role


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: agency, role, and the name of its system (suffix of the CloudEvents source)."""

    oin: Oin
    role: Role
    system: str


@dataclass(frozen=True, slots=True)
class AgreementRef:
    """One exact version of a data-sharing agreement: its id and the SHA-256 of its bytes."""

    id: AgreementId
    digest: Digest


@dataclass(frozen=True, slots=True)
class Recipient:
    """One addressee: under which agreement, which groups, and the wrapped content keys of those groups.

    Attributes:
        key_id: The recipient's sealing key that was used.
        groups: Granted groups, in the order of the header's sections.
        wrapped: HPKE ciphertext of (group index, content key) pairs, for this recipient alone.
    """

    oin: Oin
    role: Role
    key_id: KeyId
    agreement: AgreementRef
    groups: tuple[GroupName, ...]
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class SectionRef:
    """One sealed field group: its name and the SHA-256 of its ciphertext."""

    group: GroupName
    digest: Digest


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a forwarded report came from; it is never forwarded back there (sources.md 4.8 no. 9)."""

    message_id: MessageId
    oin: Oin


@dataclass(frozen=True, slots=True)
class EnvelopeHeader:
    """The signed clear header, in wire order (docs/spec/envelope.md 3).

    Attributes:
        correlation_id: The conversation this message belongs to.
        causation_id: The message answered, or None.
        origin: The message forwarded, or None.
        assertions: Sorted by name, names unique.
        sections: One per field group of the message, in catalogue order.
        sequence: From 1 without gap per producer and topic.
        critical: Extension ids that a reader must know; unknown means refuse.
    """

    version: int
    message_id: MessageId
    message_type: MessageType
    sender: Sender
    recipients: tuple[Recipient, ...]
    case_ref: CaseRef
    subject_refs: tuple[SubjectRef, ...]
    correlation_id: MessageId
    causation_id: MessageId | None
    origin: Origin | None
    created_at: Micros
    expires_at: Micros
    urgency: Urgency
    regime: Regime
    legal_basis: LegalBasis
    purpose: Purpose
    schema_digest: Digest
    assertions: tuple[Assertion, ...]
    sections: tuple[SectionRef, ...]
    producer_id: ProducerId
    sequence: int
    topic: TopicName
    record_key: bytes
    suite: int
    critical: tuple[str, ...]

    def recipient(self, oin: Oin) -> Recipient | None:
        """The entry of the agency *oin*, or None: it is not addressed."""
        for recipient in self.recipients:
            if recipient.oin == oin:
                return recipient
        return None


@dataclass(frozen=True, slots=True)
class Envelope:
    """Parsed and **untrusted**: the bytes have the form of an envelope, nothing more.

    Attributes:
        header_bytes: The header exactly as received: what the signatures cover.
        sections: Ciphertext per group in header order; None where withheld from this reader.
    """

    header_bytes: bytes
    header: EnvelopeHeader
    sections: tuple[bytes | None, ...]
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class AuthenticEnvelope:
    """An envelope that passed steps 1 to 7: its header is what its sender signed, for this topic and key.

    Only `broker.envelope.verify.authenticate` makes one.

    Attributes:
        statement_hash: SHA-256 of the signed statement; names exactly what was signed.
    """

    envelope: Envelope
    statement_hash: Digest

    @property
    def header(self) -> EnvelopeHeader:
        """The signed header, now believed."""
        return self.envelope.header


@dataclass(frozen=True, slots=True)
class VerifiedEnvelope:
    """An envelope that passed steps 1 to 9: authentic, timely, every present section intact.

    Only `broker.envelope.verify` makes one.
    """

    envelope: Envelope
    statement_hash: Digest

    @property
    def header(self) -> EnvelopeHeader:
        """The signed header."""
        return self.envelope.header
