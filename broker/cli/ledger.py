"""`schakel ledger`: the process that writes it, and what anybody can check of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from broker import logs
from broker.assembly_ledger import access_publishing, audit_parts, ledger_parts
from broker.audit.cosigned import check_cosigned
from broker.audit.fsck import Finding, FsckReport, Published, fsck
from broker.cli.accesses import checked_accesses
from broker.cli.arguments import AsJson, LedgerDirectory, LedgerFile
from broker.cli.cosigned import cosigned_size, print_witnesses, witness_status
from broker.cli.ledgers import ledger_profile
from broker.cli.printing import print_json, print_line, print_table, progress
from broker.cli.processes import run_process
from broker.errors import ConfigurationError, EvidenceError, SchakelError
from broker.operations.overdue import OverdueWatch
from broker.parts import AuditParts
from broker.pipelines.evidence import log_key, signed_checkpoint
from broker.pipelines.obligation_book import Compared, compare
from broker.settings import LedgerProfile, load_profile
from broker.trust.view import TrustView
from consumers.access_publisher import AccessPublisher
from consumers.ledger_writer import LedgerWriter

__all__ = ["app"]

app = typer.Typer(help="Run, show and check the ledger.", no_args_is_help=True)

Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


@app.command()
def run(
    profile: Annotated[
        Path, typer.Option("--profile", envvar="SCHAKEL_PROFILE", help="Profile of the ledger (ledger.toml).")
    ],
) -> None:
    """Write every decision into the ledger until SIGTERM; one process for each log."""
    settings = load_profile(profile, LedgerProfile)
    logs.configure(settings.name)
    parts = ledger_parts(settings)
    process = LedgerWriter(parts)
    watch = OverdueWatch(audit_parts(settings).obligations, parts.keeper, parts.clock)

    accesses = AccessPublisher(access_publishing(settings))

    def step() -> int:
        done = process.step()
        accesses.look()
        watch.look()
        return done

    run_process(step, process.close)


@app.command()
def show(profile: LedgerFile = None, directory: LedgerDirectory = None, as_json: AsJson = False) -> None:
    """Show the published state of the log, and the key to verify it with."""
    parts = audit_parts(ledger_profile(profile, directory))
    signed = signed_checkpoint(parts.tiles.checkpoint())
    key = log_key(parts.keeper.current(), signed)
    shown = {
        "origin": signed.checkpoint.origin,
        "size": signed.checkpoint.size,
        "root": signed.checkpoint.root.hex(),
        "verifier_key": str(key),
        "directory": parts.directory,
        "problems": parts.reader.problems(),
    }
    cosigned, witnesses = cosigned_size(parts.tiles), witness_status(parts.tiles)
    if as_json:
        print_json({**shown, "cosigned": cosigned, "witnesses": witnesses})
    else:
        print_table(("", ""), {**shown, "cosigned": "nothing" if cosigned is None else cosigned}.items())
        print_witnesses(witnesses)


@app.command()
def checkpoint(profile: LedgerFile = None, directory: LedgerDirectory = None) -> None:
    """Print the published checkpoint, verified, as a signed note."""
    parts = audit_parts(ledger_profile(profile, directory))
    signed = signed_checkpoint(parts.tiles.checkpoint())
    log_key(parts.keeper.current(), signed)
    sys.stdout.write(signed.note.decode("utf-8"))


@app.command("fsck")
def fsck_(
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Derive everything again; exit 7 when something is wrong, 8 when not all could be checked."""
    parts = audit_parts(ledger_profile(profile, directory))
    view = _view(parts)
    with progress("checking the ledger", quiet=quiet) as tell:
        report = _check(parts, view, tell)
    _print_report(report, as_json=as_json)
    report.require_sound()


def _view(parts: AuditParts) -> TrustView | None:
    """The registry, or None when it cannot be had: then less can be checked."""
    try:
        return parts.keeper.current()
    except SchakelError:
        return None


def _check(parts: AuditParts, view: TrustView | None, tell: Callable[[str], None]) -> FsckReport:
    # The checkpoint first, then the state, then the rows: what the writer adds meanwhile is for next time.
    note = parts.tiles.checkpoint()
    state = parts.reader.state()
    key = log_key(view, signed_checkpoint(note)) if view is not None and note is not None else None
    rows = (row for row in parts.reader.rows() if row.seq < state.size)
    published = Published(parts.tiles.read, note, key)
    report = fsck(state, rows, published, view, lambda done: tell(f"{done} of {state.size} entries"))
    others = (*parts.reader.index_differences(), *check_cosigned(parts.tiles.read, note, key))
    counts = tuple(Finding(None, what) for what in others)
    report = replace(report, bad=(*report.bad, *counts))
    for bad, unchecked in (_check_obligations(parts, view, tell), _check_accesses(parts)):
        found = tuple(Finding(None, what) for what in bad)
        report = replace(report, bad=(*report.bad, *found), unchecked=(*report.unchecked, *unchecked))
    return report


def _check_accesses(parts: AuditParts) -> tuple[Sequence[str], Sequence[str]]:
    """What is wrong with the log of who looked, and what of it could not be checked (audit.md 12)."""
    try:
        report = checked_accesses(parts)
        if parts.access_tiles.checkpoint() is None and not parts.accesses.signed_size():
            # Nothing was published yet, so nothing is missing.
            return report.bad, ()
    except ConfigurationError:
        # Its tables are not there yet: the ledger writer makes them.
        return (), ("access log",)
    except EvidenceError as error:
        return (f"the access log: {error.what}",), ()
    return report.bad, report.unchecked


def _check_obligations(
    parts: AuditParts, view: TrustView | None, tell: Callable[[str], None]
) -> tuple[Sequence[str], Sequence[str]]:
    """What is wrong with the stored obligations, and what of them could not be checked (audit.md 5.1)."""
    if view is None:
        return (), ("obligations",)
    try:
        with parts.obligations.view() as stored:
            return _judged(compare(stored, view, lambda done: tell(f"obligations of {done} cases")))
    except ConfigurationError:
        # Their table is not there yet: the ledger writer makes it.
        return (), ("obligations",)
    except EvidenceError as error:
        return (error.what,), ()


def _judged(found: Compared) -> tuple[Sequence[str], Sequence[str]]:
    if found.derived and not found.stored:
        return (f"no obligation is stored, and {found.derived} follow from the entries",), ()
    if found.by_these_rules:
        return found.examples, ()
    counts = f"{found.stored} stored, {found.derived} follow from the entries, {found.differing} differ"
    return (), (f"obligations by other rules than the registry's ({counts})",)


def _print_report(report: FsckReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    print_line(f"{report.entries} entries, root {report.root}")
    for finding in (*report.bad, *report.warnings):
        print_line(finding.what)
