"""What follows from a form by the rule of each sending role, and why nothing does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.catalogue.model import Assertion
from broker.errors import ConfigurationError
from broker.moments import HOUR, to_text
from broker.names import MessageCode, Micros
from producers.emergency_department import report_parent
from producers.forms import Form, NotSent, Rule
from producers.institution import report_colleague
from producers.police_care_report import report_care
from producers.rules import law_rules, parse_rules
from producers.shg_intake import forward_to_amk
from tests.tray_world import CATALOGUE, form
from tests.world import NOON

TRIGGERS = {trigger.reason: trigger.condition for trigger in law_rules().triggers}
BOTH = {"domestic_violence_report": True, "children_in_family": True}


def incident(hours: float, **safety: bool) -> Form:
    """The form of an incident so many hours ago."""
    at = to_text(Micros(NOON - int(hours * HOUR)))
    police = {"incident_number": "TEST-1", "incident_datetime": at, "antecedents_summary": "Testgegevens."}
    return form({"child_involved": True}, {"PO": police, "SA": {"acute_flag": False, **safety}})


@pytest.mark.parametrize(
    ("rule", "facts", "reason", "names"),
    [
        (
            forward_to_amk,
            {**BOTH, "children_in_family": False},
            "no-duty-to-forward",
            ("children_in_family",),
        ),
        (
            forward_to_amk,
            {**BOTH, "domestic_violence_report": False},
            "no-duty-to-forward",
            ("domestic_violence_report",),
        ),
        (forward_to_amk, {"children_in_family": True}, "not-filled-in", ("domestic_violence_report",)),
        (forward_to_amk, {**BOTH, "children_in_family": "yes"}, "not-filled-in", ("children_in_family",)),
        (forward_to_amk, {**BOTH, "forwarded_by_amk": True}, "never-handed-back", ("forwarded_by_amk",)),
        (report_care, {"child_involved": False}, "no-child-involved", ("child_involved",)),
        (report_care, {"child_involved": True}, "not-filled-in", ("PO.incident_datetime",)),
        (report_parent, {"cares_for_minors": False}, "no-minors-in-care", ("cares_for_minors",)),
        (
            report_parent,
            {"cares_for_minors": True, "er_trigger": "gebroken_been"},
            "no-reason-to-report",
            ("er_trigger",),
        ),
        (
            report_colleague,
            {"possible_abuse": False},
            "no-suspicion",
            ("possible_abuse",),
        ),
        (
            report_colleague,
            {"possible_abuse": True},
            "sector-without-addressee",
            ("AC.sector_code",),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_form_from_which_nothing_follows_says_why(
    rule: Rule, facts: dict[str, object], reason: str, names: tuple[str, ...]
) -> None:
    """A reason code and the names of the facts, no values."""
    with pytest.raises(NotSent) as caught:
        rule(form(facts))

    assert (caught.value.reason, caught.value.names) == (reason, names)


def test_violence_where_children_live_goes_to_the_amk() -> None:
    """Both halves of the predicate hold: E01, and the header asserts both."""
    (wanted,) = forward_to_amk(form(BOTH))

    assert (wanted.code, wanted.to, wanted.assertions) == ("E01", "amk-noord", BOTH)


@pytest.mark.parametrize(
    ("hours", "remark"), [(23.9, ""), (24, ""), (24.1, "late-by-1-hours"), (30, "late-by-6-hours")]
)
def test_a_late_care_report_goes_and_is_called_late(hours: float, remark: str) -> None:
    """24 hours after the incident it is due; after that it is still sent."""
    (wanted,) = report_care(incident(hours))

    assert (wanted.code, wanted.remark) == ("E16", remark)


def test_an_incident_cannot_lie_ahead() -> None:
    """A moment in the future is a mistake, not a report in time."""
    with pytest.raises(NotSent, match="incident-lies-ahead"):
        report_care(incident(-1))


@pytest.mark.parametrize(("danger", "told"), [({}, False), ({"weapon_flag": True}, True)])
def test_earlier_offences_go_only_where_somebody_is_in_danger(danger: dict[str, bool], told: bool) -> None:
    """Without a danger to anybody the summary stays with the police."""
    (wanted,) = report_care(incident(1, **danger))

    assert ("antecedents_summary" in wanted.record["PO"]) == told


@pytest.mark.parametrize("trigger", sorted(TRIGGERS))
def test_of_the_medical_file_goes_what_matters_to_the_child(trigger: str) -> None:
    """Condition and relevant facts, for each reason of a visit; treatment and history stay."""
    medical = {"parent_facts_relevant_to_child": "Testgegevens.", "treatment_status": "in_behandeling"}
    facts = {"cares_for_minors": True, "er_trigger": trigger}

    (wanted,) = report_parent(form(facts, {"MP": medical}))

    assert wanted.code == "E22"
    assert wanted.record["MP"] == {
        "parent_condition_code": TRIGGERS[trigger],
        "er_trigger_code": trigger,
        "parent_facts_relevant_to_child": "Testgegevens.",
    }


@pytest.mark.parametrize(
    ("sector", "regime", "routes"),
    [
        ("jeugdzorg", "R0", [("E21A", "amk-noord", "wjz-21"), ("E21I", "ijz-noord", "meldplicht")]),
        ("jeugdzorg", "R1", [("E21A", "amk-noord", "wjz-21"), ("E21I", "ijz-noord", "meldplicht")]),
        ("jeugdzorg", "R2", [("E21I", "ijz-noord", "jeugdwet-4-1-8")]),
        ("zorg", "R1", [("E21I", "igz-noord", "kwaliteitswet-4a")]),
        ("onderwijs", "R2", [("E21I", "ivho-noord", "wpo-4a")]),
    ],
)
def test_a_colleague_is_reported_to_whom_the_law_names(
    sector: str, regime: str, routes: list[tuple[str, str, str]]
) -> None:
    """By sector and by regime, and under that provision."""
    wanted = report_colleague(form({"possible_abuse": True}, {"AC": {"sector_code": sector}}, regime=regime))

    assert [(message.code, message.to, message.legal_basis) for message in wanted] == routes


def test_childcare_has_no_addressee() -> None:
    """The law of these years names none, and the program does not choose one."""
    with pytest.raises(NotSent, match="sector-without-addressee"):
        report_colleague(form({"possible_abuse": True}, {"AC": {"sector_code": "kinderopvang"}}))


def test_the_routes_are_those_of_the_catalogue() -> None:
    """What the program sends, the catalogue's own check of the sector lets through."""
    for route in law_rules().routes:
        entry = CATALOGUE.messages[MessageCode(route.type)]
        (check,) = [c for c in entry.checks if c.name == "routed"]
        for regime in route.regimes:
            assert route.to in check.arguments["routes"][regime][route.sector]  # type: ignore[index]
        assert route.legal_basis in entry.legal_bases


def test_what_the_intake_asks_is_what_the_type_asserts() -> None:
    """A catalogue that asks for more is followed at once: the program has no list of its own."""
    entry = CATALOGUE.messages[MessageCode("E01")]
    more = replace(entry, assertions=(*entry.assertions, Assertion("seen_by_doctor", "true", "test")))
    asked = replace(CATALOGUE, messages={**CATALOGUE.messages, entry.code: more})

    with pytest.raises(NotSent, match="not-filled-in seen_by_doctor"):
        forward_to_amk(replace(form(BOTH), catalogue=asked))


@pytest.mark.parametrize("regime", [None, "R3", 1, ["R1"]], ids=str)
def test_a_form_without_a_regime_is_not_sent_under_one(regime: object) -> None:
    """Under which law it goes is never guessed."""
    colleague = form({"possible_abuse": True}, {"AC": {"sector_code": "zorg"}}, regime=regime)

    with pytest.raises(NotSent, match="not-filled-in regime"):
        report_colleague(colleague)


@pytest.mark.parametrize(
    ("rule", "facts", "group"),
    [
        (report_parent, {"cares_for_minors": True, "er_trigger": "psychiatrie"}, "MP"),
        (report_care, {"child_involved": True}, "PO"),
        (report_colleague, {"possible_abuse": True}, "AC"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_list_where_one_record_is_meant_is_said(rule: Rule, facts: dict[str, object], group: str) -> None:
    """The name of the group, and no crash."""
    with pytest.raises(NotSent, match=f"not-one-record {group}"):
        rule(form(facts, {group: [{}]}))


def test_rules_of_another_form_are_refused_by_name() -> None:
    """A misspelt key of the file would be a law that is not applied."""
    with pytest.raises(ConfigurationError, match=r"care_report\.hours"):
        parse_rules(b"{routes: [], triggers: [], care_report: {days: 1, source: A12}}")
