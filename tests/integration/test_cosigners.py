"""What our witnesses sign, read by a public library of Go; the way back is in the vectors."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from broker.audit.cosignature import cosign
from tests.architecture.source import ROOT
from tests.witness_world import INSPECTORATE, PEER, Leaves

SECONDS = 1_780_000_000
LOG = Leaves(300)
KEYS = [str(INSPECTORATE.verifier), str(PEER.verifier)]
LINES = b"".join(cosign(LOG.checkpoint, key.signer, key.verifier, SECONDS) for key in (INSPECTORATE, PEER))


@pytest.fixture(scope="module")
def go_cosigners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built from its pinned sources."""
    go = shutil.which("go")
    if go is None:
        if os.environ.get("CI") == "true":
            pytest.fail("go is not installed")
        pytest.skip("go is not installed")
    program = tmp_path_factory.mktemp("go") / "cosigncheck"
    source = ROOT / "tests" / "integration" / "go_cosign"
    words = [go, "build", "-mod=readonly", "-o", str(program), "."]
    subprocess.run(words, cwd=source, check=True, capture_output=True, timeout=300)
    return program


def opened(program: Path, note: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """What the Go program says of *note*."""
    (folder / "note").write_bytes(note)
    words = [str(program), str(folder / "note"), *map(str, KEYS)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def test_the_go_library_verifies_both_forms(tmp_path: Path, go_cosigners: Path) -> None:
    """Ed25519 and ML-DSA-44, with their times."""
    done = opened(go_cosigners, LOG.note + LINES, tmp_path)

    assert done.returncode == 0, done.stderr
    told = {tuple(line.split(" ")) for line in done.stdout.splitlines()}
    assert told == {(key.verifier.name, str(SECONDS)) for key in (INSPECTORATE, PEER)}


def test_the_go_library_notices_another_root(tmp_path: Path, go_cosigners: Path) -> None:
    """It is not one that always says yes."""
    assert opened(go_cosigners, Leaves(300, "other").note + LINES, tmp_path).returncode == 1
