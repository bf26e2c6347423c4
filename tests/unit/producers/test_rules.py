"""What follows from a form by the rule of each sending role, and why nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.moments import to_text
from broker.names import MessageCode, Micros
from producers.emergency_department import TRIGGERS, report_parent
from producers.form_folder import Forms
from producers.forms import Form, NotSent, Rule
from producers.institution import ROUTES, report_colleague
from producers.police_care_report import report_care
from producers.shg_intake import forward_to_amk
from producers.tray import Tray
from tests.tray_world import document, files, form, put, read
from tests.world import NOON, World

HOUR = 3_600_000_000
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
    view = World().view
    for sector, regimes in ROUTES.items():
        for regime, routes in regimes.items():
            for code, role, basis in routes:
                entry = view.catalogue.messages[MessageCode(code)]
                (check,) = [c for c in entry.checks if c.name == "routed"]
                assert role in check.arguments["routes"][regime][sector]  # type: ignore[index]
                assert basis in entry.legal_bases


def filled(world: World, **facts: object) -> dict[str, object]:
    """The intake form of an SHG, with more in its record than a report may carry."""
    record = document(world.view, "E01", "amk-noord")["groups"]
    record = {**record, "MC": {"diagnosis": "x"}, "CO": {**record["CO"], "private_note": "x"}}
    return {"to": {"AMK": "amk-noord"}, "facts": {**BOTH, **facts}, "record": record}


def test_a_form_becomes_a_message_that_may_be_sent(tmp_path: Path) -> None:
    """What the type does not carry stays in the file of the agency; the rest is sent as it is."""
    world, tray, forms = World(), Tray(tmp_path), Forms(tmp_path, forward_to_amk)
    put(tmp_path / "forms" / "intake.json", filled(world))

    taken = list(forms.take(tray, world.view, NOON))
    with world.publisher("shg-noord") as publisher:
        (sent,) = tray.send(publisher)

    groups = read(tmp_path / "sent" / sent.name)["groups"]
    assert ([o.state for o in taken], sent.state) == (["taken"], "sent")
    assert "MC" not in groups
    assert "private_note" not in groups["CO"]


def test_the_same_form_twice_is_one_message_and_a_corrected_one_another(tmp_path: Path) -> None:
    """A crash between writing the message and moving the form sends nothing twice."""
    world, tray, forms = World(), Tray(tmp_path), Forms(tmp_path, forward_to_amk)
    corrected = filled(world) | {"urgency": "acute"}
    counts = []

    for content in (filled(world), filled(world), corrected):
        put(tmp_path / "forms" / "intake.json", content)
        list(forms.take(tray, world.view, NOON))
        counts.append(len(files(tmp_path / "out")))

    assert counts == [1, 1, 2]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param({"facts": {"children_in_family": True}}, "not-filled-in", id="fact"),
        pytest.param([1], "not-a-form", id="list"),
        pytest.param({"facts": []}, "not-a-form", id="facts"),
        pytest.param({"to": {}, "facts": BOTH}, "no-addressee", id="addressee"),
    ],
)
def test_a_form_that_is_not_sent_lies_beside_its_reason(tmp_path: Path, content: object, reason: str) -> None:
    """Nothing is put in the tray; the reason is a code and names."""
    world, tray, forms = World(), Tray(tmp_path), Forms(tmp_path, forward_to_amk)
    put(tmp_path / "forms" / "intake.json", content)

    (outcome,) = forms.take(tray, world.view, NOON)

    assert (outcome.state, files(tmp_path / "out")) == ("not-sent", [])
    assert read(tmp_path / "not-sent" / "intake.reason.json")["reason"] == reason
