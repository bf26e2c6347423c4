"""Obligations follow from the facts of a case, in whatever order these come (docs/spec/obligations.md 6).

The rules, in order:

1. The state of a case is the set of its facts.  A repeat of a decision changes nothing, and the
   obligations are a function of the set: no order of arrival shows.
2. Delivered messages open what the rules say; so do refusals, and releases in an emergency.
3. A message closes what its sender owes for the nearest of its causes (`broker.obligations.closing`).
4. What ends first ends it: answered, waived by its creditor, or recalled with the message that opened it.
5. A duty that comes `after` another opens at the moment at which that one was met.
6. What prolongs a duty in time moves its due moment; what is overdue stays so.

Most facts are of a new message that no known one names as its cause.  Such a fact changes nothing
about what the others open and end, so only its own part is worked out; any other starts afresh.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from broker.names import Digest, Micros
from broker.obligations.closing import Ending, Prolonging, add_endings, endings, prolongings
from broker.obligations.model import CaseState, Closing, Fact, Obligation, RuleSet
from broker.obligations.opening import Draft, draft_after, drafts, drafts_of
from broker.obligations.terms import due_at
from broker.obligations.thread import Thread

__all__ = ["track", "track_all"]


@dataclass(frozen=True, slots=True)
class _Reckoning:
    """What the facts of a case open and end, but for what comes after something else.

    Attributes:
        rules: Those by which it was worked out; it is of no use under others.
    """

    rules: RuleSet
    thread: Thread
    opened: list[Draft]
    ended: dict[Digest, Ending]


def track(state: CaseState, fact: Fact, rules: RuleSet) -> CaseState:
    """*state* after *fact*; the same object when it was known already.

    Args:
        fact: Of the same case as those before it.
        rules: Best the same object for all facts: under others the whole case is worked out again.
    """
    return track_all(state, (fact,), rules)


def track_all(state: CaseState, facts: Iterable[Fact], rules: RuleSet) -> CaseState:
    """*state* after all *facts*: equal to tracking them one by one, in one pass over the case."""
    new: dict[Digest, Fact] = {}
    for fact in facts:
        if fact.decision_id not in state.facts:
            new.setdefault(fact.decision_id, fact)
    if not new:
        return state
    known = {**state.facts, **new}
    reckoning, unchanged = _went_on(state, list(new.values()), rules), state.obligations
    if reckoning is None:
        reckoning, unchanged = _afresh(known.values(), rules), ()
    return CaseState(known, _obligations(reckoning, unchanged), reckoning)


def _afresh(facts: Iterable[Fact], rules: RuleSet) -> _Reckoning:
    thread = Thread(facts, rules)
    opened = drafts(thread, rules)
    return _Reckoning(rules, thread, opened, endings(opened, thread, rules))


def _went_on(state: CaseState, new: list[Fact], rules: RuleSet) -> _Reckoning | None:
    """The reckoning of *state* with one more fact that leaves the others as they are; else None."""
    before = state.reckoning
    if len(new) != 1 or not isinstance(before, _Reckoning) or before.rules is not rules:
        return None
    thread = before.thread.with_leaf(new[0], rules)
    if thread is None:
        return None
    opened = before.opened + drafts_of(new[0], thread, rules)
    ended = dict(before.ended)
    add_endings(ended, new, opened, thread, rules)
    return _Reckoning(rules, thread, opened, ended)


def _obligations(reckoning: _Reckoning, unchanged: tuple[Obligation, ...]) -> tuple[Obligation, ...]:
    """All obligations, sorted by opening moment, then id; those of *unchanged* that still stand are kept."""
    rules, opened, ended = reckoning.rules, reckoning.opened, reckoning.ended
    links, seen = opened, {draft.obligation_id for draft in opened}
    while links := _next_links(links, ended, rules, seen):
        ended = ended | endings(links, reckoning.thread, rules)
        opened = opened + links
    before = {each.obligation_id: each for each in unchanged}
    longer = prolongings(opened, reckoning.thread, rules) if rules.prolongs else {}
    opened = [_prolonged(draft, longer.get(draft.obligation_id, ())) for draft in opened]
    made = [_kept_or_made(draft, ended.get(draft.obligation_id), before) for draft in opened]
    return tuple(sorted(made, key=_by_opening))


def _prolonged(draft: Draft, by: Iterable[Prolonging]) -> Draft:
    """*draft* with its due moment moved by each that came in time; what is overdue is not prolonged."""
    due = draft.due_at
    for each in by:
        if each.at <= due:
            due = due_at(due, each.deadline)
    if due == draft.due_at:
        return draft
    lapses = None if draft.lapses_at is None else Micros(draft.lapses_at + due - draft.due_at)
    return replace(draft, due_at=due, lapses_at=lapses)


def _kept_or_made(draft: Draft, ending: Ending | None, before: Mapping[Digest, Obligation]) -> Obligation:
    known = before.get(draft.obligation_id)
    drafted = (draft.message_id, draft.opened_at, draft.due_at)
    if known is not None and (known.message_id, known.opened_at, known.due_at) == drafted:
        shown = (
            None
            if known.closed_at is None
            else (known.closed_at, known.closed_by, known.closing, known.reason)
        )
        if shown == ending:
            return known
    return _obligation(draft, ending)


def _next_links(
    links: list[Draft], ended: Mapping[Digest, Ending], rules: RuleSet, seen: set[Digest]
) -> list[Draft]:
    """What opens because one of *links* was met; each once, so a circle of duties ends."""
    new: list[Draft] = []
    for draft in links if rules.followers else ():
        after = rules.followers.get(draft.duty.code, ())
        ending = ended.get(draft.obligation_id) if after else None
        if ending is not None and ending.closing is Closing.MET:
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
