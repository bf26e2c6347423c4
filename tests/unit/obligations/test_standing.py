"""Who refuses or recalls what, and that nobody frees itself or burdens another by it."""

from __future__ import annotations

from itertools import permutations

import pytest

from broker.names import MessageId
from broker.obligations.fold import track
from broker.obligations.model import CaseState, Closing, Party, RuleSet, State, Succession
from broker.obligations.states import state_of
from tests.unit.obligations.case import AMK, GGZ, HEIR, SHG, Say, at, message, owed, play, rules, the

TAKEN = (("taken_in_investigation", "true"),)
OUTCOME = (("feedback_stage", "outcome"),)
RECALL = (("correction_kind", "recall"),)
ERASE = (("correction_kind", "erase"),)
CORRECT = (("correction_kind", "correct"),)

REPORT = Say(1, "report", SHG, AMK)
DECISION = Say(2, "decision", AMK, SHG, cause=1, day=1, says=TAKEN)
REFUSAL = Say(3, "refusal", SHG, AMK, cause=2, day=2)
QUESTION = Say(4, "question", AMK, GGZ, day=3)
MERGED = Succession(AMK.oin, HEIR.oin, at(1))


def in_any_order(*said: Say, ruled: RuleSet) -> CaseState:
    """The case after these, which is the same whatever comes first, one by one."""
    whole = play(*said, ruled=ruled)
    for order in permutations(said):
        state = CaseState()
        for each in order:
            state = track(state, each.fact(), ruled)
        assert state == whole
    return whole


def correcting(state: CaseState) -> list[MessageId]:
    """The messages for which a correction is owed."""
    return [each.message_id for each in owed(state, "OB-CORRECT")]


@pytest.mark.parametrize(("recaller", "ruled"), [(AMK, rules()), (HEIR, rules(MERGED))], ids=["self", "heir"])
def test_nobody_recalls_away_what_it_owes_itself(recaller: Party, ruled: RuleSet) -> None:
    """Who decided to investigate owes the judgement, also when it takes the decision back."""
    recall = Say(3, "recall", recaller, SHG, cause=2, day=2, says=RECALL)

    judge = the(in_any_order(REPORT, DECISION, recall, ruled=ruled), "OB-JUDGE")

    assert (judge.closing, judge.debtor) == (Closing.NOT_CLOSED, AMK)


@pytest.mark.parametrize("says", [RECALL, ERASE], ids=["recalled", "erased"])
def test_what_was_taken_back_is_no_answer(says: tuple[tuple[str, str], ...]) -> None:
    """What the decision closed stands again."""
    recall = Say(3, "recall", AMK, SHG, cause=2, day=2, says=says)

    assert (
        the(in_any_order(REPORT, DECISION, recall, ruled=rules()), "OB-DECIDE").closing is Closing.NOT_CLOSED
    )


def test_the_answer_to_what_came_in_its_place_answers_what_was_taken_back() -> None:
    """A decision recalled and taken again leaves one judgement to give."""
    recall = Say(3, "recall", AMK, SHG, cause=2, day=2, says=RECALL)
    again = Say(5, "decision", AMK, SHG, cause=3, day=2, says=TAKEN)
    judged = Say(6, "feedback", AMK, SHG, cause=5, day=60, says=OUTCOME)
    state = in_any_order(REPORT, DECISION, recall, again, judged, ruled=rules())

    assert [each.closing for each in owed(state, "OB-JUDGE")] == [Closing.MET, Closing.MET]
    assert the(state, "OB-DECIDE").closed_by == message(5)


def test_what_its_recipient_refused_is_no_answer() -> None:
    """A decision that could not be read decided nothing; the corrected one does."""
    again = Say(5, "decision", AMK, SHG, cause=3, day=4, says=TAKEN)

    assert the(in_any_order(REPORT, DECISION, REFUSAL, ruled=rules()), "OB-DECIDE").closed_at is None
    assert the(in_any_order(REPORT, DECISION, REFUSAL, again, ruled=rules()), "OB-DECIDE").closed_at == at(4)


def test_a_refused_correction_corrects_nothing_and_the_next_corrects_both() -> None:
    """Otherwise the first of two refused messages stays uncorrected for ever."""
    second = Say(5, "decision", AMK, SHG, cause=3, day=4)
    refused = Say(6, "refusal", SHG, AMK, cause=5, day=5)
    third = Say(7, "decision", AMK, SHG, cause=6, day=6)
    before = in_any_order(DECISION, REFUSAL, second, refused, ruled=rules())
    after = in_any_order(DECISION, REFUSAL, second, refused, third, ruled=rules())

    assert [each.closing for each in owed(before, "OB-CORRECT")] == [Closing.NOT_CLOSED] * 2
    assert [each.closed_by for each in owed(after, "OB-CORRECT")] == [message(7)] * 2


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(Say(3, "refusal", GGZ, AMK, cause=2, day=2), id="by-a-stranger"),
        pytest.param(Say(3, "refusal", AMK, SHG, cause=2, day=2), id="by-its-sender"),
        pytest.param(Say(3, "refusal", SHG, GGZ, cause=2, day=2), id="to-another"),
        pytest.param(Say(3, "refusal", SHG, AMK, cause=99, day=2), id="of-nothing-known"),
        pytest.param(Say(3, "refusal", SHG, AMK, day=2), id="of-nothing"),
        pytest.param(Say(3, "refusal", SHG, AMK, cause=2, day=0.9), id="before-it-was-sent"),
    ],
)
def test_a_refusal_counts_only_between_who_sent_and_who_got_it(refusal: Say) -> None:
    """No correction is owed to somebody who received nothing, and no answer is undone."""
    state = in_any_order(REPORT, DECISION, refusal, ruled=rules())

    assert correcting(state) == []
    assert the(state, "OB-DECIDE").closing is Closing.MET


def test_a_successor_refuses_what_its_predecessor_got() -> None:
    """It stands in its place from its moment on."""
    refusal = Say(3, "refusal", HEIR, SHG, cause=1, day=2)

    assert correcting(in_any_order(REPORT, refusal, ruled=rules(MERGED))) == [message(1)]
    assert correcting(in_any_order(REPORT, refusal, ruled=rules())) == []


@pytest.mark.parametrize("says", [CORRECT, RECALL, ERASE], ids=["correct", "recall", "erase"])
@pytest.mark.parametrize(
    ("sender", "recipient", "cause", "opens"),
    [
        pytest.param(SHG, AMK, 1, True, id="its-sender"),
        pytest.param(GGZ, AMK, 1, False, id="a-stranger"),
        pytest.param(SHG, GGZ, 1, False, id="to-another"),
        pytest.param(AMK, SHG, 1, False, id="its-recipient"),
        pytest.param(SHG, AMK, 98, False, id="of-nothing-known"),
    ],
)
def test_a_correction_asks_something_only_of_who_got_the_message(
    sender: Party, recipient: Party, cause: int, opens: bool, says: tuple[tuple[str, str], ...]
) -> None:
    """Nobody burdens another with the correction of a message that it never sent it."""
    correction = Say(2, "recall", sender, recipient, cause, 1, says)
    state = in_any_order(REPORT, correction, ruled=rules())

    assert bool(owed(state, "OB-CONFIRM")) is opens


def test_a_request_for_erasure_is_not_recalled_away() -> None:
    """It is the right of the person concerned (sources.md A51)."""
    erase = Say(2, "recall", SHG, AMK, cause=1, day=1, says=ERASE)
    recall = Say(3, "recall", SHG, AMK, cause=2, day=2, says=RECALL)

    assert the(in_any_order(REPORT, erase, recall, ruled=rules()), "OB-CONFIRM").closing is Closing.NOT_CLOSED


def test_a_request_for_erasure_is_not_refused_away() -> None:
    """Its recipient confirms, or states an exception."""
    erase = Say(2, "recall", SHG, AMK, cause=1, day=1, says=ERASE)
    refusal = Say(3, "refusal", AMK, SHG, cause=2, day=2)

    assert (
        the(in_any_order(REPORT, erase, refusal, ruled=rules()), "OB-CONFIRM").closing is Closing.NOT_CLOSED
    )


@pytest.mark.parametrize("type_", ["receipt", "refusal", "recall", "waiver"])
def test_the_refusal_of_what_attends_another_asks_no_correction(type_: str) -> None:
    """Two agencies would refuse each other's refusals for ever."""
    attending = Say(2, type_, AMK, SHG, cause=1, day=1)
    refusal = Say(3, "refusal", SHG, AMK, cause=2, day=2)
    gate = Say(5, type_, AMK, SHG, cause=1, day=1, outcome="refused")

    assert message(2) not in correcting(in_any_order(REPORT, attending, refusal, gate, ruled=rules()))
    assert message(5) not in correcting(play(REPORT, gate))


@pytest.mark.parametrize("reason", ["no-agreement", "recipient-role", ""])
def test_nothing_is_owed_where_nothing_may_go(reason: str) -> None:
    """There is nothing to correct in a message that may never be sent there."""
    assert play(Say(1, "report", SHG, GGZ, outcome="refused", reason=reason)).obligations == ()


@pytest.mark.parametrize(("day", "owes"), [(5, []), (-1, [message(1)])], ids=["a-copy", "the-first"])
def test_the_refused_copy_of_what_was_delivered_asks_no_correction(day: int, owes: list[MessageId]) -> None:
    """Who puts an old message back gives its sender no debt."""
    copy = Say(1, "report", SHG, AMK, day=day, outcome="refused")

    assert correcting(in_any_order(REPORT, copy, ruled=rules())) == owes


def test_who_refuses_has_received() -> None:
    """The refusal is the proof of receipt."""
    refusal = Say(3, "refusal", AMK, SHG, cause=1, day=0.005)
    ack = the(in_any_order(REPORT, refusal, ruled=rules()), "OB-ACK")

    assert (ack.closing, state_of(ack, at(90))) == (Closing.MET, State.MET)


@pytest.mark.parametrize(("day", "state"), [(1, State.WAIVED), (9, State.WAIVED_LATE)])
def test_who_refuses_in_time_lets_go_what_it_would_owe(day: int, state: State) -> None:
    """Too late a refusal is seen: what was overdue was overdue."""
    refusal = Say(3, "refusal", AMK, SHG, cause=1, day=day)
    decide = the(in_any_order(REPORT, refusal, ruled=rules()), "OB-DECIDE")

    assert (state_of(decide, at(90)), decide.reason) == (state, "refused")


def test_what_was_answered_before_it_was_refused_was_answered() -> None:
    """History stays as it was."""
    refusal = Say(3, "refusal", AMK, SHG, cause=1, day=2)

    assert the(in_any_order(REPORT, DECISION, refusal, ruled=rules()), "OB-DECIDE").closed_by == message(2)


def test_one_decision_does_not_answer_two_reports() -> None:
    """Whoever refuses the first: the decision on the second is on the second."""
    refusal = Say(3, "refusal", GGZ, SHG, cause=1, day=0.1)
    second = Say(5, "report", SHG, AMK, cause=1, day=0.5)
    decision = Say(6, "decision", AMK, SHG, cause=5, day=1)
    state = in_any_order(REPORT, refusal, second, decision, ruled=rules())

    assert [each.closing for each in owed(state, "OB-DECIDE")] == [Closing.NOT_CLOSED, Closing.MET]


@pytest.mark.parametrize(
    ("minutes", "closing"), [(4, Closing.MET), (6, Closing.NOT_CLOSED)], ids=["clocks", "before"]
)
def test_nothing_is_answered_before_it_was_asked(minutes: int, closing: Closing) -> None:
    """But for what the clocks of two gates may differ."""
    answer = Say(5, "answer", GGZ, AMK, cause=4, day=3 - minutes / 1440)

    assert the(in_any_order(QUESTION, answer, ruled=rules()), "OB-ANSWER").closing is closing


def test_a_forward_to_the_successor_of_who_forwarded_goes_back() -> None:
    """It is the same agency by another name."""
    back = Say(2, "forward", SHG, HEIR, cause=1, day=2)
    forward = Say(1, "forward", AMK, SHG)

    assert [each.debtor for each in owed(play(forward, back, ruled=rules(MERGED)), "OB-DECIDE")] == [SHG]
    assert len(owed(play(forward, back), "OB-DECIDE")) == 2


def test_a_state_that_was_gone_on_from_stays_as_it_is() -> None:
    """What the fold remembers goes on with the latest; who goes back gets the same answer."""
    ruled = rules()
    first = track(track(CaseState(), REPORT.fact(), ruled), QUESTION.fact(), ruled)
    kept = first.obligations
    later = track(first, DECISION.fact(), ruled)

    assert first.obligations is kept
    assert track(first, DECISION.fact(), ruled) == later == play(REPORT, QUESTION, DECISION)
    assert track(later, REFUSAL.fact(), ruled) == play(REPORT, QUESTION, DECISION, REFUSAL)
