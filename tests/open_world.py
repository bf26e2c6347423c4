"""A world in which everybody has agreed to everything, so that only the catalogue and the core can refuse.

Two agencies for each role, one co-signed agreement that grants every type with every group between all of
them, real keys and the packaged catalogue.  No Kafka and no registry files: a trust view made by hand.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from broker.adapters.system import system_entropy
from broker.agreements.decide import RuleBook, decide
from broker.agreements.model import Agreement, AgreementParty, Decision, Grant, Request
from broker.catalogue.checks import needed_groups
from broker.catalogue.load import load_catalogue
from broker.catalogue.model import Catalogue, MessageEntry
from broker.crypto import SoftwareSigner, SoftwareUnwrapper, sha256
from broker.envelope.model import Sender
from broker.names import (
    AgreementId,
    Algorithm,
    CaseRef,
    LegalBasis,
    MessageCode,
    MessageId,
    Micros,
    Oin,
    ProducerId,
    Regime,
    Role,
    Urgency,
)
from broker.pipelines.gate import GateIdentity, Judgement, judge
from broker.pipelines.publish import Numbering, Prepared, prepare, release
from broker.ports import Message, Position
from broker.records.model import Addressee, Record
from broker.records.schema import MessageSchema
from broker.records.template import template
from broker.signing import VerificationCache
from broker.trust.rules import derive_rules
from broker.trust.view import Agency, SealingKeyEntry, SigningKeyEntry, TrustView
from schemas.reading import packaged

__all__ = [
    "AGREEMENT",
    "CATALOGUE",
    "GROUND",
    "NOW",
    "Keys",
    "asked",
    "entry_of",
    "judged",
    "keys_of",
    "party",
    "prepared_by",
    "record_of",
    "sender_of",
    "view",
]

NOW = Micros(1_893_499_200_000_000)
_DAY = 86_400_000_000
_LATER = Micros(NOW + _DAY)
CATALOGUE: Catalogue = load_catalogue(packaged())
GROUND = LegalBasis("eigen-grond")
"""A ground that this agreement names and the catalogue does not know."""
_ID, _DIGEST = AgreementId("alles"), sha256(b"alles")


@cache
def _roles() -> tuple[Role, ...]:
    entries = CATALOGUE.messages.values()
    named = {role for entry in entries for role in (*entry.sender_roles, *entry.recipients)}
    return tuple(sorted(named | {Role("AMK"), Role("SHG")}))


def party(role: str, side: int = 0) -> AgreementParty:
    """One of the two agencies in this role."""
    return AgreementParty(Oin.parse(f"00000099{_roles().index(Role(role)) * 2 + side:09d}000"), Role(role))


def entry_of(code: str) -> MessageEntry:
    """What the catalogue says of a type."""
    return CATALOGUE.messages[MessageCode(code)]


def _grants() -> Iterable[Grant]:
    for sender in _roles():
        for recipient in _roles():
            yield Grant(
                rule="alles",
                types=frozenset(CATALOGUE.messages),
                sender_role=sender,
                recipient_role=recipient,
                purposes=frozenset(CATALOGUE.purposes),
                legal_bases=frozenset({*CATALOGUE.legal_bases, GROUND}),
            )


_PARTIES = tuple(party(role, side) for role in _roles() for side in (0, 1))
AGREEMENT = Agreement(
    id=_ID,
    version=1,
    digest=_DIGEST,
    title="Alles",
    parties=frozenset(_PARTIES),
    grants=tuple(_grants()),
    valid_from=NOW,
    valid_until=_LATER,
    signed_by=frozenset(each.oin for each in _PARTIES),
)


def asked(code: str, sender: AgreementParty, recipient: AgreementParty, **changes: Any) -> Decision:
    """What `decide` says of a message that is allowed as it is, but for *changes*.

    The agreement is `AGREEMENT` unless *changes* have an ``agreement`` of their own.
    """
    agreement = changes.pop("agreement", AGREEMENT)
    entry, record = entry_of(code), record_of(code)
    groups = entry.groups_for(recipient.role)
    request = Request(
        message_type=entry.type,
        sender=sender,
        recipient=recipient,
        agreement_id=_ID,
        agreement_digest=_DIGEST,
        groups=groups.required if groups else (),
        purpose=record.purpose,
        legal_basis=record.legal_basis,
        regime=record.regime,
        urgency=Urgency.NORMAL,
        assertions=tuple(sorted(record.assertions.items())),
    )
    return decide(RuleBook(derive_rules(CATALOGUE), [agreement]), replace(request, **changes), NOW)


def record_of(code: str, to: AgreementParty | None = None, **changes: Any) -> Record:
    """A message of this type that is allowed as it is, but for *changes*."""
    entry = entry_of(code)
    assertions = {a.name: a.value or a.values[0] for a in entry.assertions}
    recipient = to or party(next(iter(entry.recipients), "SHG"), 1)
    listed = entry.groups_for(recipient.role)
    allowed = {*listed.required, *listed.may} if listed else set(entry.groups)
    content = template(view().schemas[entry.schema_digest], also=needed_groups(entry, assertions))
    # The schema asks for less than a role of its own may: each recipient gets what it must.
    content |= {
        name: value
        for name, value in template(view().schemas[entry.schema_digest], everything=True).items()
        if listed and name in listed.required and name not in content
    }
    record = Record(
        code=entry.code,
        to=(Addressee(recipient.oin, recipient.role),),
        case_ref=CaseRef(os.urandom(CaseRef.size)),
        purpose=entry.purposes[0],
        legal_basis=next(iter(entry.legal_bases), GROUND),
        regime=Regime.R1 if Regime.R1 in entry.regimes else entry.regimes[0],
        groups={name: value for name, value in content.items() if name in allowed},
        assertions=assertions,
        causation_id=MessageId(os.urandom(MessageId.size)) if entry.accompanies else None,
        agreement=(_ID, _DIGEST),
    )
    return replace(record, **changes)


def prepared_by(sender: AgreementParty, record: Record) -> Prepared:
    """What the publisher of *sender* makes of a record."""
    return prepare(record, Sender(sender.oin, sender.role, "proef"), view(), NOW, system_entropy)


def judged(prepared: Prepared, signed_by: AgreementParty | None = None) -> tuple[Message, Judgement]:
    """A message on the exchange, and what the gate makes of it.

    Args:
        prepared: As its publisher made it, or altered by a sender who does not listen to its publisher.
        signed_by: Whose key signs it, if not the key of the sender.
    """
    signer = keys_of(signed_by.oin if signed_by else prepared.header.sender.oin).signer
    numbering = Numbering(ProducerId(os.urandom(ProducerId.size)))
    out = release([prepared], numbering, [signer], system_entropy)[0]
    message = Message(Position(out.topic, 0, 0), out.key, out.value, out.headers)
    (judgement,) = judge(message, view(), GateIdentity(party("AMK").oin, "gate"), NOW, VerificationCache())
    return message, judgement


def sender_of(code: str) -> AgreementParty:
    """Somebody who may send this type."""
    return party(next(iter(entry_of(code).sender_roles), "AMK"))


@dataclass(frozen=True, slots=True)
class Keys:
    """Private keys of one agency."""

    signer: SoftwareSigner
    unwrapper: SoftwareUnwrapper


@cache
def keys_of(oin: Oin) -> Keys:
    """The private keys of an agency."""
    return Keys(SoftwareSigner.generate(Algorithm.ES256), SoftwareUnwrapper.generate())


@cache
def view() -> TrustView:
    """The registry of this world."""
    files = packaged()
    schemas = [MessageSchema.parse(body) for path, body in files.items() if path.startswith("messages/")]
    agencies = {each.oin: _agency(each) for each in _PARTIES}
    return TrustView(
        version=1,
        expires_at=_LATER,
        agencies=agencies,
        by_name={},
        signing_keys={
            entry.key.key_id: (agency.oin, entry)
            for agency in agencies.values()
            for entry in agency.signing_keys
        },
        rules=RuleBook(derive_rules(CATALOGUE), [AGREEMENT]),
        catalogue=CATALOGUE,
        schemas={schema.digest: schema for schema in schemas},
    )


def _agency(member: AgreementParty) -> Agency:
    keys = keys_of(member.oin)
    return Agency(
        oin=member.oin,
        short_name="proef",
        title="Proef",
        roles=frozenset({member.role}),
        active_from=NOW,
        active_until=None,
        required_algorithms=frozenset({Algorithm.ES256}),
        signing_keys=(SigningKeyEntry(keys.signer.verifying_key, NOW, _LATER, None),),
        sealing_keys=(SealingKeyEntry(keys.unwrapper.sealing_key, NOW, _LATER, None),),
    )
