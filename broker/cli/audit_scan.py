"""`schakel audit scan`: an answer that is complete, provably, from the published log alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broker.audit.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from broker.audit.narrative import describe
from broker.audit.query import QueryNames, parse_query
from broker.audit.scan import Found, scan
from broker.cli.arguments import AsJson, LedgerDirectory, LedgerFile
from broker.cli.audit_looking import ForPurpose, Reference, SecondGround, Why, opened, query_names
from broker.cli.printing import print_json, print_line, print_table, progress
from broker.dutch_time import local
from broker.errors import MalformedError, UsageError

if TYPE_CHECKING:
    from broker.audit.tiles import Fetch

__all__ = ["app", "given_key", "scan_"]

app = typer.Typer(no_args_is_help=True)


@app.command("scan")
def scan_(
    query: Annotated[str, typer.Argument(help="FIELD:VALUE words, as for search.")] = "",
    copy: Annotated[
        Path | None, typer.Option("--log", help="A copy of the published log: no ledger is asked anything.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--log-key", help="Verifier key of the log, with --log: from elsewhere.")
    ] = None,
    purpose: ForPurpose = "",
    reference: Reference = "",
    second: SecondGround = "",
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    as_json: AsJson = False,
) -> None:
    """Verify the whole published log and answer from it: nothing left out, whoever keeps the database."""
    if copy is not None:
        names, checkpoint, fetch = QueryNames(), *_copied(copy, key)
        found = _scanned(query, names, checkpoint, fetch)
    else:
        found, checkpoint = _ours((profile, directory), query, Why(purpose, reference, second))
    if as_json:
        entries = [{**describe(one.event), "seq": one.seq} for one in found]
        about = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}
        print_json({"complete": True, "checkpoint": about, "total": len(found), "entries": entries})
        return
    print_table(("seq", "decided", "outcome", "reason", "decision_id"), map(_line, found), whole=True)
    said = (
        f"{len(found)} of {checkpoint.size} entries answer, and no other does: root {checkpoint.root.hex()}"
    )
    print_line(said)


def given_key(text: str) -> VerifierKey:
    """The verifier key that *text* is.

    Raises:
        UsageError: It is none.
    """
    try:
        return VerifierKey.parse(text.strip())
    except MalformedError as error:
        raise UsageError(
            "--log-key is not a verifier key",
            why=error.what,
            remedy="Give the line NAME+HASH+KEY that the exchange published",
        ) from error


def _copied(folder: Path, key: str | None) -> tuple[Checkpoint, Fetch]:
    from broker.assembly_ledger import published_log
    from broker.pipelines.evidence import signed_checkpoint

    if key is None:
        raise UsageError(
            "--log-key is needed with --log",
            why="a copy cannot vouch for itself",
            remedy="See `schakel ledger show`, or where the exchange publishes it",
        )
    tiles = published_log(folder)
    return verify_checkpoint(signed_checkpoint(tiles.checkpoint()), given_key(key)), tiles.read


def _ours(where: tuple[Path | None, Path | None], query: str, why: Why) -> tuple[list[Found], Checkpoint]:
    from broker.pipelines.evidence import log_key, signed_checkpoint

    with opened("scan", why, *where) as here:
        parts, understood = here.parts, here.question(query)
        signed = signed_checkpoint(parts.tiles.checkpoint())
        log_key(parts.keeper.current(), signed)
        found = _scanned(query, query_names(parts), signed.checkpoint, parts.tiles.read)
        here.record(understood.text, len(found), [one.event.decision_id for one in found])
    return found, signed.checkpoint


def _scanned(query: str, names: QueryNames, checkpoint: Checkpoint, fetch: Fetch) -> list[Found]:
    understood = parse_query(query, names)
    with progress("verifying the log") as tell:
        return scan(checkpoint, fetch, understood, lambda n: tell(f"{n} of {checkpoint.size} entries"))


def _line(found: Found) -> tuple[object, ...]:
    event = found.event
    when = local(event.decided_at).strftime("%Y-%m-%d %H:%M")
    return found.seq, when, event.outcome, event.reason, event.decision_id.hex()
