"""Ingest: decision records in, ledger entries out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from broker.audit.codec import write_event
from broker.audit.store import Batch
from broker.pipelines.ingest import SOURCE_GAP, ingest
from broker.ports import Message, Offsets, Position
from broker.signing import VerificationCache
from tests.audit_world import GATE, TOPIC, decisions, event, gates, records


def taken(values: list[bytes | None], expected: Offsets | None = None, start: int = 0) -> Batch:
    """The batch for records with these values."""
    messages = [
        Message(Position(TOPIC, 0, offset), b"key", value) for offset, value in enumerate(values, start)
    ]
    return ingest(messages, gates(), VerificationCache(), expected or {})


def test_verified_decisions_become_entries_as_signed() -> None:
    """The entry is the event's bytes, with gate, position and envelope digest beside it."""
    batch = taken(list(records(decisions(5))))

    assert [entry.event_bytes for entry in batch.entries] == [write_event(e) for e in decisions(5)]
    assert {entry.gate for entry in batch.entries} == {GATE}
    assert batch.next_offsets == {(TOPIC, 0): 5}
    assert batch.problems == ()


def test_what_does_not_verify_is_counted_and_never_a_stop() -> None:
    """A stranger's record, an empty one and rubbish between good ones."""
    stranger = records([event(9)], by_stranger=True)[0]
    batch = taken([records([event(1)])[0], stranger, None, b"rubbish", records([event(2)])[0]])

    assert len(batch.entries) == 2
    assert [(p.position.offset, p.reason) for p in batch.problems] == [
        (1, "unknown-gate"),
        (2, "malformed"),
        (3, "malformed"),
    ]
    assert batch.next_offsets == {(TOPIC, 0): 5}


def test_deleted_records_are_counted() -> None:
    """Offsets that nobody can read any more do not go unnoticed."""
    batch = taken([records([event(1)])[0]], {(TOPIC, 0): 3}, start=10)

    (gap,) = batch.problems
    assert (gap.reason, gap.position.offset, gap.count) == (SOURCE_GAP, 3, 7)


def test_a_source_that_was_cut_or_made_again_is_followed_back() -> None:
    """Where the source stands is what counts: skipping ahead would leave a hole that nobody sees."""
    batch = taken(list(records(decisions(2))), {(TOPIC, 0): 9})

    assert batch.next_offsets == {(TOPIC, 0): 2}
    assert batch.problems == ()


@given(st.lists(st.none() | st.binary(max_size=300), max_size=5))
def test_nothing_in_a_record_stops_ingest(values: list[bytes | None]) -> None:
    """Whatever the bytes, every record becomes an entry or a problem."""
    batch = taken(values)

    assert len(batch.entries) + len(batch.problems) == len(values)
