"""Messages of a wanted size that their schema allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.errors import UsageError
from broker.records.schema import MessageSchema
from broker.sandbox.bench.payload import filled

SCHEMA = MessageSchema.parse(
    (Path(__file__).parents[4] / "schemas" / "messages" / "E01" / "1.avsc").read_bytes()
)


@pytest.mark.parametrize("size", [1_024, 4_096, 65_536])
def test_a_message_has_the_size_that_was_asked(size: int) -> None:
    """Within two per cent, counted in bytes of Avro over all groups."""
    encoded = sum(len(group) for _, group in SCHEMA.encode(filled(SCHEMA, size)))

    assert abs(encoded - size) <= size * 0.02


@pytest.mark.parametrize("size", [10, 10_000_000])
def test_a_size_that_cannot_be_is_refused(size: int) -> None:
    """Less than the required fields, or more than the limits of the schema."""
    with pytest.raises(UsageError):
        filled(SCHEMA, size)
