"""What the access log asks of the world: rows to append to and to search (docs/spec/audit.md 12).

`broker.adapters.access_log` implements this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from broker.audit.access import AccessEvent
from broker.audit.ledger import Frontier
from broker.names import Micros

__all__ = ["ACCESS_COLUMNS", "AccessLog", "AccessQuery", "AccessRow", "access_columns", "access_origin"]

ACCESS_COLUMNS = ("access_id", "at", "party", "person", "role", "ground", "reference", "command")
"""Names of what is stored beside an entry to search it by."""


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One entry as it is stored; nothing in it has been checked.

    Attributes:
        seq: Its place in the log.
        columns: What is stored beside the entry to search it by; it must follow from the event.
    """

    seq: int
    leaf_hash: bytes
    event_bytes: bytes
    columns: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AccessQuery:
    """Which accesses are asked for; what is empty or None asks for all.

    Attributes:
        person: Part of how the log names the person.
        party: OIN of the agency whose persons looked.
        since: Not before this.
        until: Before this.
    """

    person: str = ""
    party: str = ""
    role: str = ""
    ground: str = ""
    reference: str = ""
    since: Micros | None = None
    until: Micros | None = None


class AccessLog(Protocol):
    """Remembers who looked, in a tree of its own; any number of processes append."""

    def append(self, event: AccessEvent) -> int:
        """Remember that somebody looked; durable when it returns, before they are shown anything.

        Returns:
            Its place in the log.

        Raises:
            UnavailableError: It could not be remembered: nothing may be shown.
            ConfigurationError: The tables are older than this version: nothing may be shown.
            EvidenceError: The stored state of the log does not match its root.
        """
        ...

    def state(self) -> Frontier:
        """Size and root as they are stored."""
        ...

    def signed_size(self) -> int:
        """How many entries the largest checkpoint that was ever signed covers; 0 when none was."""
        ...

    def rows(self, start: int = 0) -> Iterator[AccessRow]:
        """Every entry from *start* on, in order."""
        ...

    def search(self, query: AccessQuery, limit: int, before: int | None = None) -> list[AccessRow]:
        """Entries that answer the query, newest first; only those below *before* if it is given."""
        ...


def access_columns(event: AccessEvent) -> dict[str, object]:
    """What is stored beside an entry to search it by."""
    return {
        "access_id": event.access_id,
        "at": int(event.at),
        "party": str(event.party),
        "person": event.person,
        "role": event.role.value,
        "ground": event.ground.code,
        "reference": event.ground.reference,
        "command": event.command,
    }


def access_origin(origin: str) -> str:
    """Name of the access log beside the ledger of this *origin*."""
    return f"{origin}/access"
