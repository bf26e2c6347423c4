"""A new message type, with a new group, is data: no code changes (docs/spec/catalogue.md 9)."""

from __future__ import annotations

import json

from broker.catalogue.build import build
from broker.catalogue.checks import Clear, failed_checks
from broker.catalogue.lint import SchemaRules, lint
from broker.catalogue.load import load_catalogue
from broker.moments import from_text
from broker.names import GroupName, MessageCode, Regime
from broker.records.compatibility import incompatibilities
from broker.records.schema import MessageSchema
from broker.records.template import template
from schemas.reading import packaged

CLEAR = Clear({}, Regime.R1, from_text("2014-03-03T12:00:00Z"))
QUESTION = {
    "type": "record",
    "name": "XQ",
    "fields": [
        {
            "name": "question_text",
            "type": "string",
            "sensitivity": "SPECIAL",
            "source_protected": False,
            "max_length": 2000,
            "free_text": True,
            "example": "Testvraag: is er zorg over de veiligheid?",
        }
    ],
}
TYPE = """
  E98:
    nl: Informatieverzoek
    en: Information request
    type: nl.beschermingszaken.proef.gevraagd.v1
    flow: meldingen
    version: 1
    source: "S 3.1; L05"
    senders: {roles: [AMK, BJZ, RvdK], source: "S 3.1"}
    recipients:
      - {roles: [GGZ], required: [REF, XQ, IN, WK], may: [CH], source: "A43"}
    regimes:
      R1: {mandatory: false, source: "L05"}
    purposes: {codes: [amk-taak], source: "L05"}
    legal_bases: {codes: [wjz-53], source: "L05"}
    checks:
      - {check: not-empty, group: XQ, source: "S 3.1"}
      - {check: present-when, group: IN, field: not_informed_reason_code, when_field: parents_informed_flag, equals: false, source: "L16"}
    opens: []
    closes: []
    retention: {class: BR, source: "A26"}
"""  # noqa: E501 - one YAML rule a line


def extended() -> dict[str, bytes]:
    """The published files with the type and its group added."""
    files = packaged()
    text = (
        files["catalogue.yaml"]
        .decode()
        .replace("  RC: {title: receipt", '  XQ: {title: question, source: "A43"}\n  RC: {title: receipt')
    )
    return build(
        files | {"catalogue.yaml": (text + TYPE).encode(), "groups/XQ.avsc": json.dumps(QUESTION).encode()}
    )


def test_a_new_type_works_from_data_alone() -> None:
    """It lints, loads, gets a template that encodes, and its checks bite."""
    files = extended()
    entry = load_catalogue(files).messages[MessageCode("E98")]
    schema = MessageSchema.parse(files["messages/E98/1.avsc"])
    groups = template(schema, everything=True)

    assert lint(files, SchemaRules(MessageSchema.parse, incompatibilities)) == ()
    assert [name for name, _ in schema.encode(groups)] == list(entry.groups)
    assert failed_checks(entry, groups, CLEAR) == ()

    unexplained = {**groups, GroupName("IN"): {"parents_informed_flag": False}}
    assert failed_checks(entry, unexplained, CLEAR) == ("IN.not_informed_reason_code",)


def test_published_types_do_not_change_with_it() -> None:
    """Their documents and digests stay what they were."""
    before, after = packaged(), extended()

    assert {p: d for p, d in after.items() if p in before and p.startswith(("messages/", "groups/"))} == {
        p: d for p, d in before.items() if p.startswith(("messages/", "groups/"))
    }
