"""Proofs from tiles: inclusion and consistency, and the C2SP tlog-proof file (docs/spec/audit.md 8)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from broker.audit.checkpoint import (
    SignedCheckpoint,
    VerifierKey,
    decode_base64,
    decode_number,
    parse_checkpoint,
    verify_checkpoint,
)
from broker.audit.tiles import WIDTH, Fetch, read_hashes, tile_path
from broker.errors import EvidenceError, MalformedError
from broker.merkle import leaf_hash, node_hash, tree_root, verify_inclusion
from broker.names import Digest

__all__ = ["InclusionProof", "TileTree", "parse_proof", "verify_proof", "write_proof"]

_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_PROOF = 131_072
_MAX_PATH = 63
_BITS = 8


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That an entry stands at *index* in the tree of *checkpoint*; parsed, not yet verified."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: SignedCheckpoint


class TileTree:
    """The tree of a log of a given size, read from its tiles as far as a proof needs them.

    Args:
        size: Number of entries of the checkpoint that the proofs are for.
        fetch: Content of a file of the log, or None if there is none.
    """

    __slots__ = ("_fetch", "_tiles", "size")

    def __init__(self, size: int, fetch: Fetch) -> None:
        self.size = size
        self._fetch = fetch
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def leaf(self, index: int) -> bytes:
        """The leaf hash at *index*.

        Raises:
            EvidenceError: Outside the tree, or its tile is missing or damaged.
        """
        if not 0 <= index < self.size:
            raise EvidenceError("the log is not that long")
        return self._range(index, index + 1)

    def root(self) -> Digest:
        """The root; compare it with the checkpoint's.

        Raises:
            EvidenceError: A tile is missing or damaged.
        """
        return Digest(self._range(0, self.size) if self.size else tree_root(()))

    def inclusion_path(self, index: int) -> list[bytes]:
        """Sibling hashes from leaf *index* to the root.

        Raises:
            EvidenceError: As for `leaf`.
        """
        self.leaf(index)
        path: list[bytes] = []
        low, high = 0, self.size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._range(middle, high))
                high = middle
            else:
                path.append(self._range(low, middle))
                low = middle
        return path[::-1]

    def root_of(self, size: int) -> bytes:
        """The root of the first *size* entries, at least one.

        Raises:
            EvidenceError: Outside the tree, or a tile is missing or damaged.
        """
        if not 0 < size <= self.size:
            raise EvidenceError("the log is not that long")
        return self._range(0, size)

    def consistency_path(self, old_size: int) -> list[bytes]:
        """Hashes that prove the first *old_size* entries unchanged (RFC 9162 2.1.4.1).

        Raises:
            EvidenceError: Outside the tree, or a tile is missing or damaged.
        """
        if not 0 <= old_size <= self.size:
            raise EvidenceError("the log is not that long")
        if old_size in (0, self.size):
            return []
        path: list[bytes] = []
        low, high, whole = 0, self.size, True
        while old_size != high:
            middle = low + _split(high - low)
            if old_size <= middle:
                path.append(self._range(middle, high))
                high = middle
            else:
                path.append(self._range(low, middle))
                low, whole = middle, False
        return ([] if whole else [self._range(low, high)]) + path[::-1]

    def _range(self, low: int, high: int) -> bytes:
        count = high - low
        if count & (count - 1):
            middle = low + _split(count)
            return node_hash(self._range(low, middle), self._range(middle, high))
        level, shift = divmod(count.bit_length() - 1, _BITS)
        first = low >> _BITS * level
        hashes = self._tile(level, first // WIDTH)[first % WIDTH : first % WIDTH + (1 << shift)]
        return tree_root(hashes)

    def _tile(self, level: int, index: int) -> list[bytes]:
        if (level, index) not in self._tiles:
            self._tiles[level, index] = self._read(level, index)
        return self._tiles[level, index]

    def _read(self, level: int, index: int) -> list[bytes]:
        width = min(WIDTH, (self.size >> _BITS * level) - index * WIDTH)
        path = tile_path(level, index, width)
        data = self._fetch(path)
        if data is None:
            data = (self._fetch(tile_path(level, index)) or b"")[: width * 32]
        try:
            return read_hashes(data, width)
        except MalformedError as error:
            raise EvidenceError(f"{path} is missing or damaged") from error


def write_proof(index: int, path: list[bytes], checkpoint: bytes) -> bytes:
    """The text of a ``.tlog-proof`` file.

    Args:
        checkpoint: The signed note, verbatim.
    """
    lines = [_HEADER, f"index {index}", *(b64encode(node).decode("ascii") for node in path), "", ""]
    return "\n".join(lines).encode("ascii") + checkpoint


def parse_proof(data: bytes) -> InclusionProof:
    """Parse a ``.tlog-proof`` file without extra data.

    Raises:
        MalformedError: Not that; nothing else is ever raised.
    """
    if len(data) > _MAX_PROOF:
        raise MalformedError("a proof is too large")
    head, separator, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise MalformedError("a proof is not text") from None
    if not separator or lines[0] != _HEADER or len(lines) < 2 or len(lines) > _MAX_PATH + 2:
        raise MalformedError("not a tlog-proof of version 1")
    if not lines[1].startswith("index "):
        raise MalformedError("a proof has no index")
    path = tuple(Digest.parse(decode_base64(line)) for line in lines[2:])
    return InclusionProof(decode_number(lines[1].removeprefix("index ")), path, parse_checkpoint(note))


def verify_proof(proof: InclusionProof, entry: bytes, key: VerifierKey) -> None:
    """Check that the log of *key* committed to *entry*.

    Raises:
        EvidenceError: It did not.
    """
    checkpoint = verify_checkpoint(proof.checkpoint, key)
    verify_inclusion(leaf_hash(entry), proof.index, checkpoint.size, proof.path, checkpoint.root)


def _split(count: int) -> int:
    """The largest power of two below *count* (RFC 9162 2.1.1)."""
    return 1 << (count - 1).bit_length() - 1
