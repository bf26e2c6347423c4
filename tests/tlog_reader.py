"""A second reader of published logs, from RFC 9162 and the C2SP texts alone: none of the product's code.

It knows the checkpoint (a signed note), tiles, entry bundles and proof files, and computes every hash
itself, the slow and obvious way.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["SecondReader", "check_proof", "open_note", "tree_hash"]


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def tree_hash(entries: list[bytes]) -> bytes:
    """MTH of RFC 9162 2.1.1, by its own recursion."""
    if not entries:
        return sha256(b"")
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0])
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return sha256(b"\x01" + tree_hash(entries[:split]) + tree_hash(entries[split:]))


def path_hash(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion path leads to, from the top down as RFC 9162 2.1.3.1 builds it."""
    if size == 1:
        assert path == []
        return leaf
    split = 1
    while split * 2 < size:
        split *= 2
    if index < split:
        return sha256(b"\x01" + path_hash(leaf, index, split, path[:-1]) + path[-1])
    return sha256(b"\x01" + path[-1] + path_hash(leaf, index - split, size - split, path[:-1]))


def open_note(note: bytes, key: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint that this verifier key signed."""
    name, hash_, encoded = key.split("+", 2)
    typed = base64.b64decode(encoded)
    assert typed[0] == 1
    assert sha256(name.encode() + b"\n" + typed)[:4].hex() == hash_
    text, signatures = note.decode().split("\n\n")
    body = (text + "\n").encode()
    for line in signatures.splitlines():
        dash, signer, signature = line.split(" ")
        assert dash == "\u2014"
        raw = base64.b64decode(signature)
        if signer == name and raw[:4].hex() == hash_:
            Ed25519PublicKey.from_public_bytes(typed[1:]).verify(raw[4:], body)
            origin, size, root = text.split("\n")
            return origin, int(size), base64.b64decode(root)
    raise AssertionError("not signed by this key")


class SecondReader:
    """A log in a folder."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        self.origin, self.size, self.root = open_note((folder / "checkpoint").read_bytes(), key)

    def entries(self) -> list[bytes]:
        """Every entry, from the bundles."""
        found: list[bytes] = []
        for index in range(-(-self.size // 256)):
            data = self._file("entries", index, min(256, self.size - index * 256))
            while data:
                size = int.from_bytes(data[:2], "big")
                found.append(data[2 : 2 + size])
                data = data[2 + size :]
        return found

    def check(self) -> None:
        """Entries, tiles of every level and the signed root belong together."""
        entries = self.entries()
        assert len(entries) == self.size
        assert tree_hash(entries) == self.root
        level, below = 0, [sha256(b"\x00" + entry) for entry in entries]
        while below:
            for index in range(-(-len(below) // 256)):
                part = below[index * 256 : index * 256 + 256]
                assert self._file(str(level), index, len(part)) == b"".join(part)
            spans = 256 ** (level + 1)
            whole = range(0, self.size - spans + 1, spans)
            below = [tree_hash(entries[first : first + spans]) for first in whole]
            level += 1

    def _file(self, kind: str, index: int, width: int) -> bytes:
        digits = f"{index:03d}"
        while len(digits) % 3:
            digits = f"0{digits}"
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        name = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
        partial = "" if width == 256 else f".p/{width}"
        return (self.folder / "tile" / kind / f"{name}{partial}").read_bytes()


def check_proof(proof: bytes, entry: bytes, key: str) -> int:
    """Verify a tlog-proof file for this entry; its index."""
    head, note = proof.split(b"\n\n", 1)
    lines = head.decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    word, index = lines[1].split(" ")
    assert word == "index"
    _, size, root = open_note(note, key)
    path = [base64.b64decode(line) for line in lines[2:]]
    assert path_hash(sha256(b"\x00" + entry), int(index), size, path) == root
    return int(index)
