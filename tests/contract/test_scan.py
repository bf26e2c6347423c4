"""A scan of the published log answers what the database answers, and finds what was left out or altered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.adapters.ledger_reader import SqlLedgerReader
from broker.audit.checkpoint import Checkpoint, parse_checkpoint
from broker.audit.query import QueryNames, parse_query
from broker.audit.scan import scan
from broker.errors import EvidenceError
from tests.audit_world import TestLedger, decisions

_COUNT = 300


@pytest.fixture
def ledger(tmp_path: Path, url: str) -> Iterator[TestLedger]:
    """A written and published ledger of more than one bundle."""
    ledger = TestLedger(tmp_path, url)
    ledger.write(decisions(_COUNT))
    yield ledger
    ledger.close()


def _checkpoint(ledger: TestLedger) -> Checkpoint:
    return parse_checkpoint(ledger.tiles.checkpoint() or b"").checkpoint


def _ignore(_: int) -> None:
    pass


@pytest.mark.parametrize(
    "question",
    [
        *("", "decision:refused", "-decision:released", "step:1..11", "from:shg -decision:refused"),
        *("decision:released decision:quarantined", "-from:shg", "reason:no-agreement", "period:..2020"),
    ],
)
def test_a_scan_answers_what_the_database_answers(ledger: TestLedger, question: str) -> None:
    """Two ways, one from files and one from an index, and the same entries."""
    query = parse_query(question, QueryNames())
    searched = SqlLedgerReader(ledger.engine).search(query, 1000)
    scanned = scan(_checkpoint(ledger), ledger.tiles.read, query, _ignore)

    assert [one.seq for one in scanned] == [row.seq for row in reversed(searched)]


@pytest.mark.parametrize("path", ["tile/entries/000", f"tile/entries/001.p/{_COUNT - 256}"])
def test_an_altered_or_missing_bundle_is_no_answer(ledger: TestLedger, path: str) -> None:
    """One bit, or one file, and there is no answer at all: not a shorter one."""
    file, everything = ledger.folder / path, parse_query("", QueryNames())
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    with pytest.raises(EvidenceError):
        scan(_checkpoint(ledger), ledger.tiles.read, everything, _ignore)
    file.unlink()
    with pytest.raises(EvidenceError):
        scan(_checkpoint(ledger), ledger.tiles.read, everything, _ignore)


def test_entries_that_were_swapped_are_found(ledger: TestLedger) -> None:
    """Each entry is genuine; their order is not."""
    file = ledger.folder / "tile/entries/000"
    data = file.read_bytes()
    first = 2 + int.from_bytes(data[:2], "big")
    second = first + 2 + int.from_bytes(data[first : first + 2], "big")
    file.write_bytes(data[first:second] + data[:first] + data[second:])

    with pytest.raises(EvidenceError, match="root"):
        scan(_checkpoint(ledger), ledger.tiles.read, parse_query("", QueryNames()), _ignore)
