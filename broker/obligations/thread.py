"""The messages of one case and what caused each, whatever order their facts came in."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence

from broker.names import Digest, MessageId, MessageType
from broker.obligations.model import Fact, RuleSet
from broker.obligations.standing import takes_away

__all__ = ["LONGEST_LINE", "Thread"]

LONGEST_LINE = 64
"""How far up its line of causes a message can answer; more links than any exchange has."""


class Thread:
    """The facts of one case, indexed; it only grows.

    Where two facts give one message id different causes or types, the earliest counts: who repeats an
    id later changes nothing that stood.

    Attributes:
        types: The type of each message.
    """

    __slots__ = ("_caused", "_causes", "_facts", "_said_of", "types")

    def __init__(self) -> None:
        self.types: dict[MessageId, MessageType] = {}
        self._facts: dict[MessageId, list[Fact]] = {}
        self._causes: dict[MessageId, MessageId | None] = {}
        self._caused: dict[MessageId, dict[MessageId, None]] = {}
        self._said_of: dict[MessageId, list[Fact]] = {}

    def add(self, fact: Fact, rules: RuleSet) -> None:
        """Take in a fact that is not here yet."""
        message = fact.message_id
        facts = self._facts.setdefault(message, [])
        _put(facts, fact)
        if facts[0] is fact:
            self.types[message] = fact.message_type
            self._causes[message] = fact.causation_id
        if fact.causation_id is not None:
            self._caused.setdefault(fact.causation_id, {})[message] = None
            if takes_away(fact, rules):
                _put(self._said_of.setdefault(fact.causation_id, []), fact)

    def facts(self, message: MessageId | None) -> Sequence[Fact]:
        """The facts of *message*, in the order of their moments."""
        return self._facts.get(message, ()) if message is not None else ()

    def said_of(self, message: MessageId) -> Sequence[Fact]:
        """What claims to refuse or recall *message*, in the order of their moments."""
        return self._said_of.get(message, ())

    def line(self, message: MessageId) -> list[MessageId]:
        """What caused *message*, nearest first: at most `LONGEST_LINE` messages, each once."""
        line: dict[MessageId, None] = {}
        cause = self._causes.get(message)
        while cause is not None and cause != message and cause not in line and len(line) < LONGEST_LINE:
            line[cause] = None
            cause = self._causes.get(cause)
        return list(line)

    def below(self, messages: Iterable[MessageId]) -> set[MessageId]:
        """*messages*, and all that have one of them in their line or say that one is their cause."""
        found = set(messages)
        last = list(found)
        for _ in range(LONGEST_LINE):
            last = [each for cause in last for each in self._caused.get(cause, ()) if each not in found]
            if not last:
                break
            found.update(last)
        return found


def _put(facts: list[Fact], fact: Fact) -> None:
    """Keep *facts* in order; what comes last mostly happened last."""
    if not facts or _by_moment(facts[-1]) < _by_moment(fact):
        facts.append(fact)
    else:
        insort(facts, fact, key=_by_moment)


def _by_moment(fact: Fact) -> tuple[int, Digest]:
    return fact.at, fact.decision_id
