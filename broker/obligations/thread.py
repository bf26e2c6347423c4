"""The messages of one case and what caused each, whatever order their facts came in."""

from __future__ import annotations

from collections.abc import Iterable

from broker.names import Digest, MessageId, MessageType
from broker.obligations.model import DELIVERED, REFUSED, Fact, RuleSet

__all__ = ["LONGEST_LINE", "Thread"]

LONGEST_LINE = 64
"""How far up its line of causes a message can answer; more links than any exchange has."""


class Thread:
    """The facts of one case, indexed.

    Where two facts give one message id different causes or types, the earliest counts: who repeats an
    id later changes nothing that stood.

    Attributes:
        delivered: Facts of messages that their recipient can open.  Facts of one message are in the
            order of their moments.
        refused: Facts of messages that were refused at the gate, in that order too.
        rejected: Messages that the gate or their recipient refused.
    """

    __slots__ = ("_causes", "delivered", "refused", "rejected", "types")

    def __init__(self, facts: Iterable[Fact], rules: RuleSet) -> None:
        ordered = sorted(facts, key=_by_moment)
        self.delivered = [fact for fact in ordered if fact.outcome in DELIVERED]
        self.refused = [fact for fact in ordered if fact.outcome in REFUSED]
        self.types: dict[MessageId, MessageType] = {}
        self._causes: dict[MessageId, MessageId | None] = {}
        for fact in ordered:
            self.types.setdefault(fact.message_id, fact.message_type)
            self._causes.setdefault(fact.message_id, fact.causation_id)
        self.rejected = {fact.message_id for fact in self.refused}
        self.rejected |= {
            fact.causation_id
            for fact in self.delivered
            if fact.causation_id is not None and fact.message_type in rules.refusals
        }

    def with_leaf(self, fact: Fact, rules: RuleSet) -> Thread | None:
        """This thread and *fact*, when that leaves everything else as it is; else None.

        It does when its message is delivered, new, named by no other as its cause, and no refusal.
        """
        message = fact.message_id
        if fact.outcome not in DELIVERED or fact.message_type in rules.refusals or message in self._causes:
            return None
        if message in self._causes.values():
            return None
        longer = Thread((), rules)
        longer.delivered = [*self.delivered, fact]
        longer.refused, longer.rejected = self.refused, self.rejected
        longer.types = {**self.types, message: fact.message_type}
        longer._causes = {**self._causes, message: fact.causation_id}
        return longer

    def line(self, message: MessageId) -> list[MessageId]:
        """What caused *message*, nearest first: at most `LONGEST_LINE` messages, each once."""
        line: list[MessageId] = []
        cause = self._causes.get(message)
        while cause is not None and cause != message and cause not in line and len(line) < LONGEST_LINE:
            line.append(cause)
            cause = self._causes.get(cause)
        return line


def _by_moment(fact: Fact) -> tuple[int, Digest]:
    return fact.at, fact.decision_id
