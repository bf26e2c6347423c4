"""Agreements as values, what is asked of them, and what they answer (docs/spec/agreements.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from broker.names import (
    AgreementId,
    Digest,
    GroupName,
    LegalBasis,
    MessageCode,
    MessageType,
    Micros,
    Oin,
    Purpose,
    Regime,
    Role,
    Urgency,
)

__all__ = [
    "Agreement",
    "AgreementParty",
    "Allowed",
    "Answers",
    "Decision",
    "Grant",
    "GroupRule",
    "Predicate",
    "Reason",
    "Refused",
    "Request",
    "TypeRule",
]


class Reason(StrEnum):
    """Why a request is refused, in the order `decide` asks.  Wire values: only ever added to."""

    UNKNOWN_TYPE = "unknown-type"
    SENDER_ROLE = "sender-role"
    RECIPIENT_ROLE = "recipient-role"
    REGIME = "regime"
    OFF_BY_DEFAULT = "off-by-default"
    NO_AGREEMENT = "no-agreement"
    AGREEMENT_DIGEST = "agreement-digest"
    AGREEMENT_NOT_COSIGNED = "agreement-not-cosigned"
    AGREEMENT_NOT_IN_FORCE = "agreement-not-in-force"
    AGREEMENT_REVOKED = "agreement-revoked"
    PURPOSE = "purpose"
    LEGAL_BASIS = "legal-basis"
    PREDICATE = "predicate"
    GROUP_REQUIRED = "group-required"
    GROUP_FORBIDDEN = "group-forbidden"
    LOOP = "loop"
    EMERGENCY_CLAUSE = "emergency-clause"


@dataclass(frozen=True, slots=True)
class GroupRule:
    """Field groups one recipient role must and may receive; any other is forbidden (sources.md 4.4)."""

    required: frozenset[GroupName]
    may: frozenset[GroupName]
    allowed: frozenset[GroupName] = field(init=False, repr=False, compare=False)
    """Required and optional groups together."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", self.required | self.may)


@dataclass(frozen=True, slots=True)
class Predicate:
    """A legal predicate: this assertion must be made, by this source.

    Attributes:
        value: The value it must have, or None when any declared value will do.
        values: The declared values.
    """

    name: str
    value: str | None
    source: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """That a type closes what another one opens.

    Attributes:
        opener: The other one.
        owed_by_sender: Whether the sender of the opener owes it, not its recipient.
    """

    opener: MessageCode
    owed_by_sender: bool = False


@dataclass(frozen=True, slots=True)
class TypeRule:
    """What the catalogue says of one message type, as `decide` needs it.

    Attributes:
        recipient_roles: Groups by recipient role; a role that is absent may not receive the type.
        regimes: Regimes in which the type exists.
        off_by_default: Refused unless a grant names the type with a legal basis of its own (sources.md A16).
        accompanies: A receipt or refusal: it goes back along the agreement that carried the message it
            answers, needs no grant of its own, and outlives that agreement's revocation.
        outlives: An accompanying type that is not stopped by the end or revocation of that agreement.
        from_exchange: The exchange itself sends it, without a grant, to whoever the agreement binds.
        any_role: Every role may send and receive the type (receipts and refusals).
        any_groups: Groups for a recipient role without a line of its own, where *any_role* or
            *from_exchange* holds.
        answers: Types that open what this one closes, and which side of them then owes it; `decide` does
            not ask this.
        only_answers: Whether it asks for nothing itself, but a receipt.
    """

    code: MessageCode
    type: MessageType
    sender_roles: frozenset[Role]
    recipient_roles: Mapping[Role, GroupRule]
    regimes: frozenset[Regime]
    purposes: frozenset[Purpose]
    legal_bases: frozenset[LegalBasis]
    predicates: tuple[Predicate, ...]
    off_by_default: bool = False
    accompanies: bool = False
    any_role: bool = False
    any_groups: GroupRule | None = None
    answers: frozenset[Answers] = frozenset()
    only_answers: bool = False
    outlives: bool = False
    from_exchange: bool = False

    def groups_for(self, role: Role) -> GroupRule | None:
        """What this recipient role must and may receive, or None: it may not receive the type."""
        anybody = self.any_role or self.from_exchange
        return self.recipient_roles.get(role) or (self.any_groups if anybody else None)


@dataclass(frozen=True, slots=True)
class AgreementParty:
    """One party to an agreement, in one role."""

    oin: Oin
    role: Role


@dataclass(frozen=True, slots=True)
class Grant:
    """What one agreement allows from a sender role to a recipient role.

    Attributes:
        groups: Narrower than the catalogue's groups, or None for all of them; never wider.
        regimes: Narrower than the catalogue's regimes, or None.
        emergency: Whether an acute message may go for a while after the agreement ended; it must then
            be justified afterwards (OB-JUSTIFY).
        rule: Name of the grant inside its agreement; decisions cite it.
    """

    rule: str
    types: frozenset[MessageCode]
    sender_role: Role
    recipient_role: Role
    purposes: frozenset[Purpose]
    legal_bases: frozenset[LegalBasis]
    groups: frozenset[GroupName] | None = None
    regimes: frozenset[Regime] | None = None
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """One exact version of a data-sharing agreement (convenant), as the registry vouches for it.

    Attributes:
        digest: SHA-256 of the exact bytes of the document.
        valid_from, valid_until: Half-open interval.
        signed_by: Parties whose signature over the digest was verified.
        revoked_at: Earliest verified revocation by a party, or None.
    """

    id: AgreementId
    version: int
    digest: Digest
    title: str
    parties: frozenset[AgreementParty]
    grants: tuple[Grant, ...]
    valid_from: Micros
    valid_until: Micros
    signed_by: frozenset[Oin] = field(default_factory=frozenset)
    revoked_at: Micros | None = None

    @property
    def cosigned(self) -> bool:
        """Whether every party has signed."""
        return {party.oin for party in self.parties} <= self.signed_by


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for one recipient: the facts of the signed header, without the content.

    Attributes:
        agreement_id, agreement_digest: The version the sender cites.
        groups: The groups this recipient would be able to open.
        origin_oin: Who first sent a forwarded report, or None.
    """

    message_type: MessageType
    sender: AgreementParty
    recipient: AgreementParty
    agreement_id: AgreementId
    agreement_digest: Digest
    groups: tuple[GroupName, ...]
    purpose: Purpose
    legal_basis: LegalBasis
    regime: Regime
    urgency: Urgency
    assertions: tuple[tuple[str, str], ...]
    origin_oin: Oin | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """This recipient may open exactly these groups.

    Attributes:
        rule: The grant that allows it.
        emergency: Released under the emergency clause: opens OB-JUSTIFY.
    """

    agreement_id: AgreementId
    agreement_digest: Digest
    rule: str
    groups: tuple[GroupName, ...]
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing may be opened.

    Attributes:
        offending: Names of groups, predicates or codes concerned; never a value of the content.
    """

    reason: Reason
    offending: tuple[str, ...] = ()


Decision = Allowed | Refused
