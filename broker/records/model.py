"""What an agency wants to say, and what another agency was told, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from broker.names import (
    AgreementId,
    CaseRef,
    Digest,
    GroupName,
    LegalBasis,
    MessageCode,
    MessageId,
    Oin,
    Purpose,
    Regime,
    Role,
    SubjectRef,
    Urgency,
)

__all__ = ["Addressee", "EncodedRecord", "GroupValue", "Record"]

_SEVEN_DAYS = timedelta(days=7)

GroupValue = Mapping[str, object] | list[Mapping[str, object]]
"""One field group: a record, or a list of records where the group is repeated."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """One agency in the role in which it is addressed."""

    oin: Oin
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What an agency wants to send: plain values, nothing encoded, nothing sealed.

    Attributes:
        correlation_id: The conversation; None starts one.
        causation_id: The message this one answers, or None.
        origin: The message that is forwarded and who sent it, or None.
        agreement: Cite exactly this agreement (a receipt cites the one of the message it answers);
            None lets the publisher choose one in force.
        message_id: Send as exactly this message (again); None makes a new one.
        lifetime: How long until it expires, at most seven days.
    """

    code: MessageCode
    to: tuple[Addressee, ...]
    case_ref: CaseRef
    purpose: Purpose
    legal_basis: LegalBasis
    regime: Regime
    groups: Mapping[GroupName, GroupValue]
    assertions: Mapping[str, str]
    urgency: Urgency = Urgency.NORMAL
    subject_refs: tuple[SubjectRef, ...] = ()
    correlation_id: MessageId | None = None
    causation_id: MessageId | None = None
    origin: tuple[MessageId, Oin] | None = None
    agreement: tuple[AgreementId, Digest] | None = None
    message_id: MessageId | None = None
    lifetime: timedelta = _SEVEN_DAYS


@dataclass(frozen=True, slots=True)
class EncodedRecord:
    """The Avro bytes of each group, in the order of the message's schema.

    Attributes:
        schema_digest: SHA-256 of the exact schema document that reads them.
    """

    schema_digest: Digest
    groups: tuple[tuple[GroupName, bytes], ...]
