"""What needs no grant: what outlives an agreement, and what the exchange itself sends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.agreements.decide import RuleBook, decide
from broker.agreements.model import Agreement, AgreementParty, Allowed, GroupRule, Reason, Refused, Request
from broker.crypto import sha256
from broker.names import (
    AgreementId,
    GroupName,
    LegalBasis,
    MessageCode,
    MessageType,
    Micros,
    Purpose,
    Role,
)
from tests.agreement_world import AGREEMENT, AMK, NOW, RECEIPT, REQUEST, RULES, SHG, groups, oin

YEAR = 365 * 86_400_000_000
GATE = AgreementParty(oin(7), Role("GATE"))
REMINDER = replace(
    RECEIPT,
    code=MessageCode("E31"),
    type=MessageType("nl.test.verplichting.herinnerd.v1"),
    sender_roles=frozenset({GATE.role}),
    purposes=frozenset({Purpose("herinnering")}),
    accompanies=False,
    any_role=False,
    any_groups=GroupRule(groups("OV"), groups()),
    from_exchange=True,
)
ERASURE = replace(
    RECEIPT,
    code=MessageCode("E29"),
    type=MessageType("nl.test.bericht.gecorrigeerd.v1"),
    purposes=frozenset({Purpose("correctie")}),
    any_groups=GroupRule(groups("KO"), groups()),
    outlives=True,
)
ENDED = replace(AGREEMENT, valid_from=Micros(NOW - 2 * YEAR), valid_until=Micros(NOW - YEAR))
WITHDRAWN = replace(AGREEMENT, revoked_at=Micros(NOW - YEAR))
PLAIN = replace(REQUEST, legal_basis=LegalBasis("convenant"), assertions=())
REMIND = replace(
    PLAIN,
    message_type=REMINDER.type,
    sender=GATE,
    recipient=AMK,
    groups=(GroupName("OV"),),
    purpose=Purpose("herinnering"),
)
ERASE = replace(PLAIN, message_type=ERASURE.type, groups=(GroupName("KO"),), purpose=Purpose("correctie"))


def book_of(*agreements: Agreement) -> RuleBook:
    """The rules of the test world, with a reminder and an erasure."""
    return RuleBook({**RULES, REMINDER.type: REMINDER, ERASURE.type: ERASURE}, agreements)


def reason(request: Request, agreement: Agreement = AGREEMENT) -> Reason | None:
    """Why it is refused, or None."""
    decision = decide(book_of(agreement), request, NOW)
    return decision.reason if isinstance(decision, Refused) else None


def test_a_reminder_of_the_exchange_needs_no_grant() -> None:
    """It cites the agreement that binds its recipient, and the decision says why it passed."""
    decision = decide(book_of(AGREEMENT), REMIND, NOW)

    assert decision == Allowed(AGREEMENT.id, AGREEMENT.digest, "from-exchange", REMIND.groups)


@pytest.mark.parametrize("recipient", [AMK, SHG], ids=["one-party", "the-other"])
def test_a_reminder_goes_to_either_party(recipient: AgreementParty) -> None:
    """Both parties of an obligation hear the same."""
    assert reason(replace(REMIND, recipient=recipient)) is None


@pytest.mark.parametrize("agreement", [ENDED, WITHDRAWN], ids=["ended", "revoked"])
def test_what_is_owed_goes_on_to_be_owed(agreement: Agreement) -> None:
    """The end of an agreement does not end what a message under it opened."""
    assert reason(REMIND, agreement) is None


@pytest.mark.parametrize(
    ("change", "agreement", "refused"),
    [
        pytest.param({"sender": SHG}, AGREEMENT, Reason.SENDER_ROLE, id="of-a-party"),
        pytest.param({"sender": AMK, "recipient": SHG}, AGREEMENT, Reason.SENDER_ROLE, id="of-another-party"),
        pytest.param(
            {"recipient": AgreementParty(oin(9), AMK.role)},
            AGREEMENT,
            Reason.NO_AGREEMENT,
            id="to-a-stranger",
        ),
        pytest.param({"agreement_id": AgreementId("none")}, AGREEMENT, Reason.NO_AGREEMENT, id="uncited"),
        pytest.param(
            {"agreement_digest": sha256(b"other")}, AGREEMENT, Reason.AGREEMENT_DIGEST, id="other-version"
        ),
        pytest.param(
            {},
            replace(AGREEMENT, signed_by=frozenset({AMK.oin})),
            Reason.AGREEMENT_NOT_COSIGNED,
            id="not-co-signed",
        ),
        pytest.param(
            {"groups": tuple(map(GroupName, ("CH", "OV")))},
            AGREEMENT,
            Reason.GROUP_FORBIDDEN,
            id="with-content",
        ),
        pytest.param({"groups": ()}, AGREEMENT, Reason.GROUP_REQUIRED, id="without-its-group"),
        pytest.param({"purpose": Purpose("amk-taak")}, AGREEMENT, Reason.PURPOSE, id="purpose-of-a-grant"),
        pytest.param(
            {"legal_basis": LegalBasis("wmo-21b-2d")}, AGREEMENT, Reason.LEGAL_BASIS, id="basis-of-a-grant"
        ),
    ],
)
def test_any_other_reminder_is_refused(change: dict[str, Any], agreement: Agreement, refused: Reason) -> None:
    """Of anybody else, to anybody else, or with anything else in it."""
    assert reason(replace(REMIND, **change), agreement) is refused


def test_the_exchange_can_send_nothing_else() -> None:
    """It is no party: what needs a grant, or accompanies a message, has none to go along."""
    assert reason(replace(REQUEST, sender=GATE)) is Reason.SENDER_ROLE
    assert reason(replace(ERASE, sender=GATE)) is Reason.NO_AGREEMENT


def test_a_reminder_can_cite_every_agreement_that_binds_its_recipient() -> None:
    """The latest first, and none of others."""
    others = frozenset({AgreementParty(oin(8), Role("SHG")), AgreementParty(oin(9), Role("AMK"))})
    foreign = replace(AGREEMENT, id=AgreementId("foreign"), digest=sha256(b"f"), parties=others)
    older = replace(ENDED, id=AgreementId("older"), digest=sha256(b"o"))

    found = book_of(older, foreign, AGREEMENT).granting(REMINDER.type, GATE, AMK)

    assert [each.id for each in found] == [AGREEMENT.id, older.id]


def test_what_accompanies_a_message_can_cite_every_agreement_that_binds_both() -> None:
    """A correction needs no grant, and its sender must have one to cite all the same."""
    one_party = frozenset({SHG, AgreementParty(oin(9), Role("AMK"))})
    foreign = replace(AGREEMENT, id=AgreementId("foreign"), digest=sha256(b"f"), parties=one_party)
    older = replace(ENDED, id=AgreementId("older"), digest=sha256(b"o"))

    found = book_of(older, foreign, AGREEMENT).granting(ERASURE.type, SHG, AMK)

    assert [each.id for each in found] == [AGREEMENT.id, older.id]


@pytest.mark.parametrize("agreement", [AGREEMENT, ENDED, WITHDRAWN], ids=["in-force", "ended", "revoked"])
def test_an_erasure_outlives_the_agreement(agreement: Agreement) -> None:
    """A right of the person concerned does not end with what two agencies agreed."""
    assert reason(ERASE, agreement) is None


@pytest.mark.parametrize(
    ("agreement", "refused"),
    [
        pytest.param(ENDED, Reason.AGREEMENT_NOT_IN_FORCE, id="ended"),
        pytest.param(WITHDRAWN, Reason.AGREEMENT_REVOKED, id="revoked"),
    ],
)
def test_a_receipt_does_not(agreement: Agreement, refused: Reason) -> None:
    """What is acknowledged so late was not carried by this agreement."""
    late = replace(ERASE, message_type=RECEIPT.type, groups=(GroupName("RC"),), purpose=Purpose("ontvangst"))

    assert reason(late, agreement) is refused


def test_an_erasure_stays_between_the_parties() -> None:
    """To somebody else there is nothing to erase."""
    assert reason(replace(ERASE, recipient=AgreementParty(oin(9), AMK.role))) is Reason.NO_AGREEMENT
