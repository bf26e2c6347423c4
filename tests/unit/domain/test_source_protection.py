"""Who reported stays unknown to those who have no business knowing (docs/invariants.md 1: number 4)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from broker.agreements.model import Reason, Refused
from broker.names import GroupName
from schemas.reading import packaged
from tests.open_world import CATALOGUE, asked, entry_of, party, sender_of

RPI = GroupName("RPI")
NEVER = [code for code in ("E06", "E08", "E12", "E14", "E20Q", "E20R", "E24") if code in CATALOGUE.messages]
LINES = [(code, role) for code in NEVER for role in entry_of(code).recipients]


@pytest.mark.parametrize(("code", "role"), LINES, ids=lambda value: str(value))
def test_the_identity_of_a_reporter_is_refused(code: str, role: str) -> None:
    """Not even an agreement that grants it lets it through; HA counts as E23."""
    listed = entry_of(code).recipients[party(role).role]
    decision = asked(code, sender_of(code), party(role, 1), groups=(*listed.required, RPI))

    assert decision == Refused(Reason.GROUP_FORBIDDEN, (RPI,))


@pytest.mark.parametrize("code", NEVER)
def test_the_schema_has_no_place_for_it(code: str) -> None:
    """What cannot be written cannot be sent."""
    assert RPI not in entry_of(code).groups
    assert protected(code) == []


def protected(code: str) -> list[str]:
    """Fields of a type that are marked as source-protected."""
    schema = json.loads(packaged()[f"messages/{code}/{max(entry_of(code).schemas)}.avsc"])
    return [str(node["name"]) for node in nodes(schema) if node.get("source_protected")]


def nodes(node: object) -> Iterator[dict[str, object]]:
    """Every object in a schema."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(inner)


def test_the_marks_are_found_where_they_are() -> None:
    """The same search finds them in a type that may carry a reporter."""
    assert "organisation" in protected("E01")


def test_every_field_of_the_identity_is_marked() -> None:
    """Whoever shows a message knows what must not be shown to the family (L13)."""
    assert all(field.source_protected for field in CATALOGUE.groups[RPI].fields)
