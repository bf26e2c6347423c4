"""The grammar of questions."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.audit.query import FIELDS, Column, Condition, QueryNames, parse_query
from broker.errors import UsageError
from broker.moments import LAST_MOMENT
from broker.names import MessageType, Oin

NAMES = QueryNames(
    {"amk-noord": Oin("00000099000000001000")}, {"E01": MessageType("nl.beschermingszaken.melding.v1")}
)
CASE = "00112233445566778899aabbccddeeff"


def conditions(text: str) -> tuple[tuple[Condition, ...], ...]:
    """What must hold."""
    return parse_query(text, NAMES).required


@pytest.mark.parametrize(
    ("word", "column", "value"),
    [
        ("from:amk-noord", Column.SENDER, "00000099000000001000"),
        ("from:00000099000000002000", Column.SENDER, "00000099000000002000"),
        ("from:shg", Column.SENDER_ROLE, "shg"),
        ("to:RvdK", Column.RECIPIENT_ROLE, "rvdk"),
        ("type:E01", Column.MESSAGE_TYPE, "nl.beschermingszaken.melding.v1"),
        ("type:e01", Column.MESSAGE_TYPE, "nl.beschermingszaken.melding.v1"),
        ("type:nl.beschermingszaken.x.v2", Column.MESSAGE_TYPE, "nl.beschermingszaken.x.v2"),
        ("decision:refused", Column.OUTCOME, "refused"),
        ("reason:group-forbidden", Column.REASON, "group-forbidden"),
        (f"case:{CASE}", Column.CASE_REF, bytes.fromhex(CASE)),
        ("message:00112233-4455-6677-8899-AABBCCDDEEFF", Column.MESSAGE_ID, bytes.fromhex(CASE)),
        ("agreement:convenant-noord", Column.AGREEMENT_ID, "convenant-noord"),
        ("step:11", Column.STEP, 11),
        (f"subject:{CASE}", Column.SUBJECT, bytes.fromhex(CASE)),
    ],
)
def test_a_word_asks_for_a_column(word: str, column: Column, value: object) -> None:
    """Each field is understood as what it names."""
    assert conditions(word) == ((Condition(column, value),),)  # type: ignore[arg-type]


def test_words_of_one_field_are_alternatives() -> None:
    """Different fields must all hold; of one field, one."""
    groups = conditions("type:E01 decision:refused decision:quarantined")

    assert [len(group) for group in groups] == [1, 2]


def test_a_dash_excludes() -> None:
    """`-type:E01` is everything else."""
    query = parse_query("-type:E01", NAMES)

    assert query.required == ()
    assert [condition.column for condition in query.excluded] == [Column.MESSAGE_TYPE]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("period:2026-05", "2026-04-30T22:00", "2026-05-31T22:00"),
        ("period:2026-11..2026-12", "2026-10-31T23:00", "2026-12-31T23:00"),
        ("period:2026", "2025-12-31T23:00", "2026-12-31T23:00"),
        ("period:2026-05-03", "2026-05-02T22:00", "2026-05-03T22:00"),
        ("period:2026-05-03T14", "2026-05-03T12:00", "2026-05-03T13:00"),
        ("period:2026-05-30..2026-06", "2026-05-29T22:00", "2026-06-30T22:00"),
        ("period:..2026-05", "1970-01-01T00:00", "2026-05-31T22:00"),
        ("period:2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),
    ],
)
def test_a_period_is_one_of_the_dutch_calendar(text: str, start: str, end: str) -> None:
    """Midnight in Amsterdam, whatever the season."""
    period = parse_query(text, NAMES).period

    assert period is not None
    moments = [
        datetime.fromtimestamp(m / 1e6, UTC).strftime("%Y-%m-%dT%H:%M") for m in (period.start, period.end)
    ]
    assert moments == [start, end]


@pytest.mark.parametrize(
    "word",
    [
        *(
            "shg",
            "colour:red",
            "from:",
            "decision:maybe",
            "step:17",
            "case:1",
            "period:20",
            "period:2026-13",
            "period:2026-04-31",
            "period:2026-05-01T24",
            "period:..",
            "step:9..3",
            "step:3..",
            "subject:1",
        ),
        *(
            "period:2026-06..2026-05",
            "-period:2026-05",
            "type:E99",
            "message:x",
            "to:nobody-at-all",
            "reason:É",
        ),
        *("period:0000-01", "period:9999-12", ":", "-", "--from:shg"),
    ],
)
def test_a_word_that_is_not_understood_is_named(word: str) -> None:
    """The error says which word."""
    with pytest.raises(UsageError) as caught:
        parse_query(f"from:shg {word}", NAMES)

    assert repr(word) in str(caught.value)


def test_a_range_of_steps_holds_both_ends() -> None:
    """From the first to the last, both included."""
    assert conditions("step:3..9") == ((Condition(Column.STEP, 3, 9),),)


def test_an_open_period_has_no_end() -> None:
    """From then on."""
    period = parse_query("period:2026-05..", NAMES).period

    assert period is not None
    assert period.end == LAST_MOMENT


def test_the_written_form_does_not_depend_on_order_or_repeats() -> None:
    """What is recorded of a question is the same for all who ask the same."""
    one = parse_query("-type:E01 to:amk from:shg from:shg", NAMES)

    assert one.text == parse_query("from:shg  to:amk -type:E01", NAMES).text == "from:shg to:amk -type:E01"


def test_two_periods_are_one_too_many() -> None:
    """There is one period or none."""
    with pytest.raises(UsageError):
        parse_query("period:2026-05 period:2026-06", NAMES)


@given(st.text(max_size=100), st.sampled_from(sorted(FIELDS)))
def test_noise_is_a_usage_error_and_nothing_else(noise: str, field: str) -> None:
    """Whatever the text, the only error is UsageError."""
    for text in (noise, f"{field}:{noise}", f"-{field}:{noise}"):
        with suppress(UsageError):
            parse_query(text, NAMES)


def test_a_query_has_a_limit() -> None:
    """A long text is refused before it is read."""
    with pytest.raises(UsageError):
        parse_query("step:1 " * 65, NAMES)
