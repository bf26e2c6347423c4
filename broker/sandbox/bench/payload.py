"""Messages to measure with: the template of the type, grown to a size that its schema allows.

A small payload is the required groups with a long description.  A larger one also has the optional
groups and full lists, and in the end text in characters of three bytes: no other text of the allowed
length is as large.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from broker.errors import UsageError
from broker.names import CaseRef, GroupName, MessageCode, Regime
from broker.records.model import Addressee, GroupValue, Record
from broker.records.schema import MessageSchema
from broker.records.shape import ListOf, Text
from broker.records.template import template
from broker.trust.view import TrustView

__all__ = ["CODE", "Letter", "filled", "letter"]

CODE: Final = MessageCode("E01")
_DESCRIBED: Final = GroupName("CO")
# The agreements of the sandbox leave police data out.
_LEFT_OUT: Final = GroupName("PO")
_NARROW, _WIDE = "x", "\u20ac"
_TOLERANCE: Final = 0.02

# Groups as documents have them: whatever JSON can hold.
_Groups = dict[GroupName, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """What every message of a measurement says; each is about a case of its own.

    Attributes:
        size: Bytes of Avro, all groups together.
    """

    groups: Mapping[GroupName, GroupValue]
    size: int
    to: Addressee
    view: TrustView

    def record(self) -> Record:
        """One message more."""
        entry = self.view.catalogue.messages[CODE]
        return Record(
            code=CODE,
            to=(self.to,),
            case_ref=CaseRef(os.urandom(16)),
            purpose=entry.purposes[0],
            legal_basis=entry.legal_bases[0],
            regime=Regime.R1,
            groups=self.groups,
            assertions={asked.name: "true" for asked in entry.assertions},
        )


def letter(view: TrustView, recipient: str, size: int) -> Letter:
    """An E01 to *recipient* (short name) with about *size* bytes of content.

    Raises:
        UsageError: The type cannot be that large, or that small.
    """
    agency = view.by_name[recipient]
    schema = view.schemas[view.catalogue.messages[CODE].schema_digest]
    groups = filled(schema, size)
    return Letter(groups, _size(schema, groups), Addressee(agency.oin, min(agency.roles)), view)


def filled(schema: MessageSchema, size: int) -> _Groups:
    """Test data for *schema* of *size* bytes, within two per cent.

    Raises:
        UsageError: The type cannot be that large, or that small.
    """
    for groups, slots, character in _levels(schema):
        for record, name, most in slots:
            missing = size - _size(schema, groups)
            if missing <= 0:
                break
            room = missing + len(str(record[name] or "").encode())
            record[name] = character * min(most, max(1, room // len(character.encode())))
        if abs(_size(schema, groups) - size) <= size * _TOLERANCE:
            return groups
    raise UsageError(f"{schema.code} cannot have {size} bytes of content", remedy="Choose another size")


_Slot = tuple[dict[str, Any], str, int]


def _levels(schema: MessageSchema) -> Iterator[tuple[_Groups, list[_Slot], str]]:
    """Ever larger beginnings, the text fields to fill, and with what."""
    small: _Groups = dict(template(schema))
    yield small, list(_slots(schema, {_DESCRIBED: small[_DESCRIBED]})), _NARROW
    for character in (_NARROW, _WIDE):
        large = _all_groups(schema)
        yield large, list(_slots(schema, large)), character


def _all_groups(schema: MessageSchema) -> _Groups:
    groups: _Groups = dict(template(schema, everything=True))
    groups.pop(_LEFT_OUT, None)
    for name, value in groups.items():
        shape = schema.schemas[name].shape
        if isinstance(shape, ListOf):
            groups[name] = [copy.deepcopy(value[0]) for _ in range(shape.max_items)]
    return groups


def _slots(schema: MessageSchema, groups: _Groups) -> Iterator[_Slot]:
    """Every text field that takes any text."""
    for name, value in groups.items():
        for record in value if isinstance(value, list) else [value]:
            for member in schema.schemas[name].record.members:
                if isinstance(member.shape, Text) and member.shape.matches is None:
                    yield record, member.name, member.shape.max_length


def _size(schema: MessageSchema, groups: _Groups) -> int:
    return sum(len(encoded) for _, encoded in schema.encode(groups))
