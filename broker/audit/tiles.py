"""Tiles and entry bundles: C2SP tlog-tiles, the log as plain files (docs/spec/audit.md 7).

A tile holds up to 256 hashes of one level: level 0 the leaf hashes, level *n* the roots of full tiles of
level *n* - 1.  A bundle holds the entries of one level-0 tile.  Full ones never change; a partial one
has its width in its name, so no file is ever rewritten with other content.

`TiledLog` is pure: it is told what was appended and says which files now exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from broker.errors import EvidenceError, MalformedError
from broker.merkle import tree_root
from broker.names import Digest

__all__ = [
    "HASH_SIZE",
    "WIDTH",
    "Fetch",
    "File",
    "Growth",
    "TiledLog",
    "bundle_path",
    "partial_folder",
    "read_bundle",
    "read_hashes",
    "tile_path",
    "tiles_of",
    "write_bundle",
]

WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""
HASH_SIZE = 32
_BITS = 8

Fetch = Callable[[str], bytes | None]
File = tuple[str, bytes]
"""A path within the log's folder, with forward slashes, and the content."""


@dataclass(slots=True)
class Growth:
    """What appending changed.

    Attributes:
        bundles: New entry bundles.
        tiles: New tiles.
        obsolete: Folders of partial files whose full file is among the new ones.
    """

    bundles: list[File] = field(default_factory=list)
    tiles: list[File] = field(default_factory=list)
    obsolete: list[str] = field(default_factory=list)


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Path of a tile: ``tile/<L>/<N>`` and, when it is partial, ``.p/<W>``."""
    return _path(f"tile/{level}", index, width)


def bundle_path(index: int, width: int = WIDTH) -> str:
    """Path of an entry bundle: ``tile/entries/<N>`` and, when it is partial, ``.p/<W>``."""
    return _path("tile/entries", index, width)


def partial_folder(path: str) -> str:
    """The folder of the partial files of a full file."""
    return f"{path}.p"


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Level, index and width of every tile that a log of this size must have."""
    level = 0
    while hashes := size >> _BITS * level:
        for index in range(hashes >> _BITS):
            yield level, index, WIDTH
        if width := hashes % WIDTH:
            yield level, hashes >> _BITS, width
        level += 1


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries in a row, each after its length in two bytes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def read_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        MalformedError: Not 1 to 256 entries that fill it exactly; nothing else is ever raised.
    """
    entries, position = [], 0
    while position < len(data):
        start = position + 2
        position = start + int.from_bytes(data[position:start], "big")
        if position > len(data) or start > len(data):
            raise MalformedError("a bundle ends inside an entry")
        entries.append(data[start:position])
    if not 0 < len(entries) <= WIDTH:
        raise MalformedError("a bundle does not hold 1 to 256 entries")
    return entries


def read_hashes(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile.

    Raises:
        MalformedError: Not exactly *width* hashes.
    """
    if len(data) != width * HASH_SIZE:
        raise MalformedError("a tile does not hold the hashes that its name promises")
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]


class TiledLog:
    """The right edge of a log: what is needed to append to its files.

    Attributes:
        size: Number of entries.
    """

    __slots__ = ("_levels", "_tail", "size")

    def __init__(self) -> None:
        self.size = 0
        self._levels: list[list[bytes]] = []
        self._tail: list[bytes] = []

    @classmethod
    def load(cls, size: int, fetch: Fetch) -> TiledLog:
        """The edge of a log of *size* entries, read from its files.

        Args:
            fetch: Content of a file of the log, or None if there is none.

        Raises:
            EvidenceError: A file of the edge is missing or has the wrong form; the hashes in it are not
                checked here: compare `root` with a checkpoint.
        """
        log = cls()
        log.size = size
        level = 0
        while hashes := size >> _BITS * level:
            width, index = hashes % WIDTH, hashes >> _BITS
            log._levels.append(_edge_tile(fetch, level, index, width) if width else [])
            level += 1
        if size % WIDTH:
            log._tail = _edge_bundle(fetch, size // WIDTH, size % WIDTH)
        return log

    def root(self) -> Digest:
        """The root of the whole tree."""
        rest: list[bytes] = []
        for level in self._levels:
            if hashes := level + rest:
                rest = [tree_root(hashes)]
        return Digest(rest[0] if rest else tree_root(()))

    def edge(self) -> list[File]:
        """The partial files of this size, entry bundle first."""
        files: list[File] = []
        if self._tail:
            files.append((bundle_path(self.size // WIDTH, len(self._tail)), write_bundle(self._tail)))
        for level, hashes in enumerate(self._levels):
            if hashes:
                index = self.size >> _BITS * (level + 1)
                files.append((tile_path(level, index, len(hashes)), b"".join(hashes)))
        return files

    def extend(self, entries: Sequence[bytes], hashes: Sequence[bytes]) -> Growth:
        """Append *entries* with their leaf *hashes*; the files that change because of it."""
        growth = Growth()
        self._extend_bundles(entries, growth)
        self._extend_level(0, hashes, growth)
        self.size += len(entries)
        return growth

    def _extend_bundles(self, entries: Sequence[bytes], growth: Growth) -> None:
        index, old = self.size // WIDTH, len(self._tail)
        self._tail += entries
        while len(self._tail) >= WIDTH:
            growth.bundles.append((bundle_path(index), write_bundle(self._tail[:WIDTH])))
            growth.obsolete += [partial_folder(bundle_path(index))] if old else []
            self._tail, index, old = self._tail[WIDTH:], index + 1, 0
        if self._tail and entries:
            growth.bundles.append((bundle_path(index, len(self._tail)), write_bundle(self._tail)))

    def _extend_level(self, level: int, hashes: Sequence[bytes], growth: Growth) -> None:
        if level == len(self._levels):
            self._levels.append([])
        index = self.size >> _BITS * (level + 1)
        old, edge, above = len(self._levels[level]), [*self._levels[level], *hashes], []
        while len(edge) >= WIDTH:
            growth.tiles.append((tile_path(level, index), b"".join(edge[:WIDTH])))
            growth.obsolete += [partial_folder(tile_path(level, index))] if old else []
            above.append(tree_root(edge[:WIDTH]))
            edge, index, old = edge[WIDTH:], index + 1, 0
        if edge and hashes:
            growth.tiles.append((tile_path(level, index, len(edge)), b"".join(edge)))
        self._levels[level] = edge
        if above:
            self._extend_level(level + 1, above, growth)


def _path(folder: str, index: int, width: int) -> str:
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03d}")
    return f"{folder}/{'/'.join(parts)}" + (f".p/{width}" if width < WIDTH else "")


def _edge_tile(fetch: Fetch, level: int, index: int, width: int) -> list[bytes]:
    data = fetch(tile_path(level, index, width))
    if data is None:
        # The full tile may have taken its place already.
        data = (fetch(tile_path(level, index)) or b"")[: width * HASH_SIZE]
    try:
        return read_hashes(data, width)
    except MalformedError as error:
        raise EvidenceError(f"{tile_path(level, index, width)} is missing or damaged") from error


def _edge_bundle(fetch: Fetch, index: int, width: int) -> list[bytes]:
    data = fetch(bundle_path(index, width)) or fetch(bundle_path(index)) or b""
    try:
        entries = read_bundle(data)
    except MalformedError as error:
        raise EvidenceError(f"{bundle_path(index, width)} is missing or damaged") from error
    if len(entries) < width:
        raise EvidenceError(f"{bundle_path(index, width)} is too short")
    return entries[:width]
