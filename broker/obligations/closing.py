"""What ends an obligation: an answer, a waiver, a recall, a refusal, or what mends a refused message.

Only causation joins (docs/spec/obligations.md 6).  The rules, in order:

1. A message that was refused by its recipient or taken back ends and prolongs nothing.
2. A message looks up its line of causes, nearest first, for what it closes and its sender owes; the
   first message that has such an obligation is the one it answers.
3. It must go to the creditor, unless the catalogue says that anyone will do.  The answer to a message also
   answers those that it came in the place of: of its type, further up, and taken back.
4. The creditor may waive what a message of its line opened; who recalls a message waives what is owed to
   it for that message, never what it owes itself.
5. Who refuses a message gives up what is owed for it and lets go what it would owe: the corrected
   message opens that again.
6. A refusal is mended by the same message, delivered after all, or by one of its type that it caused.
7. Nothing ends what began later.  Of several that end one obligation, the earliest does.
8. A message may also prolong what it would otherwise close: looked up in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from broker.names import MessageId, Micros
from broker.obligations.model import (
    DELIVERED,
    RECALLS,
    Closing,
    Deadline,
    Effect,
    Fact,
    Party,
    RuleSet,
    Toward,
)
from broker.obligations.opening import Draft, Ground, applies
from broker.obligations.standing import TAKEN_BACK, in_time, recalls, refuses, stands
from broker.obligations.succession import may_act_for
from broker.obligations.thread import Thread

__all__ = ["WAIVES", "Ending", "Hanging", "Prolonging", "ends", "prolongs"]

WAIVES = "waived_obligation"
"""The assertion by which a creditor waives: its value is the code of an obligation, in lower case."""

_WAIVED = "waived-by-creditor"
_REFUSED = "refused"
_MENDS_WITHIN = 2


class Ending(NamedTuple):
    """How an obligation ended; the least of several is the one that counts."""

    at: Micros
    message_id: MessageId
    closing: Closing
    reason: str = ""


class Prolonging(NamedTuple):
    """By how much a message moves the due moment of an obligation; the earliest counts first."""

    at: Micros
    message_id: MessageId
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Hanging:
    """Where facts look for what they end.

    Attributes:
        drafts: By the message from which they hang.
    """

    drafts: dict[MessageId, list[Draft]]
    thread: Thread
    rules: RuleSet

    def at(self, message: MessageId) -> Sequence[Draft]:
        """The drafts that hang from *message*."""
        return self.drafts.get(message, ())

    def acts_for(self, actor: Party, party: Party, fact: Fact) -> bool:
        """Whether *actor* stood in the place of *party* when *fact* came to be."""
        return may_act_for(actor, party, fact.at, self.rules.successions)


def ends(message: MessageId, hanging: Hanging) -> Iterator[tuple[Draft, Ending]]:
    """What *message* ends, and how; one obligation may come more than once."""
    line: list[MessageId] | None = None
    for fact in _standing(message, hanging):
        line = hanging.thread.line(message) if line is None else line
        yield from _met(fact, line, hanging)
        for name, value in fact.assertions:
            if name == WAIVES:
                for draft in _waived(value, fact, line, hanging):
                    yield draft, Ending(fact.at, message, Closing.WAIVED, _WAIVED)
            elif name == RECALLS and value in TAKEN_BACK:
                for draft in _recalled(fact, hanging):
                    yield draft, Ending(fact.at, message, Closing.WAIVED, TAKEN_BACK[value])
        if fact.message_type in hanging.rules.refusals:
            for draft in _refused(fact, hanging):
                yield draft, Ending(fact.at, message, Closing.WAIVED, _REFUSED)


def prolongs(message: MessageId, hanging: Hanging) -> Iterator[tuple[Draft, Prolonging]]:
    """What *message* prolongs; one obligation may come more than once."""
    for fact in _standing(message, hanging):
        for effect in hanging.rules.prolongs.get(fact.message_type, ()):
            if effect.deadline is not None and applies(effect, fact):
                for draft in _answered(effect, fact, hanging.thread.line(message), hanging):
                    yield draft, Prolonging(fact.at, message, effect.deadline)


def _standing(message: MessageId, hanging: Hanging) -> list[Fact]:
    """The deliveries of *message* that were neither refused nor taken back."""
    facts = [fact for fact in hanging.thread.facts(message) if fact.outcome in DELIVERED]
    said = hanging.thread.said_of(message)
    return [fact for fact in facts if stands(fact, said, hanging.rules)] if said else facts


def _met(fact: Fact, line: list[MessageId], hanging: Hanging) -> Iterator[tuple[Draft, Ending]]:
    met = Ending(fact.at, fact.message_id, Closing.MET)
    for effect in hanging.rules.closes.get(fact.message_type, ()):
        if applies(effect, fact):
            for draft in _answered(effect, fact, line, hanging):
                yield draft, met
    for draft in _mended(fact, line, hanging):
        yield draft, met


def _answered(effect: Effect, fact: Fact, line: list[MessageId], hanging: Hanging) -> list[Draft]:
    """What *fact* answers by *effect*: nearest first, with what that message came in the place of."""
    for position, message in enumerate((fact.message_id, *line)):
        own = position == 0
        found = [draft for draft in hanging.at(message) if _answers(draft, effect, fact, hanging, own)]
        if found:
            for replaced in _taken_back(message, line[position:], hanging):
                found += [d for d in hanging.at(replaced) if _answers(d, effect, fact, hanging, own)]
            return found
    return []


def _taken_back(message: MessageId, above: list[MessageId], hanging: Hanging) -> Iterator[MessageId]:
    """The messages of the same type above *message* that their sender took back."""
    thread, rules = hanging.thread, hanging.rules
    kind = thread.types.get(message)
    for each in above:
        said = thread.said_of(each) if thread.types.get(each) == kind else ()
        if any(recalls(later, fact, rules) for later in said for fact in thread.facts(each)):
            yield each


def _answers(draft: Draft, effect: Effect, fact: Fact, hanging: Hanging, own: bool) -> bool:
    """Whether *fact* is the debtor's message, to the creditor, about *draft* (*own*: about itself)."""
    return (
        draft.duty.code == effect.duty
        and (not own or draft.ground is Ground.FULFILMENT)
        and in_time(fact.at, draft.opened_at)
        and hanging.acts_for(fact.sender, draft.debtor, fact)
        and (effect.toward is Toward.ANYONE or hanging.acts_for(fact.recipient, draft.creditor, fact))
    )


def _mended(fact: Fact, line: list[MessageId], hanging: Hanging) -> Iterator[Draft]:
    """The refusals that *fact* mends: of itself, and of the messages of its type from which it comes."""
    since = 0
    for position, message in enumerate((fact.message_id, *line)):
        if position - since > _MENDS_WITHIN:
            return
        if hanging.thread.types.get(message) != fact.message_type:
            continue
        for draft in hanging.at(message):
            if draft.ground is Ground.REFUSAL and _mends(draft, fact, position == 0, hanging):
                since = position
                yield draft


def _mends(draft: Draft, fact: Fact, itself: bool, hanging: Hanging) -> bool:
    return (
        (fact.at >= draft.opened_at if itself else in_time(fact.at, draft.opened_at))
        and hanging.acts_for(fact.sender, draft.debtor, fact)
        and hanging.acts_for(fact.recipient, draft.creditor, fact)
    )


def _waived(value: str, fact: Fact, line: list[MessageId], hanging: Hanging) -> list[Draft]:
    """What the sender of *fact* is owed by its recipient and gives up, at the nearest message that has it."""
    for message in line:
        found = [
            draft
            for draft in hanging.at(message)
            if draft.duty.code.lower() == value.lower()
            and in_time(fact.at, draft.opened_at)
            and hanging.acts_for(fact.sender, draft.creditor, fact)
            and hanging.acts_for(fact.recipient, draft.debtor, fact)
        ]
        if found:
            return found
    return []


def _recalled(fact: Fact, hanging: Hanging) -> Iterator[Draft]:
    """What its recipient owes for the message that *fact* takes back."""
    for draft, message in _opened_by_cause(fact, hanging):
        if (
            recalls(fact, message, hanging.rules)
            and draft.debtor == message.recipient
            and not hanging.acts_for(fact.sender, draft.debtor, fact)
        ):
            yield draft


def _refused(fact: Fact, hanging: Hanging) -> Iterator[Draft]:
    """What the message that *fact* refuses opened, for either side."""
    return (
        draft for draft, message in _opened_by_cause(fact, hanging) if refuses(fact, message, hanging.rules)
    )


def _opened_by_cause(fact: Fact, hanging: Hanging) -> Iterator[tuple[Draft, Fact]]:
    """What the cause of *fact* opened (not what its release did), each with a delivery of that message."""
    if fact.causation_id is None:
        return
    for draft in hanging.at(fact.causation_id):
        if draft.ground is Ground.MESSAGE and in_time(fact.at, draft.opened_at):
            for message in hanging.thread.facts(fact.causation_id):
                if {message.sender, message.recipient} == {draft.debtor, draft.creditor}:
                    yield draft, message
