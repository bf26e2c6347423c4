"""A message schema: the registered document, its digest, and how each group is written.

The document is an Avro record whose fields are the field groups (docs/spec/catalogue.md 4).  Each
group is encoded on its own, because each is sealed on its own.  Parse a schema once; it never changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import fastavro

from broker.crypto import sha256
from broker.errors import MalformedError, SchemaError
from broker.names import Digest, GroupName, MessageCode, MessageType
from broker.records.encode import GroupSchema, listed_avro
from broker.records.model import GroupValue
from broker.records.profile import Compiled, Compiler, branch, read_json, refuse, whole, zero_width
from broker.records.shape import ListOf, RecordOf

__all__ = ["MessageSchema"]

_MAX_RECORDS = 1_000


@dataclass(frozen=True, slots=True)
class MessageSchema:
    """One version of one message type.

    Attributes:
        digest: SHA-256 of the exact document.
        groups: Every group, in the order of the envelope's sections.
        required, repeated: Which of them must be there, and which are lists.
        schemas: How each is written.
    """

    digest: Digest
    code: MessageCode
    type: MessageType
    version: int
    groups: tuple[GroupName, ...]
    required: frozenset[GroupName]
    repeated: frozenset[GroupName]
    schemas: Mapping[GroupName, GroupSchema]

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """Register *document*.

        Raises:
            MalformedError: Not JSON, or not a message schema at all.
            SchemaError: Outside the profile: recursive, zero-width, too deep, too large, or with types
                or properties that are not allowed (`broker.records.profile`).
        """
        node = read_json(document)
        fields = node.get("fields")
        if node.get("type") != "record" or not isinstance(fields, list) or not fields:
            raise MalformedError("not a message schema")
        compiler = Compiler()
        groups = [_group(item, compiler) for item in fields]
        schemas = {group.name: group for group in groups}
        if len(schemas) != len(groups):
            raise refuse("schema-outside-profile", str(node.get("name")))
        return cls(
            digest=sha256(document),
            code=MessageCode.parse(node.get("name")),
            type=MessageType.parse(node.get("message_type")),
            version=whole(node, "version", "version", 1, 999),
            groups=tuple(schemas),
            required=frozenset(group.name for group in groups if group.required),
            repeated=frozenset(group.name for group in groups if group.repeated),
            schemas=schemas,
        )

    def encode(self, groups: Mapping[GroupName, GroupValue]) -> tuple[tuple[GroupName, bytes], ...]:
        """The bytes of every group that has a value, in schema order.

        Raises:
            SchemaError: ``offending`` names every unknown or missing group and every field that does
                not fit, never a value.
        """
        faults = _unknown_groups(self, groups)
        encoded = []
        for name, schema in self.schemas.items():
            value = groups.get(name)
            if value is None:
                faults += [name] if schema.required else []
                continue
            try:
                encoded.append((name, schema.encode(value)))
            except SchemaError as error:
                faults += error.offending
        if faults:
            raise SchemaError(f"{self.code} does not fit its schema", offending=tuple(dict.fromkeys(faults)))
        return tuple(encoded)

    def encode_group(self, name: GroupName, value: GroupValue) -> bytes:
        """The bytes of one group.

        Raises:
            SchemaError: The type does not have the group, or the value does not fit.
        """
        schema = self.schemas.get(name)
        if schema is None:
            raise SchemaError(f"{self.code} does not have this group", offending=(name,))
        return schema.encode(value)

    def decode_group(self, name: GroupName, data: bytes) -> GroupValue:
        """The value of one group: dictionaries, lists, text, integers, booleans and None.

        Raises:
            MalformedError: The type does not have the group, or *data* is not an encoding of it.
        """
        schema = self.schemas.get(name)
        if schema is None:
            raise MalformedError(f"{self.code} does not have this group", step=15, offending=(name,))
        return schema.decode(data)


def _group(item: object, compiler: Compiler) -> GroupSchema:
    if not isinstance(item, dict):
        raise MalformedError("a field of a message schema is not an object")
    name = GroupName.parse(item.get("name"))
    node, optional = branch(item, name)
    repeated = isinstance(node, dict) and node.get("type") == "array"
    record = node.get("items") if isinstance(node, dict) and repeated else node
    if repeated and zero_width(record):
        raise refuse("schema-zero-width", name)
    if not isinstance(record, dict) or record.get("type") != "record" or record.get("name") != name:
        raise refuse("schema-outside-profile", name)
    compiled = compiler.record(record, name, 2)
    assert isinstance(compiled.shape, RecordOf), "a record compiles to a record"
    if not repeated:
        return _schema(name, compiled.shape, compiled, required=not optional)
    fewest = whole(item, "min_items", name, 1, _MAX_RECORDS)
    listed = ListOf(compiled.shape, fewest, whole(item, "max_items", name, fewest, _MAX_RECORDS))
    array = Compiled(listed, {"type": "array", "items": compiled.avro})
    return _schema(name, compiled.shape, array, required=not optional)


def _schema(name: GroupName, record: RecordOf, compiled: Compiled, *, required: bool) -> GroupSchema:
    assert isinstance(compiled.shape, RecordOf | ListOf), "a group is a record or a list of records"
    avro = listed_avro(compiled.avro) if isinstance(compiled.shape, ListOf) else compiled.avro
    return GroupSchema(name, required, record, compiled.shape, fastavro.parse_schema(avro))


def _unknown_groups(schema: MessageSchema, groups: Mapping[GroupName, GroupValue]) -> list[str]:
    unknown = (key for key in groups if key not in schema.schemas)
    names = []
    for key in unknown:
        try:
            names.append(str(GroupName.parse(key)))
        except MalformedError:
            names.append("?")
    return sorted(names)
