"""The cosigned checkpoint beside the published one: when it is used, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.audit.checkpoint import Checkpoint, VerifierKey, sign_checkpoint
from broker.audit.cosignature import COSIGNED_FILE
from broker.audit.cosigned import check_cosigned, newest_cosigned
from broker.crypto import SoftwareSigner
from broker.names import Algorithm, Digest
from tests.audit_world import LOG_KEY, ORIGIN, TestLedger, decisions


def grown(folder: Path) -> tuple[TestLedger, bytes]:
    """A log of 300 entries, and its checkpoint when it had 200."""
    ledger = TestLedger(folder)
    ledger.write(decisions(200))
    older = ledger.tiles.checkpoint()
    ledger.write(decisions(100, 201))
    ledger.close()
    assert older is not None
    return ledger, older


def signed(size: int, root: bytes = bytes(32)) -> bytes:
    """A checkpoint by the log's own key."""
    return sign_checkpoint(Checkpoint(ORIGIN, size, Digest(root)), LOG_KEY.signer, LOG_KEY.verifier)


def test_an_older_cosigned_checkpoint_is_sound(tmp_path: Path) -> None:
    """The log grew since."""
    ledger, older = grown(tmp_path)
    ledger.tiles.write([(COSIGNED_FILE, older)])

    assert check_cosigned(ledger.tiles.read, ledger.tiles.checkpoint(), LOG_KEY.verifier) == []


def test_none_is_sound(tmp_path: Path) -> None:
    """A log without witnesses has none."""
    ledger, _ = grown(tmp_path)

    assert check_cosigned(ledger.tiles.read, ledger.tiles.checkpoint(), LOG_KEY.verifier) == []


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(signed(200), id="another root"),
        pytest.param(signed(301), id="more entries"),
        pytest.param(b"nonsense", id="damaged"),
    ],
)
def test_another_one_is_named(tmp_path: Path, note: bytes) -> None:
    """By its file name."""
    ledger, _ = grown(tmp_path)
    ledger.tiles.write([(COSIGNED_FILE, note)])

    (found,) = check_cosigned(ledger.tiles.read, ledger.tiles.checkpoint(), LOG_KEY.verifier)
    assert found.startswith(COSIGNED_FILE)


def test_one_of_another_key_is_named(tmp_path: Path) -> None:
    """Whatever witnesses cosigned: the log must have signed it."""
    ledger, older = grown(tmp_path)
    ledger.tiles.write([(COSIGNED_FILE, older)])
    other = VerifierKey(ORIGIN, SoftwareSigner.generate(Algorithm.ED25519).verifying_key)

    assert len(check_cosigned(ledger.tiles.read, ledger.tiles.checkpoint(), other)) == 1


@pytest.mark.parametrize(("seq", "cosigned"), [(0, True), (199, True), (200, False)])
def test_a_proof_is_under_the_cosigned_checkpoint_where_that_has_the_entry(
    tmp_path: Path, seq: int, cosigned: bool
) -> None:
    """Newer entries are proven under the published one."""
    ledger, older = grown(tmp_path)
    ledger.tiles.write([(COSIGNED_FILE, older)])

    assert newest_cosigned(ledger.tiles.read, seq) == (older if cosigned else None)


def test_a_damaged_cosigned_checkpoint_keeps_nobody_from_proving(tmp_path: Path) -> None:
    """`fsck` names it."""
    ledger, _ = grown(tmp_path)
    ledger.tiles.write([(COSIGNED_FILE, b"nonsense")])

    assert newest_cosigned(ledger.tiles.read, 0) is None
