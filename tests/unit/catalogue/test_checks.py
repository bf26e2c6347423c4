"""Named checks: when they fail, and that they answer with names only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.catalogue.bsn import reference_holds_bsn
from broker.catalogue.checks import (
    CHECKS,
    Clear,
    contains_bsn,
    failed_checks,
    is_bsn,
    needed_groups,
    require_arguments,
)
from broker.catalogue.load import load_catalogue
from broker.catalogue.model import MessageEntry, NamedCheck
from broker.errors import ConfigurationError
from broker.moments import from_text
from broker.names import GroupName, MessageCode, Regime
from schemas.reading import packaged

ENTRY = load_catalogue(packaged()).messages[MessageCode("E05")]
TEST_BSN = "999900006"


def entry(check: str, **arguments: object) -> MessageEntry:
    """A type with this one check."""
    return replace(ENTRY, assertions=(), checks=(NamedCheck(check, arguments, "A43"),))


def failures(one: MessageEntry, groups: dict[str, object], **assertions: str) -> tuple[str, ...]:
    """What fails in R1, in March 2014."""
    return failures_at(one, groups, Regime.R1, "2014-03-03T12:00:00Z", assertions)


def failures_at(
    one: MessageEntry, groups: dict[str, object], regime: Regime, at: str, assertions: dict[str, str]
) -> tuple[str, ...]:
    """What fails in a message of this regime and moment."""
    named = {GroupName(name): value for name, value in groups.items()}
    return failed_checks(one, named, Clear(assertions, regime, from_text(at)))


SETS = entry("one-set", group="CH", sets=[["bsn"], ["name", "born"]])
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
        pytest.param(SETS, {"CH": [{"bsn": "1"}, {"name": "a", "born": "b"}]}, (), id="either-set"),
        pytest.param(SETS, {"CH": [{"bsn": "1"}, {"name": "a"}]}, ("CH.born",), id="half-a-set"),
        pytest.param(SETS, {}, (), id="no-record-no-set"),
        pytest.param(
            entry("allowed-values", group="RP", field="c", values=["politie"]),
            {"RP": {"c": "politie"}},
            (),
            id="allowed-value",
        ),
        pytest.param(
            entry("allowed-values", group="RP", field="c", values=["politie"]),
            {"RP": {"c": "ggz"}},
            ("RP.c",),
            id="other-value",
        ),
        pytest.param(
            entry("some-value", group="AT", field="c", equals="form"),
            {"AT": [{"c": "letter"}, {"c": "form"}]},
            (),
            id="a-form-among-letters",
        ),
        pytest.param(
            entry("some-value", group="AT", field="c", equals="form"),
            {"AT": [{"c": "letter"}]},
            ("AT.c",),
            id="no-form",
        ),
        pytest.param(entry("single", group="GU"), {"GU": [{"name": "a"}]}, (), id="one-person"),
        pytest.param(
            entry("single", group="GU"), {"GU": [{"name": "a"}, {"name": "b"}]}, ("GU",), id="two-persons"
        ),
        pytest.param(entry("any-group", groups=["CH", "UB"]), {"UB": {"m": "a"}}, (), id="second-group"),
        pytest.param(entry("any-group", groups=["CH", "UB"]), {"CH": []}, ("CH", "UB"), id="neither-group"),
        pytest.param(
            entry("absent-with", group="CH", fields=["name"], other="GU"),
            {"CH": [{"name": "a"}], "GU": [{"name": "b"}]},
            ("CH.name",),
            id="named-beside-the-patient",
        ),
        pytest.param(
            entry("absent-with", group="CH", fields=["name"], other="GU"),
            {"CH": [{"name": "a"}]},
            (),
            id="named-as-the-patient",
        ),
        pytest.param(
            entry("only-when-any", group="PO", field="a", flags=["SA.acute", "SA.weapon"]),
            {"PO": {"a": "x"}, "SA": {"acute": False, "weapon": True}},
            (),
            id="needed-for-safety",
        ),
        pytest.param(
            entry("only-when-any", group="PO", field="a", flags=["SA.acute", "SA.weapon"]),
            {"PO": {"a": "x"}, "SA": {"acute": False}},
            ("PO.a",),
            id="not-needed-for-safety",
        ),
        pytest.param(
            entry("no-bsn", texts=("CO.text",), references=()),
            {"CO": {"text": f"bsn {TEST_BSN}"}},
            ("CO.text",),
            id="bsn",
        ),
        pytest.param(
            entry("no-bsn", texts=("CO.text",), references=()), {"CO": {"text": None}}, (), id="no-text"
        ),
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
        "9999  00  006",
        "9999\u00a000\u00a0006",
        "9999\u201300\u2013006",
        "9999\u200b00\u200b006",
        "9999|00|006",
        "9999 - 00 - 006",
        "99990\n0006",
        "９９９９.００.００６",
        "⁹⁹⁹⁹⁰⁰⁰⁰⁶",
        "0123456782",
    ],
)
def test_a_bsn_in_text_is_found(text: str) -> None:
    """However it is written in groups."""
    assert contains_bsn(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "999900007",
        "0612345678",
        "020-1234569",
        "+31123456782",
        "9999 met 00006",
        "0" * 9,
        "99990000612",
        "2014-03-02 21:15",
    ],
)
def test_another_number_is_not_a_bsn(text: str) -> None:
    """Phone numbers, dates and longer numbers pass."""
    assert not contains_bsn(text)


@pytest.mark.parametrize("reference", [TEST_BSN, "9999.00.006", f"ZAAK-{TEST_BSN}", f"PL0900 {TEST_BSN}"])
def test_a_bsn_as_a_reference_is_found(reference: str) -> None:
    """Unbroken, or with nothing else."""
    assert reference_holds_bsn(reference)


@pytest.mark.parametrize(
    "reference", ["PL0900-2013123456", "PL99-9900006", "C/16/345678 / JE RK 13-2134", "12a"]
)
def test_a_reference_with_a_year_and_a_number_is_none(reference: str) -> None:
    """Numbers of cases and reports are written in groups of their own."""
    assert not reference_holds_bsn(reference)


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


@pytest.mark.parametrize(
    ("kind", "groups", "failed"),
    [
        pytest.param("answer", {"AN": {"facts": "x"}}, (), id="answer"),
        pytest.param("answer", {}, ("AN",), id="answer-without-facts"),
        pytest.param("refusal", {}, (), id="refusal"),
        pytest.param("refusal", {"MP": {"x": 1}}, ("MP",), id="refusal-with-facts"),
    ],
)
def test_an_assertion_decides_which_groups_are_there(
    kind: str, groups: dict[str, object], failed: tuple[str, ...]
) -> None:
    """An answer holds facts, and a refusal holds none."""
    rules = (
        NamedCheck("group-when", {"group": "AN", "assertion": "kind", "equals": "answer"}, "A43"),
        NamedCheck(
            "no-groups-when", {"groups": ["AN", "MP"], "assertion": "kind", "equals": "refusal"}, "A43"
        ),
    )

    assert failures(replace(ENTRY, assertions=(), checks=rules), groups, kind=kind) == failed


@pytest.mark.parametrize(
    ("said", "value", "failed"),
    [
        pytest.param("true", True, (), id="due-and-imposed"),
        pytest.param("true", False, ("ME.imposed",), id="due-but-not-imposed"),
        pytest.param("true", None, ("ME.imposed",), id="due-but-not-said"),
        pytest.param("false", True, (), id="no-meaning-given"),
    ],
)
def test_an_asserted_value_has_its_meaning(said: str, value: object, failed: tuple[str, ...]) -> None:
    """A value without listed meanings leaves the field free."""
    one = entry("meaning", assertion="due", group="ME", field="imposed", meanings={"true": [True]})

    assert failures(one, {"ME": {"imposed": value}}, due=said) == failed


@pytest.mark.parametrize(
    ("regime", "failed"), [(Regime.R1, ("BA.code",)), (Regime.R0, ("BA.code",)), (Regime.R2, ())]
)
def test_a_value_may_be_bound_to_a_regime(regime: Regime, failed: tuple[str, ...]) -> None:
    """The duty to inform whoever executes a measure exists in R2 only (domain 4.8, 8)."""
    one = entry("regime-bound", group="BA", field="code", equals="DUTY_OTS", regimes=["R2"])
    at = "2015-03-03T12:00:00Z"

    assert failures_at(one, {"BA": {"code": "DUTY_OTS"}}, regime, at, {}) == failed
    assert failures_at(one, {"BA": {"code": "MELDRECHT"}}, regime, at, {}) == ()


@pytest.mark.parametrize(
    ("regime", "at", "failed"),
    [
        pytest.param(Regime.R0, "2013-03-03T12:00:00Z", ("CH.bsn",), id="before-any-law"),
        pytest.param(Regime.R1, "2014-06-14T21:59:59Z", ("CH.bsn",), id="the-last-second-before"),
        pytest.param(Regime.R1, "2014-06-14T22:00:00Z", (), id="midnight-in-amsterdam"),
        pytest.param(Regime.R2, "2015-03-03T12:00:00Z", (), id="next-regime"),
    ],
)
def test_a_number_needs_a_ground_on_its_day(regime: Regime, at: str, failed: tuple[str, ...]) -> None:
    """The BSN of youth care became law in the middle of June 2014 (domain 4.6, 8)."""
    one = entry("number-ground", fields=["CH.bsn"], since={"R1": "2014-06-15", "R2": "2015-01-01"})

    assert failures_at(one, {"CH": [{"bsn": TEST_BSN}]}, regime, at, {}) == failed
    assert failures_at(one, {"CH": [{"bsn": None}]}, regime, at, {}) == ()


def test_a_template_is_told_which_groups_it_needs() -> None:
    """One of the alternatives, and what the assertion asks for."""
    rules = (
        NamedCheck("any-group", {"groups": ["GU", "CH"]}, "A43"),
        NamedCheck("group-when", {"group": "AN", "assertion": "kind", "equals": "answer"}, "A43"),
    )
    one = replace(ENTRY, checks=rules)

    assert needed_groups(one, {"kind": "answer"}) == ("GU", "AN")
    assert needed_groups(one, {"kind": "refusal"}) == ("GU",)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        pytest.param("not-empty", {"group": ""}, id="empty-name"),
        pytest.param("at-least", {"group": "DE", "field": "n", "minimum": "2"}, id="text-for-a-number"),
        pytest.param("at-least", {"group": "DE", "field": "n", "minimum": True}, id="flag-for-a-number"),
        pytest.param("any-group", {"groups": "CH"}, id="name-for-a-list"),
        pytest.param("any-group", {"groups": []}, id="empty-list"),
        pytest.param("one-set", {"group": "CH", "sets": ["bsn"]}, id="names-for-sets"),
        pytest.param("allowed-values", {"group": "RP", "field": "c", "values": [None]}, id="null-value"),
        pytest.param("number-ground", {"fields": ["CH.b"], "since": {"R9": "2014-06-15"}}, id="no-regime"),
        pytest.param("number-ground", {"fields": ["CH.b"], "since": {"R1": "June"}}, id="no-date"),
        pytest.param("number-ground", {"fields": ["CH.b"], "since": ["R1"]}, id="list-for-dates"),
        pytest.param(
            "regime-bound", {"group": "BA", "field": "c", "equals": "x", "regimes": ["R3"]}, id="regime"
        ),
        pytest.param(
            "meaning", {"assertion": "a", "group": "G", "field": "f", "meanings": {"x": "y"}}, id="meanings"
        ),
    ],
)
def test_an_argument_of_another_form_is_refused(name: str, arguments: dict[str, object]) -> None:
    """A check that is written wrongly stops the start, not a message."""
    with pytest.raises(ConfigurationError):
        require_arguments(NamedCheck(name, arguments, "A43"), "messages.E01.checks")


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_check_without_its_arguments_is_refused(name: str) -> None:
    """A check that is written wrongly stops the start, not a message."""
    with pytest.raises(ConfigurationError):
        require_arguments(NamedCheck(name, {}, "A43"), "messages.E01.checks")
