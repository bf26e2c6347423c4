"""The audit event: one decision about one message and one recipient (docs/spec/audit.md 2).

It holds identifiers, codes and times.  No name, BSN, case number, free text, content or user
identity ever enters it: the log is kept for years and read by many.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from broker.names import (
    AgreementId,
    CaseRef,
    Digest,
    GroupName,
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

__all__ = ["AuditEvent", "AuditParty", "MessageFacts", "Outcome", "Source"]


class Outcome(StrEnum):
    """What was decided or done.  Wire values: only ever added to."""

    RELEASED = "released"
    REFUSED = "refused"
    QUARANTINED = "quarantined"
    RECEIPT = "receipt"
    READ = "read"
    EXPORTED = "exported"
    ERASED = "erased"
    KEY_DESTROYED = "key_destroyed"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class AuditParty:
    """An agency in one of its roles."""

    oin: Oin
    role: Role


@dataclass(frozen=True, slots=True)
class Source:
    """The exact record that was judged."""

    topic: TopicName
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What the signed header of the message says; absent when the record could not be believed.

    Attributes:
        released: Groups this recipient can open.
        withheld: Groups of the message that this recipient cannot open.
        assertions: The coded predicates of the header, sorted by name: what obligations depend on
            (sources.md 4.7).  Empty when refused: nobody checked that the catalogue declares them.
        statement_hash: SHA-256 of the signed statement.
    """

    message_id: MessageId
    message_type: MessageType
    sender: AuditParty
    recipient: AuditParty
    case_ref: CaseRef
    correlation_id: MessageId
    causation_id: MessageId | None
    subject_refs: tuple[SubjectRef, ...]
    released: tuple[GroupName, ...]
    withheld: tuple[GroupName, ...]
    legal_basis: LegalBasis
    purpose: Purpose
    regime: Regime
    urgency: Urgency
    assertions: tuple[tuple[str, str], ...]
    agreement_id: AgreementId
    agreement_digest: Digest
    schema_digest: Digest
    statement_hash: Digest
    producer_id: ProducerId
    sequence: int
    created_at: Micros


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One decision, in wire order.

    Attributes:
        decision_id: SHA-256 of statement hash, recipient, agreement digest, outcome and rule; of the
            source position and the record's digest when nothing was delivered or could be believed.  A
            repeat of the same decision is the same event.
        reason: Reason code, empty when released.
        rule: The grant that allowed it; empty when refused.
        step: Failed verification step, 0 when none failed.
        offending: Names of groups, predicates or fields concerned, never values.
        record_digest: SHA-256 of the source record's value.
        registry_version: Version of the registry snapshot the decision was made with.
        gate: Name of the gate that decided.
        trace_id: W3C trace id of the exchange, 16 bytes, zeroes when there is none.
    """

    decision_id: Digest
    outcome: Outcome
    reason: str
    rule: str
    step: int
    offending: tuple[str, ...]
    emergency: bool
    message: MessageFacts | None
    source: Source
    record_digest: Digest
    registry_version: int
    decided_at: Micros
    gate: str
    trace_id: bytes
