"""`broker.pipelines.reminders`: who is reminded of what, and how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from broker.agreements.decide import RuleBook
from broker.agreements.model import Agreement, AgreementParty
from broker.catalogue.load import load_catalogue
from broker.crypto import sha256
from broker.moments import to_text
from broker.names import Micros, Oin, Role
from broker.obligations.model import Obligation, Party, Succession
from broker.pipelines.reminders import REMINDER, not_reminded, reminder, reminder_day, reminder_id, to_remind
from broker.pipelines.reminders import reminded as told
from broker.records.model import Addressee, Record
from schemas.reading import packaged
from tests.agreement_world import AGREEMENT
from tests.unit.obligations.case import AMK, GGZ, HEIR, SHG, Say, at, owed, play, rules, the

CASE = play(Say(1, "report", SHG, AMK), Say(2, "question", AMK, SHG, day=1))
DECIDE, ANSWER = the(CASE, "OB-DECIDE"), the(CASE, "OB-ANSWER")
DAY = date(2013, 1, 21)


def reminded(*obligations: Obligation, now: Micros, due_before: Micros | None = None) -> list[str]:
    """The codes of what is reminded of."""
    return [one.code for one in to_remind(obligations, now, due_before or now, rules())]


def test_what_is_overdue_is_reminded_of() -> None:
    """And what is not yet is left alone."""
    assert reminded(DECIDE, now=Micros(DECIDE.due_at + 1)) == ["OB-DECIDE"]
    assert reminded(DECIDE, now=DECIDE.due_at) == []


def test_what_is_due_soon_is_reminded_of_when_asked() -> None:
    """Before the moment that is given."""
    assert reminded(DECIDE, now=at(1), due_before=at(30)) == ["OB-DECIDE"]


def test_what_has_ended_is_not_reminded_of() -> None:
    """Answered is answered."""
    state = play(Say(1, "report", SHG, AMK), Say(2, "decision", AMK, SHG, cause=1, day=2))

    assert reminded(*owed(state, "OB-DECIDE"), now=at(60)) == []


def test_what_lapsed_is_not_reminded_of() -> None:
    """It is closed as "no answer"."""
    assert reminded(ANSWER, now=at(60)) == []


def test_parties_are_not_reminded_of_what_the_operator_is_told() -> None:
    """A missing receipt is a matter of systems."""
    assert owed(CASE, "OB-ACK")
    assert reminded(*owed(CASE, "OB-ACK"), now=at(60)) == []


def test_what_the_operator_is_told_is_counted() -> None:
    """So that nobody thinks that nothing is late; what is not due yet is not in it."""
    receipts = owed(CASE, "OB-ACK")

    assert not_reminded([*receipts, DECIDE], at(60), at(60), rules()) == len(receipts)
    assert not_reminded(receipts, at(0), at(0), rules()) == 0


def test_who_stands_there_now_is_reminded() -> None:
    """A merger leaves no obligation without somebody to remind."""
    ruled = rules(Succession(AMK.oin, HEIR.oin, at(10)))
    (one,) = to_remind([DECIDE], at(20), at(20), ruled)

    assert one.debtor == HEIR


def test_all_who_stand_there_after_a_split_are_reminded() -> None:
    """Nobody can tell which of them is to answer, so each hears of it."""
    ruled = rules(Succession(AMK.oin, HEIR.oin, at(10)), Succession(AMK.oin, GGZ.oin, at(10)))
    (one,) = to_remind([DECIDE], at(20), at(20), ruled)
    parties = told(one, at(20), ruled)

    assert {party.oin for party in parties} == {HEIR.oin, GGZ.oin, SHG.oin}
    assert {party.role for party in parties[:2]} == {AMK.role}


def test_a_reminder_says_three_things() -> None:
    """Case, code and due moment."""
    (content,) = made(DECIDE).groups.values()

    assert content == {
        "case_ref": str(DECIDE.case_ref),
        "obligation_code": "OB-DECIDE",
        "due_at": to_text(DECIDE.due_at),
    }


def test_a_reminder_goes_to_both() -> None:
    """Neither learns more than the other."""
    assert made(DECIDE).to == (Addressee(AMK.oin, AMK.role), Addressee(SHG.oin, SHG.role))


def test_of_what_a_refusal_opened_only_the_debtor_is_reminded() -> None:
    """Who was addressed by mistake hears nothing: not that there is a case, nor whose."""
    state = play(Say(1, "report", SHG, AMK, outcome="refused"))

    assert made(the(state, "OB-CORRECT")).to == (Addressee(SHG.oin, SHG.role),)


def test_one_agency_in_two_roles_gets_it_in_each() -> None:
    """A message is for a role; the same role of the same agency gets it once."""
    other = Party(AMK.oin, Role("BJZ"))

    assert len(made(replace(DECIDE, creditor=other)).to) == 2
    assert len(made(replace(DECIDE, creditor=AMK)).to) == 1


def test_a_day_has_one_reminder() -> None:
    """Said again, it is the same message; the next day's is another."""
    id_ = reminder_id(DECIDE.obligation_id, DAY)

    assert id_ == reminder_id(DECIDE.obligation_id, DAY) == made(DECIDE).message_id
    assert id_ != reminder_id(DECIDE.obligation_id, date(2013, 1, 22))


def test_two_obligations_have_two_reminders() -> None:
    """Also on one day."""
    assert reminder_id(sha256(b"one"), DAY) != reminder_id(sha256(b"two"), DAY)


def test_its_id_is_a_message_id_of_that_day() -> None:
    """A UUIDv7, as every other."""
    id_ = reminder_id(DECIDE.obligation_id, DAY)

    assert (id_[6] >> 4, id_[8] >> 6) == (7, 2)
    assert int.from_bytes(id_[:6], "big") // 86_400_000 == DAY.toordinal() - date(1970, 1, 1).toordinal()


@pytest.mark.parametrize(("obligation", "same"), [(DECIDE, False), (ANSWER, True)], ids=["each-day", "once"])
def test_a_duty_with_one_reminder_has_one_in_all(obligation: Obligation, same: bool) -> None:
    """Whatever day it is said on; others have one a day."""
    ruled = rules()

    assert (reminder_day(obligation, at(9), ruled) == reminder_day(obligation, at(10), ruled)) is same


def test_a_day_is_a_day_in_amsterdam() -> None:
    """Half past midnight there is the day before in UTC."""
    assert reminder_day(DECIDE, Micros(at(7) + 14 * 3_600_000_000 + 1_800_000_000), rules()) == date(
        2013, 1, 22
    )


@pytest.mark.parametrize(
    ("signed_by", "cited"),
    [({AMK.oin, SHG.oin}, True), ({AMK.oin}, False), ({AMK.oin, GGZ.oin}, False)],
    ids=["both", "one", "others"],
)
def test_it_cites_what_binds_both(signed_by: set[Oin], cited: bool) -> None:
    """Their own agreement, where both have signed one."""
    parties = frozenset(AgreementParty(oin, AMK.role) for oin in signed_by | {AMK.oin})
    agreement = replace(AGREEMENT, parties=parties, signed_by=frozenset(signed_by))
    expected = (agreement.id, agreement.digest) if cited else None

    assert made(DECIDE, agreement).agreement == expected


def made(obligation: Obligation, *agreements: Agreement) -> Record:
    """The reminder of this obligation on `DAY`, by the catalogue of this release."""
    book = RuleBook({}, agreements)
    parties = told(obligation, at(1), rules())
    return reminder(obligation, parties, load_catalogue(packaged()).messages[REMINDER], DAY, book)
