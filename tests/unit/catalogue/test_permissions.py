"""Two readings of the law meet: the catalogue's lists are those of the independent table (`permissions`)."""

from __future__ import annotations

import json
from functools import cache

import pytest

from broker.catalogue.build import message_path
from broker.catalogue.load import load_catalogue
from broker.names import GroupName, MessageCode, Role
from broker.records.schema import MessageSchema
from schemas.reading import packaged
from tests.unit.catalogue.permissions import ANY, FIELDS, NEVER_FIELDS, PERMISSIONS, SENDERS

CATALOGUE = load_catalogue(packaged())
CODES = [str(code) for code in CATALOGUE.messages]
LINES = [
    (code, str(role))
    for code, entry in CATALOGUE.messages.items()
    for role in (entry.recipients or [Role(ANY)])
]
NARROWED = sorted(key for key in FIELDS if key[0] in CODES)


@cache
def document(code: str) -> bytes:
    """The current schema of a type, as it is committed."""
    entry = CATALOGUE.messages[MessageCode(code)]
    return packaged()[message_path(entry.code, max(entry.schemas))]


def group_record(code: str, group: str) -> dict[str, bool]:
    """Fields of a group in a type, and whether each is required."""
    schema = MessageSchema.parse(document(code)).schemas[GroupName(group)]
    return {member.name: member.required for member in schema.record.members}


def listed(code: str, role: str) -> tuple[set[str], set[str]]:
    """Required and allowed groups of the independent table."""
    required, may = PERMISSIONS.get((code, role)) or PERMISSIONS[code, ANY]
    return set(required.split()), set(may.split())


def dictionary_fields() -> set[str]:
    """Every field name that `FIELDS` speaks of."""
    return {name for lists in FIELDS.values() for part in lists for name in part.split()}


def test_every_type_of_the_table_is_in_the_catalogue() -> None:
    """No exchange of the reference is missing, and none is made up."""
    assert set(CODES) == {code for code, _ in PERMISSIONS}


@pytest.mark.parametrize("code", CODES)
def test_a_type_goes_to_the_roles_of_the_table(code: str) -> None:
    """No recipient role is missing, and none is made up."""
    said = {role for line, role in PERMISSIONS if line == code}
    found = {role for line, role in LINES if line == code}

    assert ANY in said or found == said


@pytest.mark.parametrize("code", CODES)
def test_a_type_comes_from_the_roles_of_the_table(code: str) -> None:
    """No sender role is missing, and none is made up."""
    said, found = set(SENDERS[code].split()), set(CATALOGUE.messages[MessageCode(code)].sender_roles)

    assert said == {ANY} or found == said


@pytest.mark.parametrize(("code", "role"), LINES)
def test_the_catalogue_has_exactly_these_lists(code: str, role: str) -> None:
    """Group by group: a difference names the type, the role, the group and what each reading says."""
    found = CATALOGUE.messages[MessageCode(code)].groups_for(Role(role))
    required, may = listed(code, role)

    assert found is not None
    verdicts = {
        name: (_verdict(name, set(found.required), set(found.may)), _verdict(name, required, may))
        for name in {*found.required, *found.may, *required, *may}
    }
    assert [
        f"{code} {role} {name}: catalogue {there}, table {here}"
        for name, (there, here) in sorted(verdicts.items())
        if there != here
    ] == []


@pytest.mark.parametrize(("code", "group"), NARROWED)
def test_a_group_has_the_fields_of_the_table(code: str, group: str) -> None:
    """Named fields are there, required ones are required, and no other field of the dictionary is."""
    required, may = (set(part.split()) for part in FIELDS[code, group])
    found = group_record(code, group)

    assert {name for name in required if not found.get(name)} == set()
    assert {name for name in found if name in dictionary_fields()} <= required | may


@pytest.mark.parametrize(("code", "field"), [pair for pair in NEVER_FIELDS if pair[0] in CODES])
def test_a_field_without_a_ground_does_not_exist(code: str, field: str) -> None:
    """No BSN between SHG and AMK (A45), no findings to a reporter (A21), no history in a hit (A16)."""
    assert f'"{field}"' not in json.dumps(json.loads(document(code)))


def _verdict(name: str, required: set[str], may: set[str]) -> str:
    return "required" if name in required else "allowed" if name in may else "forbidden"
