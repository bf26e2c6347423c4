"""What every command that looks into the audit trail does first: open it, say who looks and why.

Who looks is recorded before anything is shown.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broker.audit.checkpoint import parse_checkpoint
from broker.audit.codec import read_event
from broker.audit.events import AuditEvent
from broker.audit.query import QueryNames
from broker.audit.store import Access, LedgerRow
from broker.errors import EvidenceError, MalformedError, UsageError
from broker.names import Purpose

if TYPE_CHECKING:
    from broker.parts import AuditParts
    from broker.settings import LedgerProfile

__all__ = [
    "DecisionId",
    "ForPurpose",
    "Reference",
    "ShortNames",
    "event_of",
    "find",
    "opened",
    "published_size",
    "query_names",
    "record",
]

_LONGEST_REFERENCE = 200
_ID = re.compile(r"[0-9A-Fa-f]{8,64}")

ForPurpose = Annotated[str, typer.Option("--purpose", help="Purpose code: why you look.")]
Reference = Annotated[str, typer.Option("--reference", help="Case, order or complaint this belongs to.")]
DecisionId = Annotated[
    str, typer.Argument(metavar="ID", help="Decision id, or its first 8 hexadecimal digits or more.")
]


@contextmanager
def opened(profile: Path | None, directory: Path | None) -> Iterator[tuple[LedgerProfile, AuditParts]]:
    """The ledger to read; imported here, so that `verify` does without databases and networks."""
    from broker.assembly_ledger import audit_parts
    from broker.cli.ledgers import ledger_profile

    settings = ledger_profile(profile, directory)
    yield settings, audit_parts(settings)


def query_names(parts: AuditParts) -> QueryNames:
    """The names that people use, as the registry and the catalogue have them."""
    view = parts.keeper.current()
    return QueryNames(
        {name: agency.oin for name, agency in view.by_name.items()},
        {str(code): entry.type for code, entry in view.catalogue.messages.items()},
    )


def record(
    settings: LedgerProfile, parts: AuditParts, why: tuple[str, str], query: str, results: int
) -> None:
    """Remember who asks what, before it is shown.

    Args:
        why: Purpose code and reference.

    Raises:
        UsageError: One of them is unusable.
        UnavailableError: It cannot be remembered: nothing may be shown.
    """
    purpose, reference = why
    try:
        code = Purpose.parse(purpose) if purpose else ""
    except MalformedError as error:
        raise UsageError(f"--purpose is {error.what}", remedy="Give a code, such as toezicht") from error
    if len(reference) > _LONGEST_REFERENCE or not reference.isprintable():
        raise UsageError(
            "--reference is not one short line",
            remedy=f"Give at most {_LONGEST_REFERENCE} printable characters",
        )
    now = parts.clock.now()
    parts.accesses.record_access(
        Access(now, settings.oin, _person()[:128], code, reference, query[:2000], results)
    )


def _person() -> str:
    try:
        # Not `getpass.getuser`: that believes the environment.
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def find(parts: AuditParts, decision: str) -> LedgerRow:
    """The entry with this id, or the only one whose id begins so.

    Raises:
        UsageError: There is none, or several.
    """
    if not _ID.fullmatch(decision):
        raise UsageError(
            "not a decision id",
            why="it has 64 hexadecimal digits, of which at least the first 8 are given",
            remedy="Find it: schakel audit search",
        )
    rows = parts.reader.find_prefix(decision.lower(), 2)
    if len(rows) > 1:
        raise UsageError(
            "several decisions begin so", why="the id is ambiguous", remedy="Give more digits of it"
        )
    if not rows:
        raise UsageError(
            "the ledger has no such decision",
            why="no id is this or begins so",
            remedy="A decision of a moment ago may still be under way",
        )
    return rows[0]


def published_size(parts: AuditParts) -> int:
    """How many entries the published checkpoint covers.

    Raises:
        EvidenceError: It is damaged.
    """
    note = parts.tiles.checkpoint()
    try:
        return 0 if note is None else parse_checkpoint(note).checkpoint.size
    except MalformedError as error:
        raise EvidenceError("the published checkpoint is damaged", why=error.what) from error


def event_of(row: LedgerRow) -> AuditEvent:
    """The entry that *row* stores.

    Raises:
        EvidenceError: It is damaged.
    """
    try:
        return read_event(row.event_bytes)
    except MalformedError as error:
        raise EvidenceError(f"entry {row.seq} of the ledger is damaged", why=error.what) from error


@dataclass(frozen=True, slots=True)
class ShortNames:
    """What a person calls the types and parties of an entry."""

    types: Mapping[str, str]
    parties: Mapping[str, str]

    @classmethod
    def of(cls, parts: AuditParts) -> ShortNames:
        """As the registry and the catalogue name them."""
        view = parts.keeper.current()
        return cls(
            {str(entry.type): str(code) for code, entry in view.catalogue.messages.items()},
            {str(agency.oin): name for name, agency in view.by_name.items()},
        )

    def type(self, facts: Mapping[str, object]) -> str:
        """The code, or for a type that is no longer in the catalogue its last words."""
        name = str(facts.get("type", ""))
        return self.types.get(name) or ".".join(name.split(".")[-2:])

    def party(self, party: object) -> str:
        """The short name, or for an agency that is no longer there its number and role."""
        if not isinstance(party, dict):
            return ""
        return self.parties.get(str(party["oin"])) or f"{party['oin']}/{party['role']}"

    def value(self, field: str, value: str | int) -> str | int:
        """What a person calls the value of a field of the grammar."""
        if field == "type":
            return self.types.get(str(value), value)
        return self.parties.get(str(value), value) if field in ("from", "to") else value
