"""`schakel audit timeline`, `why` and `recheck`: one case in order, and what stands behind a decision."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from broker.audit.narrative import describe
from broker.audit.store import LedgerRow
from broker.cli.arguments import AsJson, LedgerDirectory, LedgerFile
from broker.cli.audit_looking import (
    DecisionId,
    ForPurpose,
    Reference,
    ShortNames,
    Why,
    event_of,
    opened,
)
from broker.cli.printing import print_json, print_line, print_table
from broker.dutch_time import local_text
from broker.errors import EvidenceError, UsageError
from broker.moments import DAY, HOUR, to_text
from broker.names import CaseRef, Micros

if TYPE_CHECKING:
    from broker.parts import AuditParts
    from broker.pipelines.recheck import Verdict
    from broker.pipelines.timeline import Moment

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)

_MOST = 10_000


@app.command("timeline")
def timeline_(
    case: Annotated[str, typer.Argument(metavar="CASE", help="Case reference, 32 hexadecimal digits.")],
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    purpose: ForPurpose = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Show one case in order: decisions, what was due, and the gaps in which nothing came."""
    from broker.obligations.store import ObligationQuery
    from broker.pipelines.timeline import timeline

    with opened("timeline", Why(purpose, reference), profile, directory) as here:
        parts, query = here.parts, here.question(f"case:{case}")
        rows = parts.reader.search(query, _MOST)
        if len(rows) == _MOST:
            raise UsageError("the case has too many entries for one answer", remedy="Search it by period")
        here.record(query.text, len(rows), [row.decision_id for row in rows])
        own = here.permit().own
        parties = frozenset() if own is None else frozenset({own})
        now = parts.clock.now()
        asked = ObligationQuery(now, parties, CaseRef.parse(case.lower()))
        events = [(row.seq, event_of(row)) for row in rows]
        moments = timeline(events, parts.obligations.obligations(asked, _MOST), now)
        short = ShortNames.of(parts)
    if as_json:
        print_json({"case": case.lower(), "at": to_text(now), "moments": [_document(m) for m in moments]})
    else:
        print_table(("when", "what", "", "from or owed by", "to"), [_line(m, short) for m in moments])


@app.command()
def why(
    decision: DecisionId,
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    purpose: ForPurpose = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Explain one decision: step by step, with agreement, grant, groups and the source of each."""
    from broker.operations.explaining_decision import explain_decision

    with opened("why", Why(purpose, reference), profile, directory) as here:
        row = here.find(decision)
        here.record(f"decision-id:{row.decision_id.hex()}", 1, [row.decision_id])
        event = event_of(row)
        sentences = explain_decision(event, here.parts.keeper.current())
    if as_json:
        print_json({"decision": describe(event), "sentences": sentences})
    else:
        print_table(("about", "", "source"), [(s.topic, s.text, s.source) for s in sentences])


@app.command("recheck")
def recheck_(
    decision: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Decision id or its first digits; or give --sample.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, max=100_000, help="So many, drawn at random.")
    ] = None,
    purpose: ForPurpose = "",
    reference: Reference = "",
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    as_json: AsJson = False,
) -> None:
    """Decide again from what is stored, and compare; exit 7 when a decision would come out otherwise."""
    from broker.pipelines.recheck import Verdicts, recheck

    if (decision is None) == (sample is None):
        raise UsageError("give a decision id or --sample, and not both", remedy="See --help")
    with opened("recheck", Why(purpose, reference), profile, directory) as here:
        rows = [here.find(decision)] if decision is not None else _drawn(here.parts, sample or 0)
        asked = f"decision-id:{rows[0].decision_id.hex()}" if decision is not None else f"sample {sample}"
        here.record(asked, len(rows), [row.decision_id for row in rows])
        view = here.parts.keeper.current()
        verdicts = [(row, recheck(event_of(row), view)) for row in rows]
    counted = Counter(verdict.verdict for _, verdict in verdicts)
    if as_json:
        decisions = [
            {"decision_id": row.decision_id.hex(), "seq": row.seq, **_said(v)} for row, v in verdicts
        ]
        print_json({"counts": {v.value: counted[v] for v in Verdicts}, "decisions": decisions})
    else:
        shown = [pair for pair in verdicts if len(verdicts) == 1 or pair[1].verdict is Verdicts.DIFFERS]
        print_table(("seq", "verdict", "why"), [(row.seq, v.verdict, v.why) for row, v in shown])
        print_line(", ".join(f"{counted[v]} {v}" for v in Verdicts))
    if counted[Verdicts.DIFFERS]:
        raise EvidenceError(
            f"{counted[Verdicts.DIFFERS]} of {len(verdicts)} decisions would come out otherwise",
            remedy="Read `schakel audit why ID`: a role or an agreement may have been changed since",
            code="recheck",
        )


def _drawn(parts: AuditParts, count: int) -> list[LedgerRow]:
    """As many entries as asked for, or all, drawn without preference."""
    size = parts.reader.state().size
    places = sorted(random.SystemRandom().sample(range(size), min(count, size)))
    return [next(parts.reader.rows(place)) for place in places]


def _said(verdict: Verdict) -> dict[str, object]:
    return {"verdict": verdict.verdict, "why": verdict.why}


def _document(moment: Moment) -> dict[str, object]:
    shown: dict[str, object] = {"at": to_text(moment.at), "kind": moment.kind}
    if moment.event is not None:
        return {**shown, "seq": moment.seq, "decision": describe(moment.event)}
    if moment.obligation is not None:
        owed = moment.obligation
        shown |= {
            "until": to_text(moment.until),
            "obligation": owed.obligation_id.hex(),
            "code": owed.code,
            "debtor": {"oin": owed.debtor.oin, "role": owed.debtor.role},
            "creditor": {"oin": owed.creditor.oin, "role": owed.creditor.role},
            "state": moment.state,
        }
    return shown


def _line(moment: Moment, short: ShortNames) -> tuple[str, str, str, str, str]:
    when = local_text(moment.at)
    event, owed = moment.event, moment.obligation
    if event is not None and event.message is not None:
        document = describe(event)["message"]
        facts = document if isinstance(document, dict) else {}
        route = short.party(facts.get("sender")), short.party(facts.get("recipient"))
        return when, f"{event.outcome} {short.type(facts)}", event.reason, *route
    if owed is None:
        return when, "", "", "", ""
    what = f"due {owed.code}" if moment.kind == "due" else f"NOTHING for {_length(moment)} ({owed.code})"
    parties = (short.value("from", str(owed.debtor.oin)), short.value("to", str(owed.creditor.oin)))
    return when, what, str(moment.state), str(parties[0]), str(parties[1])


def _length(moment: Moment) -> str:
    days, rest = divmod(Micros(moment.until - moment.at), DAY)
    return f"{days} days" if days else f"{rest // HOUR} hours"
