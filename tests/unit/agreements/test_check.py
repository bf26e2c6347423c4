"""`broker.agreements.check`: what a chain of agencies should know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.agreements.check import FindingKind, check_against, check_book
from broker.agreements.decide import RuleBook
from broker.agreements.model import Agreement, AgreementParty, Answers, TypeRule
from broker.crypto import sha256
from broker.names import AgreementId, LegalBasis, MessageCode, Micros, Purpose, Regime, Role
from tests.agreement_world import (
    AGREEMENT,
    AMK,
    DORMANT,
    FORWARD,
    NOW,
    RULES,
    SHG,
    book,
    changed,
    groups,
    oin,
)

DAY = 86_400_000_000
SECOND = replace(
    changed(purposes=frozenset({Purpose("statistiek")})), id=AgreementId("second"), digest=sha256(b"2")
)
AMK_SOUTH = AgreementParty(oin(3), Role("AMK"))


def kinds(
    *agreements: Agreement, parties: tuple[AgreementParty, ...] = (SHG, AMK), days: int = 0
) -> set[str]:
    """Kinds of findings about these agreements."""
    found = check_book(book(*agreements), [FORWARD.code, MessageCode("E03")], parties, NOW, days)
    return {finding.kind.value for finding in found}


def test_a_chain_in_order_has_no_findings() -> None:
    """With one agreement in force for what is mandatory, there is nothing to say."""
    assert kinds(AGREEMENT) == set()


@pytest.mark.parametrize(
    "agreements",
    [
        pytest.param((), id="none"),
        pytest.param((replace(AGREEMENT, valid_until=NOW),), id="expired"),
        pytest.param((replace(AGREEMENT, revoked_at=NOW),), id="revoked"),
        pytest.param((changed(types=frozenset({MessageCode("E20Q")})),), id="another-type"),
    ],
)
def test_a_mandatory_exchange_without_agreement_is_serious(agreements: tuple[Agreement, ...]) -> None:
    """Who must send, and can send to nobody, is named."""
    found = check_book(book(*agreements), [FORWARD.code], [SHG, AMK], NOW, 0)
    serious = [finding for finding in found if finding.serious]

    assert [(f.kind, f.parties) for f in serious] == [(FindingKind.MISSING, (f"{SHG.oin}/SHG",))]


def test_a_pair_that_is_not_covered_is_named() -> None:
    """An agency that is covered with one neighbour is told of the other, without alarm."""
    found = check_book(book(AGREEMENT), [FORWARD.code], [SHG, AMK, AMK_SOUTH], NOW, 0)

    assert [(f.kind, f.serious, f.parties[1]) for f in found] == [
        (FindingKind.MISSING_PAIR, False, f"{AMK_SOUTH.oin}/AMK")
    ]


@pytest.mark.parametrize(
    ("agreements", "kind"),
    [
        pytest.param((replace(AGREEMENT, signed_by=frozenset()),), "not-cosigned", id="unsigned"),
        pytest.param(
            (AGREEMENT, replace(AGREEMENT, version=2, digest=sha256(b"2"))), "overlap", id="overlap"
        ),
        pytest.param((AGREEMENT, SECOND), "contradiction", id="contradiction"),
        pytest.param(
            (changed(purposes=frozenset({Purpose("marketing")})),), "wider-than-catalogue", id="wider"
        ),
    ],
)
def test_finds(agreements: tuple[Agreement, ...], kind: str) -> None:
    """Each kind of trouble has its finding."""
    assert kind in kinds(*agreements)


@pytest.mark.parametrize(
    ("days", "found"), [pytest.param(1, True, id="soon"), pytest.param(0, False, id="not-yet")]
)
def test_finds_what_expires(days: int, found: bool) -> None:
    """An agreement is reported when it ends within the days asked for."""
    assert ("expiring" in kinds(AGREEMENT, days=days)) is found


def test_agreements_that_follow_each_other_do_not_overlap() -> None:
    """The next version may begin where this one ends."""
    following = replace(
        SECOND, valid_from=AGREEMENT.valid_until, valid_until=Micros(AGREEMENT.valid_until + DAY)
    )

    assert kinds(AGREEMENT, following) == set()


@pytest.mark.parametrize(
    ("grant", "words"),
    [
        pytest.param({"types": frozenset({MessageCode("E99")})}, "not in the catalogue", id="type"),
        pytest.param({"sender_role": Role("AMK")}, "not be sent by AMK", id="sender"),
        pytest.param({"recipient_role": Role("SHG")}, "not be received by SHG", id="recipient"),
        pytest.param({"groups": groups("CH", "CO", "MC")}, "not carry MC", id="group"),
        pytest.param({"groups": groups("CH")}, "CO is required", id="unsendable"),
        pytest.param({"purposes": frozenset({Purpose("x-y")})}, "purposes", id="purpose"),
        pytest.param({"legal_bases": frozenset({LegalBasis("x-y")})}, "legal bases", id="basis"),
        pytest.param({"regimes": frozenset({Regime.R2})}, "regime", id="regime"),
    ],
)
def test_says_what_is_wider_than_the_catalogue(grant: dict[str, object], words: str) -> None:
    """The problem is said in words that name the type and the place."""
    (finding,) = check_against(changed(**grant), RULES)

    assert words in finding.text


ANSWER = replace(
    DORMANT,
    code=MessageCode("E04"),
    sender_roles=frozenset({AMK.role}),
    recipient_roles={SHG.role: FORWARD.recipient_roles[AMK.role]},
    off_by_default=False,
    answers=frozenset({Answers(FORWARD.code)}),
)
OWN_ANSWER = replace(
    ANSWER,
    sender_roles=frozenset({SHG.role}),
    recipient_roles={AMK.role: FORWARD.recipient_roles[AMK.role]},
    answers=frozenset({Answers(FORWARD.code, owed_by_sender=True)}),
)


@pytest.mark.parametrize(
    ("answer", "agreements", "found"),
    [
        pytest.param(ANSWER, (AGREEMENT,), True, id="asked"),
        pytest.param(ANSWER, (), False, id="not-asked"),
        pytest.param(ANSWER, (replace(AGREEMENT, revoked_at=NOW),), False, id="asked-no-longer"),
        pytest.param(OWN_ANSWER, (AGREEMENT,), True, id="owed-by-the-sender"),
    ],
)
def test_an_answer_is_missed_where_the_question_may_be_asked(
    answer: TypeRule, agreements: tuple[Agreement, ...], found: bool
) -> None:
    """Who may be obliged to answer, and may not, is named; who is never asked is left alone."""
    rules = RuleBook({FORWARD.type: FORWARD, answer.type: answer}, agreements)
    findings = check_book(rules, [answer.code], [SHG, AMK], NOW, 0)

    assert [f.kind for f in findings if f.codes == (answer.code,) and f.serious] == (
        [FindingKind.MISSING_ANSWER] if found else []
    )


@pytest.mark.parametrize(
    ("later", "found"),
    [pytest.param(DAY, True, id="a-day-between"), pytest.param(0, False, id="none-between")],
)
def test_finds_the_gap_before_the_next_version(later: int, found: bool) -> None:
    """A version that begins when the last one has ended already leaves days without any."""
    begin = Micros(AGREEMENT.valid_until + later)
    following = replace(
        AGREEMENT, version=2, digest=sha256(b"2"), valid_from=begin, valid_until=Micros(begin + DAY)
    )

    assert ("gap" in kinds(AGREEMENT, following)) is found


def test_a_revoked_version_ends_when_it_is_revoked() -> None:
    """The gap runs from the revocation, not from the date in the document."""
    following = replace(
        AGREEMENT,
        version=2,
        digest=sha256(b"2"),
        valid_from=AGREEMENT.valid_until,
        valid_until=Micros(AGREEMENT.valid_until + DAY),
    )

    assert "gap" in kinds(replace(AGREEMENT, revoked_at=NOW), following)


def test_a_gap_of_the_past_is_no_news() -> None:
    """What is over cannot be mended."""
    past = replace(AGREEMENT, version=2, digest=sha256(b"2"), valid_from=Micros(0), valid_until=Micros(DAY))

    assert "gap" not in kinds(AGREEMENT, past)


@pytest.mark.parametrize(
    ("only", "found"), [(True, False), (False, True)], ids=["an-answer", "a-question-too"]
)
def test_what_only_answers_is_not_missed_where_nobody_asks(only: bool, found: bool) -> None:
    """A role that is never asked need not be able to answer; what asks for something itself is missed."""
    answer = replace(ANSWER, answers=frozenset({Answers(MessageCode("E99"))}), only_answers=only)
    rules = RuleBook({FORWARD.type: FORWARD, answer.type: answer}, [AGREEMENT])
    findings = check_book(rules, [answer.code], [SHG, AMK], NOW, 0)

    assert (FindingKind.MISSING in {finding.kind for finding in findings}) is found
