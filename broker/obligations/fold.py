"""Obligations follow from the facts of a case, in whatever order those arrive (docs/spec/obligations.md 3 and 6).

The rules, in order:

1. The state of a case is the set of its facts.  A repeat of a decision changes nothing, and the
   obligations are a function of the set: no order of arrival shows.
2. Delivered messages open what the rules say; so do refusals, and releases in an emergency.
3. A message closes what its sender owes for the nearest of its causes (`broker.obligations.closing`).
4. What ends first ends it: answered, waived by its creditor, or recalled with the message that opened it.
5. A duty that comes `after` another opens at the moment at which that one was met.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from broker.names import Digest
from broker.obligations.closing import Ending, endings
from broker.obligations.model import CaseState, Closing, Fact, Obligation, RuleSet
from broker.obligations.opening import Draft, draft_after, drafts
from broker.obligations.thread import Thread

__all__ = ["track", "track_all"]


def track(state: CaseState, fact: Fact, rules: RuleSet) -> CaseState:
    """*state* after *fact*; the same object when it was known already.

    Args:
        fact: Of the same case as those before it.
    """
    return track_all(state, (fact,), rules)


def track_all(state: CaseState, facts: Iterable[Fact], rules: RuleSet) -> CaseState:
    """*state* after all *facts*: equal to tracking them one by one, in one pass over the case."""
    new = {fact.decision_id: fact for fact in facts if fact.decision_id not in state.facts}
    if not new:
        return state
    known = {**state.facts, **new}
    return CaseState(known, _follow(known.values(), rules))


def _follow(facts: Iterable[Fact], rules: RuleSet) -> tuple[Obligation, ...]:
    """The obligations that follow from *facts*, sorted by opening moment, then id."""
    thread = Thread(facts, rules)
    opened = drafts(thread, rules)
    ended = endings(opened, thread, rules)
    links, seen = opened, {draft.obligation_id for draft in opened}
    while links := _next_links(links, ended, rules, seen):
        ended.update(endings(links, thread, rules))
        opened = opened + links
    obligations = [_obligation(draft, ended.get(draft.obligation_id)) for draft in opened]
    return tuple(sorted(obligations, key=_by_opening))


def _next_links(
    links: list[Draft], ended: Mapping[Digest, Ending], rules: RuleSet, seen: set[Digest]
) -> list[Draft]:
    """What opens because one of *links* was met; each once, so a circle of duties ends."""
    followers = [duty for duty in rules.duties.values() if duty.after]
    new: list[Draft] = []
    for draft in links if followers else ():
        ending = ended.get(draft.obligation_id)
        if ending is not None and ending.closing is Closing.MET:
            after = [duty for duty in followers if duty.after == draft.duty.code]
            new += [draft_after(draft, ending.message_id, ending.at, duty) for duty in after]
    new = [draft for draft in new if draft.obligation_id not in seen]
    seen.update(draft.obligation_id for draft in new)
    return new


def _obligation(draft: Draft, ending: Ending | None) -> Obligation:
    at, by, closing, reason = ending or (None, None, Closing.NOT_CLOSED, "")
    return Obligation(
        obligation_id=draft.obligation_id,
        code=draft.duty.code,
        case_ref=draft.case_ref,
        message_id=draft.message_id,
        debtor=draft.debtor,
        creditor=draft.creditor,
        regime=draft.regime,
        opened_at=draft.opened_at,
        due_at=draft.due_at,
        lapses_at=draft.lapses_at,
        closing=closing,
        closed_at=at,
        closed_by=by,
        reason=reason,
    )


def _by_opening(obligation: Obligation) -> tuple[int, Digest]:
    return obligation.opened_at, obligation.obligation_id
