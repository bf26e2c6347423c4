"""What each fact opens, and when it is due (docs/spec/obligations.md 3).

The rules, in order:

1. A delivered message opens what the catalogue says of its type, where it makes the assertions asked for.
2. A forward opens nothing when its recipient already sent a forward up its line of causes (sources.md A23).
3. A refusal at the gate opens, for the sender, that the message be corrected; so does a recipient's refusal,
   and that hangs from the message it refused.
4. A release under an emergency clause opens, for the sender, that a second person justifies it.
5. One message opens one duty between the same two parties once, at the earliest moment of its facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import chain

from broker.crypto import sha256
from broker.names import CaseRef, Digest, MessageId, Micros, Regime, Urgency
from broker.obligations.model import DELIVERED, Deadline, Duty, Effect, Fact, OwedBy, Party, RuleSet
from broker.obligations.terms import due_at
from broker.obligations.thread import Thread

__all__ = ["Draft", "Ground", "applies", "draft_after", "drafts", "drafts_of"]

_REMIND_ONCE = "remind-once"


class Ground(Enum):
    """What opened an obligation."""

    MESSAGE = 1
    REFUSAL = 2
    RELEASE = 3
    FULFILMENT = 4


@dataclass(frozen=True, slots=True)
class Draft:
    """An obligation before it is known whether it ended.

    Attributes:
        anchors: The messages from which it hangs: what answers one of them answers it.
        opened_by: The sender of the message that opened it.
        urgency: Of the opening message; what comes after it inherits it.
    """

    obligation_id: Digest
    duty: Duty
    ground: Ground
    case_ref: CaseRef
    message_id: MessageId
    anchors: tuple[MessageId, ...]
    opened_by: Party
    debtor: Party
    creditor: Party
    regime: Regime
    urgency: Urgency
    opened_at: Micros
    due_at: Micros
    lapses_at: Micros | None


def drafts(thread: Thread, rules: RuleSet) -> list[Draft]:
    """Everything that the facts of *thread* open, each obligation once."""
    found: dict[Digest, Draft] = {}
    for draft in chain.from_iterable(
        drafts_of(f, thread, rules) for f in (*thread.delivered, *thread.refused)
    ):
        before = found.get(draft.obligation_id)
        if before is None or draft.opened_at < before.opened_at:
            found[draft.obligation_id] = draft
    return list(found.values())


def drafts_of(fact: Fact, thread: Thread, rules: RuleSet) -> list[Draft]:
    """What one fact opens."""
    if fact.outcome not in DELIVERED:
        return list(_opened(rules.refusal_opens, fact, Ground.REFUSAL, rules))
    found: list[Draft] = []
    if not _goes_back(fact, thread, rules):
        found += _opened(rules.opens.get(fact.message_type, ()), fact, Ground.MESSAGE, rules)
    if fact.emergency:
        found += _opened(rules.emergency_opens, fact, Ground.RELEASE, rules)
    return found


def draft_after(before: Draft, met_by: MessageId, met_at: Micros, duty: Duty) -> Draft:
    """What opens because *before* was met: it hangs from the message that met it, and from all before."""
    due, lapses = _terms(duty, before.regime, before.urgency, met_at)
    return Draft(
        obligation_id=_identify(duty.code, before.message_id, before.debtor, before.creditor),
        duty=duty,
        ground=Ground.FULFILMENT,
        case_ref=before.case_ref,
        message_id=met_by,
        anchors=(met_by, *before.anchors),
        opened_by=before.opened_by,
        debtor=before.debtor,
        creditor=before.creditor,
        regime=before.regime,
        urgency=before.urgency,
        opened_at=met_at,
        due_at=due,
        lapses_at=lapses,
    )


def applies(effect: Effect, fact: Fact) -> bool:
    """Whether the message makes every assertion that *effect* asks for."""
    return all(wanted in fact.assertions for wanted in effect.when)


def _opened(effects: tuple[Effect, ...], fact: Fact, ground: Ground, rules: RuleSet) -> Iterator[Draft]:
    for effect in effects:
        duty = rules.duties.get(effect.duty)
        if duty is not None and applies(effect, fact):
            mends = ground is Ground.MESSAGE and effect.duty in rules.refusal_duties
            yield _draft(effect, duty, fact, Ground.REFUSAL if mends else ground)


def _draft(effect: Effect, duty: Duty, fact: Fact, ground: Ground) -> Draft:
    debtor, creditor = fact.recipient, fact.sender
    if effect.owed_by is OwedBy.SENDER:
        debtor, creditor = creditor, debtor
    hangs_from = fact.message_id
    if ground is Ground.REFUSAL and fact.outcome in DELIVERED:
        hangs_from = fact.causation_id or fact.message_id
    due, lapses = _terms(duty, fact.regime, fact.urgency, fact.at)
    return Draft(
        obligation_id=_identify(duty.code, hangs_from, debtor, creditor),
        duty=duty,
        ground=ground,
        case_ref=fact.case_ref,
        message_id=hangs_from,
        anchors=(hangs_from,),
        opened_by=fact.sender,
        debtor=debtor,
        creditor=creditor,
        regime=fact.regime,
        urgency=fact.urgency,
        opened_at=fact.at,
        due_at=due,
        lapses_at=lapses,
    )


def _goes_back(fact: Fact, thread: Thread, rules: RuleSet) -> bool:
    """Whether *fact* forwards a report to a party that forwarded it before."""
    if fact.message_type not in rules.forwards:
        return False
    upstream = set(thread.line(fact.message_id))
    return any(
        each.message_id in upstream
        and each.message_type in rules.forwards
        and each.sender.oin == fact.recipient.oin
        for each in thread.delivered
    )


def _terms(duty: Duty, regime: Regime, urgency: Urgency, at: Micros) -> tuple[Micros, Micros | None]:
    """When the duty is due, and when it lapses for want of an answer: one further term, or never."""
    deadline = _deadline(duty, regime, urgency)
    due = due_at(at, deadline)
    return due, due_at(due, deadline) if duty.overdue == _REMIND_ONCE else None


def _deadline(duty: Duty, regime: Regime, urgency: Urgency) -> Deadline:
    if urgency is Urgency.ACUTE and duty.deadline_acute is not None:
        return duty.deadline_acute
    if regime is Regime.R2 and duty.deadline_r2 is not None:
        return duty.deadline_r2
    return duty.deadline


def _identify(code: str, message: MessageId, debtor: Party, creditor: Party) -> Digest:
    """SHA-256 of what makes an obligation itself, each part with a separator that none of them holds."""
    parts = (
        "schakel/v1/obligation",
        code,
        message.hex(),
        debtor.oin,
        debtor.role,
        creditor.oin,
        creditor.role,
    )
    return sha256("\0".join(parts).encode())
