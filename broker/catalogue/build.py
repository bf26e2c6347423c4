"""Message schemas, generated from the dictionary of groups and each type's lists (docs/spec/catalogue.md 4).

The schema is the fence: a required group is not null, an allowed group is nullable, a forbidden
group does not exist and cannot be encoded.  Fields within a group follow the same rule.

1. Groups stand in the order of the catalogue's dictionary, fields in the order of the group's document.
2. A group is required when every recipient role requires it; allowed when any may have it.
3. A repeated group is an array of its record; what is there has at least one record.
4. Where the type lists a group's fields, the record has exactly those.
5. Older versions stay as they are; only the current one is generated.
6. `CATALOGUE` lists the SHA-256 of every other file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from broker.catalogue.dictionary import Json, describe_group, field_nodes, nullable, parse_json
from broker.catalogue.document import CatalogueDocument, FieldsDocument, MessageDocument, parse_document
from broker.crypto import sha256
from broker.errors import ConfigurationError
from broker.names import GroupName, MessageCode

__all__ = [
    "CATALOGUE",
    "DIGESTS",
    "build",
    "digest_lines",
    "group_lists",
    "is_schema_file",
    "message_path",
    "message_schema",
    "read_groups",
    "required_file",
]

CATALOGUE = "catalogue.yaml"
DIGESTS = "CATALOGUE"
_NAMESPACE = "nl.beschermingszaken.bericht"


def build(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Every file of `schemas/` as it must be: the sources unchanged, the generated ones made anew.

    Args:
        files: Content by path within `schemas/`.

    Raises:
        ConfigurationError: A source is missing or wrong.
    """
    document = parse_document(required_file(files, CATALOGUE))
    groups = read_groups(document, files)
    kept = {path: data for path, data in files.items() if is_schema_file(path)}
    for code, message in document.messages.items():
        kept[message_path(code, message.version)] = message_schema(code, message, groups)
    return {**kept, DIGESTS: digest_lines(kept)}


def digest_lines(files: Mapping[str, bytes]) -> bytes:
    """The content of `CATALOGUE`: a line ``<sha-256 in hexadecimal>  <path>`` per file, sorted by path."""
    lines = [f"{sha256(files[path]).hex()}  {path}\n" for path in sorted(files)]
    return "".join(lines).encode("ascii")


def is_schema_file(path: str) -> bool:
    """Whether `CATALOGUE` lists it; `schemas/` holds other things too."""
    return path == CATALOGUE or (path.startswith(("groups/", "messages/")) and path.endswith(".avsc"))


def message_path(code: MessageCode, version: int) -> str:
    """Where a message schema stands within `schemas/`."""
    return f"messages/{code}/{version}.avsc"


def read_groups(document: CatalogueDocument, files: Mapping[str, bytes]) -> dict[GroupName, Json]:
    """The group documents of the dictionary, in its order.

    Raises:
        ConfigurationError: One is missing or wrong.
    """
    groups = {}
    for name, entry in document.groups.items():
        path = f"groups/{name}.avsc"
        record = parse_json(path, required_file(files, path))
        describe_group(name, entry.title, entry.source, record)
        groups[name] = record
    return groups


def required_file(files: Mapping[str, bytes], path: str) -> bytes:
    """The content of a file that must be there.

    Raises:
        ConfigurationError: It is not.
    """
    content = files.get(path)
    if content is None:
        raise ConfigurationError(
            f"schemas/{path} is missing", remedy="Write the file, or take its group out of catalogue.yaml"
        )
    return content


def group_lists(message: MessageDocument) -> tuple[frozenset[GroupName], frozenset[GroupName]]:
    """Groups that every recipient role requires, and groups that any recipient role may have."""
    required = frozenset.intersection(*(frozenset(r.required) for r in message.recipients))
    allowed = frozenset(name for r in message.recipients for name in (*r.required, *r.may))
    return required, allowed


def message_schema(code: MessageCode, message: MessageDocument, groups: Mapping[GroupName, Json]) -> bytes:
    """The schema document of the current version of one message type.

    Raises:
        ConfigurationError: A list names a group or field that is not in the dictionary.
    """
    required, allowed = group_lists(message)
    where = f"catalogue.yaml: messages.{code}"
    if unknown := sorted((allowed | set(message.fields)) - set(groups)):
        raise ConfigurationError(
            f"{where}: not in the dictionary",
            why=", ".join(unknown),
            remedy="Add the group to `groups`, or leave it out",
        )
    if unlisted := sorted(set(message.fields) - allowed):
        raise ConfigurationError(
            f"{where}.fields: the type does not have this group",
            why=", ".join(unlisted),
            remedy="List the group for a recipient, or drop its fields",
        )
    fields = [
        _group_field(where, name, record, message.fields.get(name), required=name in required)
        for name, record in groups.items()
        if name in allowed
    ]
    schema = {
        "type": "record",
        "name": code,
        "namespace": _NAMESPACE,
        "doc": f"{message.nl} ({message.en})",
        "message_type": message.type,
        "version": message.version,
        "fields": fields,
    }
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def _group_field(
    where: str, name: GroupName, record: Json, listed: FieldsDocument | None, *, required: bool
) -> Json:
    properties = {key: value for key, value in record.items() if key not in {"repeated", "max_items"}}
    if listed is not None:
        properties["fields"] = _listed_fields(f"{where}.fields.{name}", name, record, listed)
    repeated = record.get("repeated") is True
    shape: object = {"type": "array", "items": properties} if repeated else properties
    field: Json = {"name": name, "type": shape} if required else _optional(name, shape)
    if repeated:
        field |= {"min_items": 1, "max_items": record.get("max_items")}
    return field


def _listed_fields(where: str, name: GroupName, record: Json, listed: FieldsDocument) -> list[Json]:
    nodes = field_nodes(f"groups/{name}.avsc", record)
    if unknown := sorted({*listed.required, *listed.may} - set(nodes)):
        raise ConfigurationError(
            f"{where}: the group does not have this field",
            why=", ".join(unknown),
            remedy="Correct the name, or add the field to the group's document",
        )
    if twice := sorted(set(listed.required) & set(listed.may)):
        raise ConfigurationError(
            f"{where}: listed as required and as allowed", why=", ".join(twice), remedy="List each field once"
        )
    if absent := sorted(set(listed.examples) - {*listed.required, *listed.may}):
        raise ConfigurationError(
            f"{where}.examples: not listed",
            why=", ".join(absent),
            remedy="List the field, or drop its example",
        )
    nodes = {
        key: node | {"example": listed.examples[key]} if key in listed.examples else node
        for key, node in nodes.items()
    }
    return [
        _with_nullability(node, required=key in listed.required)
        for key, node in nodes.items()
        if key in listed.required or key in listed.may
    ]


def _with_nullability(node: Json, *, required: bool) -> Json:
    rest = {key: value for key, value in node.items() if key not in {"name", "type", "default"}}
    shape = _without_null(node) if nullable(node) else node["type"]
    head: Json = {"name": node["name"], "type": shape} if required else _optional(str(node["name"]), shape)
    return head | rest


def _without_null(node: Json) -> object:
    branches = node["type"]
    assert isinstance(branches, list), "only a nullable field has branches"
    return next(branch for branch in branches if branch != "null")


def _optional(name: str, shape: object) -> Json:
    return {"name": name, "type": ["null", shape], "default": None}
