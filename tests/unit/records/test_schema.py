"""Registration: what a message schema may be, and that refusing costs nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import MalformedError, RejectedError, SchemaError
from broker.records.schema import MessageSchema
from schemas.reading import packaged

E01 = packaged()["messages/E01/1.avsc"]
E01_ORDER = "REF CH GU HH AP RP RPI CO SA PO DE IN WK AT"
Json = dict[str, object]


def document(*fields: object, **properties: object) -> bytes:
    """A message schema with one group, CH, that has these fields."""
    group = {"type": "record", "name": "CH", "fields": list(fields)}
    message = {
        "type": "record",
        "name": "E01",
        "message_type": "nl.test.iets.gebeurd.v1",
        "version": 1,
        "fields": [{"name": "CH", "type": group}],
    }
    return json.dumps(message | properties).encode()


def nested(levels: int) -> Json:
    """A record within a record, so many times."""
    node: object = "boolean"
    for level in range(levels):
        node = {"type": "record", "name": f"r{level}", "fields": [{"name": "f", "type": node}]}
    return {"name": "f", "type": node}


def optional(type_: object, **properties: object) -> Json:
    """A field of this type or null."""
    return {"name": "f", "type": ["null", type_], "default": None, **properties}


HOSTILE = {
    "recursive": (optional("CH"), "schema-recursive"),
    "recursive-by-full-name": (optional("nl.test.CH"), "schema-recursive"),
    "array-of-itself": (
        {"name": "f", "type": {"type": "array", "items": "CH"}, "max_items": 2},
        "schema-recursive",
    ),
    "array-of-null": (
        {"name": "f", "type": {"type": "array", "items": "null"}, "max_items": 2},
        "schema-zero-width",
    ),
    "array-of-nothing": (
        {"name": "f", "type": {"type": "array", "items": {"type": "record", "name": "r", "fields": []}}},
        "schema-zero-width",
    ),
    "array-of-empty-fixed": (
        {"name": "f", "type": {"type": "array", "items": {"type": "fixed", "name": "x", "size": 0}}},
        "schema-zero-width",
    ),
    "empty-record": (
        {"name": "f", "type": {"type": "record", "name": "r", "fields": []}},
        "schema-zero-width",
    ),
    "too-deep": (nested(70), "schema-too-deep"),
    "map": ({"name": "f", "type": {"type": "map", "values": "null"}}, "schema-outside-profile"),
    "double": ({"name": "f", "type": "double"}, "schema-outside-profile"),
    "bytes": ({"name": "f", "type": "bytes"}, "schema-outside-profile"),
    "null": ({"name": "f", "type": "null"}, "schema-outside-profile"),
    "union-of-two": ({"name": "f", "type": ["string", "int"]}, "schema-outside-profile"),
    "null-last": ({"name": "f", "type": ["boolean", "null"]}, "schema-outside-profile"),
    "default": ({"name": "f", "type": "boolean", "default": True}, "schema-outside-profile"),
    "millis": (
        {"name": "f", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        "schema-outside-profile",
    ),
    "enum-without-symbols": (
        {"name": "f", "type": {"type": "enum", "name": "e", "symbols": []}},
        "schema-outside-profile",
    ),
    "enum-twice": (
        {"name": "f", "type": {"type": "enum", "name": "e", "symbols": ["a", "a"]}},
        "schema-outside-profile",
    ),
    "text-without-length": ({"name": "f", "type": "string"}, "schema-property"),
    "array-without-length": ({"name": "f", "type": {"type": "array", "items": "int"}}, "schema-property"),
    "unknown-format": ({"name": "f", "type": "string", "max_length": 9, "format": "iban"}, "schema-property"),
    "huge-fixed": ({"name": "f", "type": {"type": "fixed", "name": "x", "size": 1 << 40}}, "schema-property"),
    "example-that-does-not-fit": (
        {"name": "f", "type": "string", "max_length": 2, "example": "abc"},
        "schema-example",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_is_refused(name: str) -> None:
    """Each construct outside the profile has its own reason, and the place is named."""
    field, reason = HOSTILE[name]

    with pytest.raises(SchemaError) as refusal:
        MessageSchema.parse(document(field))
    assert refusal.value.reason == reason
    assert refusal.value.offending[0].startswith("CH")


def test_a_schema_with_too_many_nodes_is_refused() -> None:
    """Two thousand types are enough for anybody."""
    fields = [{"name": f"f{number}", "type": "boolean"} for number in range(2_001)]

    with pytest.raises(SchemaError) as refusal:
        MessageSchema.parse(document(*fields))
    assert refusal.value.reason == "schema-too-large"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="not-an-object"),
        pytest.param(b'{"type":"record","type":"record"}', id="key-twice"),
        pytest.param(b'{"a":' * 100_000, id="deep-json"),
        pytest.param(b'"' + b"x" * 2_000_000 + b'"', id="too-large"),
        pytest.param(b'{"type":"string"}', id="not-a-record"),
        pytest.param(document({"name": "f", "type": "boolean"}, name="E1"), id="not-a-code"),
        pytest.param(document({"name": "f", "type": "boolean"}, message_type="x"), id="not-a-type"),
        pytest.param(document({"name": "f", "type": "boolean"}, fields=[1]), id="field-is-a-number"),
        pytest.param(document(1), id="group-field-is-a-number"),
    ],
)
def test_what_is_not_a_message_schema_is_refused(content: bytes) -> None:
    """Refused as a rejection, never another exception."""
    with pytest.raises(RejectedError):
        MessageSchema.parse(content)


@given(st.binary(max_size=300))
def test_noise_is_malformed(noise: bytes) -> None:
    """No bytes make the parser fail in another way."""
    with pytest.raises(MalformedError):
        MessageSchema.parse(noise)


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(
        [
            "record",
            "array",
            "enum",
            "fixed",
            "null",
            "string",
            "boolean",
            "int",
            "long",
            "CH",
            "f",
            "union",
            "map",
        ]
    )
)
_KEYS = st.sampled_from(
    [
        "type",
        "name",
        "fields",
        "items",
        "symbols",
        "size",
        "max_length",
        "max_items",
        "min_items",
        "example",
        "logicalType",
    ]
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=30,
)


@given(_JSON)
def test_any_json_as_a_field_is_accepted_or_rejected(field: object) -> None:
    """JSON that resembles a schema raises `RejectedError` or nothing."""
    with contextlib.suppress(RejectedError):
        MessageSchema.parse(document(field))


def test_the_digest_is_of_the_exact_document() -> None:
    """One more space is another schema."""
    assert MessageSchema.parse(E01).digest == hashlib.sha256(E01).digest()
    assert MessageSchema.parse(E01 + b" ").digest != MessageSchema.parse(E01).digest


def test_groups_are_in_the_order_of_the_document() -> None:
    """The order of the envelope's sections is that of the schema."""
    schema = MessageSchema.parse(E01)

    assert schema.groups == tuple(E01_ORDER.split())
    assert schema.repeated == {"CH", "GU", "AP", "AT"}
    assert schema.required == {"REF", "CH", "GU", "RP", "CO", "SA", "DE", "WK"}
