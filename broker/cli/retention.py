"""`schakel retention`: what may go from the topics, what was cleared, and which cases are on hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broker import logs
from broker.cli.arguments import AsJson, LedgerDirectory, LedgerFile
from broker.cli.ledgers import ledger_profile
from broker.cli.printing import print_json, print_line, print_table
from broker.dutch_time import local
from broker.errors import MalformedError, UsageError
from broker.names import CaseRef
from broker.pipelines.retention import BodyPlan, Kept
from broker.settings import Profile, load_profile

if TYPE_CHECKING:
    from broker.audit.retention import RetentionRecord
    from broker.operations.retention import Retention, Why

__all__ = ["app"]

app = typer.Typer(help="Clear what has had its time, and hold what must stay.", no_args_is_help=True)
holds = typer.Typer(help="Keep what belongs to a case, whatever its time.", no_args_is_help=True)
app.add_typer(holds, name="hold")

Case = Annotated[str, typer.Argument(metavar="CASE", help="Case reference: 32 hexadecimal digits.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a few words, without names of persons.")]
WithReference = Annotated[
    str, typer.Option("--reference", help="Order, request or letter that it belongs to.")
]

_WHY = {
    Kept.UNCONFIRMED: "its recipient has not answered",
    Kept.CONFIRMED_LATELY: "answered less than 24 hours ago",
    Kept.DECIDED_LATELY: "decided less than 24 hours ago",
    Kept.UNREAD: "its reader is not past it",
    Kept.UNDELIVERABLE: "quarantined, and its sender is not told",
    Kept.HOLD: "its case is on hold",
    Kept.NOT_IN_LEDGER: "the ledger could not believe it",
    Kept.LEDGER_BEHIND: "the ledger has decisions to read",
}


@app.command()
def plan(profile: LedgerFile = None, directory: LedgerDirectory = None, as_json: AsJson = False) -> None:
    """Show what may go from the topics now, and what stays and why; change nothing."""
    from broker.operations.retention import kafka_of, planned

    with _opened(profile, directory) as retention, kafka_of(_operator(profile, directory)) as (kafka, groups):
        _show(planned(retention, kafka, groups), "would go", as_json=as_json)


@app.command()
def run(
    reason: Reason,
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    as_json: AsJson = False,
) -> None:
    """Clear what may go from the topics now; nobody can read it afterwards."""
    from broker.operations import retention as operation

    why = operation.Why(reason)
    with (
        _opened(profile, directory) as retention,
        operation.kafka_of(_operator(profile, directory)) as (kafka, groups),
    ):
        _show(operation.run(retention, kafka, groups, why), "went", as_json=as_json)


@app.command()
def log(profile: LedgerFile = None, directory: LedgerDirectory = None, as_json: AsJson = False) -> None:
    """Show what was cleared, held, released and destroyed; exit 7 when the log was changed."""
    with _opened(profile, directory) as retention:
        records = retention.log()
    if as_json:
        print_json({"records": [_document(record) for record in records]})
        return
    rows = [
        (r.seq, local(r.deed.at), r.deed.kind.value, r.deed.person, r.deed.reason, r.deed.reference)
        for r in records
    ]
    print_table(("", "when", "what", "by", "reason", "reference"), rows)


@holds.command()
def add(
    case: Case,
    reason: Reason,
    reference: WithReference,
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
) -> None:
    """Put a case on hold: nothing of it is cleared or erased until it is released."""
    with _opened(profile, directory) as retention:
        record = retention.hold(_case(case), _why(reason, reference))
    print_line(f"{case.lower()} is on hold (record {record.seq})")


@holds.command()
def release(
    case: Case,
    reason: Reason,
    reference: WithReference,
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
) -> None:
    """End the hold on a case."""
    with _opened(profile, directory) as retention:
        record = retention.release(_case(case), _why(reason, reference))
    print_line(f"{case.lower()} is not on hold any more (record {record.seq})")


@holds.command("list")
def list_(profile: LedgerFile = None, directory: LedgerDirectory = None, as_json: AsJson = False) -> None:
    """List the cases that are on hold."""
    from broker.audit.retention import holds_of

    with _opened(profile, directory) as retention:
        held = holds_of(retention.log())
    if as_json:
        print_json({"holds": [_document(record) for record in held.values()]})
    elif held:
        rows = [
            (str(case), local(r.deed.at), r.deed.person, r.deed.reason, r.deed.reference)
            for case, r in held.items()
        ]
        print_table(("case", "since", "by", "reason", "reference"), rows)
    else:
        print_line("none")


@contextmanager
def _opened(profile: Path | None, directory: Path | None) -> Iterator[Retention]:
    # Imported here, so that help loads no database.
    from broker.operations.retention import opened_retention

    settings = ledger_profile(profile, directory)
    logs.configure(settings.name)
    with opened_retention(settings) as retention:
        yield retention


def _operator(profile: Path | None, directory: Path | None) -> Profile:
    """The operator's profile: the one that is named, or the one beside the ledger's."""
    from broker.cli.profiles import operator_profile
    from broker.sandbox.layout import Layout

    path = operator_profile(directory, profile)
    layout = Layout(path)
    if path.name == layout.ledger_profile.name:
        path = path.with_name(layout.operator_profile.name)
    return load_profile(path, Profile)


def _why(reason: str, reference: str) -> Why:
    from broker.operations.retention import Why

    return Why(reason, reference)


def _case(text: str) -> CaseRef:
    try:
        return CaseRef.parse(text.lower())
    except MalformedError as error:
        raise UsageError(
            f"CASE is {error.what}", remedy="Give the 32 hexadecimal digits of a case reference"
        ) from error


def _document(record: RetentionRecord) -> dict[str, object]:
    deed = record.deed
    return {
        "seq": record.seq,
        "at": deed.at,
        "kind": deed.kind.value,
        "person": deed.person,
        "reason": deed.reason,
        "reference": deed.reference,
        "facts": deed.facts,
        "digest": record.digest,
    }


def _show(plan: BodyPlan, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"partitions": plan.partitions, "unconfirmed": plan.unconfirmed})
        return
    shown = [one for one in plan.partitions if one.count or one.kept]
    if not shown:
        print_line("Nothing is on the topics that retention is about.")
    else:
        rows = [
            (
                f"{one.topic}/{one.partition}",
                one.start,
                one.upto,
                one.count,
                one.kept_at,
                "" if one.kept is None else _WHY[one.kept],
            )
            for one in shown
        ]
        print_table(("partition", "from", "up to", done, "first that stays", "because"), rows)
    _show_unconfirmed(plan)


def _show_unconfirmed(plan: BodyPlan) -> None:
    if plan.unconfirmed:
        print_line("")
        rows = [
            (str(one.message_id), one.message_type, one.sender, one.recipient, local(one.lapses_at))
            for one in plan.unconfirmed
        ]
        title = "Not answered; the sender must send again what has gone:"
        print_table(("message", "type", "sender", "recipient", "goes, or went"), rows, title=title)
