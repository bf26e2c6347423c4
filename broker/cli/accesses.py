"""`schakel audit accesses`: who looked into the audit trail, and whether that log is whole."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from broker.audit.access import AccessEvent, read_access
from broker.audit.access_store import AccessQuery, AccessRow, access_origin
from broker.audit.periods import parse_period
from broker.cli.arguments import AsJson, LedgerDirectory, LedgerFile
from broker.cli.audit_looking import ForPurpose, Here, Reference, Why, opened, place_of
from broker.cli.printing import print_json, print_line, print_table
from broker.errors import EvidenceError, IncompleteError, MalformedError, SchakelError
from broker.moments import to_text

if TYPE_CHECKING:
    from broker.audit.access_check import AccessReport
    from broker.parts import AuditParts

__all__ = ["accesses", "app", "checked_accesses"]

app = typer.Typer(no_args_is_help=True)


@app.command()
def accesses(
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    purpose: ForPurpose = "",
    reference: Reference = "",
    person: Annotated[str, typer.Option("--person", help="Part of how the log names the person.")] = "",
    party: Annotated[str, typer.Option("--party", help="OIN of the agency whose persons looked.")] = "",
    ground: Annotated[str, typer.Option("--ground", help="Ground on which they looked.")] = "",
    about: Annotated[str, typer.Option("--about", help="The reference that they gave.")] = "",
    period: Annotated[
        str | None, typer.Option("--period", help="When they looked: 2026-05, or 2026-05..2026-06-15.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Entries in one answer.")] = 50,
    page: Annotated[str | None, typer.Option("--next", help="The `next` of the answer before.")] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Derive the whole log again; exit 7 when wrong.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show who looked into the audit trail, newest first; for auditors and chief inspectors."""
    before = place_of(page)
    query = AccessQuery(person=person, party=party, ground=ground, reference=about)
    if period is not None:
        given = parse_period(f"period:{period}", period)
        query = replace(query, since=given.start, until=given.end)
    with opened("accesses", Why(purpose, reference), profile, directory, usual="auditor") as here:
        if verify:
            _verify(here, as_json=as_json)
            return
        found = _found(here, query, limit + 1, before)
        shown, more = found[:limit], len(found) > limit
        here.record(_text(query), len(shown))
    documents = [{"seq": row.seq, **_document(event)} for row, event in shown]
    if as_json:
        print_json({"accesses": documents, "next": str(shown[-1][0].seq) if more else None})
        return
    columns = ("seq", "at", "person", "role", "ground", "reference", "command", "query", "hits", "refusal")
    print_table(columns, [[document[name] for name in columns] for document in documents])


def checked_accesses(parts: AuditParts) -> AccessReport:
    """The access log, derived again from its entries (docs/spec/audit.md 12).

    Raises:
        ConfigurationError: Its tables are not there yet.
        EvidenceError: Its state, its checkpoint or the key of that is not what it must be.
        UnavailableError: The database did not answer.
    """
    from broker.audit.access_check import check_access
    from broker.audit.fsck import Published
    from broker.pipelines.evidence import log_key, signed_checkpoint

    # The checkpoint first, then the state, then the rows: what is added meanwhile is for next time.
    note, origin = parts.access_tiles.checkpoint(), access_origin(parts.reader.state().origin)
    state = parts.accesses.state()
    view = None
    # Without the registry less can be checked, and that is said.
    with suppress(SchakelError):
        view = parts.keeper.current()
    key = None if view is None or note is None else log_key(view, signed_checkpoint(note))
    rows = (row for row in parts.accesses.rows() if row.seq < state.size)
    return check_access(origin, state, rows, Published(parts.access_tiles.read, note, key))


def _verify(here: Here, *, as_json: bool) -> None:
    here.record("verify", 0)
    report = checked_accesses(here.parts)
    if as_json:
        print_json(report)
    else:
        print_line(f"{report.entries} accesses, root {report.root}")
    if report.bad:
        raise EvidenceError(
            report.bad[0], remedy="Keep everything as it is, and compare with a copy", code="fsck"
        )
    if report.unchecked:
        raise IncompleteError(
            f"not everything could be checked: {', '.join(report.unchecked)}",
            remedy="Start the ledger writer, which publishes the access log, and call again",
        )


def _found(
    here: Here, query: AccessQuery, limit: int, before: int | None
) -> list[tuple[AccessRow, AccessEvent]]:
    own = here.permit().accesses_of
    if own is not None:
        # Another agency's, asked for by name, is an empty answer.
        query = replace(query, party=str(own) if query.party in ("", str(own)) else "-")
    return [(row, _event(row)) for row in here.parts.accesses.search(query, limit, before)]


def _event(row: AccessRow) -> AccessEvent:
    try:
        return read_access(row.event_bytes)
    except MalformedError as error:
        raise EvidenceError(
            f"entry {row.seq} of the access log is damaged",
            why=error.what,
            remedy="Run it with --verify, and compare with a copy",
        ) from error


def _text(query: AccessQuery) -> str:
    """The question in one written form."""
    words = [("ground", query.ground), ("party", query.party), ("person", query.person)]
    words += [("reference", query.reference)]
    words += [(name, to_text(at)) for name, at in (("since", query.since), ("until", query.until)) if at]
    return " ".join(f"{name}:{value}" for name, value in words if value)


def _document(event: AccessEvent) -> dict[str, object]:
    second = event.second_ground
    return {
        "access_id": event.access_id.hex(),
        "at": to_text(event.at),
        "party": event.party,
        "person": event.person,
        "role": event.role,
        "on_behalf": event.on_behalf,
        "ground": event.ground.code,
        "reference": event.ground.reference,
        "second_ground": None if second is None else {"code": second.code, "reference": second.reference},
        "command": event.command,
        "query": event.query,
        "hits": event.hits,
        "decisions": [one.hex() for one in event.decisions],
        "export_digest": None if event.export_digest is None else event.export_digest.hex(),
        "refusal": event.refusal,
        "trace_id": event.trace_id.hex(),
    }
