"""Proofs made from tiles, and the tlog-proof file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.audit.checkpoint import Checkpoint, sign_checkpoint
from broker.audit.proof import TileTree, parse_proof, verify_proof, write_proof
from broker.audit.tiles import TiledLog
from broker.errors import EvidenceError, MalformedError
from broker.merkle import consistency_path, inclusion_path, leaf_hash, tree_root
from broker.names import Digest
from tests.audit_world import LOG_KEY, ORIGIN

ENTRIES = [b"entry %d" % number for number in range(700)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def published(size: int) -> dict[str, bytes]:
    """The files of a log of this size."""
    log = TiledLog()
    growth = log.extend(ENTRIES[:size], LEAVES[:size])
    return dict((*growth.bundles, *growth.tiles))


def proof_of(index: int, size: int) -> bytes:
    """A tlog-proof file."""
    checkpoint = Checkpoint(ORIGIN, size, Digest(tree_root(LEAVES[:size])))
    note = sign_checkpoint(checkpoint, LOG_KEY.signer, LOG_KEY.verifier)
    return write_proof(index, TileTree(size, published(size).get).inclusion_path(index), note)


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 511, 512, 513, 700])
def test_paths_from_tiles_are_those_of_the_whole_tree(size: int) -> None:
    """Inclusion and consistency paths need the tiles only."""
    tree = TileTree(size, published(size).get)

    assert tree.root() == tree_root(LEAVES[:size])
    for index in {0, 1, size // 2, size - 1} & set(range(size)):
        assert tree.inclusion_path(index) == inclusion_path(LEAVES[:size], index)
    for old in {1, size // 2, size - 1, size} & set(range(1, size + 1)):
        assert tree.consistency_path(old) == consistency_path(LEAVES[:size], old)


def test_an_older_checkpoint_can_be_proven_from_newer_files() -> None:
    """Where a full tile took the place of a partial one, the full one serves."""
    log = TiledLog()
    files: dict[str, bytes] = {}
    for low, high in ((0, 300), (300, 700)):
        growth = log.extend(ENTRIES[low:high], LEAVES[low:high])
        files |= dict((*growth.bundles, *growth.tiles))
        gone = tuple(f"{folder}/" for folder in growth.obsolete)
        files = {path: content for path, content in files.items() if not path.startswith(gone)}
    tree = TileTree(300, files.get)

    assert "tile/0/001.p/44" not in files
    assert tree.root() == tree_root(LEAVES[:300])


def test_a_proof_file_verifies() -> None:
    """Entry, path and checkpoint belong together."""
    verify_proof(parse_proof(proof_of(300, 700)), ENTRIES[300], LOG_KEY.verifier)


def test_a_proof_of_another_entry_is_wrong_evidence() -> None:
    """The path leads from this entry only."""
    with pytest.raises(EvidenceError):
        verify_proof(parse_proof(proof_of(300, 700)), ENTRIES[301], LOG_KEY.verifier)


def test_every_flipped_bit_of_a_proof_is_refused() -> None:
    """No bit of a proof file is free."""
    proof = proof_of(3, 6)
    for index in range(len(proof) * 8):
        copy = bytearray(proof)
        copy[index // 8] ^= 1 << index % 8
        with pytest.raises((MalformedError, EvidenceError)):
            verify_proof(parse_proof(bytes(copy)), ENTRIES[3], LOG_KEY.verifier)


@given(st.binary(max_size=300))
def test_noise_is_malformed_and_nothing_else(noise: bytes) -> None:
    """Whatever the bytes, the only error is MalformedError."""
    for data in (noise, b"c2sp.org/tlog-proof@v1\nindex 0\n" + noise):
        with pytest.raises(MalformedError):
            parse_proof(data)


def test_a_missing_tile_is_wrong_evidence() -> None:
    """What is not there proves nothing."""
    with pytest.raises(EvidenceError):
        TileTree(5, lambda _: None).inclusion_path(1)
