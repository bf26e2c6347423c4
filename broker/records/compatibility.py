"""Whether version n+1 of a message schema may follow version n (docs/spec/catalogue.md 7).

1. Apache Avro's own rules: what was written with the old version can be read with the new one.
2. A logical type never changes: a number would silently mean another moment.
3. No field becomes less sensitive, and none loses its source protection.
4. No field becomes required, and no bound narrower, so that what was valid stays valid.
5. The message type stays the same and the version is the next.

A change that breaks a rule is a new message type, not a new version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import AvroException
from avro.schema import parse

from broker.errors import MalformedError
from broker.records.profile import read_json

__all__ = ["incompatibilities"]

_LEVELS = ("PLAIN", "IDENT", "SPECIAL", "CRIMINAL")
_Node = Mapping[str, object]


def incompatibilities(old: bytes, new: bytes) -> tuple[str, ...]:
    """What forbids *new* to follow *old*, each as ``path: reason``; empty: it may.

    Raises:
        MalformedError: One of them is not a schema document.
    """
    before, after = read_json(old), read_json(new)
    return (*_avro_rules(old, new), *_identity(before, after), *_own_rules(before, after, ""))


def _avro_rules(old: bytes, new: bytes) -> Iterator[str]:
    try:
        writer, reader = parse(old.decode("utf-8")), parse(new.decode("utf-8"))
    except (AvroException, UnicodeDecodeError):
        raise MalformedError("not an Avro schema") from None
    result = ReaderWriterCompatibilityChecker().get_compatibility(reader, writer)
    if result.compatibility is not SchemaCompatibilityType.compatible:
        # The checker gathers places in a set; the deepest is where the trouble is.
        deepest = max(result.locations, key=lambda pointer: (pointer.count("/"), pointer), default="")
        yield f"{_named(read_json(new), deepest)}: {', '.join(sorted(result.messages))}"


def _identity(before: _Node, after: _Node) -> Iterator[str]:
    if before.get("message_type") != after.get("message_type"):
        yield "message_type: differs"
    old, new = before.get("version"), after.get("version")
    if not isinstance(old, int) or new != old + 1:
        yield "version: is not the next"


def _own_rules(before: object, after: object, path: str) -> Iterator[str]:
    old, new = _bare(before), _bare(after)
    if not isinstance(old, dict) or not isinstance(new, dict):
        if isinstance(old, dict) != isinstance(new, dict) and _logical(old) != _logical(new):
            yield f"{path}: the logical type differs"
        return
    if _logical(old) != _logical(new):
        yield f"{path}: the logical type differs"
    yield from _own_rules(old.get("items"), new.get("items"), path)
    then, now = _fields(old), _fields(new)
    for name in then.keys() & now.keys():
        place = f"{path}.{name}" if path else name
        yield from _properties(then[name], now[name], place)
        yield from _own_rules(then[name].get("type"), now[name].get("type"), place)


def _properties(old: _Node, new: _Node, path: str) -> Iterator[str]:
    if _level(new) < _level(old):
        yield f"{path}: becomes less sensitive"
    if isinstance(old.get("type"), list) and not isinstance(new.get("type"), list):
        yield f"{path}: becomes required"
    if old.get("source_protected") is True and new.get("source_protected") is not True:
        yield f"{path}: loses its source protection"
    if old.get("format") != new.get("format") and new.get("format") is not None:
        yield f"{path}: the format becomes narrower"
    for key, narrower in (
        ("max_length", -1),
        ("max_items", -1),
        ("maximum", -1),
        ("min_items", 1),
        ("minimum", 1),
    ):
        then, now = old.get(key), new.get(key)
        added = then is None and now is not None
        if added or (isinstance(then, int) and isinstance(now, int) and (now - then) * narrower > 0):
            yield f"{path}: {key} becomes narrower"


def _named(node: object, pointer: str) -> str:
    """The names of the fields on the way of a JSON pointer."""
    names = []
    for part in pointer.strip("/").split("/"):
        if isinstance(node, list) and part.isdecimal() and int(part) < len(node):
            node = node[int(part)]
            names += [str(node["name"])] if isinstance(node, dict) and "name" in node else []
        elif isinstance(node, dict):
            node = node.get(part)
    return ".".join(names) or "schema"


def _bare(node: object) -> object:
    """The type without null."""
    if isinstance(node, list):
        return next((branch for branch in node if branch != "null"), None)
    return node


def _logical(node: object) -> object:
    return node.get("logicalType") if isinstance(node, dict) else None


def _fields(node: _Node) -> dict[str, _Node]:
    fields = node.get("fields")
    return (
        {str(item["name"]): item for item in fields if isinstance(item, dict)}
        if isinstance(fields, list)
        else {}
    )


def _level(node: _Node) -> int:
    sensitivity = node.get("sensitivity")
    return _LEVELS.index(sensitivity) if sensitivity in _LEVELS else -1
