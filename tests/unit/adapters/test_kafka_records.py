"""A record that the client library cannot read is read all the same."""

from __future__ import annotations

from typing import Any

import pytest
from kafka.record import MemoryRecords, MemoryRecordsBuilder

from broker.adapters.kafka_records import accept_any_header_name


class _RawName(str):
    """A header name that is sent as octets of our choice."""

    __slots__ = ("octets",)
    octets: bytes

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return self.octets


def _name(octets: bytes) -> _RawName:
    name = _RawName("x" * len(octets))
    name.octets = octets
    return name


def _read(*names: Any) -> list[Any]:
    builder = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=1_000_000)
    for number, name in enumerate(names):
        builder.append(1, b"key", b"value-%d" % number, [(name, b"h")])
    builder.close()
    batch = MemoryRecords(builder.buffer()).next_batch()
    assert batch.validate_crc()
    return list(batch)


@pytest.mark.parametrize(
    ("octets", "read"),
    [
        pytest.param(b"plain", "plain", id="ascii"),
        pytest.param("é".encode(), "é", id="utf-8"),
        pytest.param(b"\xff", "\\xff", id="not utf-8"),
        pytest.param(b"a\xc3", "a\\xc3", id="cut off"),
    ],
)
def test_any_header_name(octets: bytes, read: str) -> None:
    """A name that is UTF-8 comes as it is, any other with its bad octets written out."""
    accept_any_header_name()
    assert _read(_name(octets))[0].headers == [(read, b"h")]


def test_the_records_around_are_untouched() -> None:
    """Records before and after a bad name keep their octets, as plain bytes."""
    accept_any_header_name()
    records = _read("good", _name(b"\xff\xfe"), "good")
    assert [record.value for record in records] == [b"value-0", b"value-1", b"value-2"]
    assert {type(part) for r in records for part in (r.key, r.value, r.headers[0][1])} == {bytes}
