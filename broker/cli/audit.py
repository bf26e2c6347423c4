"""`schakel audit`: search the audit trail, prove an entry, verify a proof.

Who looks is recorded before anything is shown.  `verify` needs neither network nor database, and loads
nothing that could reach them.
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

from broker.audit.checkpoint import VerifierKey, parse_checkpoint
from broker.audit.codec import read_event
from broker.audit.evidence import MAX_BUNDLE, verify_bundle
from broker.audit.narrative import describe
from broker.audit.query import QueryNames, parse_query
from broker.audit.store import Access, LedgerRow
from broker.cli.arguments import AsJson, LedgerDirectory, LedgerFile
from broker.cli.named_files import read_named, write_named
from broker.cli.printing import print_json, print_line, print_table
from broker.errors import EvidenceError, MalformedError, UsageError
from broker.names import Purpose

if TYPE_CHECKING:
    from broker.parts import AuditParts
    from broker.settings import LedgerProfile

__all__ = ["app"]

app = typer.Typer(help="Search the audit trail, prove an entry, verify a proof.", no_args_is_help=True)

_LONGEST_REFERENCE = 200
_ID = re.compile(r"[0-9A-Fa-f]{8,64}")

ForPurpose = Annotated[str, typer.Option("--purpose", help="Purpose code: why you look.")]
Reference = Annotated[str, typer.Option("--reference", help="Case, order or complaint this belongs to.")]
DecisionId = Annotated[
    str, typer.Argument(metavar="ID", help="Decision id, or its first 8 hexadecimal digits or more.")
]


@app.command()
def search(
    purpose: ForPurpose,
    reference: Reference,
    query: Annotated[str, typer.Argument(help="FIELD:VALUE words; `-` before a word excludes.")] = "",
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Entries in one answer.")] = 50,
    page: Annotated[str | None, typer.Option("--next", help="The `next` of the answer before.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search the ledger, newest first."""
    with _opened(profile, directory) as (settings, parts):
        understood = parse_query(query, _names(parts))
        rows = parts.reader.search(understood, limit + 1, _place(page))
        shown, more = rows[:limit], len(rows) > limit
        _record(settings, parts, (purpose, reference), query, len(shown))
        published = _published_size(parts)
        short = _ShortNames.of(parts)
    entries = [_entry(row, published) for row in shown]
    if as_json:
        print_json({"entries": entries, "next": str(shown[-1].seq) if more else None})
    else:
        _print_entries(entries, short)


@app.command()
def show(
    decision: DecisionId,
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    purpose: ForPurpose = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Show one entry of the ledger."""
    with _opened(profile, directory) as (settings, parts):
        row = _find(parts, decision)
        _record(settings, parts, (purpose, reference), f"decision-id:{row.decision_id.hex()}", 1)
        entry = _entry(row, _published_size(parts))
    if as_json:
        print_json(entry)
    else:
        print_table(("", ""), _flat(entry), whole=True)


@app.command()
def prove(
    decision: DecisionId,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write, usually .zip.")],
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    purpose: ForPurpose = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Write the evidence of one entry as a file that anybody can verify."""
    from broker.pipelines.evidence import prove as prove_entry

    with _opened(profile, directory) as (settings, parts):
        row = _find(parts, decision)
        _record(settings, parts, (purpose, reference), f"prove:{row.decision_id.hex()}", 1)
        bundle = prove_entry(row, parts.tiles.read, parts.tiles.checkpoint(), parts.keeper.current())
    write_named(output, bundle)
    if as_json:
        print_json({"file": output, "bytes": len(bundle), "seq": row.seq})
    else:
        print_line(
            f"{output}: entry {row.seq}, {len(bundle)} bytes. Verify it: schakel audit verify {output}"
        )


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="Evidence bundle, from `schakel audit prove`.")],
    log: Annotated[
        str | None, typer.Option("--log-key", help="The log's verifier key, if you have it from elsewhere.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify a bundle without network or database: exit 7 when wrong, 8 when not all could be checked."""
    report = verify_bundle(read_named(file, MAX_BUNDLE), None if log is None else _verifier_key(log))
    if as_json:
        document = {
            "verified": True,
            "origin": report.origin,
            "seq": report.seq,
            "size": report.size,
            "verifier_key": report.verifier_key,
            "pinned": report.pinned,
            "gate": report.gate,
            "checked": report.checked,
            "entry": describe(report.event),
        }
        print_json(document)
        return
    print_line(f"Verified: entry {report.seq} of {report.size} in the log {report.origin}.")
    print_line(f"Decision {report.event.decision_id}: {report.event.outcome} {report.event.reason}".rstrip())
    if not report.pinned:
        print_line(f"Compare this key with the one that the log publishes: {report.verifier_key}")


@contextmanager
def _opened(profile: Path | None, directory: Path | None) -> Iterator[tuple[LedgerProfile, AuditParts]]:
    """The ledger to read; imported here, so that `verify` does without databases and networks."""
    from broker.assembly_ledger import audit_parts
    from broker.cli.ledgers import ledger_profile

    settings = ledger_profile(profile, directory)
    yield settings, audit_parts(settings)


def _names(parts: AuditParts) -> QueryNames:
    view = parts.keeper.current()
    return QueryNames(
        {name: agency.oin for name, agency in view.by_name.items()},
        {str(code): entry.type for code, entry in view.catalogue.messages.items()},
    )


def _record(
    settings: LedgerProfile, parts: AuditParts, why: tuple[str, str], query: str, results: int
) -> None:
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


def _place(page: str | None) -> int | None:
    if page is None:
        return None
    if not page.isascii() or not page.isdigit() or len(page) > 18:
        raise UsageError(
            "--next is not the `next` of an answer", remedy="Copy the `next` of the answer before"
        )
    return int(page)


def _find(parts: AuditParts, decision: str) -> LedgerRow:
    """The entry with this id, or the only one whose id begins so."""
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


def _published_size(parts: AuditParts) -> int:
    note = parts.tiles.checkpoint()
    try:
        return 0 if note is None else parse_checkpoint(note).checkpoint.size
    except MalformedError as error:
        raise EvidenceError("the published checkpoint is damaged", why=error.what) from error


def _entry(row: LedgerRow, published: int) -> dict[str, object]:
    try:
        event = read_event(row.event_bytes)
    except MalformedError as error:
        raise EvidenceError(f"entry {row.seq} of the ledger is damaged", why=error.what) from error
    status = "recorded" if row.seq < published else "under-way"
    return {**describe(event), "seq": row.seq, "status": status}


@dataclass(frozen=True, slots=True)
class _ShortNames:
    """What a person calls the types and parties of an entry."""

    types: Mapping[str, str]
    parties: Mapping[str, str]

    @classmethod
    def of(cls, parts: AuditParts) -> _ShortNames:
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


def _print_entries(entries: list[dict[str, object]], short: _ShortNames) -> None:
    columns = ("seq", "decided_at", "outcome", "reason", "type", "from", "to", "decision_id")
    rows = []
    for entry in entries:
        message = entry["message"]
        facts: dict[str, object] = message if isinstance(message, dict) else {}
        route = [short.party(facts.get("sender")), short.party(facts.get("recipient"))]
        head = [entry[name] for name in columns[:4]]
        rows.append([*head, short.type(facts), *route, entry["decision_id"]])
    # The id is what `show` and `prove` are asked with: it is never the column that gives way.
    print_table(columns, rows, whole=True)


def _flat(document: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", ", ".join(map(str, value)) if isinstance(value, list) else value


def _verifier_key(text: str) -> VerifierKey:
    try:
        return VerifierKey.parse(text.strip())
    except MalformedError as error:
        raise UsageError(
            "--log-key is not a verifier key",
            why=error.what,
            remedy="Give the line NAME+HASH+KEY that the exchange published",
        ) from error
