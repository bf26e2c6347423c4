"""The timeline of a case: in order, with what was due, and gaps where nothing came."""

from __future__ import annotations

from dataclasses import replace

from broker.moments import DAY
from broker.names import Digest, MessageId, Micros, Regime, Role
from broker.obligations.model import Closing, Obligation, Party, State
from broker.pipelines.timeline import Kind, timeline
from tests.audit_world import AMK, DECIDED, SHG, event

DUE = Micros(DECIDED + 5 * DAY)


def owed(**changes: object) -> Obligation:
    """An obligation that nobody has met yet."""
    first = event(1).message
    assert first is not None
    made = Obligation(
        obligation_id=Digest(bytes(32)),
        code="OB-DECIDE",
        case_ref=first.case_ref,
        message_id=first.message_id,
        debtor=Party(AMK, Role("AMK")),
        creditor=Party(SHG, Role("SHG")),
        regime=Regime.R1,
        opened_at=DECIDED,
        due_at=DUE,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_decisions_stand_in_order_of_time() -> None:
    """Whatever order they are given in."""
    moments = timeline([(1, event(2)), (0, event(1))], [], DUE)

    assert [moment.seq for moment in moments] == [0, 1]


def test_what_is_not_due_yet_leaves_no_gap() -> None:
    """It stands there as due, and open."""
    (moment,) = timeline([], [owed()], Micros(DUE - 1))

    assert (moment.kind, moment.state, moment.at) == (Kind.DUE, State.OPEN, DUE)


def test_what_is_overdue_leaves_a_gap_until_now() -> None:
    """From the moment it was due."""
    _, gap = timeline([], [owed()], Micros(DUE + 3 * DAY))

    assert (gap.kind, gap.at, gap.until) == (Kind.GAP, DUE, DUE + 3 * DAY)


def test_a_late_answer_ends_the_gap() -> None:
    """It stays to be seen, and ends when the answer came."""
    late = owed(closing=Closing.MET, closed_at=Micros(DUE + DAY), closed_by=MessageId(bytes(16)))
    _, gap = timeline([], [late], Micros(DUE + 30 * DAY))

    assert (gap.until, gap.state) == (DUE + DAY, State.MET_LATE)


def test_what_was_answered_in_time_leaves_none() -> None:
    """Only the due moment, as met."""
    met = owed(closing=Closing.MET, closed_at=Micros(DUE - DAY), closed_by=MessageId(bytes(16)))
    moments = timeline([(0, event(1))], [met], Micros(DUE + 30 * DAY))

    assert [moment.kind for moment in moments] == [Kind.DECISION, Kind.DUE]
