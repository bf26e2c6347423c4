"""What hangs from each message, and when it is due (docs/spec/obligations.md 3).

The rules, in order:

1. A delivered message opens what the catalogue says of its type, where it makes the assertions asked for.
2. A forward opens nothing when its recipient already sent a forward up its line of causes (sources.md A23).
3. A refusal at the gate opens, for the sender, that the message be corrected, where it can be and was not
   delivered before; so does the first refusal by who received it, and that hangs from the refused message.
4. A release under an emergency clause opens, for the sender, that a second person justifies it.
5. A correction or recall opens something only when it is about a message of its sender to its recipient.
6. One message opens one duty between the same two parties once, at the earliest moment of its facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from broker.crypto import sha256
from broker.names import CaseRef, Digest, MessageId, Micros, Regime, Urgency
from broker.obligations.model import (
    DELIVERED,
    RECALLS,
    REFUSED,
    Deadline,
    Duty,
    Effect,
    Fact,
    OwedBy,
    Party,
    RuleSet,
)
from broker.obligations.standing import corrects, refuses
from broker.obligations.succession import may_act_for
from broker.obligations.terms import due_at
from broker.obligations.thread import Thread

__all__ = ["Draft", "Ground", "applies", "draft_after", "drafts_at"]

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


def drafts_at(message: MessageId, thread: Thread, rules: RuleSet) -> list[Draft]:
    """Everything that hangs from *message*, each obligation once, but for what comes after something else."""
    found: dict[Digest, Draft] = {}
    for fact in thread.facts(message):
        for draft in _drafts_of(fact, thread, rules):
            found.setdefault(draft.obligation_id, draft)
    if not thread.said_of(message):
        return list(found.values())
    for draft in _refused_by_recipient(message, thread, rules):
        before = found.get(draft.obligation_id)
        if before is None or draft.opened_at < before.opened_at:
            found[draft.obligation_id] = draft
    return list(found.values())


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
    return not effect.when or all(wanted in fact.assertions for wanted in effect.when)


def _drafts_of(fact: Fact, thread: Thread, rules: RuleSet) -> Iterator[Draft]:
    """What one fact opens that hangs from its own message."""
    if fact.outcome in REFUSED:
        if _can_be_mended(fact, thread, rules):
            yield from _opened(rules.refusal_opens, fact, Ground.REFUSAL, rules)
    elif fact.outcome in DELIVERED:
        opens = rules.delivery_opens.get(fact.message_type, ())
        if fact.message_type in rules.corrections:
            opens = _founded(opens, fact, thread, rules)
        if opens and not _goes_back(fact, thread, rules):
            yield from _opened(opens, fact, Ground.MESSAGE, rules)
        if fact.emergency:
            yield from _opened(rules.emergency_opens, fact, Ground.RELEASE, rules)


def _refused_by_recipient(message: MessageId, thread: Thread, rules: RuleSet) -> Iterator[Draft]:
    """What the refusals by who received *message* open, earliest first; it hangs from that message."""
    for refusal in thread.said_of(message):
        for fact in thread.facts(message):
            if refuses(refusal, fact, rules):
                opens = rules.opens.get(refusal.message_type, ())
                effects = tuple(each for each in opens if each.duty in rules.refusal_duties)
                parties = replace(refusal, message_id=message, sender=fact.recipient, recipient=fact.sender)
                yield from _opened(effects, parties, Ground.REFUSAL, rules)


def _opened(effects: tuple[Effect, ...], fact: Fact, ground: Ground, rules: RuleSet) -> Iterator[Draft]:
    for effect in effects:
        duty = rules.duties.get(effect.duty)
        if duty is not None and applies(effect, fact):
            yield _draft(effect, duty, fact, ground)


def _draft(effect: Effect, duty: Duty, fact: Fact, ground: Ground) -> Draft:
    debtor, creditor = fact.recipient, fact.sender
    if effect.owed_by is OwedBy.SENDER:
        debtor, creditor = creditor, debtor
    due, lapses = _terms(duty, fact.regime, fact.urgency, fact.at)
    return Draft(
        obligation_id=_identify(duty.code, fact.message_id, debtor, creditor),
        duty=duty,
        ground=ground,
        case_ref=fact.case_ref,
        message_id=fact.message_id,
        anchors=(fact.message_id,),
        opened_by=fact.sender,
        debtor=debtor,
        creditor=creditor,
        regime=fact.regime,
        urgency=fact.urgency,
        opened_at=fact.at,
        due_at=due,
        lapses_at=lapses,
    )


def _can_be_mended(refused: Fact, thread: Thread, rules: RuleSet) -> bool:
    """Whether there is something to correct: of a message that may go, and did not arrive before."""
    return (
        refused.reason in rules.correctable
        and refused.message_type not in rules.attending
        and not any(
            each.outcome in DELIVERED
            and each.at <= refused.at
            and (each.sender, each.recipient) == (refused.sender, refused.recipient)
            for each in thread.facts(refused.message_id)
        )
    )


def _founded(opens: tuple[Effect, ...], fact: Fact, thread: Thread, rules: RuleSet) -> tuple[Effect, ...]:
    """What a correction opens: all of it only when it is about a message of its sender to its recipient."""
    if any(corrects(fact, each, rules) for each in thread.facts(fact.causation_id)):
        return opens
    return tuple(each for each in opens if not each.asks_for(RECALLS))


def _goes_back(fact: Fact, thread: Thread, rules: RuleSet) -> bool:
    """Whether *fact* forwards a report to a party that forwarded it before."""
    if fact.message_type not in rules.forwards:
        return False
    return any(
        each.message_type in rules.forwards
        and each.outcome in DELIVERED
        and may_act_for(fact.recipient, each.sender, fact.at, rules.successions)
        for message in thread.line(fact.message_id)
        for each in thread.facts(message)
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
