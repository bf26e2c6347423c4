"""What we publish, read by programs that are not ours: a second reader, and a library of Go."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from broker.audit.checkpoint import parse_checkpoint
from broker.audit.proof import TileTree, write_proof
from tests.architecture.source import ROOT
from tests.audit_world import LOG_KEY, TestLedger, decisions
from tests.tlog_reader import SecondReader, check_proof

KEY = str(LOG_KEY.verifier)
SIZES = (1, 255, 256, 257, 700)


def grown(folder: Path, size: int) -> TestLedger:
    """A published ledger of this size, grown in uneven batches."""
    ledger = TestLedger(folder)
    for low, high in ((0, min(size, 100)), (min(size, 100), size)):
        ledger.write(decisions(high - low, low + 1))
    ledger.close()
    return ledger


@pytest.mark.parametrize("size", SIZES)
def test_a_second_reader_agrees(tmp_path: Path, size: int) -> None:
    """Checkpoint, bundles, tiles of all levels and root, by code written from the specifications."""
    grown(tmp_path, size)
    reader = SecondReader(tmp_path / "tlog", KEY)

    reader.check()
    assert reader.size == size


@pytest.mark.parametrize("index", [0, 255, 256, 699])
def test_a_second_reader_accepts_our_proofs(tmp_path: Path, index: int) -> None:
    """A proof file is checked without anything of ours."""
    ledger = grown(tmp_path, 700)
    note = ledger.tiles.checkpoint()
    assert note is not None
    size = parse_checkpoint(note).checkpoint.size
    path = TileTree(size, ledger.tiles.read).inclusion_path(index)
    entry = SecondReader(tmp_path / "tlog", KEY).entries()[index]

    assert check_proof(write_proof(index, path, note), entry, KEY) == index


@pytest.fixture(scope="module")
def go_reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built from its pinned sources."""
    go = shutil.which("go")
    if go is None:
        if os.environ.get("CI") == "true":
            pytest.fail("go is not installed")
        pytest.skip("go is not installed")
    program = tmp_path_factory.mktemp("go") / "tlogcheck"
    source = ROOT / "tests" / "integration" / "go_tlog"
    words = [go, "build", "-mod=readonly", "-o", str(program), "."]
    subprocess.run(words, cwd=source, check=True, capture_output=True, timeout=300)
    return program


@pytest.mark.parametrize("size", SIZES)
def test_the_go_checksum_databases_library_agrees(tmp_path: Path, go_reader: Path, size: int) -> None:
    """Its `note` opens the checkpoint; its `tlog` checks tiles, inclusion and consistency."""
    grown(tmp_path, size)
    done = subprocess.run(
        [go_reader, tmp_path / "tlog", KEY], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{size} {SecondReader(tmp_path / 'tlog', KEY).root.hex()}\n"


def test_the_go_library_notices_a_flipped_bit(tmp_path: Path, go_reader: Path) -> None:
    """The reader is not one that always says yes."""
    grown(tmp_path, 257)
    tile = tmp_path / "tlog" / "tile" / "0" / "000"
    tile.write_bytes(tile.read_bytes()[:-1] + b"x")
    done = subprocess.run([go_reader, tmp_path / "tlog", KEY], capture_output=True, timeout=60, check=False)

    assert done.returncode == 1
