"""Each thing that lint refuses, one at a time."""

from __future__ import annotations

import pytest

from broker.catalogue.build import build
from broker.catalogue.lint import SchemaRules, lint
from broker.records.compatibility import incompatibilities
from broker.records.schema import MessageSchema
from schemas.reading import packaged

RULES = SchemaRules(MessageSchema.parse, incompatibilities)


def found(files: dict[str, bytes]) -> set[tuple[str, str]]:
    """Rule and place of every finding."""
    return {(finding.rule, finding.where) for finding in lint(files, RULES)}


def changed(path: str, before: str, after: str) -> dict[str, bytes]:
    """The published files with one change, built anew."""
    files = packaged()
    text = files[path].decode()
    assert before in text
    return build(files | {path: text.replace(before, after, 1).encode()})


def test_a_group_that_no_type_uses_is_found() -> None:
    """The dictionary holds nothing for later."""
    files = packaged()
    text = files["catalogue.yaml"].decode()
    unused = '  ZZ: {title: for later, source: "A43"}\n  RC: {title: receipt'
    files["catalogue.yaml"] = text.replace("  RC: {title: receipt", unused, 1).encode()
    files["groups/ZZ.avsc"] = files["groups/SA.avsc"].replace(b'"name": "SA"', b'"name": "ZZ"')

    assert found(build(files)) == {("unused-group", "groups.ZZ")}


def test_a_mandatory_type_without_an_obligation_is_found() -> None:
    """A mandatory exchange that does not happen must be missed by somebody."""
    files = changed(
        "catalogue.yaml", '    closes:\n      - {obligation: OB-ACK, source: "A03"}\n', "    closes: []\n"
    )

    assert found(files) == {("no-obligation", "messages.E03")}


def test_a_group_that_a_type_must_never_have_is_found() -> None:
    """Domain invariant 4: the reporter's identity does not go to the one who reported."""
    files = changed(
        "catalogue.yaml", "required: [REF, DE, WK], may: [FB]", "required: [REF, DE, WK], may: [FB, RPI]"
    )

    assert ("never-group", "messages.E04.recipients") in found(files)


def test_an_event_type_that_names_an_organisation_is_found() -> None:
    """A type is an event, whoever sends it."""
    files = changed(
        "catalogue.yaml", "melding-huiselijk-geweld.doorgezonden.v1", "melding-shg.doorgezonden.v1"
    )

    assert found(files) == {("organisation-name", "messages.E01.type")}


def test_every_finding_says_what_to_do() -> None:
    """What, where, and the remedy."""
    findings = lint(changed("catalogue.yaml", "equals: DUTY_OTS", "equals: DUTY_OST"), RULES)

    assert [(f.where, bool(f.what), bool(f.remedy)) for f in findings] == [
        ("messages.E07.checks[6]", True, True)
    ]


@pytest.mark.parametrize("source", ["because", "L1", "A", "S 2.1; somewhere"])
def test_a_rule_without_a_source_tag_is_found(source: str) -> None:
    """A source is a paragraph, a law, an assumption or a public source, by number."""
    files = changed(
        "catalogue.yaml",
        'senders: {roles: [SHG], source: "L01"}',
        f'senders: {{roles: [SHG], source: "{source}"}}',
    )

    assert found(files) == {("no-source", "messages.E01.senders")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("check: not-empty, group: CH", "check: not-empty, group: FB", id="group"),
        pytest.param("group: CH, field: surname", "group: CH, field: child_bsn", id="field"),
    ],
)
def test_a_check_on_what_the_type_does_not_have_is_found(before: str, after: str) -> None:
    """A check that can never fail is a mistake."""
    assert {rule for rule, _ in found(changed("catalogue.yaml", before, after))} == {"check-target"}


def test_a_check_on_an_assertion_nobody_makes_is_found() -> None:
    """`assertion-equals` needs an assertion that the type asks for."""
    files = changed(
        "catalogue.yaml",
        "check: assertion-equals, assertion: taken_in_investigation",
        "check: assertion-equals, assertion: feedback_stage",
    )

    assert found(files) == {("check-target", "messages.E04.checks[0]")}


def test_a_real_looking_bsn_as_example_is_found() -> None:
    """Examples are test numbers."""
    files = changed("groups/CH.avsc", "999900006", "1234" + "56782")

    assert found(files) == {("test-data", "groups/CH.avsc")}


def test_a_stale_file_is_found() -> None:
    """Generated files are built, not edited."""
    files = packaged()
    files["messages/E03/1.avsc"] = files["messages/E03/1.avsc"].replace(b"Ontvangst", b"ontvangst")

    assert found(files) == {("stale", "messages/E03/1.avsc")}


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        pytest.param('"type": "boolean"', '"type": "SA"', "schema-recursive", id="recursive"),
        pytest.param(
            '"type": "boolean"',
            '"type": {"type": "array", "items": "null"}',
            "schema-zero-width",
            id="zero-width",
        ),
        pytest.param('"type": "boolean"', '"type": "double"', "schema-outside-profile", id="other-type"),
    ],
)
def test_a_hostile_schema_is_found(before: str, after: str, rule: str) -> None:
    """What the registry would refuse is told before it is published."""
    assert {found_rule for found_rule, _ in found(changed("groups/SA.avsc", before, after))} == {rule}


def test_an_incompatible_version_is_found() -> None:
    """A required field more is a new type, not a new version."""
    files = changed(
        "catalogue.yaml",
        'version: 1\n    source: "S 2.1; S 2.3; L01"',
        'version: 2\n    source: "S 2.1; S 2.3; L01"',
    )
    text = files["catalogue.yaml"].decode()
    stricter = text.replace("required: [surname,", "required: [sex, surname,", 1).replace(
        "may: [sex, ", "may: [", 1
    )

    assert found(build(files | {"catalogue.yaml": stricter.encode()})) == {
        ("incompatible", "messages/E01/2.avsc")
    }


@pytest.mark.parametrize(
    ("path", "before", "after", "what"),
    [
        pytest.param(
            "groups/DE.avsc",
            '"logicalType": "date"',
            '"minimum": 0',
            "DE.status_start_date: the logical type differs",
            id="logical-type",
        ),
        pytest.param(
            "groups/CO.avsc",
            '"sensitivity": "SPECIAL"',
            '"sensitivity": "PLAIN"',
            "CO.abuse_nature_codes: becomes less sensitive",
            id="sensitivity",
        ),
        pytest.param(
            "groups/RPI.avsc",
            '"source_protected": true',
            '"source_protected": false',
            "RPI.name: loses its source protection",
            id="source-protection",
        ),
    ],
)
def test_what_avro_would_let_pass_is_found(path: str, before: str, after: str, what: str) -> None:
    """Our own rules on versions: a number stays the same moment, and nothing becomes less protected."""
    files = changed("catalogue.yaml", 'version: 1\n    source: "S 2.1; S 2.3; L01"', _SECOND)
    group = files[path].decode()
    assert before in group
    findings = lint(build(files | {path: group.replace(before, after).encode()}), RULES)

    assert ("incompatible", "messages/E01/2.avsc", what) in {(f.rule, f.where, f.what) for f in findings}


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        pytest.param("{group: CO, messages: [E04]", "{group: CX, messages: [E04]", "CX", id="group"),
        pytest.param("{group: CO, messages: [E04]", "{group: CO, messages: [E40]", "E40", id="type"),
    ],
)
def test_a_prohibition_that_prohibits_nothing_is_found(before: str, after: str, what: str) -> None:
    """A wrong letter under `never` would let through what must never be."""
    findings = lint(changed("catalogue.yaml", before, after), RULES)

    assert what in {f.what for f in findings if f.rule == "never-target"}


_SECOND = 'version: 2\n    source: "S 2.1; S 2.3; L01"'
