"""The agreement (convenant) as a document: immutable YAML, named by the SHA-256 of its exact bytes.

The document is the record that art. 20 Wpg and art. 60(2) Uitvoeringsbesluit Wjz ask for (sources.md 8.2):
who the parties are, which important public interest and partnership it serves, what may be exchanged
on which ground for which purpose, under which conditions, how a notice is given, how the decision and
the results are made known, and how long things are kept (docs/spec/agreements.md 2).
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from broker.agreements.model import Agreement, AgreementParty, Grant
from broker.agreements.parsing import (
    AgreementIdText,
    GroupText,
    LegalBasisText,
    MessageCodeText,
    Moment,
    PurposeText,
    RoleText,
    read_yaml,
)
from broker.crypto import sha256
from broker.moments import DAY, SECOND
from broker.names import Micros, Regime, Role
from broker.strict_json import OinText, StrictModel

__all__ = [
    "MAX_GRANTS",
    "MAX_PARTIES",
    "AgreementDocument",
    "GrantDocument",
    "Partnership",
    "PartyDocument",
    "Reporting",
    "parse_agreement",
    "parse_document",
]

MAX_PARTIES = 64
MAX_GRANTS = 128

_POLICE = Role("POL")
_FIRST_AUDIT = 731 * DAY

_Line = Annotated[str, StringConstraints(min_length=1, max_length=500)]
_RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class PartyDocument(StrictModel):
    """One party in one role.

    Attributes:
        signatory: The function of whoever signs for it; never a person's name.
    """

    oin: OinText
    role: RoleText
    signatory: _Line | None = None


class Partnership(StrictModel):
    """The partnership (samenwerkingsverband) and what it is for."""

    name: _Line
    purpose: _Line


class Reporting(StrictModel):
    """How a notice is given, how the decision on it is made known, how results come back."""

    notice: _Line
    decision: _Line
    results: _Line


class GrantDocument(StrictModel):
    """What goes from one role to another; `groups` and `regimes` only ever narrow the catalogue."""

    rule: _RuleName
    types: Annotated[tuple[MessageCodeText, ...], Field(min_length=1, max_length=64)]
    sender: RoleText
    recipient: RoleText
    purposes: Annotated[tuple[PurposeText, ...], Field(min_length=1, max_length=64)]
    legal_bases: Annotated[tuple[LegalBasisText, ...], Field(max_length=64)]
    groups: Annotated[tuple[GroupText, ...], Field(max_length=64)] | None = None
    regimes: Annotated[tuple[Regime, ...], Field(min_length=1, max_length=3)] | None = None
    emergency: Literal["true", "false"] = "false"
    conditions: Annotated[tuple[_Line, ...], Field(max_length=32)] = ()

    def grant(self) -> Grant:
        """The grant as `decide` knows it."""
        return Grant(
            rule=self.rule,
            types=frozenset(self.types),
            sender_role=self.sender,
            recipient_role=self.recipient,
            purposes=frozenset(self.purposes),
            legal_bases=frozenset(self.legal_bases),
            groups=None if self.groups is None else frozenset(self.groups),
            regimes=None if self.regimes is None else frozenset(self.regimes),
            emergency=self.emergency == "true",
        )


class AgreementDocument(StrictModel):
    """A whole agreement, as written.

    Attributes:
        privacy_audit: First audit of the police data; needed, and within two years, where the police
            is a party (sources.md L21).
    """

    format: Literal["schakel-agreement/1"]
    id: AgreementIdText
    version: Annotated[int, Field(ge=1, le=9999)]
    title: _Line
    parties: Annotated[tuple[PartyDocument, ...], Field(min_length=2, max_length=MAX_PARTIES)]
    controller: _Line
    public_interest: _Line
    partnership: Partnership
    grants: Annotated[tuple[GrantDocument, ...], Field(min_length=1, max_length=MAX_GRANTS)]
    reporting: Reporting
    valid_from: Moment
    valid_until: Moment
    privacy_audit: Moment | None = None
    revocation_contact: _Line
    retention: _Line

    @model_validator(mode="after")
    def _coherent(self) -> AgreementDocument:
        if self.valid_from >= self.valid_until:
            raise ValueError("valid_until is not after valid_from")
        if len({(party.oin, party.role) for party in self.parties}) != len(self.parties):
            raise ValueError("a party stands twice")
        if len({grant.rule for grant in self.grants}) != len(self.grants):
            raise ValueError("two grants have one name")
        roles = {party.role for party in self.parties}
        if any(not {grant.sender, grant.recipient} <= roles for grant in self.grants):
            raise ValueError("a grant names a role that no party has")
        self._require_audit(roles)
        return self

    def _require_audit(self, roles: set[Role]) -> None:
        if self.privacy_audit is None:
            if _POLICE in roles:
                raise ValueError("the police is a party, and there is no privacy_audit")
        elif not self.valid_from < self.privacy_audit <= self.valid_from + _FIRST_AUDIT:
            raise ValueError("privacy_audit is not within two years after valid_from")

    def privacy_audits(self) -> tuple[Micros, ...]:
        """When the police data are audited while the agreement holds: the first, then every four years."""
        first = self.privacy_audit
        return () if first is None else tuple(_every_four_years(first, self.valid_until))


def _every_four_years(first: Micros, end: Micros) -> Iterator[Micros]:
    start = datetime.fromtimestamp(first / SECOND, UTC)
    for year in range(start.year, 10_000, 4):
        # The last day of February is one day early in a year without it.
        day = 28 if (start.month, start.day) == (2, 29) and not isleap(year) else start.day
        audit = Micros(int(start.replace(year=year, day=day).timestamp()) * SECOND)
        if audit >= end:
            return
        yield audit


def parse_document(document: bytes) -> AgreementDocument:
    """Read an agreement as written, for people to look at.

    Raises:
        MalformedError: Not an agreement.
    """
    return read_yaml(document, AgreementDocument, "an agreement")


def parse_agreement(document: bytes) -> Agreement:
    """Read an agreement; nobody has signed it yet.

    Raises:
        MalformedError: Not an agreement.
    """
    parsed = parse_document(document)
    return Agreement(
        id=parsed.id,
        version=parsed.version,
        digest=sha256(document),
        title=parsed.title,
        parties=frozenset(AgreementParty(party.oin, party.role) for party in parsed.parties),
        grants=tuple(grant.grant() for grant in parsed.grants),
        valid_from=parsed.valid_from,
        valid_until=parsed.valid_until,
    )
