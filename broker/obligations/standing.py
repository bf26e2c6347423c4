"""Whether a delivered message stands: not refused by its recipient, nor taken back by its sender.

The rules, in order (docs/spec/obligations.md 6):

1. Who refuses received the message and tells its sender; who takes back sent it and tells its recipient;
   a successor may do either.  What anybody else says about a message changes nothing.
2. A message that attends others (a receipt, a refusal, a correction, a waiver) or comes from the exchange
   is neither refused nor taken back: nothing can be corrected in it, and no right is lost by it.
3. Nothing ends, refuses or takes back what began later, but for what clocks may differ.
"""

from __future__ import annotations

from collections.abc import Iterable

from broker.moments import MINUTE
from broker.names import Micros
from broker.obligations.model import DELIVERED, RECALLS, Fact, RuleSet
from broker.obligations.succession import may_act_for

__all__ = [
    "CLOCK_TOLERANCE",
    "TAKEN_BACK",
    "corrects",
    "first_said",
    "in_time",
    "recalls",
    "refuses",
    "stands",
    "takes_away",
]

CLOCK_TOLERANCE = 5 * MINUTE
"""How far the clocks of two gates may differ (envelope.md 8 lets a sender's clock be as far ahead)."""

TAKEN_BACK = {"recall": "recalled", "erase": "erased"}
"""The values of `RECALLS` that take a message back, and the reason that is shown."""


def in_time(at: Micros, began: Micros) -> bool:
    """Whether what happened *at* can be about what *began* then."""
    return at + CLOCK_TOLERANCE >= began


def takes_away(fact: Fact, rules: RuleSet) -> bool:
    """Whether *fact* is delivered and refuses or takes back its cause, if it may."""
    if fact.outcome not in DELIVERED or fact.causation_id in (None, fact.message_id):
        return False
    return fact.message_type in rules.refusals or _kind(fact) in TAKEN_BACK


def refuses(later: Fact, message: Fact, rules: RuleSet) -> bool:
    """Whether *later* is the refusal of *message* by its recipient."""
    return later.message_type in rules.refusals and _is_said(later, message, rules, back=True)


def recalls(later: Fact, message: Fact, rules: RuleSet) -> bool:
    """Whether with *later* the sender of *message* takes it back from its recipient."""
    return _kind(later) in TAKEN_BACK and corrects(later, message, rules)


def corrects(later: Fact, message: Fact, rules: RuleSet) -> bool:
    """Whether *later* goes from the sender of *message* to its recipient, about it."""
    return _is_said(later, message, rules, back=False)


def stands(message: Fact, said: Iterable[Fact], rules: RuleSet) -> bool:
    """Whether nothing of what was *said* of it refuses *message* or takes it back."""
    return not any(refuses(each, message, rules) or recalls(each, message, rules) for each in said)


def first_said(later: Fact, messages: Iterable[Fact], said: Iterable[Fact], rules: RuleSet) -> bool:
    """Whether *later* is the first of what was *said* that refuses, or takes back, one of *messages*."""
    for about in (refuses, recalls):
        for message in messages:
            if about(later, message, rules):
                first = next(each for each in said if about(each, message, rules))
                if first is later:
                    return True
    return False


def _kind(fact: Fact) -> str:
    return next((value for name, value in fact.assertions if name == RECALLS), "")


def _is_said(later: Fact, message: Fact, rules: RuleSet, *, back: bool) -> bool:
    of, to = (message.recipient, message.sender) if back else (message.sender, message.recipient)
    return (
        later.causation_id == message.message_id != later.message_id
        and message.outcome in DELIVERED
        and message.message_type not in rules.attending
        and message.message_type not in rules.refusals
        and in_time(later.at, message.at)
        and may_act_for(later.sender, of, later.at, rules.successions)
        and may_act_for(later.recipient, to, later.at, rules.successions)
    )
