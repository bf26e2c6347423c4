"""What opens, what closes, and that no order of arrival shows."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.names import Micros, Regime, Urgency
from broker.obligations.fold import track, track_all
from broker.obligations.model import CaseState, Closing, Deadline, State
from broker.obligations.states import state_of
from broker.obligations.terms import due_at
from tests.unit.obligations.case import AMK, DUTIES, GGZ, SHG, Say, at, message, owed, play, rules, the

YES = (("taken_in_investigation", "true"),)
OUTCOME = (("feedback_stage", "outcome"),)

REPORT = Say(1, "report", SHG, AMK)
RECEIPT = Say(2, "receipt", AMK, SHG, cause=1, outcome="receipt")
DECISION = Say(3, "decision", AMK, SHG, cause=1, day=3, says=YES)
QUESTION = Say(4, "question", AMK, GGZ, cause=1, day=4)
ANSWER = Say(5, "answer", GGZ, AMK, cause=4, day=6)
INFORMED = Say(6, "informed", AMK, SHG, cause=5, day=20)
FEEDBACK = Say(7, "feedback", AMK, SHG, cause=3, day=80, says=OUTCOME)
REFUSED = Say(8, "question", AMK, SHG, cause=1, day=4, outcome="refused")
MENDED = Say(9, "question", AMK, SHG, cause=8, day=4.5)
WAIVER = Say(10, "waiver", AMK, SHG, cause=9, day=5, says=(("waived_obligation", "ob-answer"),))
EMERGENCY = Say(11, "question", SHG, GGZ, cause=1, day=7, emergency=True)
RECALL = Say(12, "recall", SHG, GGZ, cause=11, day=8, says=(("correction_kind", "recall"),))
BACK = Say(13, "forward", AMK, SHG, cause=1, day=1)

WHOLE = (
    *(REPORT, RECEIPT, DECISION, QUESTION, ANSWER, INFORMED, FEEDBACK),
    *(REFUSED, MENDED, WAIVER, EMERGENCY, RECALL, BACK),
)


def test_a_message_opens_what_the_rules_say_for_its_recipient() -> None:
    """The recipient owes it to the sender, from the moment of release."""
    decide = the(play(REPORT), "OB-DECIDE")

    assert (decide.debtor, decide.creditor) == (AMK, SHG)
    assert (decide.opened_at, decide.message_id) == (at(0), message(1))


def test_the_sender_may_owe_what_its_own_message_opens() -> None:
    """Who decides to investigate owes the judgement."""
    assert the(play(REPORT, DECISION), "OB-JUDGE").debtor == AMK


def test_what_an_assertion_opens_stays_closed_without_it() -> None:
    """No investigation, no judgement."""
    no = Say(3, "decision", AMK, SHG, cause=1, says=(("taken_in_investigation", "false"),))

    assert owed(play(REPORT, no), "OB-JUDGE") == []


def test_what_an_assertion_closes_stays_open_without_it() -> None:
    """Feedback of the start is no outcome."""
    start = Say(7, "feedback", AMK, SHG, cause=3, day=8, says=(("feedback_stage", "start"),))

    assert the(play(REPORT, DECISION, start), "OB-JUDGE").closing is Closing.NOT_CLOSED


@pytest.mark.parametrize(
    ("regime", "urgency", "code", "deadline"),
    [
        (Regime.R1, Urgency.NORMAL, "OB-JUDGE", DUTIES["OB-JUDGE"].deadline),
        (Regime.R2, Urgency.NORMAL, "OB-JUDGE", DUTIES["OB-JUDGE"].deadline_r2),
        (Regime.R2, Urgency.ACUTE, "OB-ANSWER", DUTIES["OB-ANSWER"].deadline_acute),
        (Regime.R1, Urgency.NORMAL, "OB-ANSWER", DUTIES["OB-ANSWER"].deadline),
    ],
    ids=["r1", "r2", "acute", "not-acute"],
)
def test_the_term_is_that_of_regime_and_urgency(
    regime: Regime, urgency: Urgency, code: str, deadline: Deadline
) -> None:
    """Acute goes before regime, regime before the ordinary term."""
    said = Say(3, "decision", AMK, SHG, says=YES, regime=regime, urgency=urgency)
    asked = Say(4, "question", AMK, GGZ, regime=regime, urgency=urgency)

    assert the(play(said, asked), code).due_at == due_at(at(0), deadline)


def test_the_answer_closes_what_its_cause_opened() -> None:
    """The decision, and by which message it came."""
    decide = the(play(REPORT, DECISION), "OB-DECIDE")

    assert (decide.closing, decide.closed_at, decide.closed_by) == (Closing.MET, at(3), message(3))


def test_an_answer_further_down_the_line_closes_it_too() -> None:
    """A decision that answers a later message of the same line of causes."""
    note = Say(20, "note", AMK, GGZ, cause=1)
    decision = Say(21, "decision", AMK, SHG, cause=20, day=2)

    assert the(play(REPORT, note, decision), "OB-DECIDE").closing is Closing.MET


def test_the_nearest_question_is_the_one_answered() -> None:
    """An answer to the second question leaves the first unanswered."""
    second = Say(14, "question", AMK, GGZ, cause=4, day=5)
    answer = Say(15, "answer", GGZ, AMK, cause=14, day=6)
    first, last = owed(play(QUESTION, second, answer), "OB-ANSWER")

    assert (first.closing, last.closing) == (Closing.NOT_CLOSED, Closing.MET)


def test_a_message_with_no_cause_closes_nothing() -> None:
    """The same type in the same case is not enough."""
    assert the(play(REPORT, Say(3, "decision", AMK, SHG, day=3)), "OB-DECIDE").closing is Closing.NOT_CLOSED


def test_nobody_closes_what_another_owes() -> None:
    """Only the debtor's message counts."""
    assert the(play(REPORT, Say(3, "decision", GGZ, SHG, cause=1)), "OB-DECIDE").closing is Closing.NOT_CLOSED


def test_an_answer_to_somebody_else_leaves_the_creditor_waiting() -> None:
    """Who reported must be told; telling another party is not that."""
    assert the(play(REPORT, Say(3, "decision", AMK, GGZ, cause=1)), "OB-DECIDE").closing is Closing.NOT_CLOSED


def test_anyone_may_be_told_where_the_rules_say_so() -> None:
    """The person concerned is not on the exchange: the status goes to a partner."""
    assert the(play(QUESTION, ANSWER, INFORMED), "OB-INFORM").closed_by == message(6)


def test_the_earliest_answer_counts() -> None:
    """A second decision changes nothing, whichever record came first."""
    again = Say(30, "decision", AMK, SHG, cause=1, day=9)

    assert the(play(again, REPORT, DECISION), "OB-DECIDE").closed_at == at(3)


def test_two_recipients_owe_each_for_themselves() -> None:
    """One message, two receipts wanted: the one that came closes its own."""
    other = Say(1, "report", SHG, GGZ)
    acks = {each.debtor: each.closing for each in owed(play(REPORT, other, RECEIPT), "OB-ACK")}

    assert acks == {AMK: Closing.MET, GGZ: Closing.NOT_CLOSED}


def test_what_comes_after_opens_when_the_other_is_met() -> None:
    """Its term runs from there, and it is the same party's."""
    judged = Say(7, "feedback", AMK, SHG, cause=3, day=80, says=OUTCOME)
    after = the(play(REPORT, DECISION, judged), "OB-FB-END")

    assert (after.opened_at, after.debtor) == (at(80), AMK)
    assert after.due_at == due_at(at(80), DUTIES["OB-FB-END"].deadline)


def test_one_message_may_meet_a_duty_and_the_one_after_it() -> None:
    """The outcome sent to the reporter is judgement and feedback in one."""
    assert the(play(REPORT, DECISION, FEEDBACK), "OB-FB-END").closed_by == message(7)


def test_what_comes_after_does_not_open_before() -> None:
    """No judgement, no final feedback."""
    assert owed(play(REPORT, DECISION), "OB-FB-END") == []


def test_a_waived_duty_opens_nothing_after_it() -> None:
    """What is given up is not fulfilled."""
    waived = Say(16, "waiver", SHG, AMK, cause=3, day=9, says=(("waived_obligation", "ob-judge"),))
    state = play(REPORT, DECISION, waived)

    assert the(state, "OB-JUDGE").closing is Closing.WAIVED
    assert owed(state, "OB-FB-END") == []


def test_the_creditor_waives() -> None:
    """With the message and the reason."""
    state = play(REPORT, REFUSED, MENDED, WAIVER)
    answer = the(state, "OB-ANSWER")

    assert (answer.closing, answer.reason, answer.closed_by) == (
        Closing.WAIVED,
        "waived-by-creditor",
        message(10),
    )


def test_the_debtor_cannot_waive() -> None:
    """Nobody releases itself."""
    own = Say(10, "waiver", AMK, SHG, cause=1, says=(("waived_obligation", "ob-decide"),))

    assert the(play(REPORT, own), "OB-DECIDE").closing is Closing.NOT_CLOSED


@pytest.mark.parametrize(("kind", "reason"), [("recall", "recalled"), ("erase", "erased")])
def test_what_a_recalled_message_opened_is_waived(kind: str, reason: str) -> None:
    """A question taken back needs no answer."""
    recall = Say(12, "recall", AMK, GGZ, cause=4, day=5, says=(("correction_kind", kind),))

    assert the(play(QUESTION, recall), "OB-ANSWER").reason == reason


def test_a_correction_keeps_the_duty() -> None:
    """A corrected question still wants its answer."""
    correction = Say(12, "recall", AMK, GGZ, cause=4, says=(("correction_kind", "correct"),))

    assert the(play(QUESTION, correction), "OB-ANSWER").closing is Closing.NOT_CLOSED


def test_the_recipient_cannot_recall() -> None:
    """A debtor does not escape by recalling what it was sent."""
    recall = Say(12, "recall", GGZ, AMK, cause=4, says=(("correction_kind", "recall"),))

    assert the(play(QUESTION, recall), "OB-ANSWER").closing is Closing.NOT_CLOSED


def test_an_emergency_release_must_be_justified_even_when_recalled() -> None:
    """What was opened in an emergency was opened."""
    state = play(EMERGENCY, RECALL)

    assert (the(state, "OB-JUSTIFY").closing, the(state, "OB-JUSTIFY").debtor) == (Closing.NOT_CLOSED, SHG)


def test_a_justification_closes_it() -> None:
    """By the sender of the emergency message."""
    why = Say(17, "justification", SHG, GGZ, cause=11, day=7.5, outcome="receipt")

    assert the(play(EMERGENCY, why), "OB-JUSTIFY").closing is Closing.MET


def test_a_refusal_opens_a_correction_for_the_sender_and_nothing_else() -> None:
    """The recipient never had the message."""
    (only,) = play(REFUSED).obligations

    assert (only.code, only.debtor, only.creditor) == ("OB-CORRECT", AMK, SHG)


def test_the_corrected_message_closes_it() -> None:
    """A message of the same type, caused by the refused one."""
    assert the(play(REFUSED, MENDED), "OB-CORRECT").closed_by == message(9)


def test_the_same_message_delivered_after_all_closes_it() -> None:
    """The agreement was renewed, and the message published again."""
    later = Say(8, "question", AMK, SHG, cause=1, day=6)

    assert the(play(REFUSED, later), "OB-CORRECT").closed_at == at(6)


def test_a_refusal_by_the_recipient_is_about_the_message_it_refuses() -> None:
    """One correction, whether gate or recipient refused; its cause may be either message."""
    refusal = Say(18, "refusal", GGZ, AMK, cause=4, day=5)
    corrected = Say(19, "question", AMK, GGZ, cause=18, day=6)
    correct = the(play(QUESTION, refusal, corrected), "OB-CORRECT")

    assert (correct.message_id, correct.debtor, correct.closed_by) == (message(4), AMK, message(19))


def test_nothing_stays_open_for_a_message_that_was_replaced() -> None:
    """What the refused question asked is let go, and the corrected one asks it again."""
    refusal = Say(18, "refusal", GGZ, AMK, cause=4, day=5)
    corrected = Say(19, "question", AMK, GGZ, cause=18, day=6)
    answer = Say(22, "answer", GGZ, AMK, cause=19, day=7)
    closings = [each.closing for each in owed(play(QUESTION, refusal, corrected, answer), "OB-ANSWER")]

    assert closings == [Closing.WAIVED, Closing.MET]


def test_a_forward_is_never_forwarded_back() -> None:
    """The agency that reported does not owe a decision on its own report."""
    assert [each.debtor for each in owed(play(REPORT, BACK), "OB-DECIDE")] == [AMK]


def test_a_forward_to_a_third_party_opens_its_duty() -> None:
    """Only the way back is closed."""
    on = Say(13, "forward", AMK, GGZ, cause=1)

    assert [each.debtor for each in owed(play(REPORT, on), "OB-DECIDE")] == [AMK, GGZ]


def test_a_question_unanswered_after_its_reminder_rests_as_no_answer() -> None:
    """One term, one reminder, one further term."""
    answer = the(play(QUESTION), "OB-ANSWER")
    assert answer.lapses_at is not None
    moments = (answer.due_at, answer.due_at + 1, answer.lapses_at, answer.lapses_at + 1)

    assert [state_of(answer, Micros(moment)) for moment in moments] == [
        State.OPEN,
        State.OVERDUE,
        State.OVERDUE,
        State.CLOSED_NO_ANSWER,
    ]


def test_a_circle_of_causes_ends() -> None:
    """Two messages that name each other as cause close what they close."""
    one = Say(40, "report", SHG, AMK, cause=41)
    other = Say(41, "decision", AMK, SHG, cause=40)

    assert the(play(one, other), "OB-DECIDE").closing is Closing.MET


def test_an_endless_line_of_causes_is_cut_off() -> None:
    """A line of a thousand links costs no more than the longest that counts."""
    links = [Say(100 + n, "note", AMK, GGZ, cause=99 + n if n else 1) for n in range(1000)]
    far = Say(2000, "decision", AMK, SHG, cause=1099)

    assert the(play(REPORT, *links, far), "OB-DECIDE").closing is Closing.NOT_CLOSED


@pytest.mark.parametrize("outcome", ["quarantined", "read", "exported", "erased", "key_destroyed", "admin"])
def test_other_outcomes_do_nothing(outcome: str) -> None:
    """Only delivery and refusal have consequences here."""
    assert play(Say(1, "report", SHG, AMK, outcome=outcome)).obligations == ()


def test_a_known_fact_gives_the_same_state() -> None:
    """Not an equal one: nothing has to be written."""
    state = play(REPORT)

    assert track(state, REPORT.fact(), rules()) is state


@given(st.permutations(WHOLE), st.lists(st.sampled_from(WHOLE), max_size=5))
@settings(max_examples=150, deadline=None)
def test_no_order_and_no_repeat_shows(order: list[Say], again: list[Say]) -> None:
    """Any permutation with any repeats, one by one, gives the state of one pass in order."""
    state = CaseState()
    for said in [*order, *again]:
        state = track(state, said.fact(), rules())

    assert state == play(*WHOLE)


TYPES = [*("report", "forward", "decision", "question", "answer"), *("feedback", "refusal", "receipt")]
TYPES += ["note", "recall", "waiver"]
SOMEBODY = st.sampled_from([AMK, SHG, GGZ])
ANYTHING = st.builds(
    Say,
    number=st.integers(1, 9),
    type_=st.sampled_from(TYPES),
    sender=SOMEBODY,
    recipient=SOMEBODY,
    cause=st.integers(0, 9),
    day=st.integers(0, 4),
    says=st.sampled_from([(), YES, OUTCOME, RECALL.says, (("waived_obligation", "ob-answer"),)]),
    outcome=st.sampled_from(["released", "refused", "receipt"]),
    emergency=st.booleans(),
    reason=st.sampled_from(["group-forbidden", "loop"]),
)


@given(st.lists(ANYTHING, max_size=10, unique_by=lambda said: said.fact().decision_id), st.randoms())
@settings(max_examples=300, deadline=None)
def test_no_order_shows_in_nonsense_either(said: list[Say], chance: Random) -> None:
    """Reused ids, circles, answers before questions: the same set gives the same state in any split."""
    shuffled = [each.fact() for each in said]
    chance.shuffle(shuffled)
    half = track_all(CaseState(), shuffled[: len(shuffled) // 2], rules())

    assert track_all(half, shuffled[len(shuffled) // 2 :], rules()) == play(*said)


@given(st.lists(ANYTHING, max_size=10, unique_by=lambda said: said.fact().decision_id))
@settings(max_examples=500, deadline=None)
def test_going_on_equals_starting_afresh(said: list[Say]) -> None:
    """What the fold remembers between facts never changes what it finds."""
    ruled, state = rules(), CaseState()
    for each in said:
        state = track(state, each.fact(), ruled)

    assert state == play(*said)


def test_a_repeated_id_with_another_cause_does_not_depend_on_order() -> None:
    """The earliest fact of an id says what caused it, also for what comes in later."""
    first = Say(4, "note", AMK, SHG, cause=8)
    again = Say(4, "recall", AMK, SHG, cause=1, day=3, says=RECALL.says)
    late = Say(1, "question", AMK, SHG, day=1)
    ruled, state = rules(), CaseState()
    for each in (again, first, late):
        state = track(state, each.fact(), ruled)

    assert state == play(late, first, again)


def test_a_state_without_its_memory_goes_on_as_well() -> None:
    """A stored case is its facts."""
    kept = CaseState(play(REPORT).facts)

    assert track(kept, DECISION.fact(), rules()) == play(REPORT, DECISION)


@given(st.lists(ANYTHING, max_size=10))
@settings(max_examples=100, deadline=None)
def test_each_obligation_stands_there_once(said: list[Say]) -> None:
    """No id twice, whatever happened."""
    ids = [each.obligation_id for each in play(*said).obligations]

    assert len(ids) == len(set(ids))
