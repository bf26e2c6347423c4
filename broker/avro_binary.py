"""Avro's binary encoding, strict: one byte string per value, and nothing else is accepted.

The fixed formats of the product (envelope, decision record, audit event) are read and written with
these primitives; field groups, whose schemas are data, go through `broker.records`.  A reader of
untrusted bytes raises `MalformedError` and nothing else:

1. variable-length integers are minimal and fit 64 bits;
2. an array is one block, or none; its count cannot exceed the bytes that are left;
3. lengths are not negative and stay inside the input;
4. text is UTF-8; booleans are 0 or 1; union branches exist;
5. every byte is consumed (`Reader.finish`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from broker.errors import MalformedError

__all__ = ["Reader", "Writer", "frame", "unframe"]

_T = TypeVar("_T")
_MAGIC = b"\xc3\x01"


class Reader:
    """Reads values one after the other from a byte string."""

    __slots__ = ("_data", "_end", "_pos")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pos = 0
        self._end = len(data)

    def long(self) -> int:
        """A zig-zag integer of at most 64 bits."""
        pos = self._pos
        if pos >= self._end:
            raise MalformedError("the bytes end inside an integer")
        byte = self._data[pos]
        if byte < 0x80:
            self._pos = pos + 1
            return (byte >> 1) ^ -(byte & 1)
        return self._longer(byte & 0x7F, pos + 1)

    def _longer(self, value: int, pos: int) -> int:
        data, shift = self._data, 7
        while shift <= 63:
            if pos >= self._end:
                raise MalformedError("the bytes end inside an integer")
            byte = data[pos]
            pos += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        else:
            raise MalformedError("an integer is longer than 64 bits")
        if byte == 0 or value > 0xFFFF_FFFF_FFFF_FFFF:
            raise MalformedError("an integer is not minimal or too large")
        self._pos = pos
        return (value >> 1) ^ -(value & 1)

    def int32(self) -> int:
        """A zig-zag integer of at most 32 bits."""
        value = self.long()
        if not -0x8000_0000 <= value <= 0x7FFF_FFFF:
            raise MalformedError("an int is longer than 32 bits")
        return value

    def boolean(self) -> bool:
        """One byte, 0 or 1."""
        byte = self.fixed(1)[0]
        if byte > 1:
            raise MalformedError("a boolean is neither 0 nor 1")
        return byte == 1

    def fixed(self, size: int) -> bytes:
        """Exactly *size* bytes."""
        start = self._pos
        stop = start + size
        if stop > self._end:
            raise MalformedError("the bytes end inside a value")
        self._pos = stop
        return self._data[start:stop]

    def octets(self) -> bytes:
        """A length and that many bytes."""
        pos, data = self._pos, self._data
        # A length below 64 is one even byte: the common case, worth its own three lines.
        if pos < self._end and (byte := data[pos]) < 0x80 and not byte & 1:
            start = pos + 1
            size = byte >> 1
        else:
            size = self.long()
            start = self._pos
            if size < 0:
                raise MalformedError("a length is negative")
        stop = start + size
        if stop > self._end:
            raise MalformedError("the bytes end inside a value")
        self._pos = stop
        return data[start:stop]

    def string(self) -> str:
        """A length and that much UTF-8."""
        try:
            return self.octets().decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedError("text is not UTF-8") from None

    def branch(self, count: int) -> int:
        """Index of a union branch or enum symbol below *count*."""
        pos = self._pos
        # An index below 64 is one even byte.
        if pos < self._end and (byte := self._data[pos]) < count << 1 and not byte & 1 and byte < 0x80:
            self._pos = pos + 1
            return byte >> 1
        index = self.long()
        if 0 <= index < count:
            return index
        raise MalformedError("a union branch or enum symbol does not exist")

    def array(self, item: Callable[[], _T], *, at_most: int) -> tuple[_T, ...]:
        """At most *at_most* items in one block."""
        if (count := self.long()) == 0:
            return ()
        if not 0 < count <= at_most or count > self._end - self._pos:
            raise MalformedError("an array has an impossible or forbidden number of items")
        items = (item(),) if count == 1 else tuple([item() for _ in range(count)])
        if self.long() != 0:
            raise MalformedError("an array has more than one block")
        return items

    def optional(self, item: Callable[[], _T]) -> _T | None:
        """A union of null and one type, null first."""
        return item() if self.branch(2) else None

    def finish(self) -> None:
        """Insist that nothing is left."""
        if self._pos != self._end:
            raise MalformedError("bytes are left over")


class Writer:
    """Writes values one after the other; `done` gives the bytes."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts = bytearray()

    def long(self, value: int) -> None:
        """A zig-zag integer; also an int, a length, a branch or an enum index."""
        rest = (value << 1) ^ (value >> 63)
        parts = self._parts
        while rest > 0x7F:
            parts.append(rest & 0x7F | 0x80)
            rest >>= 7
        parts.append(rest)

    def boolean(self, value: bool) -> None:
        """One byte."""
        self._parts.append(1 if value else 0)

    def fixed(self, value: bytes) -> None:
        """The bytes alone."""
        self._parts += value

    def octets(self, value: bytes) -> None:
        """A length and the bytes."""
        self.long(len(value))
        self._parts += value

    def string(self, value: str) -> None:
        """A length and the UTF-8."""
        self.octets(value.encode("utf-8"))

    def array(self, items: tuple[_T, ...], write: Callable[[_T], None]) -> None:
        """One block, and its end."""
        if items:
            self.long(len(items))
            for item in items:
                write(item)
        self.long(0)

    def optional(self, value: _T | None, write: Callable[[_T], None]) -> None:
        """A union of null and one type, null first."""
        if value is None:
            self._parts.append(0)
        else:
            self._parts.append(2)
            write(value)

    def done(self) -> bytes:
        """What was written."""
        return bytes(self._parts)


def frame(schema: bytes, body: bytes) -> bytes:
    """Avro single-object encoding: marker, schema fingerprint, body."""
    return _MAGIC + schema + body


def unframe(schema: bytes, value: bytes) -> bytes:
    """The body of a single-object encoding of this schema.

    Raises:
        MalformedError: Another marker or another schema.
    """
    if value[:10] != _MAGIC + schema:
        raise MalformedError("the record does not begin with the expected format marker")
    return value[10:]
