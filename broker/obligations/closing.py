"""What ends an obligation: an answer, a waiver, a recall, or the message that mends a refused one.

Only causation joins (docs/spec/obligations.md 6).  The rules, in order:

1. A message looks up its line of causes, nearest first, for what it closes and its sender owes; the
   first message that has such an obligation is the one it answers.
2. It must go to the creditor, unless the catalogue says that anyone will do.
3. The answer to a corrected message also answers the rejected messages that it corrects.
4. The creditor may waive what a message of its line opened; who recalls a message waives what it opened.
5. A refusal is mended by the same message, delivered after all, or by one of its type that it caused.
6. Of several that end one obligation, the earliest does.
7. A message may also prolong what it would otherwise close: looked up in the same way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from broker.names import Digest, MessageId, Micros
from broker.obligations.model import Closing, Deadline, Effect, Fact, Party, RuleSet, Toward
from broker.obligations.opening import Draft, Ground, applies
from broker.obligations.succession import may_act_for
from broker.obligations.thread import Thread

__all__ = ["RECALLS", "WAIVES", "Ending", "Prolonging", "add_endings", "endings", "prolongings"]

WAIVES = "waived_obligation"
"""The assertion by which a creditor waives: its value is the code of an obligation, in lower case."""

RECALLS = "correction_kind"
"""The assertion by which a sender takes back its message, with the values of `_REASONS`."""

_REASONS = {"recall": "recalled", "erase": "erased"}
_WAIVED = "waived-by-creditor"
_MENDS_WITHIN = 2


class Ending(NamedTuple):
    """How an obligation ended; the least of several is the one that counts."""

    at: Micros
    message_id: MessageId
    closing: Closing
    reason: str = ""


class Prolonging(NamedTuple):
    """By how much a message moves the due moment of an obligation."""

    at: Micros
    message_id: MessageId
    deadline: Deadline


class _Hanging:
    """Drafts by the message from which they hang."""

    __slots__ = ("_by_anchor", "rules", "thread")

    def __init__(self, drafts: Iterable[Draft], thread: Thread, rules: RuleSet) -> None:
        self._by_anchor: defaultdict[MessageId, list[Draft]] = defaultdict(list)
        for draft in drafts:
            for anchor in draft.anchors:
                self._by_anchor[anchor].append(draft)
        self.thread = thread
        self.rules = rules

    def at(self, message: MessageId) -> list[Draft]:
        """The drafts that hang from *message*."""
        return self._by_anchor.get(message) or []

    def acts_for(self, actor: Party, party: Party, fact: Fact) -> bool:
        """Whether *actor* stood in the place of *party* when *fact* came to be."""
        return may_act_for(actor, party, fact.at, self.rules.successions)


def endings(drafts: Iterable[Draft], thread: Thread, rules: RuleSet) -> dict[Digest, Ending]:
    """How each of *drafts* that ended did, by obligation id."""
    found: dict[Digest, Ending] = {}
    add_endings(found, thread.delivered, drafts, thread, rules)
    return found


def add_endings(
    found: dict[Digest, Ending], by: Iterable[Fact], drafts: Iterable[Draft], thread: Thread, rules: RuleSet
) -> None:
    """Put into *found* what the facts *by* end of *drafts*, where it is earlier than what stands there."""
    hanging = _Hanging(drafts, thread, rules)
    for fact in by:
        for draft, ending in _all_endings(fact, hanging):
            found[draft.obligation_id] = min(ending, found.get(draft.obligation_id, ending))


def prolongings(drafts: Iterable[Draft], thread: Thread, rules: RuleSet) -> dict[Digest, list[Prolonging]]:
    """What prolongs each of *drafts*, earliest first, by obligation id; a message counts once."""
    by = [fact for fact in thread.delivered if fact.message_type in rules.prolongs]
    hanging = _Hanging(drafts if by else (), thread, rules)
    found: defaultdict[Digest, dict[MessageId, Prolonging]] = defaultdict(dict)
    for fact in by:
        line = thread.line(fact.message_id)
        for effect in rules.prolongs[fact.message_type]:
            if effect.deadline is None or not applies(effect, fact):
                continue
            for draft in _answered(effect, fact, line, hanging):
                moved = Prolonging(fact.at, fact.message_id, effect.deadline)
                known = found[draft.obligation_id].get(fact.message_id, moved)
                found[draft.obligation_id][fact.message_id] = min(moved, known, key=lambda each: each.at)
    return {id_: sorted(each.values(), key=_by_moment) for id_, each in found.items()}


def _by_moment(prolonging: Prolonging) -> tuple[Micros, MessageId]:
    return prolonging.at, prolonging.message_id


def _all_endings(fact: Fact, hanging: _Hanging) -> Iterator[tuple[Draft, Ending]]:
    line = hanging.thread.line(fact.message_id)
    met = Ending(fact.at, fact.message_id, Closing.MET)
    for effect in hanging.rules.closes.get(fact.message_type, ()):
        if applies(effect, fact):
            for draft in _answered(effect, fact, line, hanging):
                yield draft, met
    for draft in _mended(fact, line, hanging):
        yield draft, met
    for name, value in fact.assertions:
        if name == WAIVES:
            for draft in _waived(value, fact, line, hanging):
                yield draft, met._replace(closing=Closing.WAIVED, reason=_WAIVED)
        elif name == RECALLS and value in _REASONS:
            for draft in _recalled(fact, line, hanging):
                yield draft, met._replace(closing=Closing.WAIVED, reason=_REASONS[value])


def _answered(effect: Effect, fact: Fact, line: list[MessageId], hanging: _Hanging) -> list[Draft]:
    """What *fact* answers by *effect*: nearest first, with the rejected messages that it corrects."""
    for position, message in enumerate((fact.message_id, *line)):
        own = position == 0
        found = [d for d in hanging.at(message) if _answers(d, effect, fact, hanging, own)]
        if found:
            for rejected in _corrected_by(message, line[position:], hanging.thread):
                found += [d for d in hanging.at(rejected) if _answers(d, effect, fact, hanging, own)]
            return found
    return []


def _answers(draft: Draft, effect: Effect, fact: Fact, hanging: _Hanging, own: bool) -> bool:
    """Whether *fact* is the debtor's message, to the creditor, about *draft* (*own*: about itself)."""
    return (
        draft.duty.code == effect.duty
        and (not own or draft.ground is Ground.FULFILMENT)
        and hanging.acts_for(fact.sender, draft.debtor, fact)
        and (effect.toward is Toward.ANYONE or hanging.acts_for(fact.recipient, draft.creditor, fact))
    )


def _corrected_by(message: MessageId, above: list[MessageId], thread: Thread) -> Iterator[MessageId]:
    """The rejected messages of the same type above *message*."""
    kind = thread.types.get(message)
    return (each for each in above if each in thread.rejected and thread.types.get(each) == kind)


def _mended(fact: Fact, line: list[MessageId], hanging: _Hanging) -> Iterator[Draft]:
    """The refusals that *fact* mends: of itself, or of the message of its type that it comes from."""
    for position, message in enumerate((fact.message_id, *line[:_MENDS_WITHIN])):
        if message not in hanging.thread.rejected or hanging.thread.types.get(message) != fact.message_type:
            continue
        for draft in hanging.at(message):
            if draft.ground is Ground.REFUSAL and _mends(draft, fact, position == 0, hanging):
                yield draft


def _mends(draft: Draft, fact: Fact, itself: bool, hanging: _Hanging) -> bool:
    return (
        (not itself or fact.at >= draft.opened_at)
        and hanging.acts_for(fact.sender, draft.debtor, fact)
        and hanging.acts_for(fact.recipient, draft.creditor, fact)
    )


def _waived(value: str, fact: Fact, line: list[MessageId], hanging: _Hanging) -> list[Draft]:
    """What the sender of *fact* is owed by its recipient and gives up, at the nearest message that has it."""
    for message in line:
        found = [
            draft
            for draft in hanging.at(message)
            if draft.duty.code.lower() == value.lower()
            and hanging.acts_for(fact.sender, draft.creditor, fact)
            and hanging.acts_for(fact.recipient, draft.debtor, fact)
        ]
        if found:
            return found
    return []


def _recalled(fact: Fact, line: list[MessageId], hanging: _Hanging) -> Iterator[Draft]:
    """What the recalled message opened between its sender and this recipient; not what its release did."""
    for draft in hanging.at(line[0]) if line else ():
        other = draft.debtor if draft.opened_by == draft.creditor else draft.creditor
        if (
            draft.ground is Ground.MESSAGE
            and hanging.acts_for(fact.sender, draft.opened_by, fact)
            and hanging.acts_for(fact.recipient, other, fact)
        ):
            yield draft
