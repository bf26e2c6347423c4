"""The dictionary of field groups: the documents `schemas/groups/<NAME>.avsc`.

Here they are read as data, to list their fields and to generate message schemas from them; the
bytes on the wire are `broker.records`' business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from broker.catalogue.model import Field, Group, Sensitivity
from broker.errors import ConfigurationError
from broker.names import GroupName

__all__ = ["Json", "describe_group", "field_nodes", "is_text", "nullable", "parse_json"]

Json = dict[str, object]
"""A JSON object."""

_NUMBERS = frozenset({"bsn", "phone"})
_REFERENCES = frozenset({"code", "house-number", "name", "reference"})


def parse_json(path: str, content: bytes) -> Json:
    """The JSON object in the file at *path*.

    Raises:
        ConfigurationError: Not a JSON object, or a key is given twice.
    """
    try:
        value = json.loads(content, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"schemas/{path} is not JSON", why=str(error)[:200], remedy="Correct the document at that place"
        ) from error
    if not isinstance(value, dict):
        raise ConfigurationError(
            f"schemas/{path} is not a JSON object", remedy="Write an Avro record as a JSON object"
        )
    return value


def field_nodes(path: str, record: Mapping[str, object]) -> dict[str, Json]:
    """The fields of an Avro record by name, in order.

    Raises:
        ConfigurationError: The record has no list of named fields.
    """
    fields = record.get("fields")
    nodes: dict[str, Json] = {}
    for node in fields if isinstance(fields, list) else ():
        if not isinstance(node, dict) or not isinstance(node.get("name"), str) or "type" not in node:
            raise ConfigurationError(
                f"schemas/{path}: a field has no name or no type", remedy="Give every field `name` and `type`"
            )
        nodes[str(node["name"])] = node
    if not nodes:
        raise ConfigurationError(
            f"schemas/{path}: the record has no fields", remedy="Give the record a list of fields"
        )
    return nodes


def nullable(node: Mapping[str, object]) -> bool:
    """Whether the field may be null."""
    return isinstance(node["type"], list)


def describe_group(name: GroupName, title: str, source: str, record: Json) -> Group:
    """The group as a value.

    Raises:
        ConfigurationError: It is another group, or a field does not say how sensitive it is.
    """
    path = f"groups/{name}.avsc"
    if record.get("name") != name:
        raise ConfigurationError(
            f"schemas/{path}: the record is not named {name}", remedy="Name the record after its file"
        )
    fields = tuple(_field(path, key, node) for key, node in field_nodes(path, record).items())
    return Group(name, title, record.get("repeated") is True, fields, source)


def _field(path: str, name: str, node: Json) -> Field:
    sensitivity, protected = node.get("sensitivity"), node.get("source_protected")
    if sensitivity not in set(Sensitivity) or not isinstance(protected, bool):
        raise ConfigurationError(
            f"schemas/{path}: {name} does not say how sensitive it is",
            remedy="Give it `sensitivity` (PLAIN, IDENT, SPECIAL, CRIMINAL) and `source_protected`",
        )
    free = node.get("free_text") is True
    return Field(name, Sensitivity(str(sensitivity)), protected, not nullable(node), free, _searched(node))


def _searched(node: Json) -> str:
    longest = node.get("max_length")
    if not is_text(node) or node.get("format") in _NUMBERS or (isinstance(longest, int) and longest < 9):
        return ""
    return "reference" if node.get("format") in _REFERENCES else "text"


def is_text(node: Mapping[str, object]) -> bool:
    """Whether the field is text, or a list of texts."""
    branches = node["type"] if isinstance(node["type"], list) else [node["type"]]
    return any(
        branch == "string" or (isinstance(branch, dict) and branch.get("items") == "string")
        for branch in branches
    )


def _unique(pairs: list[tuple[str, object]]) -> Json:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a key is given twice")
    return mapping
