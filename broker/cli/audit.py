"""`schakel audit`: search the audit trail, prove an entry, verify a proof.

Who looks is recorded before anything is shown.  `verify` needs neither network nor database, and loads
nothing that could reach them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from broker.audit.evidence import MAX_BUNDLE, verify_bundle
from broker.audit.narrative import describe
from broker.audit.search import Granularity, Summary
from broker.audit.store import LedgerRow
from broker.cli.accesses import app as accesses
from broker.cli.arguments import AsJson, LedgerDirectory, LedgerFile
from broker.cli.audit_explaining import app as explaining
from broker.cli.audit_looking import (
    DecisionId,
    ForPurpose,
    Reference,
    SecondGround,
    ShortNames,
    Why,
    event_of,
    opened,
    place_of,
    published_size,
)
from broker.cli.audit_scan import app as scanning
from broker.cli.audit_scan import given_key
from broker.cli.named_files import read_named, write_named
from broker.cli.printing import print_json, print_line, print_table
from broker.crypto import sha256
from broker.dutch_time import local
from broker.moments import to_text

__all__ = ["app"]

_BAR = 40
_SHAPES = {
    Granularity.HOUR: "%Y-%m-%d %H:00",
    Granularity.DAY: "%Y-%m-%d",
    Granularity.MONTH: "%Y-%m",
}

app = typer.Typer(help="Search the audit trail, prove an entry, verify a proof.", no_args_is_help=True)
app.add_typer(explaining)
app.add_typer(accesses)
app.add_typer(scanning)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="FIELD:VALUE words; `-` before a word excludes.")] = "",
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    purpose: ForPurpose = "",
    reference: Reference = "",
    second: SecondGround = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Entries in one answer.")] = 50,
    page: Annotated[str | None, typer.Option("--next", help="The `next` of the answer before.")] = None,
    counts: Annotated[
        bool, typer.Option("--counts", help="Also how many there are, of which kinds, and when.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search the ledger, newest first."""
    before = place_of(page)
    with opened("search", Why(purpose, reference, second), profile, directory) as here:
        parts, understood = here.parts, here.question(query)
        rows = parts.reader.search(understood, limit + 1, before)
        shown, more = rows[:limit], len(rows) > limit
        here.record(understood.text, len(shown), [row.decision_id for row in shown])
        published = published_size(parts)
        short = ShortNames.of(parts)
        summary = parts.reader.summary(understood) if counts else None
    entries = [_entry(row, published) for row in shown]
    if as_json:
        more_words = {} if summary is None else _summary(summary)
        print_json({"entries": entries, "next": str(shown[-1].seq) if more else None, **more_words})
        return
    _print_entries(entries, short)
    if summary is not None:
        _print_summary(summary, short)


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
    with opened("show", Why(purpose, reference), profile, directory) as here:
        row = here.find(decision)
        here.record(f"decision-id:{row.decision_id.hex()}", 1, [row.decision_id])
        entry = _entry(row, published_size(here.parts))
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

    with opened("prove", Why(purpose, reference), profile, directory) as here:
        row, parts = here.find(decision), here.parts
        bundle = prove_entry(row, parts.tiles.read, parts.tiles.checkpoint(), parts.keeper.current())
        here.record(f"decision-id:{row.decision_id.hex()}", 1, [row.decision_id], sha256(bundle))
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
    report = verify_bundle(read_named(file, MAX_BUNDLE), None if log is None else given_key(log))
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


def _entry(row: LedgerRow, published: int) -> dict[str, object]:
    status = "recorded" if row.seq < published else "under-way"
    return {**describe(event_of(row)), "seq": row.seq, "status": status}


def _print_entries(entries: list[dict[str, object]], short: ShortNames) -> None:
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


def _summary(summary: Summary) -> dict[str, object]:
    facets = {
        name: [{"value": facet.value, "count": facet.count} for facet in found]
        for name, found in summary.facets.items()
    }
    buckets = [{"from": to_text(bucket.start), "count": bucket.count} for bucket in summary.histogram]
    by = {"by": summary.granularity.value, "counts": buckets}
    return {"total": summary.total, "facets": facets, "histogram": by}


def _print_summary(summary: Summary, short: ShortNames) -> None:
    print_line(f"{summary.total} in all")
    rows = [
        (name, short.value(name, facet.value), facet.count)
        for name, found in summary.facets.items()
        for facet in found
    ]
    print_table(("field", "value", "count"), rows)
    most = max((bucket.count for bucket in summary.histogram), default=1)
    shape = _SHAPES[summary.granularity]
    bars = [
        (local(bucket.start).strftime(shape), "#" * -(-bucket.count * _BAR // most), bucket.count)
        for bucket in summary.histogram
    ]
    print_table((str(summary.granularity), "", "count"), bars)


def _flat(document: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", ", ".join(map(str, value)) if isinstance(value, list) else value
