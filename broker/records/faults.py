"""What is wrong with each name that a `SchemaError` gives: missing, unknown, or not an allowed value.

For the sender's eyes only: an audit record and an answer carry the bare names (audit.md 3).
No value is ever said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from broker.names import GroupName
from broker.records.model import GroupValue
from broker.records.schema import MessageSchema
from broker.records.shape import ListOf, RecordOf, Shape

__all__ = ["say_faults"]


def say_faults(
    schema: MessageSchema, groups: Mapping[GroupName, GroupValue], offending: Iterable[str]
) -> str:
    """The names with their fault: ``CH.surname (missing), CH.nickname (unknown), CH.sex (not allowed)``."""
    shapes = {name: group.shape for name, group in schema.schemas.items()}
    known = {*shapes, *(path for shape in shapes.values() for path in _paths(shape))}
    missing: set[str] = {name for name in shapes if groups.get(name) is None}
    for name, shape in shapes.items():
        missing |= set(_missing(shape, groups.get(name)))
    return ", ".join(f"{name} ({_fault(name, known, missing)})" for name in offending)


def _fault(name: str, known: set[str], missing: set[str]) -> str:
    if name not in known:
        return "unknown"
    return "missing" if name in missing else "not allowed"


def _paths(shape: Shape) -> Iterator[str]:
    if isinstance(shape, ListOf):
        yield from _paths(shape.item)
    elif isinstance(shape, RecordOf):
        for member in shape.members:
            yield member.path
            yield from _paths(member.shape)


def _missing(shape: Shape, value: object) -> Iterator[str]:
    """Required members that a value, of whatever form, does not have."""
    if isinstance(shape, ListOf) and isinstance(value, list):
        for item in value:
            yield from _missing(shape.item, item)
    elif isinstance(shape, RecordOf) and isinstance(value, Mapping):
        for member in shape.members:
            if (item := value.get(member.name)) is not None:
                yield from _missing(member.shape, item)
            elif member.required:
                yield member.path
