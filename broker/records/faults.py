"""What is wrong with each name that a `SchemaError` gives: missing, unknown, or not of its form, and which.

For the sender's eyes only: an audit record and an answer carry the bare names (audit.md 3).
No value is ever said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from broker.names import GroupName
from broker.records.model import GroupValue
from broker.records.schema import MessageSchema
from broker.records.shape import (
    FORMATS,
    Choice,
    Day,
    Flag,
    Hex,
    ListOf,
    Moment,
    Number,
    RecordOf,
    Shape,
    Text,
)

__all__ = ["say_faults"]

_PLAIN: Final[Mapping[type, str]] = {
    Day: "a day, such as 2014-01-31",
    Flag: "true or false",
    Moment: "a moment with its zone, such as 2014-01-31T09:00:00Z",
    RecordOf: "fields with their values",
}
_FORMATS: Final = {
    "bsn": "nine digits",
    "code": "a code of letters, digits, points, hyphens and underscores",
    "function": "the function of a worker, in words",
    "house-number": "a house number, such as 12 or 12-hs",
    "name": "a name of letters, digits, points, colons, hyphens and underscores",
    "phone": "a telephone number, such as 020-5551234 or 112",
    "postcode": "a postcode, such as 1234AB",
    "reference": "a reference without spaces between words",
}
"""What is asked of text of each named format, for a person."""


def say_faults(
    schema: MessageSchema, groups: Mapping[GroupName, GroupValue], offending: Iterable[str]
) -> str:
    """The names with their fault: ``CH.surname (missing); CH.sex (form: one of man, ...)``."""
    shapes = {name: group.shape for name, group in schema.schemas.items()}
    known: dict[str, Shape] = {str(name): shape for name, shape in shapes.items()}
    for shape in shapes.values():
        known |= _paths(shape)
    missing: set[str] = {name for name in shapes if groups.get(name) is None}
    for name, shape in shapes.items():
        missing |= set(_missing(shape, groups.get(name)))
    return "; ".join(f"{name} ({_fault(name, known, missing)})" for name in offending)


def _fault(name: str, known: Mapping[str, Shape], missing: set[str]) -> str:
    if name not in known:
        return "unknown"
    return "missing" if name in missing else f"form: {_form(known[name])}"


def _form(shape: Shape) -> str:
    """What belongs there, for a person."""
    match shape:
        case Text():
            return f"{_text(shape)}, at most {shape.max_length} characters"
        case Number():
            return f"a whole number from {shape.minimum} to {shape.maximum}"
        case Choice():
            return f"one of {', '.join(sorted(shape.symbols))}"
        case Hex():
            return f"{2 * shape.size} hexadecimal digits, lower case"
        case ListOf():
            return f"a list of {shape.min_items} to {shape.max_items}, of which each is {_form(shape.item)}"
    return _PLAIN.get(type(shape), "another one")


def _text(shape: Text) -> str:
    formats = {name for name, pattern in FORMATS.items() if shape.matches == pattern.fullmatch}
    return next((_FORMATS[name] for name in formats), "text without control characters")


def _paths(shape: Shape) -> dict[str, Shape]:
    """Every field below *shape*, with its own."""
    found: dict[str, Shape] = {}
    if isinstance(shape, ListOf):
        return _paths(shape.item)
    if isinstance(shape, RecordOf):
        for member in shape.members:
            found |= {member.path: member.shape, **_paths(member.shape)}
    return found


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
