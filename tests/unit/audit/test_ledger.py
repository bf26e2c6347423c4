"""The compact range, and the tiles that follow from the same leaves."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.audit.ledger import Frontier
from broker.audit.tiles import (
    TiledLog,
    bundle_path,
    read_bundle,
    read_hashes,
    tile_path,
    tiles_of,
    write_bundle,
)
from broker.errors import EvidenceError, MalformedError
from broker.merkle import leaf_hash, tree_root

ENTRIES = [b"entry %d" % number for number in range(1000)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def test_the_frontier_has_the_root_of_the_tree_at_every_size() -> None:
    """Appending one by one gives the RFC 9162 root, at all sizes to 300."""
    frontier = Frontier()
    for size in range(301):
        assert frontier.root() == tree_root(LEAVES[:size])
        frontier = frontier.append([LEAVES[size]])


@given(st.lists(st.integers(0, 70), max_size=8))
def test_batches_do_not_matter(sizes: list[int]) -> None:
    """However entries come, frontier and tiles lead to the same root."""
    frontier, log, at = Frontier(), TiledLog(), 0
    for size in sizes:
        frontier = frontier.append(LEAVES[at : at + size])
        log.extend(ENTRIES[at : at + size], LEAVES[at : at + size])
        at += size

    assert frontier.root() == log.root() == tree_root(LEAVES[:at])


def test_a_frontier_reads_back() -> None:
    """What is stored beside the size is enough."""
    frontier = Frontier().append(LEAVES[:77])

    assert Frontier.decode(77, frontier.encode()) == frontier
    with pytest.raises(EvidenceError):
        Frontier.decode(76, frontier.encode())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (tile_path(0, 0), "tile/0/000"),
        (tile_path(1, 1234067, 12), "tile/1/x001/x234/067.p/12"),
        (bundle_path(1000), "tile/entries/x001/000"),
        (bundle_path(7, 255), "tile/entries/007.p/255"),
    ],
)
def test_paths_are_those_of_the_specification(path: str, expected: str) -> None:
    """C2SP tlog-tiles, three digits an element."""
    assert path == expected


def test_a_log_of_seventy_thousand_has_the_tiles_of_the_example() -> None:
    """The example in C2SP tlog-tiles: 273 full and one of 112; one full and one of 17; one of 1."""
    tiles = list(tiles_of(70_000))

    assert sum(width == 256 for level, _, width in tiles if level == 0) == 273
    assert [tile for tile in tiles if tile[2] < 256] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]


def test_growth_makes_the_files_that_the_size_asks_for() -> None:
    """After any batches the files are those of the size, and none was ever rewritten otherwise."""
    files: dict[str, bytes] = {}
    log, at, dice = TiledLog(), 0, random.Random(1)
    while at < len(ENTRIES):
        step = min(dice.choice([1, 3, 200, 256, 300]), len(ENTRIES) - at)
        growth = log.extend(ENTRIES[at : at + step], LEAVES[at : at + step])
        at += step
        for path, content in (*growth.bundles, *growth.tiles):
            assert files.setdefault(path, content) == content
        wanted = {tile_path(*tile) for tile in tiles_of(at)}
        assert wanted <= files.keys()
        assert TiledLog.load(at, files.get).root() == tree_root(LEAVES[:at])


def test_the_edge_is_every_partial_file() -> None:
    """Bundle and tiles that are not full, at this size."""
    log = TiledLog()
    log.extend(ENTRIES[:300], LEAVES[:300])

    assert [path for path, _ in log.edge()] == ["tile/entries/001.p/44", "tile/0/001.p/44", "tile/1/000.p/1"]


def test_a_folder_that_lacks_its_edge_is_wrong_evidence() -> None:
    """A log is not continued from files that are not there."""
    with pytest.raises(EvidenceError):
        TiledLog.load(5, lambda _: None)


def test_a_bundle_reads_back() -> None:
    """Entries come out as they went in."""
    assert read_bundle(write_bundle(ENTRIES[:256])) == ENTRIES[:256]


@given(st.binary(max_size=300))
def test_noise_in_a_bundle_is_malformed_or_one_encoding(noise: bytes) -> None:
    """Whatever the bytes, there is one bundle for them or none."""
    try:
        read = read_bundle(noise)
    except MalformedError:
        return

    assert write_bundle(read) == noise


@given(st.binary(max_size=200), st.integers(0, 5))
def test_a_tile_has_as_many_hashes_as_its_name_says(noise: bytes, width: int) -> None:
    """Any other length is malformed."""
    if len(noise) == width * 32:
        assert b"".join(read_hashes(noise, width)) == noise
    else:
        with pytest.raises(MalformedError):
            read_hashes(noise, width)
