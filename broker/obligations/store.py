"""What obligations ask of the ledger's database: one open transaction to follow a batch, and a reader.

`broker.adapters.ledger_obligations` implements these.  Obligations follow from the entries of the ledger:
the table of them is there to be searched, and can be made again at any time (docs/spec/audit.md 5.1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from broker.names import CaseRef, Digest, Micros, Oin
from broker.obligations.model import Obligation, State

__all__ = ["Changes", "ObligationQuery", "ObligationReader", "ObligationView", "ObligationWork"]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a batch does to the stored obligations.

    Attributes:
        written: New ones, and known ones that changed.
        gone: Ids of known ones that no longer follow.
    """

    written: tuple[Obligation, ...] = ()
    gone: tuple[Digest, ...] = ()


@dataclass(frozen=True, slots=True)
class ObligationQuery:
    """Which obligations to list; what is left out does not matter.

    Attributes:
        now: The moment at which states are read off.
        parties: Owed by or to one of these agencies, in any role.
        states: In one of these states at *now*; every state when empty.
        due_before: Due before this moment.
    """

    now: Micros
    parties: frozenset[Oin] = frozenset()
    case_ref: CaseRef | None = None
    code: str | None = None
    states: frozenset[State] = frozenset()
    due_before: Micros | None = None


class ObligationView(Protocol):
    """One consistent view of entries and obligations."""

    @property
    def rules(self) -> bytes | None:
        """Digest of the rules by which the obligations were worked out; None when they never were."""
        ...

    def events_by_case(self) -> Iterator[bytes]:
        """Every entry about a case, case by case in the order of their references, then in ledger order."""
        ...

    def obligations_by_case(self) -> Iterator[Obligation]:
        """Every stored obligation, case by case in the order of their references, then by id."""
        ...


class ObligationWork(ObligationView, Protocol):
    """The open transaction of a batch, before its entries are in it."""

    def events_of(self, cases: Collection[CaseRef]) -> list[bytes]:
        """The entries of these cases, in ledger order."""
        ...

    def store(self, changes: Changes) -> None:
        """Change the stored obligations."""
        ...

    def start_over(self, rules: bytes) -> None:
        """Drop every obligation; from now on they are worked out by the rules with this digest."""
        ...


class ObligationReader(Protocol):
    """Reads obligations without ever holding up the ledger's writer.

    Each method raises ConfigurationError (code ``no-obligations``) when the tables are older than they.
    """

    def obligations(self, query: ObligationQuery, limit: int) -> list[Obligation]:
        """At most *limit* obligations that answer the query, the earliest due first."""
        ...

    def obligation_prefix(self, digits: str, limit: int) -> list[Obligation]:
        """At most *limit* obligations whose id begins with these lower-case hexadecimal digits."""
        ...

    def view(self) -> AbstractContextManager[ObligationView]:
        """Everything as of one moment."""
        ...
