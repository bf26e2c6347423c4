"""Rules that are well formed and never bite, and duties that nobody can fulfil, one at a time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from broker.catalogue.document import parse_document
from schemas.reading import packaged
from tests.unit.catalogue.test_lint import changed, found

_NUMBERS = 'since: {R1: "2014-06-15", R2: "2015-01-01"}'
_INFORMED = "field: not_informed_reason_code, when_field: parents_informed_flag, equals: false"


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        pytest.param(_INFORMED, _INFORMED.replace("false", '"false"'), "check-value", id="flag-as-text"),
        pytest.param("equals: CONSENT_WRITTEN", "equals: CONSENT_WRITEN", "check-value", id="code"),
        pytest.param("equals: DUTY_OTS", "equals: DUTY_OST", "check-value", id="code-of-a-regime"),
        pytest.param(
            "check: allowed-values, group: RP, field: reporter_capacity_code, values: [politie]",
            "check: allowed-values, group: RP, field: reporter_capacity_code, values: [politi]",
            "check-value",
            id="one-of-values",
        ),
        pytest.param(
            "meanings: {acute: [true]", "meanings: {acute: [1]", "check-value", id="number-for-flag"
        ),
        pytest.param("meanings: {acute: [true]", "meanings: {urgent: [true]", "check-value", id="assertion"),
        pytest.param(
            'meanings: {"true": [SHG], "false": [BJZ, AMK]}',
            'meanings: {"yes": [SHG], "no": [BJZ, AMK]}',
            "check-value",
            id="addressed",
        ),
        pytest.param("equals: refusal", "equals: refused", "check-value", id="asserted"),
        pytest.param("zorg: [IGZ]", "zorgt: [IGZ]", "check-value", id="route"),
        pytest.param("roles: [AMK, BJZ], source", "roles: [AMKK, BJZ], source", "check-role", id="role"),
        pytest.param("answered: [BJZ]", "answered: [BJZZ]", "check-role", id="addressed-role"),
        pytest.param("asked: [BJZ]", "asked: [AMK]", "check-role", id="sender-role"),
        pytest.param("zorg: [IGZ]", "zorg: [IGG]", "check-role", id="routed-role"),
        pytest.param(
            "authorised_by_count, minimum: 2", "authorised_by_count, minimum: 0", "check-bounds", id="zero"
        ),
        pytest.param("minimum: 1, maximum: 5", "minimum: 5, maximum: 1", "check-bounds", id="turned-round"),
        pytest.param(_NUMBERS, _NUMBERS.replace("2014-06-15", "1900-06-15"), "ground-day", id="too-early"),
        pytest.param(_NUMBERS, _NUMBERS.replace("R1: ", "R0: "), "ground-day", id="no-ground-at-all"),
        pytest.param("decision: {amount: 5, unit: days", "decision: {amount: 91, unit: days", "days-of-rest"),
        pytest.param(
            'unit: weeks, source: "L14; L25',
            'unit: weeks, termijnenwet: true, source: "L14; L25',
            "days-of-rest",
        ),
        pytest.param(
            "values: [ob-answer, ", "values: [ob-decide, ob-answer, ", "not-waivable", id="of-the-child"
        ),
        pytest.param(
            "values: [ob-answer, ", "values: [ob-none, ob-answer, ", "not-waivable", id="unknown-duty"
        ),
        pytest.param('true, source: "L14; L25"', 'true, source: "L99"', "unknown-source", id="source"),
    ],
)
def test_what_never_bites_is_found(before: str, after: str, rule: str) -> None:
    """A wrong letter would switch a rule of law off in silence."""
    assert rule in {one for one, _ in found(changed("catalogue.yaml", before, after))}


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        pytest.param(
            '      - {obligation: OB-JUDGE, when: {feedback_stage: outcome}, source: "L14"}\n',
            "",
            ("no-closer", "obligations.OB-JUDGE"),
            id="nothing-closes-it",
        ),
        pytest.param(
            '{check: addressed, assertion: execution_due, meanings: {"true": [BJZ]}, source: "L18"}',
            '{check: addressed, assertion: execution_due, meanings: {"false": [BJZ]}, source: "L18"}',
            ("unfulfillable", "messages.E14.opens"),
            id="by-its-recipient",
        ),
        pytest.param(
            "meanings: {asked: [BJZ], answered: [RvdK]}",
            "meanings: {answered: [RvdK]}",
            ("unfulfillable", "messages.E19.opens"),
            id="to-its-sender",
        ),
        pytest.param(
            "{ordinary: [RvdK], forwarded: [BJZ]}",
            "{forwarded: [BJZ]}",
            ("unfulfillable", "messages.E10.opens"),
            id="by-another-sender",
        ),
        pytest.param(
            "OB-JUDGE: {title: judgement on what must follow, ",
            "OB-JUDGE: {title: judgement on what must follow, after: OB-FB-END, ",
            ("circle", "obligations.OB-JUDGE.after"),
            id="circle",
        ),
        pytest.param(
            'legal_bases: {codes: [convenant], source: "A50"}\n    opens: []',
            'legal_bases: {codes: [convenant], source: "A50"}\n'
            '    opens: [{obligation: OB-CORRECT, source: "A50"}]',
            ("exchange-opens", "messages.E31"),
            id="the-exchange",
        ),
    ],
)
def test_a_duty_that_nobody_can_fulfil_is_found(before: str, after: str, finding: tuple[str, str]) -> None:
    """It would be overdue for ever."""
    assert finding in found(changed("catalogue.yaml", before, after))


def test_long_text_says_that_it_is_free() -> None:
    """What a person writes at length has no other form."""
    long = '"max_length": 4000,\n      "free_text": true'

    assert found(changed("groups/CO.avsc", long, long.replace("true", "false"))) == {
        ("free-text", "groups/CO.avsc")
    }


def test_the_sources_are_those_of_the_list() -> None:
    """The catalogue knows every tag of docs/spec/sources.md, and no other."""
    page = Path(__file__).parents[3].joinpath("docs", "spec", "sources.md").read_text("utf-8")
    tags = re.findall(r"^\| (S [0-9](?:\.[0-9])?|[LAP][0-9]{1,2}) \|", page, re.MULTILINE)

    assert parse_document(packaged()["catalogue.yaml"]).sources == tags
