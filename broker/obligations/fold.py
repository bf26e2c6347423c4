"""Obligations follow from the facts of a case, in whatever order these come (docs/spec/obligations.md 6).

The rules, in order:

1. The state of a case is the set of its facts.  A repeat of a decision changes nothing, and the
   obligations are a function of the set: no order of arrival shows.
2. What hangs from each message is in `broker.obligations.opening`, what ends and prolongs it in
   `broker.obligations.closing`, and what one more fact can change in `broker.obligations.reckoning`.
3. What the fold remembers goes on with the latest state.  A state that was gone on from before stays as it
   is; who goes on from it a second time has the whole case worked out again.  Of a short case that was
   read at once nothing is remembered: most are read once and not gone on from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from broker.names import Digest
from broker.obligations.model import CaseState, Fact, RuleSet
from broker.obligations.reckoning import Reckoning

__all__ = ["track", "track_all"]

_SHORT = 32
"""A case of so many facts is worked out again as quickly as it is remembered, the first time."""


class _Memory:
    """The reckoning of a case, and the facts that are in it."""

    __slots__ = ("facts", "reckoning")

    def __init__(self, facts: Mapping[Digest, Fact] | None, reckoning: Reckoning) -> None:
        self.facts = facts
        self.reckoning = reckoning


def track(state: CaseState, fact: Fact, rules: RuleSet) -> CaseState:
    """*state* after *fact*; the same object when it was known already.

    Args:
        fact: Of the same case as those before it.
        rules: Best the same object for all facts: under others the whole case is worked out again.
    """
    return track_all(state, (fact,), rules)


def track_all(state: CaseState, facts: Iterable[Fact], rules: RuleSet) -> CaseState:
    """*state* after all *facts*: equal to tracking them one by one; each costs what hangs on it."""
    new: dict[Digest, Fact] = {}
    for fact in facts:
        if fact.decision_id not in state.facts:
            new.setdefault(fact.decision_id, fact)
    if not new:
        return state
    known = {**state.facts, **new}
    memory = _taken(state, rules)
    if memory is None:
        memory = _Memory(None, Reckoning(rules))
        memory.reckoning.take(known.values())
    else:
        memory.reckoning.take(new.values())
    memory.facts = known
    goes_on = len(state.facts) > 0 or len(known) > _SHORT
    return CaseState(known, memory.reckoning.obligations, memory if goes_on else None)


def _taken(state: CaseState, rules: RuleSet) -> _Memory | None:
    """What is remembered of exactly *state*, from now on of no state; None when that is nothing."""
    memory = state.reckoning
    if not isinstance(memory, _Memory) or memory.reckoning.rules is not rules:
        return None
    if memory.facts is not state.facts:
        return None
    memory.facts = None
    return memory
