"""What every command that looks into the audit trail does first: open it, say who looks and why.

Who looks is recorded before anything is shown, and so is that somebody asked for what they may not see
(docs/spec/audit.md 12).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from broker.audit.access import MAX_OPENED, AccessEvent, Ground, is_reference
from broker.audit.checkpoint import parse_checkpoint
from broker.audit.codec import read_event
from broker.audit.events import AuditEvent
from broker.audit.query import Query, QueryNames, parse_query
from broker.audit.store import LedgerRow
from broker.errors import EvidenceError, MalformedError, UnauthorisedError, UsageError
from broker.names import Digest

if TYPE_CHECKING:
    from broker.parts import AuditParts
    from broker.pipelines.access import Denied, Permit, Viewer

__all__ = [
    "DecisionId",
    "ForPurpose",
    "Here",
    "Reference",
    "SecondGround",
    "ShortNames",
    "Why",
    "event_of",
    "opened",
    "place_of",
    "published_size",
    "query_names",
]

_ID = re.compile(r"[0-9A-Fa-f]{8,64}")
_NO_GROUND = Ground("none", "")

ForPurpose = Annotated[
    str, typer.Option("--purpose", help="Ground on which you look, such as investigation or complaint.")
]
Reference = Annotated[str, typer.Option("--reference", help="Case, order or complaint this belongs to.")]
SecondGround = Annotated[
    str,
    typer.Option("--second-ground", help="CODE:REFERENCE, for what very many entries answer."),
]
DecisionId = Annotated[
    str, typer.Argument(metavar="ID", help="Decision id, or its first 8 hexadecimal digits or more.")
]


@dataclass(frozen=True, slots=True)
class Why:
    """Why somebody looks, as they said it."""

    purpose: str
    reference: str
    second: str = ""


@contextmanager
def opened(
    command: str, why: Why, profile: Path | None, directory: Path | None, usual: str = "inspector"
) -> Iterator[Here]:
    """The ledger to read, for somebody who may use *command*.

    Imports here what it needs, so that `verify` does without databases and networks.

    Args:
        command: As in `schemas/access.yaml`.
        usual: In which role one looks into a sandbox.

    Raises:
        UsageError: No ledger is named, or it is not said why one looks.
        UnauthorisedError: The role may not do this; that is recorded too.
        UnavailableError: Ledger or registry did not answer.
    """
    from broker.assembly_ledger import audit_parts
    from broker.cli.viewers import viewer_of

    settings, viewer = viewer_of(profile, directory, usual)
    parts = audit_parts(settings)
    here = Here(parts, viewer, _grounds(why, viewer, parts), command)
    here.permit()
    yield here


@dataclass(frozen=True, slots=True)
class Here:
    """A ledger that is open, and who looks into it why."""

    parts: AuditParts
    viewer: Viewer
    grounds: tuple[Ground, ...]
    command: str

    def permit(self, query: Query | None = None) -> Permit:
        """How far they may look; a question is counted when much needs a second ground.

        Raises:
            UnauthorisedError: Not at all.
            UsageError: It is not said why.
            UnavailableError: What is refused could not be recorded either.
        """
        from broker.pipelines.access import Asked, Denied, permitted

        parts, viewer = self.parts, self.viewer
        rules = parts.rules.roles.get(viewer.role.value)
        counted = query is not None and rules is not None and rules.second and len(self.grounds) < 2
        total = parts.reader.summary(query).total if query is not None and counted else None
        agency = parts.keeper.current().agencies.get(viewer.party)
        asked = Asked(self.command, self.grounds, query, total)
        roles = agency.roles if agency is not None else frozenset()
        answer = permitted(parts.rules, viewer.role, asked, viewer.party, roles)
        if isinstance(answer, Denied):
            self._refuse(answer, "" if query is None else query.text)
        return answer

    def question(self, text: str) -> Query:
        """What *text* asks, as far as they may ask it.

        Raises:
            UsageError: It is not understood, or why is not said.
            UnauthorisedError: They may not ask it.
        """
        from broker.pipelines.access import narrowed

        query = parse_query(text, query_names(self.parts))
        return narrowed(query, self.permit(query).own)

    def record(
        self,
        text: str,
        hits: int,
        decisions: Sequence[bytes] = (),
        export: Digest | None = None,
        refusal: str = "",
    ) -> AccessEvent:
        """Remember who asks what, before it is shown.

        Args:
            text: The question in its one written form.
            decisions: Ids of what is shown.
            export: SHA-256 of a file that is written.

        Raises:
            UnavailableError: It cannot be remembered: nothing may be shown.
        """
        draw, viewer = self.parts.entropy, self.viewer
        first, *more = self.grounds or (_NO_GROUND,)
        event = AccessEvent(
            access_id=draw(16),
            at=self.parts.clock.now(),
            party=viewer.party,
            person=viewer.person,
            role=viewer.role,
            on_behalf=viewer.on_behalf,
            ground=first,
            second_ground=more[0] if more else None,
            command=self.command,
            query=_one_line(text),
            hits=hits,
            decisions=tuple(Digest(one) for one in decisions[:MAX_OPENED]),
            export_digest=export,
            refusal=refusal,
            trace_id=draw(16),
        )
        self.parts.accesses.append(event)
        return event

    def find(self, decision: str) -> LedgerRow:
        """The entry with this id, or the only one whose id begins so, that they may see.

        Raises:
            UsageError: There is none, or several.
        """
        from broker.pipelines.access import is_party

        if not _ID.fullmatch(decision):
            raise UsageError(
                "not a decision id",
                why="it has 64 hexadecimal digits, of which at least the first 8 are given",
                remedy="Find it: schakel audit search",
            )
        rows = self.parts.reader.find_prefix(decision.lower(), 2)
        own = self.permit().own
        if own is not None:
            rows = [row for row in rows if is_party(event_of(row), own)]
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

    def _refuse(self, denied: Denied, text: str) -> NoReturn:
        if denied.reason == "no-ground":
            raise UsageError(denied.what, remedy=denied.remedy, code=denied.reason)
        self.record(text, 0, refusal=denied.reason)
        raise UnauthorisedError(denied.what, remedy=denied.remedy, code=denied.reason)


def _one_line(text: str) -> str:
    """*text* as the log takes it: what people gave must never keep a question from being recorded."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:2000])


def _grounds(why: Why, viewer: Viewer, parts: AuditParts) -> tuple[Ground, ...]:
    """The grounds that were given, or the one that the role has by itself."""
    rules = parts.rules.roles.get(viewer.role.value)
    code = why.purpose or ((rules.default or "") if rules is not None else "")
    given = [Ground(code, why.reference)] if code else []
    if why.second:
        second, _, reference = why.second.partition(":")
        given.append(Ground(second, reference))
    for ground in given:
        if ground.code not in parts.rules.grounds:
            raise UsageError(
                f"{ground.code!r} is no ground for looking",
                remedy=f"Give one of {', '.join(sorted(parts.rules.grounds))}",
            )
        if not is_reference(ground.reference):
            raise UsageError(
                "--reference is not one short line", remedy="Give at most 200 printable characters"
            )
    return tuple(given)


def query_names(parts: AuditParts) -> QueryNames:
    """The names that people use, as the registry and the catalogue have them."""
    view = parts.keeper.current()
    return QueryNames(
        {name: agency.oin for name, agency in view.by_name.items()},
        {str(code): entry.type for code, entry in view.catalogue.messages.items()},
    )


def place_of(page: str | None) -> int | None:
    """The place below which a page begins, from the `next` of the answer before.

    Raises:
        UsageError: It is not one.
    """
    if page is None:
        return None
    if not page.isascii() or not page.isdigit() or len(page) > 18:
        raise UsageError(
            "--next is not the `next` of an answer", remedy="Copy the `next` of the answer before"
        )
    return int(page)


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
