"""The profile of Avro that schemas may use, enforced when a schema is registered (docs/spec/catalogue.md 5).

1. No recursion: a type is defined where it stands and never referred to by name.
2. No array item of zero width: a few bytes of input must not become millions of values.
3. At most 64 levels and 2,000 nodes.
4. Records, arrays, enumerations, fixed bytes, strings, booleans, ints, longs, dates and moments in
   microseconds; a union is null and one other type, null first, with null as default.
5. Text says its longest length, an array its largest number of items.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.errors import MalformedError, SchemaError
from broker.records.shape import (
    FORMATS,
    Choice,
    Day,
    Flag,
    Hex,
    ListOf,
    Member,
    Moment,
    Number,
    RecordOf,
    Shape,
    Text,
)

__all__ = [
    "MAX_DOCUMENT_BYTES",
    "MAX_LEVELS",
    "MAX_NODES",
    "Compiled",
    "Compiler",
    "branch",
    "read_json",
    "refuse",
    "whole",
    "zero_width",
]

MAX_DOCUMENT_BYTES = 1_048_576
MAX_LEVELS = 64
MAX_NODES = 2_000
_MAX_TEXT = 20_000
_MAX_ITEMS = 1_000
_MAX_FIXED = 1_024
_BOUNDS = {"int": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_AVRO_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")

_Node = Mapping[str, object]


def read_json(document: bytes) -> dict[str, object]:
    """The JSON object in *document*.

    Raises:
        MalformedError: Not JSON, not an object, too large, or a key is given twice.
    """
    if len(document) > MAX_DOCUMENT_BYTES:
        raise MalformedError("a schema document is too large")
    try:
        value = json.loads(document, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise MalformedError("a schema document is not JSON") from None
    if not isinstance(value, dict):
        raise MalformedError("a schema document is not a JSON object")
    return value


@dataclass(frozen=True, slots=True)
class Compiled:
    """A shape, and the bare Avro type of its values: no logical types, no properties."""

    shape: Shape
    avro: object


@dataclass(slots=True)
class Compiler:
    """Turns schema nodes into shapes and counts what it meets.

    Args:
        fits: Whether examples must fit, which they must in every published schema.
    """

    nodes: int = 0
    names: set[str] = field(default_factory=set)

    def compile(self, node: object, properties: _Node, path: str, level: int) -> Compiled:
        """Compile one type.

        Args:
            node: An Avro type: a name of a primitive, or an object.
            properties: Our properties for it: those of the field that holds it.
            path: Name for errors: ``CH.surname``.
            level: Depth, from 1.

        Raises:
            SchemaError: Outside the profile.
        """
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise refuse("schema-too-large", path)
        if level > MAX_LEVELS:
            raise refuse("schema-too-deep", path)
        if isinstance(node, str):
            return self._primitive(node, properties, path)
        if not isinstance(node, dict) or not isinstance(node.get("type"), str | dict):
            raise refuse("schema-outside-profile", path)
        return self._complex(node, properties, path, level)

    def record(self, node: _Node, path: str, level: int) -> Compiled:
        """Compile a record type.

        Raises:
            SchemaError: Outside the profile.
        """
        name = self._define(node, path)
        fields = node.get("fields")
        if not isinstance(fields, list):
            raise refuse("schema-outside-profile", path)
        if not fields:
            raise refuse("schema-zero-width", path)
        members, avro = [], []
        for item in fields:
            member, bare = self._member(item, path, level)
            members.append(member)
            avro.append({"name": member.name, "type": bare})
        names = frozenset(member.name for member in members)
        if len(names) != len(members):
            raise refuse("schema-outside-profile", path)
        return Compiled(
            RecordOf(path, tuple(members), names), {"type": "record", "name": name, "fields": avro}
        )

    def _member(self, item: object, path: str, level: int) -> tuple[Member, object]:
        if not isinstance(item, dict) or not _is_name(item.get("name")):
            raise refuse("schema-outside-profile", path)
        name = item["name"]
        inner, optional = branch(item, f"{path}.{name}")
        compiled = self.compile(inner, item, f"{path}.{name}", level + 1)
        example = item.get("example", compiled.shape.sample)
        faults: list[str] = []
        if example is not None or not optional:
            compiled.shape.to_avro(example, f"{path}.{name}", faults)
        if faults:
            raise refuse("schema-example", *faults)
        bare = ["null", compiled.avro] if optional else compiled.avro
        return Member(name, f"{path}.{name}", compiled.shape, not optional, example), bare

    def _complex(self, node: dict[str, object], properties: _Node, path: str, level: int) -> Compiled:
        kind, logical = node["type"], node.get("logicalType")
        if kind == "record":
            return self.record(node, path, level)
        if kind == "array":
            return self._array(node, properties, path, level)
        if kind == "enum":
            return self._enum(node, path)
        if kind == "fixed" and logical is None:
            return self._fixed(node, path)
        if (kind, logical) == ("int", "date"):
            return Compiled(Day(), "int")
        if (kind, logical) == ("long", "timestamp-micros"):
            return Compiled(Moment(), "long")
        if isinstance(kind, dict) or logical is not None:
            raise refuse("schema-outside-profile", path)
        return self._primitive(str(kind), properties, path)

    def _array(self, node: _Node, properties: _Node, path: str, level: int) -> Compiled:
        if zero_width(node.get("items")):
            raise refuse("schema-zero-width", path)
        item = self.compile(node.get("items"), properties, path, level + 1)
        fewest = whole(properties, "min_items", path, 0, _MAX_ITEMS, 1)
        most = whole(properties, "max_items", path, max(1, fewest), _MAX_ITEMS)
        return Compiled(ListOf(item.shape, fewest, most), {"type": "array", "items": item.avro})

    def _enum(self, node: _Node, path: str) -> Compiled:
        name, symbols = self._define(node, path), node.get("symbols")
        if not isinstance(symbols, list) or not symbols or not all(_is_name(s) for s in symbols):
            raise refuse("schema-outside-profile", path)
        if len(set(symbols)) != len(symbols):
            raise refuse("schema-outside-profile", path)
        return Compiled(
            Choice(frozenset(symbols), symbols[0]), {"type": "enum", "name": name, "symbols": symbols}
        )

    def _fixed(self, node: _Node, path: str) -> Compiled:
        name = self._define(node, path)
        if node.get("size") == 0:
            raise refuse("schema-zero-width", path)
        size = whole(node, "size", path, 1, _MAX_FIXED)
        return Compiled(Hex(size), {"type": "fixed", "name": name, "size": size})

    def _primitive(self, name: str, properties: _Node, path: str) -> Compiled:
        if name == "string":
            return Compiled(_text(properties, path), name)
        if name == "boolean":
            return Compiled(Flag(), name)
        if bounds := _BOUNDS.get(name):
            low = whole(properties, "minimum", path, *bounds, bounds[0])
            high = whole(properties, "maximum", path, low, bounds[1], bounds[1])
            return Compiled(Number(low, high), name)
        known = name in self.names or name.rpartition(".")[2] in self.names
        raise refuse("schema-recursive" if known else "schema-outside-profile", path)

    def _define(self, node: _Node, path: str) -> str:
        name = node.get("name")
        if not _is_name(name) or name in self.names:
            raise refuse("schema-outside-profile", path)
        self.names.add(str(name))
        return str(name)


def branch(item: _Node, path: str) -> tuple[object, bool]:
    """The type of a field without null, and whether it may be null.

    Raises:
        SchemaError: A union that is not null and one type, or a default that is not null.
    """
    node = item.get("type")
    if not isinstance(node, list):
        if "default" in item:
            # A default would make up data about a person.
            raise refuse("schema-outside-profile", path)
        return node, False
    if len(node) != 2 or node[0] != "null" or node[1] == "null" or isinstance(node[1], list):
        raise refuse("schema-outside-profile", path)
    if item.get("default", 0) is not None:
        raise refuse("schema-outside-profile", path)
    return node[1], True


def zero_width(node: object) -> bool:
    """Whether a value of this type takes no bytes at all."""
    if isinstance(node, str):
        return node == "null"
    if not isinstance(node, dict):
        return False
    if node.get("type") == "record":
        fields = node.get("fields")
        return isinstance(fields, list) and all(
            isinstance(f, dict) and f.get("type") in ("null", {"type": "null"}) for f in fields
        )
    return node.get("type") == "null" or (node.get("type") == "fixed" and node.get("size") == 0)


def whole(node: _Node, key: str, path: str, low: int, high: int, default: int | None = None) -> int:
    """An integer property between two bounds.

    Raises:
        SchemaError: Absent without a default, no integer, or out of bounds.
    """
    value = node.get(key, default)
    if type(value) is not int or not low <= value <= high:
        raise refuse("schema-property", f"{path}:{key}")
    return value


def refuse(reason: str, *names: str) -> SchemaError:
    """The refusal of a schema."""
    return SchemaError("a schema is outside the profile", reason=reason, offending=names)


def _text(properties: _Node, path: str) -> Text:
    longest = whole(properties, "max_length", path, 1, _MAX_TEXT)
    name = properties.get("format")
    if name is None:
        return Text(longest, None, "voorbeeld"[:longest])
    pattern = FORMATS.get(str(name))
    if pattern is None:
        raise refuse("schema-property", f"{path}:format")
    samples = {"bsn": "999900006", "house-number": "1", "phone": "000-0000000", "postcode": "0000AA"}
    return Text(longest, pattern.fullmatch, samples.get(str(name), "voorbeeld"[:longest]))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _AVRO_NAME.fullmatch(value) is not None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a key is given twice")
    return mapping
