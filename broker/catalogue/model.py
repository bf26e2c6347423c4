"""The catalogue as values: message types, field groups, checks (docs/spec/catalogue.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from broker.names import (
    Digest,
    GroupName,
    LegalBasis,
    MessageCode,
    MessageType,
    Micros,
    Purpose,
    Regime,
    Role,
    TopicName,
)

__all__ = [
    "Assertion",
    "Catalogue",
    "Extension",
    "Field",
    "Group",
    "GroupList",
    "MessageEntry",
    "NamedCheck",
    "Obligation",
    "ObligationRule",
    "Sensitivity",
    "Term",
]


class Sensitivity(StrEnum):
    """How sensitive a field is, lowest first (sources.md 4.1)."""

    PLAIN = "PLAIN"
    IDENT = "IDENT"
    SPECIAL = "SPECIAL"
    CRIMINAL = "CRIMINAL"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a group.

    Attributes:
        required: Not null in the dictionary; a message type may be stricter.
        free_text: Written by a person in words of its own.
        searched: How it is searched for a BSN that must not be there (sources.md A40): as ``text``, as a
            ``reference``, or not at all (empty): it is no text, too short, a BSN or the number of a phone.
    """

    name: str
    sensitivity: Sensitivity
    source_protected: bool
    required: bool
    free_text: bool = False
    searched: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One field group of the dictionary (sources.md 4.2).

    Attributes:
        repeated: The message carries a list of these records (children, guardians), not one.
    """

    name: GroupName
    title: str
    repeated: bool
    fields: tuple[Field, ...]
    source: str = ""


@dataclass(frozen=True, slots=True)
class GroupList:
    """Groups required of and at most allowed to one recipient role, with their source."""

    required: tuple[GroupName, ...]
    may: tuple[GroupName, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """A clear, coded predicate in the signed header.

    Attributes:
        value: The value the law demands (``"true"``), or None when any declared value will do.
        values: The declared values.
    """

    name: str
    value: str | None
    source: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamedCheck:
    """A rule across groups, by name; the code that evaluates it is `broker.catalogue.checks`."""

    name: str
    arguments: Mapping[str, object]
    source: str


@dataclass(frozen=True, slots=True)
class Obligation:
    """What a message opens or closes (sources.md 4.7).

    Attributes:
        effect: ``opens``, ``closes`` or ``prolongs``.
        when: Assertions (name, value) that must all be made for this effect.
        owed_by: Who owes what is opened: the ``recipient`` of the message, or its ``sender``.
        toward: Whom a closing or prolonging message must reach: the ``creditor``, or ``anyone``.
        term: Code of the term by which the due moment moves; empty where the message does not prolong.
    """

    code: str
    effect: str
    source: str
    when: tuple[tuple[str, str], ...] = ()
    owed_by: str = "recipient"
    toward: str = "creditor"
    term: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """How long something may take (sources.md 5.1).

    Attributes:
        unit: ``minutes``, ``hours``, ``days``, ``weeks``, ``months`` or ``working-days``.
        termijnenwet: Its end moves off weekends and holidays (sources.md 5.2).
        earlier: What it was for what began before a moment, the oldest first.
    """

    code: str
    amount: int
    unit: str
    source: str
    termijnenwet: bool = False
    earlier: tuple[tuple[Micros, Term], ...] = ()


@dataclass(frozen=True, slots=True)
class ObligationRule:
    """One obligation of sources.md 4.7.

    Attributes:
        term: Code of the term in which it must be met, in every regime but R2.
        term_r2: Code of the term in R2, or empty: the same.
        term_acute: Code of the term after an acute message, or empty: the same.
        overdue: What happens when it is late: ``alert-operator``, ``alert-parties``, ``remind-once``
            or ``report``.
        after: The obligation whose closing opens this one, or empty: messages open it.
        opened_by: ``refusal`` or ``emergency`` when a decision of the gate opens it, for the sender.
    """

    code: str
    title: str
    term: str
    term_r2: str
    overdue: str
    after: str
    source: str
    term_acute: str = ""
    opened_by: str = ""


@dataclass(frozen=True, slots=True)
class Extension:
    """An exchange without a type of its own: types that carry it, and the role it is for (sources.md 4.3)."""

    code: MessageCode
    title_nl: str
    title_en: str
    carried_by: tuple[MessageCode, ...]
    role: Role
    source: str


@dataclass(frozen=True, slots=True)
class MessageEntry:
    """One message type of the catalogue (sources.md 4.3).

    Attributes:
        topic: The flow that carries it.
        groups: Every group of the message, in schema order: the order of the envelope's sections.
        recipients: Groups by recipient role.
        schemas: Digest of each published schema version; the highest is current.
        accompanies: It follows a message that was sent, such as a receipt, and goes along its agreement.
        outlives: ... also when that agreement has ended.
        from_exchange: Sent by the exchange itself, which is no party to agreements.
        forward: It hands on a report, and is never handed back (sources.md A23).
        any_groups: Groups for every role, where *any_role* or *from_exchange* holds; None otherwise.
        mandatory: Whether the law or this exchange demands it in some regime (*mandatory_regimes*).
        receipt_term, response_term: Codes of terms; the response term may be empty.
        functional_term, acute_term: Terms in which a person has it, ordinarily and when acute; may be empty.
    """

    code: MessageCode
    type: MessageType
    title_nl: str
    title_en: str
    topic: TopicName
    mandatory: bool
    sender_roles: tuple[Role, ...]
    recipients: Mapping[Role, GroupList]
    any_role: bool
    accompanies: bool
    off_by_default: bool
    regimes: tuple[Regime, ...]
    purposes: tuple[Purpose, ...]
    legal_bases: tuple[LegalBasis, ...]
    assertions: tuple[Assertion, ...]
    checks: tuple[NamedCheck, ...]
    groups: tuple[GroupName, ...]
    schemas: Mapping[int, Digest]
    receipt_term: str
    response_term: str
    obligations: tuple[Obligation, ...]
    retention: str
    source: str
    any_groups: GroupList | None = None
    mandatory_regimes: tuple[Regime, ...] = ()
    functional_term: str = ""
    acute_term: str = ""
    forward: bool = False
    outlives: bool = False
    from_exchange: bool = False

    def groups_for(self, role: Role) -> GroupList | None:
        """What this recipient role must and may receive, or None: it may not receive the type."""
        return self.recipients.get(role) or self.any_groups

    @property
    def answered(self) -> bool:
        """Whether its recipient owes a receipt, or a refusal: not for what is itself one."""
        return bool(self.receipt_term)

    @property
    def schema_digest(self) -> Digest:
        """Digest of the current schema version."""
        return self.schemas[max(self.schemas)]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole catalogue.

    Attributes:
        digest: SHA-256 of the exact bytes of `catalogue.yaml`.
        roles, purposes, legal_bases: What each code means, in words.
    """

    version: int
    digest: Digest
    groups: Mapping[GroupName, Group]
    messages: Mapping[MessageCode, MessageEntry]
    by_type: Mapping[MessageType, MessageEntry]
    by_schema: Mapping[Digest, MessageEntry]
    roles: Mapping[Role, str] = field(default_factory=dict)
    purposes: Mapping[Purpose, str] = field(default_factory=dict)
    legal_bases: Mapping[LegalBasis, str] = field(default_factory=dict)
    terms: Mapping[str, Term] = field(default_factory=dict)
    obligations: Mapping[str, ObligationRule] = field(default_factory=dict)
    extensions: Mapping[MessageCode, Extension] = field(default_factory=dict)
