"""The fence: each recipient role gets exactly the groups of sources.md 4.4, by the committed schemas."""

from __future__ import annotations

import json
from functools import cache

import pytest

from broker.catalogue.load import load_catalogue
from broker.errors import SchemaError
from broker.names import GroupName, MessageCode, Role
from broker.records.model import GroupValue
from broker.records.schema import MessageSchema
from broker.records.template import template
from schemas.reading import packaged
from tests.unit.catalogue.permissions import FIELDS, NOT_IN, PERMISSIONS

CASES = sorted(PERMISSIONS)
CODES = sorted({code for code, _ in CASES})
CATALOGUE = load_catalogue(packaged())


@cache
def schema_of(code: str) -> MessageSchema:
    """The current schema of a type."""
    return MessageSchema.parse(packaged()[f"messages/{code}/1.avsc"])


@cache
def any_value(group: str) -> GroupValue:
    """Valid content for a group, from whatever type has it."""
    code = next(code for code in CODES if group in schema_of(code).groups)
    return template(schema_of(code), everything=True)[GroupName(group)]


def filled(code: str, names: str) -> dict[GroupName, GroupValue]:
    """These groups, with content that fits this type."""
    everything = template(schema_of(code), everything=True)
    return {GroupName(name): everything[GroupName(name)] for name in names.split()}


def pairs(position: int) -> list[tuple[str, str, str]]:
    """Type, role and one group of its required (0) or allowed (1) list."""
    return [(code, role, g) for code, role in CASES for g in PERMISSIONS[code, role][position].split()]


def forbidden() -> list[tuple[str, str, str]]:
    """Type, role and one group that is on neither list."""
    dictionary = [str(name) for name in CATALOGUE.groups]
    listed = {case: set(" ".join(PERMISSIONS[case]).split()) for case in CASES}
    return [(*case, g) for case in CASES for g in dictionary if g not in listed[case]]


def test_the_table_covers_every_type_and_role() -> None:
    """No recipient role of the catalogue is missing from the independent table, and none is made up."""
    said = {
        (str(code), str(role))
        for code, entry in CATALOGUE.messages.items()
        for role in (entry.recipients or ["ANY"])
    }

    assert said == set(PERMISSIONS)


@pytest.mark.parametrize(("code", "role"), CASES)
def test_the_catalogue_has_exactly_these_lists(code: str, role: str) -> None:
    """Required and allowed groups are those of the table."""
    listed = CATALOGUE.messages[MessageCode(code)].groups_for(Role(role))

    assert listed is not None
    assert (set(listed.required), set(listed.may)) == tuple(set(x.split()) for x in PERMISSIONS[code, role])


@pytest.mark.parametrize(("code", "role"), CASES)
def test_required_groups_alone_are_accepted(code: str, role: str) -> None:
    """Nothing more than the required groups is needed."""
    required, _ = PERMISSIONS[code, role]

    assert {name for name, _ in schema_of(code).encode(filled(code, required))} == set(required.split())


@pytest.mark.parametrize(("code", "role"), CASES)
def test_required_and_allowed_groups_are_accepted(code: str, role: str) -> None:
    """Every allowed group may be there."""
    names = " ".join(PERMISSIONS[code, role])

    assert {name for name, _ in schema_of(code).encode(filled(code, names))} == set(names.split())


@pytest.mark.parametrize(("code", "role", "group"), pairs(0))
def test_a_missing_required_group_is_refused_by_name(code: str, role: str, group: str) -> None:
    """Without one required group nothing is encoded, and the refusal names it."""
    groups = filled(code, PERMISSIONS[code, role][0])
    del groups[GroupName(group)]

    with pytest.raises(SchemaError) as refusal:
        schema_of(code).encode(groups)
    assert refusal.value.offending == (group,)


@pytest.mark.parametrize(("code", "role", "group"), forbidden())
def test_a_forbidden_group_is_refused_by_name(code: str, role: str, group: str) -> None:
    """A group on neither list cannot be encoded, and the refusal names it (sources.md 4.8, 1)."""
    groups = filled(code, PERMISSIONS[code, role][0]) | {GroupName(group): any_value(group)}

    with pytest.raises(SchemaError) as refusal:
        schema_of(code).encode(groups)
    assert refusal.value.offending == (group,)


@pytest.mark.parametrize(("code", "group"), sorted(FIELDS))
def test_a_narrowed_group_has_exactly_its_fields(code: str, group: str) -> None:
    """Fields outside the list do not exist in the generated schema."""
    members = schema_of(code).schemas[GroupName(group)].record.members

    assert {member.name for member in members} == set(FIELDS[code, group].split())


@pytest.mark.parametrize(("code", "field"), NOT_IN)
def test_a_field_without_a_ground_does_not_exist(code: str, field: str) -> None:
    """No BSN between SHG and AMK (A45), no findings to a reporter (A21)."""
    assert f'"{field}"' not in json.dumps(json.loads(packaged()[f"messages/{code}/1.avsc"]))
