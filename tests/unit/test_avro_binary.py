"""Strict Avro binary: exactly one byte string per value, and noise gives `MalformedError` only."""

from __future__ import annotations

import io
from collections.abc import Callable

import fastavro
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broker.avro_binary import Reader, Writer, frame, unframe
from broker.errors import MalformedError

LONGS = st.integers(-(2**63), 2**63 - 1)


def long_bytes(value: int) -> bytes:
    """The encoding of one long."""
    writer = Writer()
    writer.long(value)
    return writer.done()


def reference(schema: object, value: object) -> bytes:
    """What fastavro writes."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


@given(LONGS)
@example(-(2**63))
@example(2**63 - 1)
def test_a_long_is_what_avro_says(value: int) -> None:
    """It is written as fastavro writes it, and read back."""
    reader = Reader(encoded := long_bytes(value))

    assert encoded == reference("long", value)
    assert reader.long() == value
    reader.finish()


@given(st.binary(max_size=12))
def test_a_long_has_one_encoding(data: bytes) -> None:
    """Whatever is accepted is exactly what would be written."""
    reader = Reader(data)
    try:
        value = reader.long()
        reader.finish()
    except MalformedError:
        return
    assert long_bytes(value) == data


@given(st.text(), st.binary(), st.booleans(), st.none() | LONGS, st.lists(st.text(), max_size=5))
def test_values_are_what_avro_says(
    text: str, octets: bytes, flag: bool, maybe: int | None, words: list[str]
) -> None:
    """Text, bytes, booleans, unions and arrays are written as fastavro writes them, and read back."""
    writer = Writer()
    writer.string(text)
    writer.octets(octets)
    writer.boolean(flag)
    writer.optional(maybe, writer.long)
    writer.array(tuple(words), writer.string)
    reader = Reader(encoded := writer.done())

    assert encoded == b"".join(
        [
            reference("string", text),
            reference("bytes", octets),
            reference("boolean", flag),
            reference(["null", "long"], maybe),
            reference({"type": "array", "items": "string"}, words),
        ]
    )
    read = (reader.string(), reader.octets(), reader.boolean(), reader.optional(reader.long))
    assert (*read, reader.array(reader.string, at_most=5)) == (text, octets, flag, maybe, tuple(words))
    reader.finish()


READS: dict[str, Callable[[Reader], object]] = {
    "long": Reader.long,
    "int32": Reader.int32,
    "boolean": Reader.boolean,
    "octets": Reader.octets,
    "string": Reader.string,
    "branch": lambda reader: reader.branch(2),
    "fixed": lambda reader: reader.fixed(4),
    "array": lambda reader: reader.array(reader.octets, at_most=8),
    "optional": lambda reader: reader.optional(reader.string),
}

REFUSED = {
    "an integer that is not minimal": ("long", b"\x80\x00"),
    "an integer of eleven bytes": ("long", b"\x80" * 10 + b"\x01"),
    "an integer of 65 bits": ("long", b"\xff" * 9 + b"\x03"),
    "an integer without end": ("long", b"\xff\xff"),
    "an int of 33 bits": ("int32", long_bytes(2**31)),
    "an int below 32 bits": ("int32", long_bytes(-(2**31) - 1)),
    "a boolean of 2": ("boolean", b"\x02"),
    "a negative length": ("octets", long_bytes(-1)),
    "a length beyond the end": ("octets", b"\x04a"),
    "a gigantic length": ("octets", long_bytes(2**60) + b"a"),
    "text that is not UTF-8": ("string", b"\x02\xff"),
    "an overlong UTF-8 sequence": ("string", b"\x04\xc0\xaf"),
    "a surrogate": ("string", b"\x06\xed\xa0\x80"),
    "a negative branch": ("branch", b"\x01"),
    "a branch beyond the last": ("branch", b"\x04"),
    "an array in two blocks": ("array", b"\x02\x02a\x02\x02b\x00"),
    "an array with a sized block": ("array", b"\x01\x04\x02a\x00"),
    "an array above its limit": ("array", b"\x12" + b"\x00" * 9 + b"\x00"),
    "an array of more items than bytes": ("array", b"\x10\x00"),
    "an array that does not end": ("array", b"\x02\x02a"),
    "nothing at all": ("fixed", b""),
}


@pytest.mark.parametrize(("how", "data"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_strict_is_malformed(how: str, data: bytes) -> None:
    """Each of these is accepted by some reader somewhere; not here."""
    with pytest.raises(MalformedError):
        READS[how](Reader(data))


@pytest.mark.parametrize("how", READS)
@given(data=st.binary(max_size=64))
def test_noise_is_malformed_and_nothing_else(how: str, data: bytes) -> None:
    """No reader raises anything else, or reads beyond the end."""
    reader = Reader(data)
    try:
        READS[how](reader)
        reader.finish()
    except MalformedError:
        return


def test_left_over_bytes_are_malformed() -> None:
    """Every byte must be consumed."""
    with pytest.raises(MalformedError):
        Reader(b"\x00").finish()


def test_an_int32_reaches_its_ends() -> None:
    """The smallest and the largest 32-bit values are read."""
    ends = (-(2**31), 2**31 - 1)

    assert tuple(Reader(long_bytes(end)).int32() for end in ends) == ends


def test_a_frame_is_undone_only_for_its_schema() -> None:
    """Another schema, or a cut marker, is malformed."""
    value = frame(b"schema-1", b"body")

    assert unframe(b"schema-1", value) == b"body"
    for wrong in (value[:9], b"", b"\xc3\x02" + value[2:]):
        with pytest.raises(MalformedError):
            unframe(b"schema-1", wrong)
    with pytest.raises(MalformedError):
        unframe(b"schema-2", value)
