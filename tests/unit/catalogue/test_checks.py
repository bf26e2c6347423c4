"""Named checks: when they fail, and that they answer with names only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.catalogue.checks import CHECKS, contains_bsn, failed_checks, is_bsn, require_arguments
from broker.catalogue.load import load_catalogue
from broker.catalogue.model import MessageEntry, NamedCheck
from broker.errors import ConfigurationError
from broker.names import GroupName, MessageCode
from schemas.reading import packaged

ENTRY = load_catalogue(packaged()).messages[MessageCode("E05")]
TEST_BSN = "999900006"


def entry(check: str, **arguments: object) -> MessageEntry:
    """A type with this one check."""
    return replace(ENTRY, assertions=(), checks=(NamedCheck(check, arguments, "A43"),))


def failures(one: MessageEntry, groups: dict[str, object], **assertions: str) -> tuple[str, ...]:
    """What fails."""
    return failed_checks(one, {GroupName(name): value for name, value in groups.items()}, assertions)


WHEN = {"group": "IN", "field": "reason", "when_field": "informed", "equals": False}


@pytest.mark.parametrize(
    ("one", "groups", "failed"),
    [
        pytest.param(entry("not-empty", group="QU"), {"QU": {"text": "why"}}, (), id="not-empty"),
        pytest.param(entry("not-empty", group="QU"), {"QU": {"text": None}}, ("QU",), id="empty-record"),
        pytest.param(entry("not-empty", group="CH"), {"CH": []}, ("CH",), id="empty-list"),
        pytest.param(entry("not-empty", group="CH"), {}, ("CH",), id="absent"),
        pytest.param(
            entry("value-present", group="CH", field="surname"),
            {"CH": [{"surname": "Testkind"}, {"surname": None}]},
            ("CH.surname",),
            id="one-child-without-name",
        ),
        pytest.param(entry("value-present", group="CH", field="surname"), {}, (), id="no-children-no-names"),
        pytest.param(entry("flag-true", group="AP", field="f"), {"AP": [{"f": True}]}, (), id="flag"),
        pytest.param(
            entry("flag-true", group="AP", field="f"),
            {"AP": [{"f": True}, {"f": False}]},
            ("AP.f",),
            id="flag-false",
        ),
        pytest.param(entry("at-least", group="DE", field="n", minimum=2), {"DE": {"n": 2}}, (), id="enough"),
        pytest.param(
            entry("at-least", group="DE", field="n", minimum=2), {"DE": {"n": 1}}, ("DE.n",), id="too-few"
        ),
        pytest.param(entry("present-when", **WHEN), {"IN": {"informed": True}}, (), id="informed"),
        pytest.param(
            entry("present-when", **WHEN),
            {"IN": {"informed": False}},
            ("IN.reason",),
            id="not-informed-without-reason",
        ),
        pytest.param(
            entry("present-when", **WHEN),
            {"IN": {"informed": False, "reason": "anders"}},
            (),
            id="reason-given",
        ),
        pytest.param(
            entry("absent-when", **WHEN),
            {"IN": {"informed": False, "reason": "x"}},
            ("IN.reason",),
            id="must-be-absent",
        ),
        pytest.param(
            entry("one-of", group="WK", fields=["phone", "email"]),
            {"WK": {"phone": None}},
            ("WK.phone", "WK.email"),
            id="neither-of-two",
        ),
        pytest.param(
            entry("one-of", group="WK", fields=["phone", "email"]),
            {"WK": {"email": "a"}},
            (),
            id="one-of-two",
        ),
        pytest.param(
            entry("no-bsn", fields=("CO.text",)), {"CO": {"text": f"bsn {TEST_BSN}"}}, ("CO.text",), id="bsn"
        ),
        pytest.param(entry("no-bsn", fields=("CO.text",)), {"CO": {"text": None}}, (), id="no-text"),
    ],
)
def test_a_check_names_what_fails(
    one: MessageEntry, groups: dict[str, object], failed: tuple[str, ...]
) -> None:
    """Group and field by name, or nothing."""
    assert failures(one, groups) == failed


@pytest.mark.parametrize(("asserted", "failed"), [("true", ()), ("false", ("DE.flag",))])
def test_the_clear_assertion_must_say_what_the_field_says(asserted: str, failed: tuple[str, ...]) -> None:
    """What the gate decides on cannot differ from what the recipient reads."""
    one = entry("assertion-equals", assertion="taken", group="DE", field="flag")

    assert failures(one, {"DE": {"flag": True}}, taken=asserted) == failed


@pytest.mark.parametrize(("value", "failed"), [("start", ()), ("later", ("assertion:feedback_stage",))])
def test_an_assertion_has_a_declared_value(value: str, failed: tuple[str, ...]) -> None:
    """Assertions are coded; free text is not an assertion."""
    assert failures(ENTRY, {}, feedback_stage=value) == failed


@pytest.mark.parametrize(
    "text",
    [
        TEST_BSN,
        f"x{TEST_BSN}y",
        "9999.00.006",
        "9999 00 006",
        "tel 0612345678, bsn 999900006.",
        "12 999900006",
    ],
)
def test_a_bsn_in_text_is_found(text: str) -> None:
    """However it is written in groups."""
    assert contains_bsn(text)


@pytest.mark.parametrize("text", ["", "999900007", "0612345678", "0" * 9, "99990000612", "2014-03-02 21:15"])
def test_another_number_is_not_a_bsn(text: str) -> None:
    """Phone numbers, dates and longer numbers pass."""
    assert not contains_bsn(text)


def test_the_known_example_passes_the_eleven_test() -> None:
    """Domain 9.7 works it out: sum 154."""
    assert is_bsn("1234" + "56782")


@given(st.integers(0, 999_999_999), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(number: int, place: int, shift: int) -> None:
    """Changing one digit of a valid number makes it invalid, whichever digit."""
    digits = f"{number:09d}"
    wrong = digits[:place] + str((int(digits[place]) + shift) % 10) + digits[place + 1 :]

    assert not (is_bsn(digits) and is_bsn(wrong))


@given(st.text(max_size=300))
def test_any_text_is_searched_without_failing(text: str) -> None:
    """The search has an answer for every text, digits of other scripts included."""
    assert contains_bsn(text) in (True, False)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_check_without_its_arguments_is_refused(name: str) -> None:
    """A check that is written wrongly stops the start, not a message."""
    with pytest.raises(ConfigurationError):
        require_arguments(NamedCheck(name, {}, "A43"), "messages.E01.checks")
