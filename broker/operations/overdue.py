"""What is overdue of the duties that the operator hears of, not the parties (docs/spec/obligations.md 9).

The catalogue says so of a duty with ``alert-operator``: a system failed there, and no person forgot.  It is
told in two places: by `schakel doctor`, and in the log of the ledger writer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import structlog

from broker import logs
from broker.errors import UnavailableError
from broker.names import Micros, Oin
from broker.obligations.model import State
from broker.obligations.store import ObligationQuery, ObligationReader
from broker.obligations.succession import shown
from broker.pipelines.obligations import RegisteredRules, rules_of
from broker.ports import Clock

__all__ = ["MOST", "Overdue", "OverdueWatch", "Registered", "told_to_operator"]

MOST = 1000
"""Of one duty, so many are counted: whoever has more needs no exact number."""

_ALERT = "alert-operator"
_EVERY = 60.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Overdue:
    """What is overdue of one such duty.

    Attributes:
        number: How many; no more than `MOST` are counted.
        since: The earliest due moment, or None when there is none.
        debtors: Who is late, as they stand there now.
    """

    code: str
    title: str
    number: int
    since: Micros | None
    debtors: tuple[Oin, ...]


class Registered(Protocol):
    """The registry, kept fresh, as far as it is asked which duties there are."""

    def current(self) -> RegisteredRules:
        """As it is now; as `broker.trust.keeper.TrustKeeper.current`."""
        ...


def told_to_operator(reader: ObligationReader, registered: RegisteredRules, now: Micros) -> list[Overdue]:
    """Each duty of which the operator hears, in the order of their codes, with what is overdue of it.

    Raises:
        ConfigurationError: The ledger knows no obligations yet.
        UnavailableError: The database did not answer.
    """
    rules = rules_of(registered.catalogue, registered.successions)
    told = []
    for code, duty in sorted(rules.duties.items()):
        if duty.overdue != _ALERT:
            continue
        query = ObligationQuery(now, code=code, states=frozenset({State.OVERDUE}))
        found = reader.obligations(query, MOST)
        late = {shown(one, now, rules.successions).debtor.oin for one in found}
        since = found[0].due_at if found else None
        told.append(Overdue(code, duty.title, len(found), since, tuple(sorted(late))))
    return told


class OverdueWatch:
    """Says in the log what is overdue of these duties, each time that the number changes.

    Args:
        every: Seconds from one look to the next.
    """

    def __init__(
        self, reader: ObligationReader, keeper: Registered, clock: Clock, every: float = _EVERY
    ) -> None:
        self._reader = reader
        self._keeper = keeper
        self._clock = clock
        self._every = every
        self._next = clock.monotonic()
        self._said: dict[str, int] = {}

    def look(self) -> None:
        """Look, if it is time; a database or registry that does not answer is asked the next time."""
        if self._clock.monotonic() < self._next:
            return
        self._next = self._clock.monotonic() + self._every
        try:
            told = told_to_operator(self._reader, self._keeper.current(), self._clock.now())
        except UnavailableError:
            return
        for one in told:
            if one.number != self._said.get(one.code, 0):
                _log.warning(logs.OBLIGATIONS_OVERDUE, code=one.code, overdue_count=one.number)
            self._said[one.code] = one.number
