"""What every store of documents does, in a folder and in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.adapters.document_files import FolderDocuments
from broker.adapters.memory_documents import MemoryDocuments
from broker.errors import UnavailableError
from broker.ports import DocumentStore


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> DocumentStore:
    """A store with two places."""
    made: DocumentStore = FolderDocuments(tmp_path) if request.param == "folder" else MemoryDocuments()
    made.make("a", "b")
    return made


def test_what_is_kept_is_read_and_listed(store: DocumentStore) -> None:
    """By its name, in its place only."""
    kept = store.keep("a", "x.json", {"n": "é"})

    assert (kept, list(store.names("a")), list(store.names("b"))) == (True, ["x.json"], [])
    assert store.read("a", "x.json") == '{\n  "n": "é"\n}\n'.encode()
    assert (store.holds("a", "x.json"), store.holds("b", "x.json")) == (True, False)


def test_what_is_there_is_not_overwritten_by_keeping(store: DocumentStore) -> None:
    """The same again is there; something else is told."""
    store.keep("a", "x.json", {"n": 1})

    assert (store.keep("a", "x.json", {"n": 1}), store.keep("a", "x.json", {"n": 2})) == (True, False)
    assert b"1" in store.read("a", "x.json")


def test_writing_replaces(store: DocumentStore) -> None:
    """The last one stands there."""
    store.write("a", "x.json", {"n": 1})
    store.write("a", "x.json", {"n": 2})

    assert b"2" in store.read("a", "x.json")


def test_names_are_sorted_and_only_of_documents(store: DocumentStore) -> None:
    """What is under way or is no document is not listed."""
    for name in ("b.json", "a.json", "c.txt"):
        store.write("a", name, {})

    assert list(store.names("a")) == ["a.json", "b.json"]


def test_moving_loses_nothing(store: DocumentStore) -> None:
    """Where the name is taken, the document gets a number."""
    for number in range(3):
        store.write("a", "x.json", {"n": number})
        store.move("x.json", "a", "b")

    assert (list(store.names("a")), list(store.names("b"))) == ([], ["x.2.json", "x.3.json", "x.json"])
    assert b"2" in store.read("b", "x.3.json")


def test_a_very_long_name_gets_shorter_on_its_way(store: DocumentStore) -> None:
    """So that something can be laid beside it."""
    name = f"{'é' * 125}.json"
    store.write("a", name, {})

    moved = store.move(name, "a", "b")

    assert (moved, store.holds("b", moved)) == (f"{'é' * 90}.json", True)


def test_what_is_not_there_does_not_answer(store: DocumentStore) -> None:
    """Somebody may just have taken it away."""
    with pytest.raises(UnavailableError):
        store.read("a", "x.json")
    with pytest.raises(UnavailableError):
        store.move("x.json", "a", "b")
