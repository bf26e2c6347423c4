"""The access event as bytes: one encoding, and nothing else is ever raised."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.audit.access import (
    MAX_ACCESS_BYTES,
    MAX_OPENED,
    AccessEvent,
    AccessRole,
    Ground,
    read_access,
    write_access,
)
from broker.errors import MalformedError
from broker.names import Digest
from tests.access_world import access

_ROOT = Path(__file__).parents[3]
_SCHEMA = fastavro.parse_schema(json.loads((_ROOT / "schemas" / "audit" / "access.avsc").read_bytes()))


@pytest.mark.parametrize("number", range(6))
def test_an_event_is_read_as_it_was_written(number: int) -> None:
    """For every role, with and without what may be left out."""
    event = access(number)

    assert read_access(write_access(event)) == event


def test_the_bytes_follow_the_schema() -> None:
    """An Avro library that is not ours reads them, to the last byte."""
    stream = io.BytesIO(write_access(access(3)))
    document: Any = fastavro.schemaless_reader(stream, _SCHEMA, None)

    assert stream.read() == b""
    assert document["person"] == access(3).person
    assert document["ground"]["code"] == access(3).ground.code
    assert document["role"].replace("_", "-") == access(3).role
    assert document["trace_id"] == access(3).trace_id


@given(st.binary(max_size=400))
def test_noise_is_malformed(noise: bytes) -> None:
    """Nothing but `MalformedError`."""
    with pytest.raises(MalformedError):
        read_access(noise)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_byte_is_another_event_or_malformed(place: int, flip: int) -> None:
    """There is no second encoding of the same event."""
    entry = bytearray(write_access(access(3)))
    entry[place % len(entry)] ^= flip
    try:
        event = read_access(bytes(entry))
    except MalformedError:
        return
    assert event != access(3)
    assert write_access(event) == bytes(entry)


@pytest.mark.parametrize(
    "change",
    [
        {"person": "jan"},
        {"person": "account:"},
        {"person": "account:a\nb"},
        {"ground": Ground("Toezicht", "")},
        {"ground": Ground("toezicht", "x" * 201)},
        {"second_ground": Ground("toezicht", "a\x00b")},
        {"command": "Search"},
        {"query": "x" * 2001},
        {"query": "two\nlines"},
        {"hits": -1},
        {"decisions": (Digest(bytes(32)),) * (MAX_OPENED + 1)},
        {"refusal": "No"},
    ],
    ids=str,
)
def test_what_a_reader_refuses_is_never_written(change: dict[str, Any]) -> None:
    """A log that nobody can read remembers nothing."""
    with pytest.raises(MalformedError):
        write_access(replace(access(3), **change))


def test_the_largest_event_fits_a_tile() -> None:
    """With a thousand decisions and the longest texts."""
    largest: AccessEvent = replace(
        access(1),
        person="account:" + "é" * 199,
        ground=Ground("a" * 64, "€" * 200),
        second_ground=Ground("b" * 64, "€" * 200),
        query="€" * 2000,
        decisions=(Digest(bytes(32)),) * MAX_OPENED,
        role=AccessRole.AGENCY,
    )

    assert len(write_access(largest)) < MAX_ACCESS_BYTES
