"""The twin in memory of a folder of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from broker.adapters.document_files import document_bytes, free_name
from broker.errors import UnavailableError

__all__ = ["MemoryDocuments"]


class MemoryDocuments:
    """Documents that live as long as this value."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, bytes]] = {}

    def put(self, place: str, name: str, content: bytes) -> None:
        """Have any bytes there, as a person would who puts a file in a folder."""
        self._places[place][name] = content

    def make(self, *places: str) -> None:
        """Have these places."""
        for place in places:
            self._places.setdefault(place, {})

    def names(self, place: str) -> Sequence[str]:
        """The names that end in ``.json``, sorted."""
        return sorted(name for name in self._places[place] if name.endswith(".json"))

    def holds(self, place: str, name: str) -> bool:
        """Whether it is there."""
        return name in self._places[place]

    def read(self, place: str, name: str) -> bytes:
        """What was put or written."""
        if not self.holds(place, name):
            raise UnavailableError("a document is not there")
        return self._places[place][name]

    def keep(self, place: str, name: str, document: Mapping[str, object]) -> bool:
        """Write *document* unless that name is taken; whether it is what stands there now."""
        written = document_bytes(document)
        return self._places[place].setdefault(name, written) == written

    def write(self, place: str, name: str, document: Mapping[str, object]) -> None:
        """Write *document*."""
        self._places[place][name] = document_bytes(document)

    def move(self, name: str, place: str, to: str) -> str:
        """Move it; its name there."""
        content = self.read(place, name)
        target = free_name(name, self._places[to].__contains__)
        del self._places[place][name]
        self._places[to][target] = content
        return target
