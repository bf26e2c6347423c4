"""The published log in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.adapters.tiles import TileDirectory
from broker.errors import ConfigurationError, UnavailableError


def test_files_are_there_when_write_returns(tmp_path: Path) -> None:
    """With their folders, and nothing left over beside them."""
    tiles = TileDirectory(tmp_path / "tlog").acquire()
    tiles.write([("tile/0/000.p/3", b"abc"), ("tile/entries/x001/000", b"def")])
    tiles.close()

    assert tiles.read("tile/0/000.p/3") == b"abc"
    assert tiles.read("tile/entries/x001/000") == b"def"
    assert [path.name for path in tmp_path.rglob("*.new")] == []


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    """A missing file, a missing folder, and a file in the place of a folder."""
    tiles = TileDirectory(tmp_path / "tlog").acquire()
    tiles.write([("tile/0/000", b"x")])
    tiles.close()

    assert tiles.read("tile/0/001") is None
    assert tiles.read("tile/0/000/001") is None
    assert tiles.checkpoint() is None


def test_a_checkpoint_takes_the_place_of_the_last(tmp_path: Path) -> None:
    """There is one, and it is whole."""
    tiles = TileDirectory(tmp_path).acquire()
    tiles.publish(b"one")
    tiles.publish(b"two")
    tiles.close()

    assert tiles.checkpoint() == b"two"


def test_partial_folders_can_be_discarded(tmp_path: Path) -> None:
    """Also one that is not there."""
    tiles = TileDirectory(tmp_path).acquire()
    tiles.write([("tile/0/000.p/3", b"abc"), ("tile/0/000", b"abcd")])
    tiles.discard(["tile/0/000.p", "tile/0/001.p"])
    tiles.close()

    assert tiles.read("tile/0/000.p/3") is None
    assert tiles.read("tile/0/000") == b"abcd"


def test_one_process_writes(tmp_path: Path) -> None:
    """The lock is on the folder, and is free again when its holder is gone."""
    first = TileDirectory(tmp_path).acquire()
    with pytest.raises(ConfigurationError):
        TileDirectory(tmp_path).acquire()
    first.close()

    TileDirectory(tmp_path).acquire().close()


def test_a_disk_that_refuses_is_unavailable(tmp_path: Path) -> None:
    """The same call may be made again when the disk is well."""
    tiles = TileDirectory(tmp_path).acquire()
    (tmp_path / "tile").write_bytes(b"in the way")
    with pytest.raises(UnavailableError):
        tiles.write([("tile/0/000", b"x")])
    tiles.close()
