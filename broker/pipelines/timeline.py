"""One case in order: what was decided, what was due, and where nothing happened that should have.

1. Decisions and obligations of one case, by time; a decision comes before what is due at that moment.
2. What was overdue leaves a gap: from the moment it was due until it was answered, or until now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from broker.audit.events import AuditEvent
from broker.names import Micros
from broker.obligations.model import Obligation, State
from broker.obligations.states import state_of

__all__ = ["Kind", "Moment", "timeline"]

_GAPS = frozenset({State.OVERDUE, State.MET_LATE, State.WAIVED_LATE, State.CLOSED_NO_ANSWER})


class Kind(StrEnum):
    """What stands at a place of a timeline."""

    DECISION = "decision"
    DUE = "due"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Moment:
    """One place of a timeline.

    Attributes:
        until: Where a gap ends; the moment itself otherwise.
        event: The decision, or None.
        seq: Its place in the ledger, or None.
        obligation: What was due or missing, or None.
        state: Its state now.
    """

    at: Micros
    kind: Kind
    until: Micros
    event: AuditEvent | None = None
    seq: int | None = None
    obligation: Obligation | None = None
    state: State | None = None


def timeline(
    events: Iterable[tuple[int, AuditEvent]], obligations: Iterable[Obligation], now: Micros
) -> tuple[Moment, ...]:
    """The moments of one case, earliest first.

    Args:
        events: Place in the ledger and entry, of this case only.
        now: The moment at which states are read off, and at which a gap that goes on is cut.
    """
    moments = [Moment(event.decided_at, Kind.DECISION, event.decided_at, event, seq) for seq, event in events]
    for obligation in obligations:
        state = state_of(obligation, now)
        due = obligation.due_at
        moments.append(Moment(due, Kind.DUE, due, obligation=obligation, state=state))
        if state in _GAPS:
            until = obligation.closed_at or now
            moments.append(Moment(due, Kind.GAP, until, obligation=obligation, state=state))
    return tuple(sorted(moments, key=_in_time))


def _in_time(moment: Moment) -> tuple[Micros, int, int, bytes]:
    order = (Kind.DECISION, Kind.DUE, Kind.GAP).index(moment.kind)
    one = bytes(moment.obligation.obligation_id) if moment.obligation is not None else b""
    return moment.at, order, moment.seq or 0, one
