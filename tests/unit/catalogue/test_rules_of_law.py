"""What the checks of E06 to E16 refuse, from the template of each type with one thing changed."""

from __future__ import annotations

from functools import cache

import pytest

from broker.catalogue.checks import Clear, failed_checks, needed_groups
from broker.catalogue.load import load_catalogue
from broker.moments import from_text
from broker.names import GroupName, MessageCode, Regime
from broker.records.model import GroupValue
from broker.records.schema import MessageSchema
from broker.records.template import template
from schemas.reading import packaged

CATALOGUE = load_catalogue(packaged())
PATIENT = {"surname": "Testkind", "first_names": "Fenna", "birth_date": "2006-05-17"}
PATIENT |= {"postcode": "0000AA", "house_number": "1"}
BEFORE, AFTER = "2014-06-14T21:59:59Z", "2014-06-15T12:00:00Z"


@cache
def schema_of(code: str) -> MessageSchema:
    """The current schema of a type."""
    return MessageSchema.parse(packaged()[f"messages/{code}/1.avsc"])


def refused(
    code: str,
    changes: dict[str, GroupValue | None],
    regime: Regime = Regime.R1,
    at: str = AFTER,
    **asserted: str,
) -> tuple[str, ...]:
    """What fails when groups of the template are changed, or left out (None)."""
    entry = CATALOGUE.messages[MessageCode(code)]
    assertions = {a.name: a.value or a.values[0] for a in entry.assertions} | asserted
    groups = dict(template(schema_of(code), also=needed_groups(entry, assertions)))
    for name, value in changes.items():
        groups.pop(GroupName(name), None)
        if value is not None:
            groups[GroupName(name)] = value
    return failed_checks(entry, groups, Clear(assertions, regime, from_text(at)))


def changed(code: str, group: str, **fields: object) -> dict[str, GroupValue | None]:
    """The template's group with other fields."""
    value = template(schema_of(code), everything=True)[GroupName(group)]
    record = value[0] if isinstance(value, list) else value
    assert isinstance(record, dict)
    record |= fields
    return {group: [record] if isinstance(value, list) else record}


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        pytest.param(changed("E06", "QU", severity_code=None), ("QU.severity_code",), id="no-gravity"),
        pytest.param(
            changed("E06", "QU", concern_nature_for_weighing=None),
            ("QU.concern_nature_for_weighing",),
            id="no-nature",
        ),
        pytest.param(changed("E06", "QU", question_text=None), ("QU.question_text",), id="no-question"),
        pytest.param({"GU": None}, ("GU", "CH"), id="no-patient"),
        pytest.param({"CH": [{"initials": "F.", "age": 7}]}, (), id="children-by-initials"),
        pytest.param({"GU": None, "CH": [PATIENT]}, (), id="a-child-is-the-patient"),
    ],
)
def test_a_question_can_be_weighed(changes: dict[str, GroupValue | None], failed: tuple[str, ...]) -> None:
    """It has a patient, a question, nature and gravity (sources.md 4.8, 5)."""
    assert refused("E06", changes) == failed


def test_children_beside_a_patient_are_not_named() -> None:
    """A parent's therapist needs no names of the children (sources.md 4.4)."""
    assert set(refused("E06", {"CH": [PATIENT]})) == {f"CH.{name}" for name in PATIENT}


@pytest.mark.parametrize("regime", list(Regime))
def test_a_duty_to_inform_exists_in_the_last_regime_only(regime: Regime) -> None:
    """L07 is of the Jeugdwet (sources.md 4.8, 8)."""
    failed = () if regime is Regime.R2 else ("BA.disclosure_basis_code",)

    assert refused("E07", changed("E07", "BA", disclosure_basis_code="DUTY_OTS"), regime) == failed


@pytest.mark.parametrize(
    ("kind", "changes", "failed"),
    [
        pytest.param("answer", {}, (), id="answer"),
        pytest.param("answer", {"AN": None}, ("AN",), id="answer-without-facts"),
        pytest.param("refusal", {}, ("BA.refusal_flag", "BA.disclosure_basis_code"), id="not-what-it-says"),
        pytest.param(
            "refusal",
            changed(
                "E07",
                "BA",
                refusal_flag=True,
                disclosure_basis_code="REFUSED",
                refusal_reason_code="geen_toestemming",
            ),
            (),
            id="refusal",
        ),
        pytest.param(
            "refusal",
            changed("E07", "BA", refusal_flag=True, disclosure_basis_code="REFUSED"),
            ("BA.refusal_reason_code",),
            id="refusal-without-reason",
        ),
        pytest.param(
            "answer",
            changed("E07", "BA", disclosure_basis_code="CONSENT_WRITTEN", consent_ref=None),
            ("BA.consent_ref",),
            id="consent-nobody-can-find",
        ),
    ],
)
def test_an_answer_or_refusal_is_what_it_says(
    kind: str, changes: dict[str, GroupValue | None], failed: tuple[str, ...]
) -> None:
    """The clear assertion and the basis of disclosure agree, and a refusal says why (P35)."""
    assert refused("E07", changes, answer_kind=kind) == failed


def test_a_refusal_holds_no_facts() -> None:
    """Not even some."""
    facts = template(schema_of("E07"), everything=True)
    changes = {name: facts[GroupName(name)] for name in ("MC", "MP", "AN", "AT")}

    assert set(refused("E07", dict(changes), answer_kind="refusal")) >= {"MC", "MP", "AN", "AT"}


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        pytest.param(
            {"IN": {"parents_informed_flag": False}}, ("IN.not_informed_reason_code",), id="no-reason"
        ),
        pytest.param({"IN": {"parents_informed_flag": True}}, (), id="informed"),
        pytest.param({"CH": None}, ("CH", "UB"), id="no-child"),
        pytest.param({"CH": None, "UB": [{"mother_name": "Voorbeeld, M."}]}, (), id="unborn"),
        pytest.param(
            changed("E09", "AT", attachment_class="rapport"), ("AT.attachment_class",), id="no-request-form"
        ),
        pytest.param(changed("E09", "GU", phone=None, email=None), ("GU.phone", "GU.email"), id="no-contact"),
        pytest.param(
            changed("E09", "CH", child_bsn=None, house_number=None), ("CH.house_number",), id="not-identified"
        ),
    ],
)
def test_a_request_for_investigation_is_complete(
    changes: dict[str, GroupValue | None], failed: tuple[str, ...]
) -> None:
    """Child or unborn child, contact, form, and why parents were not told (sources.md 4.8, 6)."""
    assert refused("E09", changes) == failed


@pytest.mark.parametrize("code", ["E06", "E09", "E11", "E12"])
@pytest.mark.parametrize(
    ("regime", "at", "lawful"),
    [
        pytest.param(Regime.R0, AFTER, False, id="no-ground"),
        pytest.param(Regime.R1, BEFORE, False, id="before-the-day"),
        pytest.param(Regime.R1, AFTER, True, id="from-the-day"),
        pytest.param(Regime.R2, "2015-01-01T00:00:00Z", True, id="next-regime"),
    ],
)
def test_a_bsn_before_its_law_is_refused(code: str, regime: Regime, at: str, lawful: bool) -> None:
    """Numbers of youth care became lawful in June 2014 (sources.md 4.8, 8; A52)."""
    changes = {"GU": None} if code == "E06" else {}
    failed = refused(code, changes | changed(code, "CH", child_bsn="999900006"), regime, at)

    assert failed == (() if lawful else ("CH.child_bsn",))


def test_a_ruling_without_a_measure_starts_no_execution() -> None:
    """Nobody owes a supervisor for a measure that was not imposed (L18)."""
    changes = changed("E14", "ME", measure_imposed_flag=False, measure_type=None, placement_flag=None)

    assert refused("E14", changes, execution_due="true") == ("ME.measure_imposed_flag",)
    assert refused("E14", changes, execution_due="false") == ()


def test_a_petition_says_of_what_kind() -> None:
    """An outcome with a petition names it, and without one does not (P13)."""
    assert refused("E12", changed("E12", "ME", petition_type=None)) == ("ME.petition_type",)
    assert refused("E12", changed("E12", "ME", petition_flag=False)) == ("ME.petition_type",)


def test_an_event_of_execution_is_the_one_asserted() -> None:
    """Terms close on the assertion, so it cannot differ from what the Raad reads (L18)."""
    assert refused("E15", {}, execution_event="plan") == ("EV.event_code",)


def test_earlier_offences_need_a_reason_of_safety() -> None:
    """Otherwise they stay with the police (sources.md 4.4)."""
    changes = changed("E16", "PO", antecedents_summary="Testgegevens: geen.")

    assert refused("E16", changes) == ("PO.antecedents_summary",)
    assert refused("E16", changes | changed("E16", "SA", weapon_flag=True)) == ()


def test_a_police_report_comes_from_the_police() -> None:
    """The capacity of the reporter is theirs."""
    assert refused("E16", changed("E16", "RP", reporter_capacity_code="ggz")) == (
        "RP.reporter_capacity_code",
    )


@pytest.mark.parametrize(
    ("code", "opened"),
    [
        ("E01", "OB-ACK OB-DECIDE OB-FB-START OB-INFORM"),
        ("E06", "OB-ACK OB-ANSWER"),
        ("E07", "OB-ACK OB-FB-INFORMANT OB-INFORM"),
        ("E09", "OB-ACK OB-INTAKE"),
        ("E10", "OB-ACK OB-FORWARD OB-INFORM OB-TELL-FORWARD"),
        ("E11", "OB-ACK OB-RESULT"),
        ("E14", "OB-ACK OB-PLAN OB-START"),
        ("E16", "OB-ACK OB-DECIDE OB-FB-START OB-INFORM"),
    ],
)
def test_a_message_opens_what_the_law_expects_next(code: str, opened: str) -> None:
    """The state machine of feedback (sources.md 4.7)."""
    effects = CATALOGUE.messages[MessageCode(code)].obligations

    assert sorted(o.code for o in effects if o.effect == "opens") == opened.split()


@pytest.mark.parametrize(
    "code",
    sorted({o.code for e in CATALOGUE.messages.values() for o in e.obligations if o.effect == "opens"}),
)
def test_what_is_opened_can_be_closed(code: str) -> None:
    """An obligation that no message closes would always be overdue."""
    closing = {o.code for e in CATALOGUE.messages.values() for o in e.obligations if o.effect == "closes"}
    by_other_means = {"OB-CORRECT", "OB-INFORM"}

    assert code in closing | by_other_means
