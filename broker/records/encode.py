"""One field group to its Avro bytes and back, strictly (envelope.md 8, step 15; catalogue.md 5).

1. Encoding validates everything first and names every fault at once: ``CH.nickname`` is not in the
   schema, ``CO.concern_description`` is too long.  Values are never in an error.
2. The size is capped before anything is decoded.
3. What was decoded must encode to exactly the same bytes.  That one comparison refuses whatever Avro
   readers let through: bytes left over, over-long integers, negative enum and union indexes, arrays
   in blocks, text that is too long, numbers out of bounds.
4. Every failure to decode is `MalformedError` at step 15 and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import cast

import fastavro

from broker.errors import MalformedError, SchemaError
from broker.names import GroupName
from broker.records.model import GroupValue
from broker.records.shape import ListOf, RecordOf

__all__ = ["MAX_GROUP_BYTES", "GroupSchema", "listed_avro"]

MAX_GROUP_BYTES = 65_536
"""Largest encoding of one group; attachments travel by reference."""
_STEP = 15
_ROWS = "__rows"


def listed_avro(array: object) -> dict[str, object]:
    """The schema of a list as that of a record which holds it alone: the same bytes.

    fastavro knows only of a record whether it was parsed before; an array it parses again for each
    value, which takes longer than the value does.
    """
    return {"type": "record", "name": _ROWS, "fields": [{"name": _ROWS, "type": array}]}


@dataclass(frozen=True, slots=True)
class GroupSchema:
    """How one group of one message type is written.

    Attributes:
        record: The shape of one record.
        shape: The shape of the group: the record, or a list of it.
        avro: Its Avro schema, parsed by fastavro; of a list what `listed_avro` makes of it.
    """

    name: GroupName
    required: bool
    record: RecordOf
    shape: RecordOf | ListOf
    avro: object

    @property
    def repeated(self) -> bool:
        """Whether the group is a list of records."""
        return isinstance(self.shape, ListOf)

    def encode(self, value: GroupValue) -> bytes:
        """The bytes of *value*.

        Raises:
            SchemaError: It does not fit; ``offending`` names every field concerned.
        """
        faults: list[str] = []
        encoded = self._write(value, faults)
        if faults:
            raise SchemaError("the content does not fit its schema", offending=tuple(dict.fromkeys(faults)))
        return encoded

    def decode(self, data: bytes) -> GroupValue:
        """The value whose encoding is exactly *data*.

        Raises:
            MalformedError: No value is.
        """
        if len(data) > MAX_GROUP_BYTES:
            raise MalformedError("a group is too large", step=_STEP, offending=(self.name,))
        try:
            found = fastavro.schemaless_reader(BytesIO(data), self.avro, None)
            value = self.shape.to_json(cast("dict[str, object]", found)[_ROWS] if self.repeated else found)
            faults: list[str] = []
            if self._write(value, faults) == data:
                return cast("GroupValue", value)
        except Exception:  # noqa: BLE001 - whatever the reader trips over, the bytes are at fault
            faults = []
        names = tuple(dict.fromkeys(faults)) or (self.name,)
        raise MalformedError("a group does not decode", step=_STEP, offending=names)

    def _write(self, value: object, faults: list[str]) -> bytes:
        """The encoding, or nothing and the names of what does not fit."""
        avro = self.shape.to_avro(value, self.name, faults)
        if faults:
            return b""
        buffer = BytesIO()
        fastavro.schemaless_writer(buffer, self.avro, {_ROWS: avro} if self.repeated else avro)
        if buffer.tell() > MAX_GROUP_BYTES:
            faults.append(self.name)
        return buffer.getvalue()
