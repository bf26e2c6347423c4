"""What the fold remembers of one case, so that more facts change only what hangs on them.

The rules, in order (docs/spec/obligations.md 6):

1. A fact changes nothing but what its own message and the messages below it open and end; when it is the
   first to refuse or take back its cause, also what that message and those below it do.
2. These are worked out again, and nothing else: the result is that of working out the whole case.
3. What comes after something else is worked out where that was met, lost or met at another moment.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import replace

from broker.names import Digest, MessageId, Micros
from broker.obligations.closing import Ending, Hanging, Prolonging, ends, prolongs
from broker.obligations.model import Closing, Fact, Obligation, RuleSet
from broker.obligations.opening import Draft, draft_after, drafts_at
from broker.obligations.standing import first_said, takes_away
from broker.obligations.terms import due_at
from broker.obligations.thread import Thread

__all__ = ["Reckoning"]

_FEW = 32
"""Changes to less than one in so many obligations leave the others where they are."""


class _Layer:
    """Drafts, and what ends and prolongs them, by the message that does."""

    __slots__ = ("_done_by", "_ended", "_hanging", "_prolonged", "drafts")

    def __init__(self, thread: Thread, rules: RuleSet) -> None:
        self.drafts: dict[Digest, Draft] = {}
        self._hanging = Hanging({}, thread, rules)
        self._ended: dict[Digest, dict[MessageId, Ending]] = {}
        self._prolonged: dict[Digest, dict[MessageId, Prolonging]] = {}
        self._done_by: dict[MessageId, tuple[Digest, ...]] = {}

    def hanging_from(self, message: MessageId) -> list[Draft]:
        """What hangs from *message*."""
        return self._hanging.drafts.get(message, [])

    def hang(self, draft: Draft) -> None:
        self.drafts[draft.obligation_id] = draft
        for anchor in dict.fromkeys(draft.anchors):
            self._hanging.drafts.setdefault(anchor, []).append(draft)

    def take_down(self, draft: Draft) -> None:
        self.drafts.pop(draft.obligation_id, None)
        for anchor in dict.fromkeys(draft.anchors):
            kept = [each for each in self.hanging_from(anchor) if each is not draft]
            if kept:
                self._hanging.drafts[anchor] = kept
            else:
                self._hanging.drafts.pop(anchor, None)

    def answer(self, message: MessageId) -> set[Digest]:
        """Work out again what *message* ends and prolongs; returns what it did and does."""
        before = self._done_by.pop(message, ())
        for id_ in before:
            self._ended.get(id_, {}).pop(message, None)
            self._prolonged.get(id_, {}).pop(message, None)
        done: set[Digest] = set()
        for draft, ending in ends(message, self._hanging):
            done.add(draft.obligation_id)
            ended = self._ended.setdefault(draft.obligation_id, {})
            ended[message] = min(ending, ended.get(message, ending))
        if self._hanging.rules.prolongs:
            for draft, moved in prolongs(message, self._hanging):
                done.add(draft.obligation_id)
                prolonged = self._prolonged.setdefault(draft.obligation_id, {})
                prolonged[message] = min(moved, prolonged.get(message, moved), key=_by_moment)
        if done:
            self._done_by[message] = tuple(done)
        done.update(before)
        return done

    def ending(self, id_: Digest) -> Ending | None:
        """What ended it first."""
        ended = self._ended.get(id_)
        return min(ended.values()) if ended else None

    def obligation(self, id_: Digest) -> Obligation | None:
        """The obligation as it is now; None when there is no such draft."""
        draft = self.drafts.get(id_)
        if draft is None:
            return None
        by = self._prolonged.get(id_)
        return _obligation(_prolonged(draft, by.values()) if by else draft, self.ending(id_))


class Reckoning:
    """The facts of a case, indexed, with everything that follows from them.  It changes as it goes on.

    Attributes:
        rules: Those by which it was worked out; it is of no use under others.
        obligations: All of them, sorted by opening moment, then id.
    """

    __slots__ = ("_after", "_first", "_links", "_shown", "_thread", "obligations", "rules")

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.obligations: tuple[Obligation, ...] = ()
        self._thread = Thread()
        self._first = _Layer(self._thread, rules)
        self._after = _Layer(self._thread, rules)
        self._links: dict[Digest, list[Draft]] = {}
        self._shown: dict[Digest, Obligation] = {}

    def take(self, facts: Iterable[Fact]) -> None:
        """Go on with *facts*, none of which was taken before."""
        new = list(facts)
        for fact in new:
            self._thread.add(fact, self.rules)
        changed = self._thread.below(self._roots(new))
        touched: set[Digest] = set()
        for message in changed:
            touched.update(self._open(message))
        for message in changed:
            touched.update(self._first.answer(message))
        self._show(touched | self._follow(touched, changed))

    def _roots(self, new: Iterable[Fact]) -> Iterator[MessageId]:
        """The messages of which something new is known that can matter."""
        thread, rules = self._thread, self.rules
        for fact in new:
            yield fact.message_id
            cause = fact.causation_id
            if cause is None or not takes_away(fact, rules):
                continue
            if first_said(fact, thread.facts(cause), thread.said_of(cause), rules):
                yield cause

    def _open(self, message: MessageId) -> set[Digest]:
        """Work out again what hangs from *message*; returns what did and does."""
        layer = self._first
        before, now = layer.hanging_from(message), drafts_at(message, self._thread, self.rules)
        for draft in list(before):
            layer.take_down(draft)
        for draft in now:
            layer.hang(draft)
        return {draft.obligation_id for draft in (*before, *now)}

    def _follow(self, touched: Iterable[Digest], changed: set[MessageId]) -> set[Digest]:
        """Work out again what comes after something that was *touched*; returns what changed of it."""
        moved: list[Draft] = []
        for id_ in touched if self.rules.followers else ():
            draft = self._first.drafts.get(id_)
            if id_ in self._links or (draft is not None and draft.duty.code in self.rules.followers):
                moved += self._relink(id_, draft)
        if not self._after.drafts and not moved:
            return set()
        found = {draft.obligation_id for draft in moved}
        below = self._thread.below(anchor for draft in moved for anchor in draft.anchors)
        for message in changed | below:
            found.update(self._after.answer(message))
        return found

    def _relink(self, id_: Digest, draft: Draft | None) -> list[Draft]:
        """What comes after this one, made anew; returns what went and what came."""
        ending = self._first.ending(id_)
        duties = self.rules.followers.get(draft.duty.code, ()) if draft is not None else ()
        now: list[Draft] = []
        if draft is not None and ending is not None and ending.closing is Closing.MET:
            now = [draft_after(draft, ending.message_id, ending.at, duty) for duty in duties]
            now = [each for each in now if each.obligation_id not in self._first.drafts]
        before = self._links.get(id_, [])
        if now == before:
            return []
        self._links[id_] = now
        for each in before:
            self._after.take_down(each)
        for each in now:
            self._after.hang(each)
        return before + now

    def _show(self, touched: Iterable[Digest]) -> None:
        """Bring the obligations up to date; those that stay the same stay the same objects."""
        gone: list[Obligation] = []
        come: list[Obligation] = []
        for id_ in touched:
            now = self._first.obligation(id_) or self._after.obligation(id_)
            before = self._shown.get(id_)
            if now == before:
                continue
            if before is not None:
                gone.append(self._shown.pop(id_))
            if now is not None:
                self._shown[id_] = now
                come.append(now)
        if gone or come:
            self.obligations = self._in_order(gone, come)

    def _in_order(self, gone: list[Obligation], come: list[Obligation]) -> tuple[Obligation, ...]:
        """The obligations with these changes: of many only the places that change are looked for."""
        if (len(gone) + len(come)) * _FEW > len(self._shown):
            return tuple(sorted(self._shown.values(), key=_by_opening))
        kept = list(self.obligations)
        for each in gone:
            del kept[bisect_left(kept, _by_opening(each), key=_by_opening)]
        for each in come:
            insort(kept, each, key=_by_opening)
        return tuple(kept)


def _prolonged(draft: Draft, by: Iterable[Prolonging]) -> Draft:
    """*draft* with its due moment moved, once for each term within which it was prolonged."""
    began, due = None, draft.due_at
    for each in sorted(by, key=_by_moment):
        if each.at <= due and (began is None or each.at > began):
            began, due = due, due_at(due, each.deadline)
    if due == draft.due_at:
        return draft
    lapses = None if draft.lapses_at is None else Micros(draft.lapses_at + due - draft.due_at)
    return replace(draft, due_at=due, lapses_at=lapses)


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


def _by_moment(prolonging: Prolonging) -> tuple[Micros, MessageId]:
    return prolonging.at, prolonging.message_id


def _by_opening(obligation: Obligation) -> tuple[int, Digest]:
    return obligation.opened_at, obligation.obligation_id
