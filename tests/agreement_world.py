"""What tests of agreements share: two invented agencies, a small catalogue, one agreement between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from broker.agreements.decide import RuleBook, decide
from broker.agreements.model import (
    Agreement,
    AgreementParty,
    Decision,
    Grant,
    GroupRule,
    Predicate,
    Request,
    TypeRule,
)
from broker.crypto import sha256
from broker.names import (
    AgreementId,
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
    "AGREEMENT",
    "AMK",
    "DORMANT",
    "FORWARD",
    "NOW",
    "RECEIPT",
    "REQUEST",
    "RULES",
    "SHG",
    "book",
    "changed",
    "groups",
    "oin",
    "outcome",
]

NOW = Micros(1_800_000_000_000_000)
_DAY = 86_400_000_000


def oin(number: int) -> Oin:
    """A test OIN."""
    return Oin.parse(f"00000099{number:09d}000")


def groups(*names: str) -> frozenset[GroupName]:
    """Field groups by name."""
    return frozenset(GroupName(name) for name in names)


SHG = AgreementParty(oin(1), Role("SHG"))
AMK = AgreementParty(oin(2), Role("AMK"))
_FORWARD_TYPE = MessageType("nl.test.melding.doorgezonden.v1")
_DORMANT_TYPE = MessageType("nl.test.historie.gevraagd.v1")
_RECEIPT_TYPE = MessageType("nl.test.bericht.ontvangen.v1")

FORWARD = TypeRule(
    code=MessageCode("E01"),
    type=_FORWARD_TYPE,
    sender_roles=frozenset({Role("SHG")}),
    recipient_roles={Role("AMK"): GroupRule(groups("CH", "CO"), groups("GU", "HH"))},
    regimes=frozenset({Regime.R0, Regime.R1}),
    purposes=frozenset({Purpose("amk-taak"), Purpose("statistiek")}),
    legal_bases=frozenset({LegalBasis("wmo-21b-2d"), LegalBasis("wmo-21d")}),
    predicates=(
        Predicate("children_in_family", "true", "L01"),
        Predicate("feedback_stage", None, "L03"),
    ),
)
DORMANT = replace(
    FORWARD,
    code=MessageCode("E20Q"),
    type=_DORMANT_TYPE,
    legal_bases=frozenset(),
    predicates=(),
    off_by_default=True,
)
RECEIPT = TypeRule(
    code=MessageCode("E03"),
    type=_RECEIPT_TYPE,
    sender_roles=frozenset(),
    recipient_roles={},
    regimes=frozenset(Regime),
    purposes=frozenset({Purpose("ontvangst")}),
    legal_bases=frozenset({LegalBasis("convenant")}),
    predicates=(),
    accompanies=True,
    any_role=True,
    any_groups=GroupRule(groups("RC"), groups()),
)
RULES = {rule.type: rule for rule in (FORWARD, DORMANT, RECEIPT)}

AGREEMENT = Agreement(
    id=AgreementId("amk-shg"),
    version=1,
    digest=sha256(b"amk-shg/1"),
    title="Test",
    parties=frozenset({SHG, AMK}),
    grants=(
        Grant(
            rule="forward",
            types=frozenset({FORWARD.code}),
            sender_role=SHG.role,
            recipient_role=AMK.role,
            purposes=frozenset({Purpose("amk-taak")}),
            legal_bases=frozenset({LegalBasis("wmo-21b-2d")}),
            groups=groups("CH", "CO", "GU"),
        ),
    ),
    valid_from=Micros(NOW - _DAY),
    valid_until=Micros(NOW + _DAY),
    signed_by=frozenset({SHG.oin, AMK.oin}),
)

REQUEST = Request(
    message_type=_FORWARD_TYPE,
    sender=SHG,
    recipient=AMK,
    agreement_id=AGREEMENT.id,
    agreement_digest=AGREEMENT.digest,
    groups=(GroupName("CH"), GroupName("CO")),
    purpose=Purpose("amk-taak"),
    legal_basis=LegalBasis("wmo-21b-2d"),
    regime=Regime.R1,
    urgency=Urgency.NORMAL,
    assertions=(("children_in_family", "true"), ("feedback_stage", "start")),
)


def changed(**grant: Any) -> Agreement:
    """The agreement with another grant."""
    return replace(AGREEMENT, grants=(replace(AGREEMENT.grants[0], **grant),))


def book(*agreements: Agreement) -> RuleBook:
    """A rule book with these agreements."""
    return RuleBook(RULES, agreements)


def outcome(agreement: Agreement, request: Request = REQUEST, now: Micros = NOW) -> Decision:
    """What is decided with one agreement."""
    return decide(book(agreement), request, now)
