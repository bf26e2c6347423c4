"""The ledger writer: what one step promises, and what it does when the world does not answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.adapters.ledger_reader import SqlLedgerReader
from broker.adapters.memory import MemoryLog, MemorySink, MemorySource, Unkindness
from broker.audit.checkpoint import parse_checkpoint
from broker.errors import ConfigurationError, UnavailableError
from broker.parts import LedgerParts
from broker.topics import CHECKPOINTS
from consumers.ledger_writer import LedgerWriter
from tests.audit_world import LOG_KEY, TOPIC, FixedClock, Gates, TestLedger, decisions, event, records


def published_size(ledger: TestLedger) -> int:
    """Entries under the published checkpoint."""
    note = ledger.tiles.checkpoint()
    return -1 if note is None else parse_checkpoint(note).checkpoint.size


def test_a_step_publishes_what_it_stored(tmp_path: Path) -> None:
    """After a step, entries, offsets and checkpoint agree."""
    ledger = TestLedger(tmp_path)
    ledger.put(records(decisions(7)))

    assert ledger.writer.step(0.0) == 7
    assert published_size(ledger) == 7
    assert ledger.store.next_offsets() == {(TOPIC, 0): 7}
    ledger.close()


def test_an_empty_ledger_publishes_that_it_is_empty(tmp_path: Path) -> None:
    """The log exists from its first start."""
    ledger = TestLedger(tmp_path)

    assert ledger.writer.step(0.0) == 0
    assert published_size(ledger) == 0
    ledger.close()


def test_what_does_not_verify_is_counted_and_passed_over(tmp_path: Path) -> None:
    """A stranger's record stops nothing."""
    ledger = TestLedger(tmp_path)
    ledger.put(records([event(1)], by_stranger=True) + records([event(2)]))
    ledger.drain()

    assert published_size(ledger) == 1
    assert SqlLedgerReader(ledger.engine).problems() == 1
    ledger.close()


def test_a_gate_that_was_admitted_a_moment_ago_is_believed(tmp_path: Path) -> None:
    """Before a record is given up, the registry is asked again."""
    ledger = TestLedger(tmp_path)
    full = ledger.registry

    class Late(Gates):
        def recheck(self) -> Gates:
            return full

    parts = LedgerParts(
        MemorySource.assigned(ledger.log, [TOPIC], {}),
        ledger.store,
        ledger.tiles,
        LOG_KEY,
        Late({}),
        FixedClock(),
    )
    ledger.put(records([event(1)]))
    LedgerWriter(parts).step(0.0)

    assert published_size(ledger) == 1
    ledger.close()


def test_checkpoints_are_told_to_everybody(tmp_path: Path) -> None:
    """The topic carries the published note, under the log's name."""
    ledger = TestLedger(tmp_path)
    told = MemoryLog({CHECKPOINTS: 1})
    parts = LedgerParts(
        MemorySource.assigned(ledger.log, [TOPIC], {}),
        ledger.store,
        ledger.tiles,
        LOG_KEY,
        ledger.registry,
        FixedClock(),
        MemorySink(told),
    )
    ledger.put(records(decisions(3)))
    LedgerWriter(parts).step(0.0)

    assert told.records(CHECKPOINTS)[-1].value == ledger.tiles.checkpoint()
    ledger.close()


def test_a_fenced_writer_stops(tmp_path: Path) -> None:
    """Somebody else took over: this one must not go on, and must not take the ledger back."""
    ledger = TestLedger(tmp_path)
    ledger.write(decisions(2))
    ledger.store.acquire()
    ledger.put(records(decisions(2, start=10)))

    with pytest.raises(ConfigurationError) as caught:
        ledger.writer.step(0.0)
    assert caught.value.code == "fenced"
    ledger.close()


@pytest.mark.parametrize("point", ["L1", "L2", "A1"])
def test_a_world_that_fails_half_way_is_taken_up_again(tmp_path: Path, point: str) -> None:
    """An interruption anywhere in a step loses nothing and stores nothing twice."""
    failures = [point]

    def fail_once(point: str) -> None:
        if point in failures and armed:
            failures.remove(point)
            raise UnavailableError(point)

    armed = False
    ledger = TestLedger(tmp_path, probe=fail_once)
    ledger.write(decisions(3))
    armed = True
    ledger.put(records(decisions(4, start=4)))
    with pytest.raises(UnavailableError):
        ledger.writer.step(0.0)
    ledger.drain()

    assert published_size(ledger) == 7
    assert len(list(SqlLedgerReader(ledger.engine).rows())) == 7
    ledger.close()


def test_an_unkind_source_changes_nothing(tmp_path: Path) -> None:
    """Repeats and empty polls lead to every decision once."""
    ledger = TestLedger(tmp_path)
    ledger.put(records(decisions(50)))
    parts = LedgerParts(
        MemorySource.assigned(ledger.log, [TOPIC], {}, Unkindness(seed=3)),
        ledger.store,
        ledger.tiles,
        LOG_KEY,
        ledger.registry,
        FixedClock(),
    )
    writer = LedgerWriter(parts)
    for _ in range(300):
        writer.step(0.0)

    assert published_size(ledger) == 50
    assert SqlLedgerReader(ledger.engine).problems() == 0
    ledger.close()
