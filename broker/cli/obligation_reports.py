"""`schakel obligations report`, `declare`, `calendar` and `remind`: counts, and when things are due."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from broker import logs
from broker.cli.arguments import AsJson, LedgerDirectory, LedgerFile, Output, given_moment
from broker.cli.audit_looking import ForPurpose, Reference, Why
from broker.cli.ledgers import opened_ledger
from broker.cli.looking_up import looked_up, own_agency
from broker.cli.named_files import read_named, write_named
from broker.cli.printing import hint, print_json, print_line, print_table
from broker.crypto import sha256
from broker.errors import ExitCode, MalformedError, UsageError
from broker.moments import to_text
from broker.names import Oin
from broker.obligations.completeness import Cell, Counts, Verdict
from broker.obligations.report import COUNTED, Period, count_rows, declared_rows, selected, totals

if TYPE_CHECKING:
    from broker.obligations.model import RuleSet
    from broker.operations.reminding import Reminded
    from broker.parts import AuditParts
    from broker.pipelines.declarations import Believed
    from broker.trust.view import TrustView

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)

_LARGEST = 4 * 1024 * 1024


@app.command()
def report(
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    period: Annotated[
        str | None, typer.Option(help="Months: 2026-05..2026-06, or one; all by default.")
    ] = None,
    agency: Annotated[
        list[str] | None, typer.Option(help="Only where this agency owes or is owed; may be repeated.")
    ] = None,
    declared: Annotated[
        list[Path] | None, typer.Option(help="A declaration of an agency's own counts; may be repeated.")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Let no count of 1 to 5 be seen or follow.")
    ] = False,
    purpose: ForPurpose = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Count what should exist, what does and what is missing, per pair of agencies, duty and month.

    With --declared, exit 9 when a declaration is not believed or differs.
    """
    from broker.operations.completeness import count_all

    months = _period(period)
    with looked_up("report", Why(purpose, reference), profile, directory) as looking:
        parts, view = looking.parts, looking.parts.keeper.current()
        counted = count_all(parts.obligations, view, parts.clock.now())
        believed = _believed(declared or [], view, parts)
        agencies = _agencies(agency or [], view)
        names = {known.oin: known.short_name for known in view.agencies.values()}
        cells = selected(counted.cells, months, agencies)
        looking.record(" ".join([*(f"agency:{one}" for one in agency or []), f"period:{period or ''}"]), 0)
    beside = _beside(cells, believed, months, agencies, names, public=public)
    document: dict[str, Any] = {
        "period": None if months is None else {"first": months.first, "last": months.last},
        "as_of": to_text(counted.as_of),
        "current": counted.current,
        "rows": count_rows(cells, names, public=public),
        "totals": None if public else totals(cells),
        "declared": beside,
        "refused": believed.refused,
    }
    if as_json:
        print_json(document)
    else:
        _print_report(document, asked=bool(declared))
    if believed.refused or any(row["verdict"] == Verdict.DIFFERENCE for row in beside):
        raise typer.Exit(ExitCode.FOUND)


@app.command()
def declare(
    counts: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Your own counts, a JSON document.")
    ],
    output: Output,
    profile: Annotated[
        Path, typer.Option("--profile", envvar="SCHAKEL_PROFILE", help="Profile of your agency.")
    ],
    as_json: AsJson = False,
) -> None:
    """Sign your agency's own counts, those of 1 to 5 written as 1-5, without what would give those away."""
    from broker.assembly import clock, keeper
    from broker.operations.keys import load_keys
    from broker.operations.standing import require_own_keys
    from broker.pipelines.declarations import declare as sign
    from broker.settings import AgencyProfile, load_profile
    from broker.trust.declarations import read_counts, read_declaration

    settings = load_profile(profile, AgencyProfile)
    view, signers = keeper(settings).current(), load_keys(settings.keys, settings.oin)
    require_own_keys(view, settings.oin, signers)
    try:
        rows = read_counts(read_named(counts, _LARGEST))
        document = sign(rows, settings.oin, view, signers, clock(settings).now())
    except MalformedError as error:
        raise UsageError(
            f"{counts} cannot be declared", why=error.what, remedy="See docs/how-to/obligations.md"
        ) from error
    write_named(output, document)
    declared = len(read_declaration(document).statement.counts)
    left_out = len(rows) - declared
    if as_json:
        print_json({"file": output, "agency": settings.name, "counts": declared, "left_out": left_out})
        return
    print_line(f"{settings.name} declared {declared} counts in {output}")
    if left_out:
        hint(f"{left_out} left out: a count of 1 to 5 would follow from what should exist.")


@app.command()
def calendar(
    agency: Annotated[str, typer.Option(help="Whose due moments: short name or OIN.")],
    output: Output,
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    purpose: ForPurpose = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Write what an agency still owes as a calendar: code, case reference and due moment, nothing else."""
    from broker.obligations.store import ObligationQuery
    from broker.obligations.succession import heirs
    from broker.operations.calendar import calendar_of
    from broker.operations.under_way import under_way

    with looked_up("calendar", Why(purpose, reference), profile, directory) as looking:
        parts = looking.parts
        view, now = parts.keeper.current(), parts.clock.now()
        (oin,) = _agencies([own_agency(looking, view, agency) or agency], view)
        successions = _rules(view).successions
        # Whoever stands in somebody's place owes what that one owed.
        parties = frozenset({oin, *(each.old for each in successions)})
        found = under_way(parts.obligations, ObligationQuery(now, parties))
        owed = [each for each in found if oin in {one.oin for one in heirs(each.debtor, now, successions)}]
        made = calendar_of(owed, now)
        looking.record(f"agency:{agency}", len(owed), export=sha256(made))
    write_named(output, made)
    name = view.agencies[oin].short_name
    if as_json:
        print_json({"file": output, "agency": name, "due_moments": len(owed)})
    else:
        print_line(f"wrote {len(owed)} due moments of {name} to {output}")


@app.command()
def remind(
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Sandbox directory; instead of --profile and --gate.")
    ] = None,
    profile: LedgerFile = None,
    gate: Annotated[
        Path | None, typer.Option(help="Profile of a gate, whose keys sign; beside --profile.")
    ] = None,
    due_before: Annotated[
        str | None, typer.Option(help="What is due before this: 2026-05-01, or with a time.")
    ] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="What is past its due moment.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have the exchange remind the parties, once a day, of what has not ended; exit 6 if one is refused."""
    from broker.assembly import exchange_parts
    from broker.cli.ledgers import gate_profile
    from broker.obligations.store import ObligationQuery
    from broker.operations.reminding import send_reminders
    from broker.operations.under_way import under_way
    from broker.pipelines.reminders import not_reminded, to_remind
    from producers.client import Publisher

    if overdue == (due_before is not None):
        raise UsageError("it is not said what to remind of", remedy="Give --overdue or --due-before MOMENT")
    limit = None if due_before is None else given_moment(due_before)
    # What a publisher logs of a refusal is printed here as a row.
    logs.configure("remind", level="ERROR", json=False)
    logs.quiet_kafka(logging.ERROR)
    settings = gate_profile(gate, directory)
    parts = opened_ledger(profile, directory)
    view, now = parts.keeper.current(), parts.clock.now()
    rules = _rules(view)
    found = list(under_way(parts.obligations, ObligationQuery(now, due_before=limit or now)))
    wanted = to_remind(found, now, limit or now, rules)
    others = not_reminded(found, now, limit or now, rules)
    with Publisher(exchange_parts(settings)) as publisher:
        reminded = list(send_reminders(wanted, publisher, parts.reader, rules, now))
    names = {known.oin: known.short_name for known in view.agencies.values()}
    rows = [_reminded(one, names) for one in reminded]
    if as_json:
        print_json({"reminders": rows, "operator_only": others})
    elif rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        print_line("nothing to remind of")
    if others and not as_json:
        print_line(f"{others} more told to the operator only: see `schakel doctor`, or obligations list")
    if any(one.outcome == "refused" for one in reminded):
        raise typer.Exit(ExitCode.REFUSED)


def _reminded(one: Reminded, names: Mapping[Oin, str]) -> dict[str, str]:
    owed = one.obligation
    return {
        "code": owed.code,
        "case": str(owed.case_ref),
        "due": to_text(owed.due_at),
        "debtor": names.get(owed.debtor.oin, str(owed.debtor.oin)),
        "creditor": names.get(owed.creditor.oin, str(owed.creditor.oin)),
        "message_id": str(one.message_id),
        "outcome": one.outcome,
        "reason": one.reason,
    }


def _rules(view: TrustView) -> RuleSet:
    from broker.pipelines.obligations import rules_of

    return rules_of(view.catalogue, view.successions)


def _period(text: str | None) -> Period | None:
    try:
        return None if text is None else Period.parse(text)
    except MalformedError as error:
        raise UsageError(
            f"--period is {error.what}", remedy="Give whole months, such as 2026-05..2026-06"
        ) from error


def _agencies(given: Sequence[str], view: TrustView) -> frozenset[Oin]:
    by_text = {str(agency.oin): agency.oin for agency in view.agencies.values()}
    by_text |= {name: agency.oin for name, agency in view.by_name.items()}
    if strange := [text for text in given if text not in by_text]:
        raise UsageError(f"the registry has no agency {strange[0]}", remedy="See `schakel registry show`")
    return frozenset(by_text[text] for text in given)


def _believed(files: Sequence[Path], view: TrustView, parts: AuditParts) -> Believed:
    from broker.pipelines.declarations import believe
    from broker.signing import VerificationCache

    documents = {str(file): read_named(file, _LARGEST) for file in files}
    return believe(documents, view, parts.clock.now(), VerificationCache())


def _beside(
    cells: Mapping[Cell, Counts],
    believed: Believed,
    months: Period | None,
    agencies: Collection[Oin],
    names: Mapping[Oin, str],
    *,
    public: bool,
) -> list[dict[str, object]]:
    from broker.pipelines.declarations import compared_with

    rows: list[dict[str, object]] = []
    for statement in believed.statements:
        compared = [
            one
            for one in compared_with(cells, statement, months)
            if not agencies or one.cell.debtor in agencies or one.cell.creditor in agencies
        ]
        rows += declared_rows(statement.oin, compared, names, public=public)
    return rows


def _print_report(document: Mapping[str, Any], *, asked: bool) -> None:
    if not document["current"]:
        hint("The rules have changed since: the ledger writer counts again with the next batch.")
    head = ("duty", "month", *COUNTED)
    if document["rows"]:
        rows = [[*_pair(row), *(row[name] for name in head)] for row in document["rows"]]
        if document["totals"]:
            rows.append(["total", "", "", "", *document["totals"].values()])
        print_table(("debtor", "creditor", *head), rows)
    else:
        print_line("no obligations")
    if asked:
        _print_declared(document)


def _print_declared(document: Mapping[str, Any]) -> None:
    for one in document["refused"]:
        print_line(f"not believed: {one.file} of {one.agency or 'nobody'}: {one.reason}, {one.why}")
    columns = ("duty", "month", "measure", "counted", "declared", "verdict")
    rows = [
        [row["declared_by_name"] or row["declared_by"], *_pair(row), *(row[name] for name in columns)]
        for row in document["declared"]
    ]
    if rows:
        print_table(("declared by", "debtor", "creditor", *columns), rows)


def _pair(row: Mapping[str, Any]) -> list[object]:
    return [row["debtor_name"] or row["debtor"], row["creditor_name"] or row["creditor"]]
