"""The catalogue as values: message types, field groups, checks (docs/spec/catalogue.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from broker.names import (
    Digest,
    GroupName,
    LegalBasis,
    MessageCode,
    MessageType,
    Purpose,
    Regime,
    Role,
    TopicName,
)

__all__ = [
    "Assertion",
    "Catalogue",
    "Field",
    "Group",
    "GroupList",
    "MessageEntry",
    "NamedCheck",
    "Obligation",
    "Sensitivity",
]


class Sensitivity(StrEnum):
    """How sensitive a field is, lowest first (domain 4.1)."""

    PLAIN = "PLAIN"
    IDENT = "IDENT"
    SPECIAL = "SPECIAL"
    CRIMINAL = "CRIMINAL"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a group."""

    name: str
    sensitivity: Sensitivity
    source_protected: bool
    required: bool


@dataclass(frozen=True, slots=True)
class Group:
    """One field group of the dictionary (domain 4.2).

    Attributes:
        repeated: The message carries a list of these records (children, guardians), not one.
    """

    name: GroupName
    title: str
    repeated: bool
    fields: tuple[Field, ...]


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
    """

    name: str
    value: str | None
    source: str


@dataclass(frozen=True, slots=True)
class NamedCheck:
    """A rule across groups, by name; the code that evaluates it is `broker.catalogue.checks`."""

    name: str
    arguments: Mapping[str, object]
    source: str


@dataclass(frozen=True, slots=True)
class Obligation:
    """What a message opens or closes (domain 4.7)."""

    code: str
    effect: str
    source: str


@dataclass(frozen=True, slots=True)
class MessageEntry:
    """One message type of the catalogue (domain 4.3).

    Attributes:
        topic: The flow that carries it.
        groups: Every group of the message, in schema order: the order of the envelope's sections.
        recipients: Groups by recipient role.
        schemas: Digest of each published schema version; the highest is current.
        accompanies: A receipt or refusal that follows any message.
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

    @property
    def schema_digest(self) -> Digest:
        """Digest of the current schema version."""
        return self.schemas[max(self.schemas)]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole catalogue.

    Attributes:
        digest: SHA-256 of the exact bytes of `catalogue.yaml`.
    """

    version: int
    digest: Digest
    groups: Mapping[GroupName, Group]
    messages: Mapping[MessageCode, MessageEntry]
    by_type: Mapping[MessageType, MessageEntry]
    by_schema: Mapping[Digest, MessageEntry]
