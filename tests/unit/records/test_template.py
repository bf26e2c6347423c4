"""Templates: complete, valid, the same every time, and nobody's data."""

from __future__ import annotations

import json
import re

import pytest

from broker.catalogue.checks import Clear, failed_checks, needed_groups
from broker.catalogue.load import load_catalogue
from broker.moments import from_text
from broker.names import MessageCode, Regime
from broker.records.schema import MessageSchema
from broker.records.template import template
from schemas.reading import packaged

CATALOGUE = load_catalogue(packaged())
NOW = from_text("2030-01-01T12:00:00Z")
CODES = [str(code) for code in CATALOGUE.messages]


def schema_of(code: str) -> MessageSchema:
    """The current schema of a type."""
    return MessageSchema.parse(packaged()[f"messages/{code}/1.avsc"])


@pytest.mark.parametrize("everything", [False, True], ids=["required", "everything"])
@pytest.mark.parametrize("code", CODES)
def test_a_template_is_a_valid_message(code: str, everything: bool) -> None:
    """It encodes, and every named check holds."""
    entry = CATALOGUE.messages[MessageCode(code)]
    assertions = {a.name: a.value or a.values[0] for a in entry.assertions}
    also = needed_groups(entry, assertions)
    groups = template(schema_of(code), everything=everything, also=also)
    regime = Regime.R1 if Regime.R1 in entry.regimes else entry.regimes[0]

    assert [name for name, _ in schema_of(code).encode(groups)] == list(groups)
    assert failed_checks(entry, groups, Clear(assertions, regime, NOW)) == ()


@pytest.mark.parametrize("code", CODES)
def test_a_template_is_the_same_every_time(code: str) -> None:
    """And a caller who changes one does not change the next."""
    first = template(schema_of(code), everything=True)
    before = json.dumps(first)
    for value in first.values():
        (value[0] if isinstance(value, list) else value).clear()  # type: ignore[attr-defined]

    assert json.dumps(template(schema_of(code), everything=True)) == before


@pytest.mark.parametrize("path", sorted(path for path in packaged() if path.endswith(".avsc")))
def test_examples_are_nobodys(path: str) -> None:
    """Nine digits are a test BSN, addresses end in .invalid, phone numbers begin with three zeroes."""
    examples = " ".join(re.findall(r'"example": (.*)', packaged()[path].decode()))

    assert all(bsn.startswith("9999") for bsn in re.findall(r"(?<![0-9a-f])[0-9]{9}(?![0-9a-f])", examples))
    assert all(host.endswith(".invalid") for host in re.findall(r"@([a-z.]+)", examples))
    assert all(phone.startswith("000-") for phone in re.findall(r"[0-9]{3}-[0-9]{7}", examples))
