"""The book of obligations: kept while the ledger grows, made again when rules change, compared on request.

1. `ObligationBook.follow` runs inside the transaction that stores a batch: obligations and entries are
   stored together, or neither is.
2. Obligations follow from entries and rules.  When the rules change, the first transaction after that works
   all of them out again.
3. `compare` works them all out once more and compares: nothing is believed because it is stored, the name
   of the rules neither.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from broker.audit.codec import read_event
from broker.audit.ledger import LedgerEntry
from broker.audit.store import Appended, Batch, LedgerStore, LogState
from broker.catalogue.model import Catalogue
from broker.errors import EvidenceError, MalformedError
from broker.names import CaseRef, Digest
from broker.obligations.fold import track_all
from broker.obligations.model import CaseState, Closing, Fact, Obligation, RuleSet
from broker.obligations.store import Changes, ObligationView, ObligationWork
from broker.pipelines.obligations import RegisteredRules, facts_of, rules_digest, rules_of

__all__ = ["Compared", "Follow", "Followed", "FollowedStore", "ObligationBook", "compare", "differences"]

_KEPT_CASES = 512
"""Cases whose facts stay in memory, two batches of them: what comes soon after does not read them again."""
_AT_ONCE = 500
_MAX_DIFFERENCES = 100


class Follow(Protocol):
    """What else a batch changes in its transaction; called before the entries are stored."""

    def __call__(self, work: ObligationWork, added: Sequence[LedgerEntry], /) -> None:
        """Work it out from the entries that are new, and store it."""
        ...


class FollowedStore(LedgerStore, Protocol):
    """A ledger store that stores in the same transaction what follows from a batch."""

    def append(self, state: LogState, batch: Batch, follow: Follow | None = None) -> Appended:
        """As `LedgerStore.append`, with what follows from the batch."""
        ...


@dataclass(frozen=True, slots=True)
class Followed:
    """What a batch did to the obligations.

    Attributes:
        opened, closed: How many began, and how many ended.
        rebuilt: Whether all of them were worked out again first.
    """

    opened: int = 0
    closed: int = 0
    rebuilt: bool = False


class ObligationBook:
    """The obligations of one ledger, kept by its one writer.

    Attributes:
        last: What the last batch did.
    """

    __slots__ = ("_catalogue", "_digest", "_kept", "_rules", "_successions", "last")

    _catalogue: Catalogue
    _digest: Digest
    _rules: RuleSet
    _successions: tuple[object, ...]

    def __init__(self, registered: RegisteredRules) -> None:
        self._kept: OrderedDict[CaseRef, CaseState] = OrderedDict()
        self.last = Followed()
        self._take(registered)

    def use(self, registered: RegisteredRules) -> None:
        """Go on by the rules of the registry as it is now."""
        known = (self._catalogue, self._successions)
        if registered.catalogue is known[0] and tuple(registered.successions) == known[1]:
            return
        if rules_digest(registered) != self._digest:
            self._take(registered)
        else:
            # Another edition that says the same about obligations: the cases in memory stay good.
            self._catalogue, self._successions = registered.catalogue, tuple(registered.successions)

    def forget(self) -> None:
        """Believe nothing that is in memory: it is not known what was stored."""
        self._kept.clear()

    def follow(self, work: ObligationWork, added: Sequence[LedgerEntry]) -> None:
        """Store what follows from the new entries; from all entries when the rules have changed."""
        rebuilt = work.rules != self._digest
        if rebuilt:
            self.rebuild(work)
        new = self._new_facts(added)
        before = self._states(new, work)
        after = {case: track_all(before[case], facts, self._rules) for case, facts in new.items()}
        changes, opened, closed = _changes(before, after)
        if changes.written or changes.gone:
            work.store(changes)
        self._keep(after)
        self.last = Followed(opened, closed, rebuilt)

    def rebuild(self, work: ObligationWork) -> int:
        """Work out every obligation again from all stored entries; returns how many there are."""
        self.forget()
        work.start_over(self._digest)
        total = 0
        waiting: list[Obligation] = []
        for obligations in _derived(work.events_by_case(), self._catalogue, self._rules):
            waiting += obligations
            total += len(obligations)
            if len(waiting) >= _AT_ONCE:
                work.store(Changes(tuple(waiting)))
                waiting.clear()
        if waiting:
            work.store(Changes(tuple(waiting)))
        return total

    def _take(self, registered: RegisteredRules) -> None:
        self.forget()
        self._catalogue = registered.catalogue
        self._successions = tuple(registered.successions)
        self._rules = rules_of(registered.catalogue, registered.successions)
        self._digest = rules_digest(registered)

    def _new_facts(self, added: Sequence[LedgerEntry]) -> dict[CaseRef, list[Fact]]:
        new: dict[CaseRef, list[Fact]] = {}
        for entry in added:
            fact = facts_of(entry.event, self._catalogue)
            if fact is not None:
                new.setdefault(fact.case_ref, []).append(fact)
        return new

    def _states(self, new: Mapping[CaseRef, object], work: ObligationWork) -> dict[CaseRef, CaseState]:
        """The cases as they were: those that are not in memory in one read."""
        missing = [case for case in new if case not in self._kept]
        facts: dict[CaseRef, list[Fact]] = {}
        for data in work.events_of(missing) if missing else ():
            fact = _stored_fact(data, self._catalogue)
            if fact is not None:
                facts.setdefault(fact.case_ref, []).append(fact)
        read = {case: track_all(CaseState(), known, self._rules) for case, known in facts.items()}
        none = CaseState()
        return {case: self._kept.get(case) or read.get(case, none) for case in new}

    def _keep(self, states: Mapping[CaseRef, CaseState]) -> None:
        kept = self._kept
        for case, state in states.items():
            kept[case] = state
            kept.move_to_end(case)
        while len(kept) > _KEPT_CASES:
            kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Compared:
    """What is stored beside what follows from the entries.

    Attributes:
        by_these_rules: Whether the stored ones say that they follow from these rules.
        derived, stored: How many follow from the entries, and how many are stored.
        differing: How many are not stored, follow from no entry, or are stored otherwise.
        examples: Sentences about the first of those; at most 100.
    """

    by_these_rules: bool
    derived: int
    stored: int
    differing: int
    examples: tuple[str, ...]


def compare(
    view: ObligationView, registered: RegisteredRules, progress: Callable[[int], None] | None = None
) -> Compared:
    """Work every obligation out again by the rules of *registered*, and lay what is stored beside it.

    It does so whatever the rules of *view* are: a name that is stored is no reason to look no further.

    Args:
        progress: Told how many cases were compared.
    """
    rules = rules_of(registered.catalogue, registered.successions)
    derived = _derived(view.events_by_case(), registered.catalogue, rules)
    following = held = differing = 0
    examples: list[str] = []
    for number, (follow, stored) in enumerate(_side_by_side(derived, _by_case(view.obligations_by_case()))):
        if progress is not None and number % 1000 == 0:
            progress(number)
        said = _compared(follow, stored)
        following, held, differing = following + len(follow), held + len(stored), differing + len(said)
        examples += said[: _MAX_DIFFERENCES - len(examples)]
    named = view.rules == rules_digest(registered)
    return Compared(named, following, held, differing, tuple(examples))


def differences(
    view: ObligationView, registered: RegisteredRules, progress: Callable[[int], None] | None = None
) -> list[str]:
    """Which stored obligations differ from what follows, in at most 100 sentences; see `compare`."""
    return list(compare(view, registered, progress).examples)


def _side_by_side(
    derived: Iterator[tuple[Obligation, ...]], stored: Iterator[tuple[CaseRef, list[Obligation]]]
) -> Iterator[tuple[Sequence[Obligation], Sequence[Obligation]]]:
    """Case by case what follows and what is stored, where either has any; both come in order of cases."""
    here = next(stored, None)
    for follow in derived:
        if not follow:
            continue
        case = follow[0].case_ref
        while here is not None and here[0] < case:
            yield (), here[1]
            here = next(stored, None)
        if here is not None and here[0] == case:
            yield follow, here[1]
            here = next(stored, None)
        else:
            yield follow, ()
    while here is not None:
        yield (), here[1]
        here = next(stored, None)


def _compared(derived: Sequence[Obligation], stored: Sequence[Obligation]) -> list[str]:
    known = {each.obligation_id: each for each in stored}
    expected = {each.obligation_id: each for each in derived}
    said = [f"obligation {id_} follows from no entry" for id_ in known if id_ not in expected]
    for id_, obligation in expected.items():
        if id_ not in known:
            said.append(f"obligation {id_} follows from the entries and is not stored")
        elif known[id_] != obligation:
            said.append(f"obligation {id_} is stored otherwise than the entries say")
    return said


def _by_case(stored: Iterator[Obligation]) -> Iterator[tuple[CaseRef, list[Obligation]]]:
    for case, obligations in groupby(stored, key=lambda each: each.case_ref):
        yield case, list(obligations)


def _derived(
    events: Iterable[bytes], catalogue: Catalogue, rules: RuleSet
) -> Iterator[tuple[Obligation, ...]]:
    """The obligations of each case, from entries that come case by case."""
    facts = (fact for data in events if (fact := _stored_fact(data, catalogue)) is not None)
    for _, known in groupby(facts, key=lambda fact: fact.case_ref):
        yield track_all(CaseState(), known, rules).obligations


def _changes(
    before: Mapping[CaseRef, CaseState], after: Mapping[CaseRef, CaseState]
) -> tuple[Changes, int, int]:
    """What to write, how many obligations began, and how many ended."""
    written: list[Obligation] = []
    gone: list[Digest] = []
    opened = closed = 0
    for case, state in after.items():
        if state is before[case]:
            continue
        known = {each.obligation_id: each for each in before[case].obligations}
        for obligation in state.obligations:
            old = known.pop(obligation.obligation_id, None)
            if old is obligation or old == obligation:
                continue
            written.append(obligation)
            opened += old is None
            closed += obligation.closing is not Closing.NOT_CLOSED and (
                old is None or old.closing is Closing.NOT_CLOSED
            )
        gone += known
    return Changes(tuple(written), tuple(gone)), opened, closed


def _stored_fact(data: bytes, catalogue: Catalogue) -> Fact | None:
    try:
        return facts_of(read_event(data), catalogue)
    except MalformedError as error:
        raise EvidenceError(
            "an entry of the ledger is damaged", why=error.what, remedy="Run `schakel ledger fsck`"
        ) from error
