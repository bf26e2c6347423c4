"""The state of an obligation at one moment: it follows from its dates, so nothing has to happen for it.

Nothing is ever blocked because something is overdue; a state is for people to act on.
"""

from __future__ import annotations

from broker.names import Micros
from broker.obligations.model import Closing, Obligation, State

__all__ = ["state_of"]


def state_of(obligation: Obligation, now: Micros) -> State:
    """The state of *obligation* at *now* (sources.md 4.7).

    What was met after its due moment is met late, also after it lapsed: a late answer is an answer.
    What was waived after its due moment is waived late: it was overdue, and that does not vanish.
    """
    late = obligation.closed_at is not None and obligation.closed_at > obligation.due_at
    match obligation.closing:
        case Closing.WAIVED:
            return State.WAIVED_LATE if late else State.WAIVED
        case Closing.MET:
            return State.MET_LATE if late else State.MET
    if now <= obligation.due_at:
        return State.OPEN
    if obligation.lapses_at is not None and now > obligation.lapses_at:
        return State.CLOSED_NO_ANSWER
    return State.OVERDUE
