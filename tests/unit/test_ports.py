"""The values that the ports exchange."""

from __future__ import annotations

from broker.names import TopicName
from broker.ports import Message, Position, first_offsets, next_offsets

_ONE, _OTHER = TopicName("exchange.meldingen"), TopicName("exchange.ontvangst")
_READ = [
    Message(Position(topic, partition, offset), b"key", b"value")
    for topic, partition, offset in ((_ONE, 0, 7), (_OTHER, 0, 3), (_ONE, 0, 8), (_ONE, 1, 0), (_ONE, 0, 6))
]


def test_a_batch_begins_at_the_lowest_offset_of_each_partition() -> None:
    """A repeat within a batch does not hide what came before it."""
    assert first_offsets(_READ) == {(_ONE, 0): 6, (_OTHER, 0): 3, (_ONE, 1): 0}


def test_reading_goes_on_behind_the_highest_offset_of_each_partition() -> None:
    """A repeat within a batch does not move it back."""
    assert next_offsets(_READ) == {(_ONE, 0): 9, (_OTHER, 0): 4, (_ONE, 1): 1}


def test_nothing_read_moves_nothing() -> None:
    """An empty poll has no offsets."""
    assert (first_offsets([]), next_offsets([])) == ({}, {})
