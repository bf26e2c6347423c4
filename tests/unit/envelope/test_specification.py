"""docs/spec/envelope.md says what the code does: its tables and its example are generated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker.crypto import SUITE
from broker.envelope import schema
from broker.names import Algorithm
from tests.vectors.spec_parts import PARTS, SPECIFICATION, between

TEXT = SPECIFICATION.read_text("utf-8")
SCHEMAS = Path(__file__).parents[3] / "schemas" / "envelope"


@pytest.mark.parametrize("name", PARTS)
def test_a_generated_part_is_up_to_date(name: str) -> None:
    """Reasons, limits and the worked example; `python -m tests.vectors.spec_parts` writes them."""
    assert between(name, TEXT) == PARTS[name]()


def test_the_fields_are_those_of_the_schema() -> None:
    """The table of section 4.1 lists every field in wire order."""
    fields = json.loads((SCHEMAS / "header.avsc").read_text("utf-8"))["fields"]
    rows = [line.split("|")[1:3] for line in TEXT.splitlines() if line.startswith("| ")]
    listed = [(number.strip(), name.strip(" `")) for number, name in rows]
    expected = [(str(n), field["name"]) for n, field in enumerate(fields, 1)]

    assert [row for row in listed if row in expected] == expected


def test_the_constants_are_those_of_the_code() -> None:
    """Fingerprint, suite and algorithm numbers."""
    assert schema.ENVELOPE_FINGERPRINT.hex() in TEXT
    assert f"\n| {SUITE} | HPKE MLKEM768-X25519" in TEXT
    for algorithm in Algorithm:
        name = {"ML_DSA_44": "ML-DSA-44", "ED25519": "Ed25519"}.get(algorithm.name, algorithm.name)
        assert f"\n| {int(algorithm)} | {name}" in TEXT


@pytest.mark.parametrize("pattern", ["SYSTEM_NAME", "ASSERTION_NAME", "ASSERTION_VALUE", "CRITICAL_ID"])
def test_the_patterns_are_those_of_the_code(pattern: str) -> None:
    """Texts of the header have the patterns that the specification gives."""
    assert f"`{getattr(schema, pattern).pattern}`" in TEXT
