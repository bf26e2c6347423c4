"""The committed files of `schemas/` are what the rules make, and lint finds nothing in them."""

from __future__ import annotations

from broker.catalogue.build import build
from broker.catalogue.lint import SchemaRules, lint
from broker.catalogue.load import load_catalogue
from broker.names import MessageCode, Regime
from broker.records.compatibility import incompatibilities
from broker.records.schema import MessageSchema
from schemas.reading import packaged

FORWARDS = (MessageCode("E01"), MessageCode("E02"))


def test_generated_files_are_committed() -> None:
    """Building anew from the sources gives exactly the committed files."""
    committed = packaged()

    assert build(committed) == committed


def test_lint_finds_nothing() -> None:
    """The published catalogue breaks none of its own rules."""
    assert lint(packaged(), SchemaRules(MessageSchema.parse, incompatibilities)) == ()


def test_every_schema_registers_as_its_entry() -> None:
    """Code, type, groups and digest of a parsed schema are those of the catalogue."""
    files = packaged()
    messages = load_catalogue(files).messages
    assert messages
    for code, entry in messages.items():
        schema = MessageSchema.parse(files[f"messages/{code}/{max(entry.schemas)}.avsc"])
        assert (schema.code, schema.type, schema.groups, schema.digest) == (
            code,
            entry.type,
            entry.groups,
            entry.schema_digest,
        )


def test_forwards_between_shg_and_amk_are_mandatory_in_regime_1_only() -> None:
    """A duty since July 2013, cooperation before, internal afterwards."""
    messages = load_catalogue(packaged()).messages

    assert [(messages[code].regimes, messages[code].mandatory_regimes) for code in FORWARDS] == [
        ((Regime.R0, Regime.R1), (Regime.R1,)),
        ((Regime.R0, Regime.R1), (Regime.R1,)),
    ]


def test_predicates_are_those_of_the_law() -> None:
    """Domestic violence with children in the family one way, abuse from the domestic circle the other."""
    messages = load_catalogue(packaged()).messages

    assert {
        code: [(a.name, a.value) for a in messages[MessageCode(code)].assertions] for code in ("E01", "E02")
    } == {
        "E01": [("domestic_violence_report", "true"), ("children_in_family", "true")],
        "E02": [("child_abuse_report", "true"), ("domestic_circle_abuser", "true")],
    }
