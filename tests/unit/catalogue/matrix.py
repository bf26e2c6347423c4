"""Every line of the permissions table as documents, for the real publisher and the real `decide`.

A small world, built once: an agency per role on either side, one agreement that grants everything
between everybody, so that only the catalogue can refuse.  No Kafka, no sealing, no signature.

`python -m tests.unit.catalogue.matrix` prints how many cases there are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from broker.agreements.decide import RuleBook, decide
from broker.agreements.model import Agreement, AgreementParty, Decision, Grant, Refused, Request
from broker.catalogue.load import load_catalogue
from broker.catalogue.model import Catalogue, MessageEntry
from broker.crypto import SoftwareUnwrapper, sha256
from broker.envelope.model import Sender
from broker.names import (
    AgreementId,
    CaseRef,
    GroupName,
    LegalBasis,
    MessageCode,
    MessageId,
    Micros,
    Oin,
    Regime,
    Role,
    Urgency,
)
from broker.pipelines.publish import Prepared, prepare
from broker.records.model import Addressee, GroupValue, Record
from broker.records.schema import MessageSchema
from broker.records.template import template
from broker.trust.rules import derive_rules
from broker.trust.view import Agency, SealingKeyEntry, TrustView
from schemas.reading import packaged
from tests.unit.catalogue.permissions import ALTERNATIVES, ANY, BY_ROLE, OTHERWISE, PERMISSIONS

__all__ = ["CATALOGUE", "Case", "alternatives", "ask_gate", "cases", "lines", "publish", "refused_names"]

NOW = Micros(1_893_499_200_000_000)
_LATER = Micros(NOW + 86_400_000_000)
_BASIS = LegalBasis("eigen-grond")
CATALOGUE: Catalogue = load_catalogue(packaged())


@dataclass(frozen=True, slots=True)
class Case:
    """One document and what must become of it.

    Attributes:
        kind: ``required``, ``allowed``, ``without`` or ``with``.
        group: The group that is left out or added, or the alternative that is chosen (`OTHERWISE` has
            the name of one that is not a group).
        groups: Every group of the document.
    """

    code: str
    role: str
    kind: str
    group: str
    groups: frozenset[str]

    def __str__(self) -> str:
        """As in ``E09-RvdK-without-GU``."""
        return "-".join(part for part in (self.code, self.role, self.kind, self.group) if part)


def lines() -> list[tuple[str, str, frozenset[str], frozenset[str]]]:
    """Type, recipient role, required and allowed groups of the table, for types that the catalogue has."""
    found = []
    for code, entry in CATALOGUE.messages.items():
        for role in entry.recipients or [Role(ANY)]:
            listed = PERMISSIONS.get((code, role)) or PERMISSIONS.get((code, ANY))
            if listed:
                required, may = listed
                found.append((str(code), str(role), frozenset(required.split()), frozenset(may.split())))
    return found


def alternatives(code: str) -> list[str]:
    """Groups of which the type needs one; a type without them has one choice, of nothing."""
    return ALTERNATIVES.get(code, "").split()


def cases() -> Iterator[Case]:
    """Every case: what is accepted, each required group left out, each forbidden group added."""
    dictionary = frozenset(map(str, CATALOGUE.groups))
    for code, role, required, may in lines():
        choices = alternatives(code)
        base = required | frozenset(choices[:1])
        for choice in choices or [""]:
            yield Case(code, role, "required", choice, required | frozenset([choice] if choice else []))
        if code in OTHERWISE:
            yield Case(code, role, "required", OTHERWISE[code][0], required)
        yield Case(code, role, "allowed", "", required | may)
        for group in sorted(required):
            yield Case(code, role, "without", group, base - {group})
        for group in sorted(dictionary - required - may):
            yield Case(code, role, "with", group, base | {group})


def publish(case: Case) -> Prepared:
    """What the publisher makes of the document.

    Raises:
        RefusedError: It refuses.
    """
    entry = CATALOGUE.messages[MessageCode(case.code)]
    sender, recipient = _parties(entry, case.role)
    groups = {GroupName(name): _content(case.code, name) for name in case.groups}
    record = replace(_record(case.code), to=(Addressee(recipient.oin, recipient.role),), groups=groups)
    if case.code in OTHERWISE and case.group == OTHERWISE[case.code][0]:
        record = _saying(record, *OTHERWISE[case.code][1:])
    record = _saying(record, *BY_ROLE.get((case.code, case.role), ({}, {})))
    return prepare(record, Sender(sender.oin, sender.role, "proef"), _view(), NOW, _entropy)


def ask_gate(case: Case) -> Decision:
    """What the gate decides of a sender that granted these groups, whatever its own publisher says."""
    entry = CATALOGUE.messages[MessageCode(case.code)]
    sender, recipient = _parties(entry, case.role)
    record = _record(case.code)
    request = Request(
        message_type=entry.type,
        sender=sender,
        recipient=recipient,
        agreement_id=_AGREEMENT_ID,
        agreement_digest=_DIGEST,
        groups=tuple(GroupName(name) for name in sorted(case.groups)),
        purpose=record.purpose,
        legal_basis=record.legal_basis,
        regime=record.regime,
        urgency=Urgency.NORMAL,
        assertions=tuple(sorted(record.assertions.items())),
    )
    return decide(_view().rules, request, NOW)


def refused_names(decision: Decision) -> tuple[str, tuple[str, ...]] | None:
    """Reason and names of a refusal, or None."""
    return (decision.reason, decision.offending) if isinstance(decision, Refused) else None


@cache
def _schema(code: str) -> MessageSchema:
    entry = CATALOGUE.messages[MessageCode(code)]
    return _view().schemas[entry.schema_digest]


@cache
def _template(code: str) -> Mapping[GroupName, GroupValue]:
    return template(_schema(code), everything=True)


@cache
def _content(code: str, group: str) -> GroupValue:
    """Valid content of a group: of this type, or of the first that has it."""
    holders = [code, *map(str, CATALOGUE.messages)]
    holder = next(other for other in holders if GroupName(group) in _schema(other).groups)
    return _template(holder)[GroupName(group)]


def _saying(
    record: Record, content: Mapping[str, Mapping[str, object]], assertions: Mapping[str, str]
) -> Record:
    """The record with other fields and assertions."""
    groups: dict[GroupName, GroupValue] = {
        name: {**value, **content.get(name, {})} if isinstance(value, Mapping) else value
        for name, value in record.groups.items()
    }
    return replace(record, groups=groups, assertions={**record.assertions, **assertions})


@cache
def _record(code: str) -> Record:
    entry = CATALOGUE.messages[MessageCode(code)]
    return Record(
        code=entry.code,
        to=(),
        case_ref=CaseRef(bytes(16)),
        purpose=entry.purposes[0],
        legal_basis=next(iter(entry.legal_bases), _BASIS),
        regime=Regime.R1 if Regime.R1 in entry.regimes else entry.regimes[0],
        groups={},
        assertions={a.name: a.value or a.values[0] for a in entry.assertions},
        causation_id=MessageId(bytes(16)),
        agreement=(_AGREEMENT_ID, _DIGEST),
    )


_AGREEMENT_ID = AgreementId("alles")
_DIGEST = sha256(b"alles")


def _entropy(size: int) -> bytes:
    return bytes(size)


def _parties(entry: MessageEntry, role: str) -> tuple[AgreementParty, AgreementParty]:
    others = [sender for sender in entry.sender_roles if sender != role]
    sender = next(iter([*others, *entry.sender_roles]), Role("AMK"))
    return _party(sender, 0), _party(Role("SHG") if role == ANY else Role(role), 1)


@cache
def _roles() -> tuple[Role, ...]:
    named = {role for e in CATALOGUE.messages.values() for role in (*e.sender_roles, *e.recipients)}
    return tuple(sorted(named | {Role("AMK"), Role("SHG")}))


def _party(role: Role, side: int) -> AgreementParty:
    number = _roles().index(role) * 2 + side
    return AgreementParty(Oin.parse(f"00000099{number:09d}000"), role)


@cache
def _view() -> TrustView:
    files = packaged()
    schemas = [MessageSchema.parse(body) for path, body in files.items() if path.startswith("messages/")]
    key = SealingKeyEntry(SoftwareUnwrapper.from_seed(bytes(32)).sealing_key, NOW, _LATER, None)
    parties = [_party(role, side) for role in _roles() for side in (0, 1)]
    agencies = {party.oin: _agency(party, key) for party in parties}
    return TrustView(
        version=1,
        expires_at=_LATER,
        agencies=agencies,
        by_name={},
        signing_keys={},
        rules=RuleBook(derive_rules(CATALOGUE), [_agreement(parties)]),
        catalogue=CATALOGUE,
        schemas={schema.digest: schema for schema in schemas},
    )


def _agency(party: AgreementParty, key: SealingKeyEntry) -> Agency:
    return Agency(
        oin=party.oin,
        short_name="proef",
        title="Proef",
        roles=frozenset({party.role}),
        active_from=NOW,
        active_until=None,
        required_algorithms=frozenset(),
        signing_keys=(),
        sealing_keys=(key,),
    )


def _agreement(parties: list[AgreementParty]) -> Agreement:
    """Everything, between everybody: what is refused is refused by the catalogue."""
    grants = [
        Grant(
            rule="alles",
            types=frozenset(CATALOGUE.messages),
            sender_role=sender,
            recipient_role=recipient,
            purposes=frozenset(CATALOGUE.purposes),
            legal_bases=frozenset({*CATALOGUE.legal_bases, _BASIS}),
        )
        for sender in _roles()
        for recipient in _roles()
    ]
    return Agreement(
        id=_AGREEMENT_ID,
        version=1,
        digest=_DIGEST,
        title="Alles",
        parties=frozenset(parties),
        grants=tuple(grants),
        valid_from=NOW,
        valid_until=_LATER,
        signed_by=frozenset(party.oin for party in parties),
    )


def _count() -> None:
    kinds: dict[str, int] = {}
    for case in cases():
        kinds[case.kind] = kinds.get(case.kind, 0) + 1
    sys.stdout.write(
        f"{len(lines())} lines, {sum(kinds.values())} documents: "
        + ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
        + "\n"
    )


if __name__ == "__main__":
    _count()
