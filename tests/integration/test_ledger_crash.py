"""Ledger writers that are killed: real processes, real files, and what must hold after each kill point."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from broker.audit.checkpoint import parse_checkpoint
from broker.audit.codec import write_event
from broker.errors import ConfigurationError, EvidenceError
from broker.merkle import leaf_hash, tree_root
from tests.architecture.source import ROOT
from tests.audit_world import TestLedger, decisions, records

COUNT = 700
"""More than one poll: the second batch is the one that is killed."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with decision records."""
    file = tmp_path_factory.mktemp("records") / "records"
    values = records(decisions(COUNT))
    file.write_bytes(b"".join(len(value).to_bytes(4, "big") + value for value in values))
    return file


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files that a writer publishes that nobody killed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    ledger = TestLedger(folder)
    ledger.write(decisions(COUNT))
    ledger.close()
    return published(folder / "tlog")


def run(folder: Path, recorded: Path, crash: str = "") -> subprocess.CompletedProcess[str]:
    """A ledger writer process, until it has read everything or was killed."""
    url = f"sqlite:///{folder / 'ledger.sqlite'}"
    words = [sys.executable, "-m", "tests.programs.write_ledger", str(folder), url, str(recorded), crash]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def expected() -> str:
    """Size and root when every decision is there once, in order."""
    leaves = [leaf_hash(write_event(event)) for event in decisions(COUNT)]
    return f"{COUNT} {tree_root(leaves).hex()}\n"


@pytest.mark.parametrize("point", ["L1:1", "L1:2", "L2:1", "L2:2", "A1:1", "A1:2", "A1:3"])
def test_a_killed_writer_goes_on_as_if_nothing_happened(
    tmp_path: Path, recorded: Path, undisturbed: dict[str, bytes], point: str
) -> None:
    """Killed at any point and started again, the ledger is the same to the last byte."""
    killed = run(tmp_path, recorded, point)
    again = run(tmp_path, recorded)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert again.stdout == expected(), again.stderr
    assert published(tmp_path / "tlog") == undisturbed


def test_killed_again_and_again(tmp_path: Path, recorded: Path) -> None:
    """A writer that dies at the same point each time stores nothing twice and loses nothing."""
    for point in ("A1:1", "L2:1", "L1:1", "L2:1", "A1:1"):
        run(tmp_path, recorded, point)

    assert run(tmp_path, recorded).stdout == expected()


def published(folder: Path) -> dict[str, bytes]:
    """Every file that readers see; partial files of older checkpoints do not count."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".p/" not in str(path) and not path.name.startswith(".")
    }


def test_a_checkpoint_is_never_ahead_of_its_files(tmp_path: Path, recorded: Path) -> None:
    """Killed before publishing, the folder still has the last checkpoint and everything it needs."""
    run(tmp_path, recorded, "A1:3")
    note = (tmp_path / "tlog" / "checkpoint").read_bytes()
    checkpoint = parse_checkpoint(note).checkpoint
    leaves = [leaf_hash(write_event(event)) for event in decisions(checkpoint.size)]

    assert 0 < checkpoint.size < COUNT
    assert checkpoint.root == tree_root(leaves)


def test_a_damaged_edge_is_repaired_from_the_database(tmp_path: Path) -> None:
    """The folder can always be made again, byte for byte."""
    ledger = TestLedger(tmp_path)
    ledger.write(decisions(300))
    before = published(tmp_path / "tlog")
    for path in (tmp_path / "tlog").rglob("*"):
        if path.is_file() and "tile" in str(path):
            path.write_bytes(path.read_bytes()[:-1] + b"x")
    ledger.writer = ledger.started()
    ledger.drain()
    ledger.close()

    assert published(tmp_path / "tlog") == before


def test_a_lost_folder_is_made_again(tmp_path: Path) -> None:
    """Without any published file, the same files and the same checkpoint come back."""
    ledger = TestLedger(tmp_path)
    ledger.write(decisions(300))
    before = published(tmp_path / "tlog")
    ledger.tiles.discard(["tile"])
    (tmp_path / "tlog" / "checkpoint").unlink()
    ledger.writer = ledger.started()
    ledger.drain()
    ledger.close()

    assert published(tmp_path / "tlog") == before


def test_an_older_database_is_refused(tmp_path: Path) -> None:
    """After an old copy was restored nothing is published again, and the error says what is missing."""
    ledger = TestLedger(tmp_path)
    ledger.write(decisions(3))
    copy = tmp_path / "copy"
    copy.mkdir()
    older = TestLedger(copy)
    older.write(decisions(2))
    older.close()
    (copy / "tlog" / "checkpoint").write_bytes((tmp_path / "tlog" / "checkpoint").read_bytes())
    ledger.close()

    with pytest.raises(EvidenceError) as caught:
        TestLedger(copy).drain()
    assert caught.value.code == "database-behind"
    assert "entries 2 to 2 are missing" in str(caught.value)


def test_another_history_is_refused(tmp_path: Path) -> None:
    """The same size with another root is a fatal alarm."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, start in ((first, 1), (second, 100)):
        folder.mkdir()
        ledger = TestLedger(folder)
        ledger.write(decisions(3, start))
        ledger.close()
    (second / "tlog" / "checkpoint").write_bytes((first / "tlog" / "checkpoint").read_bytes())

    with pytest.raises(EvidenceError) as caught:
        TestLedger(second).drain()
    assert caught.value.code == "fork"


def test_two_writers_of_one_folder_are_one_too_many(tmp_path: Path) -> None:
    """The folder is held by the process that writes it."""
    ledger = TestLedger(tmp_path)
    with pytest.raises(ConfigurationError, match="folder of the log"):
        TestLedger(tmp_path)
    ledger.close()


def test_repeated_records_change_nothing(tmp_path: Path) -> None:
    """The same decisions written twice by a gate are one entry each."""
    ledger = TestLedger(tmp_path)
    ledger.write(decisions(5))
    note = ledger.tiles.checkpoint()
    ledger.write(decisions(5))
    ledger.close()

    assert ledger.tiles.checkpoint() == note
