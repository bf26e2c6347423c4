"""Reminders: what is due soon, or past, is said to its parties by the exchange itself.

The rules, in order (docs/spec/obligations.md 9):

1. Only what has not ended is reminded of.  A reminder changes no obligation and blocks nothing.
2. It holds the case reference, the code and the due moment, and nothing else.
3. It goes to debtor and creditor alike, to all who stand there now: none learns more than another.
   Of what a refusal opened only the debtor is reminded: the one who was addressed may never have been
   entitled to know of the case.
4. What the catalogue has told to the operator or reported, parties are not reminded of.
5. An obligation has one reminder a day.  Its message id follows from the obligation and the day in
   Europe/Amsterdam, so saying it again is a repeat and not a second reminder.
6. A duty with `remind-once` has one reminder in all: its day is that on which it was due.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from broker.agreements.decide import RuleBook
from broker.catalogue.model import MessageEntry
from broker.crypto import sha256
from broker.dutch_time import local_day
from broker.moments import DAY, to_text
from broker.names import AgreementId, Digest, GroupName, MessageCode, MessageId, Micros
from broker.obligations.model import Obligation, Party, RuleSet, State
from broker.obligations.states import state_of
from broker.obligations.succession import heirs, shown
from broker.records.model import Addressee, Record

__all__ = [
    "REMINDER",
    "UNDER_WAY",
    "not_reminded",
    "reminded",
    "reminder",
    "reminder_day",
    "reminder_id",
    "to_remind",
]

REMINDER = MessageCode("E31")

UNDER_WAY = frozenset({State.OPEN, State.OVERDUE})
"""The states in which somebody can still be asked to do something."""

_GROUP = GroupName("OV")
_ONCE = "remind-once"
_TOLD = frozenset({"alert-parties", _ONCE})
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_MS = DAY // 1000


def to_remind(
    obligations: Iterable[Obligation], now: Micros, due_before: Micros, rules: RuleSet
) -> list[Obligation]:
    """Those of *obligations* of which parties are reminded, the earliest due first, under today's names.

    Args:
        due_before: Only what is due before this moment: *now* for what is overdue.
    """
    wanted = [
        shown(each, now, rules.successions)
        for each in obligations
        if _due(each, now, due_before) and _concerns_parties(each, rules)
    ]
    return sorted(wanted, key=lambda each: (each.due_at, each.obligation_id))


def not_reminded(obligations: Iterable[Obligation], now: Micros, due_before: Micros, rules: RuleSet) -> int:
    """How many are due as in `to_remind`, and told to the operator or reported only."""
    return sum(_due(each, now, due_before) and not _concerns_parties(each, rules) for each in obligations)


def reminded(obligation: Obligation, now: Micros, rules: RuleSet) -> tuple[Party, ...]:
    """Who is told of *obligation* at *now*: all who stand in the place of its debtor, then its creditor.

    Of what a refusal opened the debtor alone: what the gate refused never reached the other.
    """
    refused = obligation.code in rules.refusal_duties
    parties = (obligation.debtor,) if refused else (obligation.debtor, obligation.creditor)
    return tuple(dict.fromkeys(heir for one in parties for heir in heirs(one, now, rules.successions)))


def reminder_day(obligation: Obligation, now: Micros, rules: RuleSet) -> date:
    """The day that a reminder of *obligation* belongs to, of those that are said at *now*."""
    duty = rules.duties.get(obligation.code)
    once = duty is not None and duty.overdue == _ONCE
    return local_day(obligation.due_at if once else now)


def reminder_id(obligation_id: Digest, day: date) -> MessageId:
    """The id of the reminder of this obligation on *day*: a UUIDv7 of that day, the same each time."""
    named = sha256(b"schakel/v1/reminder\x00" + bytes(obligation_id) + day.isoformat().encode())
    random = int.from_bytes(named[:10], "big")
    high, low = random >> 62 & 0xFFF, random & (1 << 62) - 1
    milliseconds = (day.toordinal() - _EPOCH_DAY) * _DAY_MS
    value = (milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | high << 64 | 2 << 62 | low
    return MessageId(value.to_bytes(16, "big"))


def reminder(
    obligation: Obligation, parties: Collection[Party], entry: MessageEntry, day: date, book: RuleBook
) -> Record:
    """What *parties* of *obligation* are told.

    Args:
        parties: As `reminded` has them.
        day: As `reminder_day` has it.
        book: The agreements: the newest that binds them all is cited, where there is one.
        entry: Of `REMINDER` in the catalogue, which says why and on what ground it is sent.
    """
    return Record(
        code=REMINDER,
        to=tuple(Addressee(party.oin, party.role) for party in parties),
        case_ref=obligation.case_ref,
        purpose=entry.purposes[0],
        legal_basis=entry.legal_bases[0],
        regime=obligation.regime,
        groups={_GROUP: _content(obligation)},
        assertions={},
        causation_id=obligation.message_id,
        agreement=_between(parties, book),
        message_id=reminder_id(obligation.obligation_id, day),
    )


def _between(parties: Collection[Party], book: RuleBook) -> tuple[AgreementId, Digest] | None:
    """After a merger no agreement may bind both; then each hears of it under one of its own."""
    wanted = {party.oin for party in parties}
    found = [
        one
        for one in book.agreements
        if wanted <= one.signed_by and wanted <= {party.oin for party in one.parties}
    ]
    newest = max(found, key=lambda one: (one.valid_from, one.id, one.version), default=None)
    return None if newest is None else (newest.id, newest.digest)


def _due(obligation: Obligation, now: Micros, due_before: Micros) -> bool:
    return obligation.due_at < due_before and state_of(obligation, now) in UNDER_WAY


def _concerns_parties(obligation: Obligation, rules: RuleSet) -> bool:
    duty = rules.duties.get(obligation.code)
    return duty is not None and duty.overdue in _TOLD


def _content(obligation: Obligation) -> dict[str, object]:
    return {
        "case_ref": str(obligation.case_ref),
        "obligation_code": obligation.code,
        "due_at": to_text(obligation.due_at),
    }
