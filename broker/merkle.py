"""Merkle trees as RFC 9162 2.1 defines them: hashing, inclusion, consistency.

Two users: batches of signatures (`broker.signing`) and the audit ledger (`broker.audit`).  Pure
arithmetic on hashes; nothing is stored here.  The only hashing outside `broker.crypto`, on plain bytes
because a tree of a million leaves is hashed at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from broker.errors import EvidenceError

__all__ = [
    "consistency_path",
    "inclusion_path",
    "inclusion_paths",
    "leaf_hash",
    "node_hash",
    "root_from_inclusion",
    "tree_root",
    "verify_consistency",
    "verify_inclusion",
]


def leaf_hash(leaf: bytes) -> bytes:
    """Hash of one leaf: SHA-256(0x00 || leaf)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(hashes: Sequence[bytes]) -> bytes:
    """Root over leaf hashes; of nothing it is SHA-256 of the empty string."""
    if not hashes:
        return sha256(b"").digest()
    return _levels(hashes)[-1][0]


def inclusion_path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Sibling hashes from leaf *index* to the root."""
    return inclusion_paths(hashes)[1][index]


def inclusion_paths(hashes: Sequence[bytes]) -> tuple[bytes, list[list[bytes]]]:
    """The root, and the path of every leaf, computed together.

    Args:
        hashes: At least one leaf hash.
    """
    levels = _levels(hashes)
    paths = []
    for index in range(len(hashes)):
        path = []
        position = index
        for level in levels[:-1]:
            sibling = position ^ 1
            if sibling < len(level):
                path.append(level[sibling])
            position >>= 1
        paths.append(path)
    return levels[-1][0], paths


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that a path leads to (RFC 9162 2.1.3.2).

    Args:
        leaf: A leaf *hash*.

    Raises:
        EvidenceError: The path does not fit this index and size.
    """
    if not 0 <= index < size:
        raise EvidenceError("a proof names a leaf outside its tree")
    last, node, result = size - 1, index, leaf
    for sibling in path:
        if last == 0:
            raise EvidenceError("an inclusion path is too long")
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            result = node_hash(result, sibling)
        node >>= 1
        last >>= 1
    if last:
        raise EvidenceError("an inclusion path is too short")
    return result


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash stands at *index* in the tree of this *size* and *root*.

    Raises:
        EvidenceError: It does not.
    """
    if root_from_inclusion(leaf, index, size, path) != root:
        raise EvidenceError("an inclusion proof does not lead to the signed root")


def consistency_path(hashes: Sequence[bytes], old_size: int) -> list[bytes]:
    """Hashes that prove the first *old_size* leaves unchanged in this tree (RFC 9162 2.1.4.1).

    Args:
        old_size: From 1 to the number of leaves.
    """
    return _subproof(hashes, old_size, complete=True)


def verify_consistency(old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> None:
    """Check that the older tree is a prefix of the newer one (RFC 9162 2.1.4.2).

    An old size of zero is consistent with everything and needs an empty path.

    Raises:
        EvidenceError: History was rewritten, or the proof does not fit.
    """
    if not 0 <= old_size <= size:
        raise EvidenceError("a consistency proof names impossible sizes")
    if old_size in (0, size):
        if path or (old_size == size and old_root != root):
            raise EvidenceError("two trees of one size differ" if not path else "a proof is too long")
        return
    if _roots_from_consistency(old_size, size, old_root, path) != (old_root, root):
        raise EvidenceError("the newer tree does not contain the older one")


def _levels(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    levels: list[Sequence[bytes]] = [hashes]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
        if len(below) & 1:
            above.append(below[-1])
        levels.append(above)
    return levels


def _subproof(hashes: Sequence[bytes], old_size: int, *, complete: bool) -> list[bytes]:
    size = len(hashes)
    if old_size == size:
        return [] if complete else [tree_root(hashes)]
    split = 1 << (size - 1).bit_length() - 1
    if old_size <= split:
        return [*_subproof(hashes[:split], old_size, complete=complete), tree_root(hashes[split:])]
    return [*_subproof(hashes[split:], old_size - split, complete=False), tree_root(hashes[:split])]


def _roots_from_consistency(
    old_size: int, size: int, old_root: bytes, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    steps = [old_root, *path] if old_size & (old_size - 1) == 0 else list(path)
    if not steps:
        raise EvidenceError("a consistency proof is empty")
    node, last = old_size - 1, size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            raise EvidenceError("a consistency proof is too long")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        node >>= 1
        last >>= 1
    if last:
        raise EvidenceError("a consistency proof is too short")
    return old, new
