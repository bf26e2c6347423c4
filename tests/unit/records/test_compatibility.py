"""Which change may be a new version, and which must be a new type."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from broker.errors import MalformedError
from broker.records.compatibility import incompatibilities
from schemas.reading import packaged

OLD = packaged()["messages/E01/1.avsc"]
Json = dict[str, Any]


def changed(change: Callable[[Json], None], version: int = 2) -> bytes:
    """E01 as its next version, after *change*."""
    schema = json.loads(OLD) | {"version": version}
    change(schema)
    return json.dumps(schema).encode()


def group(schema: Json, name: str) -> Json:
    """The record of a group."""
    node = next(f["type"] for f in schema["fields"] if f["name"] == name)
    node = node[1] if isinstance(node, list) else node
    record: Json = node.get("items", node)
    return record


def field(schema: Json, name: str, key: str) -> Json:
    """One field of a group."""
    found: Json = next(f for f in group(schema, name)["fields"] if f["name"] == key)
    return found


def add(node: Json, **item: object) -> None:
    """Add a field."""
    node["fields"].append({"sensitivity": "IDENT", "source_protected": False, **item})


ALLOWED: dict[str, Callable[[Json], None]] = {
    "nothing": lambda s: None,
    "optional-field-more": lambda s: add(group(s, "CH"), name="new", type=["null", "boolean"], default=None),
    "longer-text": lambda s: field(s, "CH", "surname").update(max_length=200),
    "more-sensitive": lambda s: field(s, "CH", "surname").update(sensitivity="SPECIAL"),
    "symbol-more": lambda s: field(s, "RP", "reporter_capacity_code")["type"]["symbols"].append("nieuw"),
    "field-becomes-optional": lambda s: field(s, "CH", "surname").update(
        type=["null", "string"], default=None
    ),
}

FORBIDDEN: dict[str, tuple[Callable[[Json], None], str]] = {
    "required-field-more": (lambda s: add(group(s, "CH"), name="new", type="boolean"), "new"),
    "field-becomes-required": (
        lambda s: field(s, "CH", "sex").update(type=field(s, "CH", "sex")["type"][1]),
        "CH.sex: ",
    ),
    "other-type": (
        lambda s: field(s, "SA", "acute_flag").update(type="string", max_length=5),
        "SA.acute_flag",
    ),
    "symbol-less": (
        lambda s: field(s, "RP", "reporter_capacity_code")["type"]["symbols"].pop(),
        "RP.reporter_capacity_code: ",
    ),
    "logical-type": (
        lambda s: field(s, "CH", "birth_date").update(type="int"),
        "CH.birth_date: the logical type",
    ),
    "logical-type-of-optional": (
        lambda s: field(s, "REF", "case_start_date").update(type=["null", "int"]),
        "logical type",
    ),
    "less-sensitive": (
        lambda s: field(s, "CO", "concern_description").update(sensitivity="PLAIN"),
        "less sensitive",
    ),
    "source-protection-lost": (
        lambda s: field(s, "RPI", "name").update(source_protected=False),
        "source protection",
    ),
    "shorter-text": (lambda s: field(s, "CH", "surname").update(max_length=99), "CH.surname: max_length"),
    "fewer-items": (lambda s: field(s, "CO", "abuse_nature_codes").update(max_items=2), "max_items"),
    "more-items-asked": (lambda s: field(s, "CO", "abuse_nature_codes").update(min_items=2), "min_items"),
    "new-format": (lambda s: field(s, "CH", "house_number").update(format="code"), "format"),
    "new-bound": (lambda s: field(s, "AT", "size").update(minimum=1), "minimum"),
    "other-message-type": (lambda s: s.update(message_type="nl.test.anders.v1"), "message_type"),
    "nested-less-sensitive": (
        lambda s: field(s, "HH", "other_children")["type"][1]["items"]["fields"][0].update(
            sensitivity="PLAIN"
        ),
        "HH.other_children.initial",
    ),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_a_harmless_change_is_a_new_version(name: str) -> None:
    """What was valid stays valid and keeps its meaning."""
    assert incompatibilities(OLD, changed(ALLOWED[name])) == ()


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_harmful_change_is_refused_with_its_place(name: str) -> None:
    """The problem names where it is."""
    change, told = FORBIDDEN[name]

    assert told in " ".join(incompatibilities(OLD, changed(change)))


@pytest.mark.parametrize("version", [1, 3])
def test_versions_follow_each_other(version: int) -> None:
    """No version is skipped or used twice."""
    assert incompatibilities(OLD, changed(lambda s: None, version)) == ("version: is not the next",)


def test_what_is_not_a_schema_cannot_be_compared() -> None:
    """A document that Avro cannot read is malformed."""
    with pytest.raises(MalformedError):
        incompatibilities(OLD, b'{"type": "nothing"}')
