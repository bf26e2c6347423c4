"""Merkle trees against the recursive definitions of RFC 9162 2.1, written here once more."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import merkle
from broker.errors import EvidenceError
from broker.known_answers import TREE_LEAVES, TREE_ROOT

LARGEST = 40
LEAVES = [b"leaf %d" % n for n in range(LARGEST)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]
SIZES = range(1, LARGEST + 1)


def split(size: int) -> int:
    """The largest power of two below *size*."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def mth(leaves: list[bytes]) -> bytes:
    """Merkle Tree Hash, RFC 9162 2.1.1."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]), RFC 9162 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), mth(leaves[k:])]
    return [*path(index - k, leaves[k:]), mth(leaves[:k])]


def subproof(old: int, leaves: list[bytes], known: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b), RFC 9162 2.1.4.1."""
    if old == len(leaves):
        return [] if known else [mth(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*subproof(old, leaves[:k], known), mth(leaves[k:])]
    return [*subproof(old - k, leaves[k:], False), mth(leaves[:k])]


@pytest.mark.parametrize("size", [0, *SIZES])
def test_a_root_is_the_tree_hash(size: int) -> None:
    """Every tree of up to 40 leaves."""
    assert merkle.tree_root(HASHES[:size]) == mth(LEAVES[:size])


def test_the_public_eight_leaf_tree() -> None:
    """The tree with which implementations of RFC 6962 are tested."""
    assert merkle.tree_root([merkle.leaf_hash(leaf) for leaf in TREE_LEAVES]) == TREE_ROOT


@pytest.mark.parametrize("size", SIZES)
def test_every_inclusion_path(size: int) -> None:
    """Each leaf's path is PATH, and leads to the root."""
    root, paths = merkle.inclusion_paths(HASHES[:size])

    assert paths == [path(n, LEAVES[:size]) for n in range(size)]
    assert paths == [merkle.inclusion_path(HASHES[:size], n) for n in range(size)]
    for n in range(size):
        merkle.verify_inclusion(HASHES[n], n, size, paths[n], root)


@pytest.mark.parametrize("size", range(1, 18))
def test_a_path_proves_one_place_only(size: int) -> None:
    """No path is accepted for another index, with a node more or less, or with an altered node."""
    root, paths = merkle.inclusion_paths(HASHES[:size])
    for n, good in enumerate(paths):
        wrong = [(i, size, good) for i in range(-1, size + 1) if i != n]
        wrong += [(n, size, [*good, bytes(32)]), (n, size, good[:-1])] if good else []
        wrong += [(n, size, [*good[:i], bytes(32), *good[i + 1 :]]) for i in range(len(good))]
        for index, of, nodes in wrong:
            with pytest.raises(EvidenceError):
                merkle.verify_inclusion(HASHES[n], index, of, nodes, root)


@pytest.mark.parametrize("size", SIZES)
def test_every_consistency_proof(size: int) -> None:
    """All pairs (m, n) up to 40: the proof is SUBPROOF, and it is accepted."""
    root = mth(LEAVES[:size])
    for old in range(1, size + 1):
        proof = merkle.consistency_path(HASHES[:size], old)
        assert proof == subproof(old, LEAVES[:size], True)
        merkle.verify_consistency(old, mth(LEAVES[:old]), size, root, proof)


@pytest.mark.parametrize("size", range(2, 18))
def test_a_consistency_proof_is_for_two_roots(size: int) -> None:
    """Altered roots, nodes, sizes and lengths are refused, for every pair."""
    root = mth(LEAVES[:size])
    for old in range(1, size):
        old_root = mth(LEAVES[:old])
        good = merkle.consistency_path(HASHES[:size], old)
        wrong = [
            (old, bytes(32), size, root, good),
            (old, old_root, size, bytes(32), good),
            (old, old_root, size, root, [*good, bytes(32)]),
            (old, old_root, size, root, good[:-1]),
            (old, old_root, size, root, []),
            (size, old_root, old, root, good),
            *((old, old_root, size, root, [*good[:i], bytes(32), *good[i + 1 :]]) for i in range(len(good))),
        ]
        for case in wrong:
            with pytest.raises(EvidenceError):
                merkle.verify_consistency(*case)


def test_the_edges_of_consistency() -> None:
    """Nothing is consistent with everything; a tree with itself only when the roots are equal."""
    root = mth(LEAVES[:5])

    merkle.verify_consistency(0, b"anything", 5, root, [])
    merkle.verify_consistency(5, root, 5, root, [])
    refused: list[tuple[int, bytes, int, bytes, list[bytes]]] = [
        (0, b"", 5, root, [bytes(32)]),
        (5, root, 5, bytes(32), []),
        (5, root, 5, root, [bytes(32)]),
        (-1, root, 5, root, []),
        (6, root, 5, root, []),
    ]
    for case in refused:
        with pytest.raises(EvidenceError):
            merkle.verify_consistency(*case)


@given(
    st.integers(0, 2**40), st.integers(0, 2**40), st.lists(st.binary(min_size=32, max_size=32), max_size=45)
)
def test_noise_is_refused_in_bounded_time(index: int, size: int, nodes: list[bytes]) -> None:
    """A random path to a random place in a large tree is an `EvidenceError` and nothing else."""
    with pytest.raises(EvidenceError):
        merkle.verify_inclusion(HASHES[0], index, size, nodes, bytes(32))
    if 0 < index < size:
        with pytest.raises(EvidenceError):
            merkle.verify_consistency(index, bytes(32), size, bytes(32), nodes)
