"""`schakel obligations`: what law and agreements demand, by when, and whether it happened.

States and the parties that stand in another's place are read off at this moment.  What is shown holds codes,
case references and moments, and nothing of a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from broker.cli.arguments import AsJson, LedgerDirectory, LedgerFile, given_moment
from broker.cli.audit_looking import ForPurpose, Reference, Why
from broker.cli.looking_up import looked_up, own_agency
from broker.cli.obligation_reports import app as reports
from broker.cli.printing import print_json, print_line, print_table
from broker.dutch_time import local
from broker.errors import ExitCode, MalformedError, UsageError
from broker.moments import to_text
from broker.names import CaseRef, Micros, Oin
from broker.obligations.model import Obligation, Party, RuleSet, State
from broker.obligations.states import state_of
from broker.obligations.store import ObligationQuery
from broker.obligations.succession import heirs, shown

if TYPE_CHECKING:
    from broker.parts import AuditParts
    from broker.trust.view import TrustView

__all__ = ["app"]

app = typer.Typer(help="See what must be answered by when, and whether it was.", no_args_is_help=True)
app.add_typer(reports)

_ID = re.compile(r"[0-9A-Fa-f]{8,64}")


@app.command("list")
def list_(
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    agency: Annotated[
        str | None, typer.Option("--agency", help="Owed by or to this agency: short name or OIN.")
    ] = None,
    case: Annotated[str | None, typer.Option("--case", help="Of this case reference.")] = None,
    code: Annotated[str | None, typer.Option("--code", help="Of this kind, such as OB-DECIDE.")] = None,
    state: Annotated[
        list[State] | None, typer.Option("--state", help="In this state; may be given again.")
    ] = None,
    due_before: Annotated[
        str | None, typer.Option("--due-before", help="Due before this: 2026-05-01, or with a time.")
    ] = None,
    overdue: Annotated[
        bool,
        typer.Option("--overdue", help="Past the due moment and not ended, without --state; exit 9 if any."),
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")] = 100,
    purpose: ForPurpose = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """List obligations, the earliest due first; moments are those of the Netherlands."""
    if overdue and state:
        raise UsageError(
            "--overdue is a state itself",
            why="its exit code would tell of other states",
            remedy="Give --overdue alone, or --state overdue beside the other states",
        )
    with looked_up("list", Why(purpose, reference), profile, directory) as looking:
        here = _Here.of(looking.parts)
        query = ObligationQuery(
            now=here.now,
            parties=here.standing_for(own_agency(looking, here.view, agency)),
            case_ref=_case(case),
            code=None if code is None else _duty(code, here.rules),
            states=frozenset({State.OVERDUE} if overdue else state or ()),
            due_before=None if due_before is None else given_moment(due_before),
        )
        found = [here.document(each) for each in looking.parts.obligations.obligations(query, limit)]
        words = {"agency": agency, "case": case, "code": code, "due-before": due_before}
        asked = [f"{name}:{word}" for name, word in words.items() if word]
        asked += [f"state:{one}" for one in sorted(query.states)]
        looking.record(" ".join(asked), len(found))
    if as_json:
        print_json({"obligations": found})
    elif found:
        _print_list(found, here)
    else:
        print_line("none")
    if overdue and found:
        raise typer.Exit(ExitCode.FOUND)


@app.command()
def show(
    obligation: Annotated[
        str, typer.Argument(metavar="ID", help="Id, or its first 8 hexadecimal digits or more.")
    ],
    profile: LedgerFile = None,
    directory: LedgerDirectory = None,
    purpose: ForPurpose = "",
    reference: Reference = "",
    as_json: AsJson = False,
) -> None:
    """Show everything about one obligation."""
    if not _ID.fullmatch(obligation):
        raise UsageError(
            "not the id of an obligation",
            why="it has 64 hexadecimal digits, of which at least the first 8 are given",
            remedy="Find it: schakel obligations list",
        )
    with looked_up("show", Why(purpose, reference), profile, directory) as looking:
        here, own = _Here.of(looking.parts), looking.permit().own
        found = looking.parts.obligations.obligation_prefix(obligation.lower(), 2)
        if own is not None:
            mine = here.standing_for(str(own))
            found = [one for one in found if not mine.isdisjoint((one.debtor.oin, one.creditor.oin))]
        if len(found) != 1:
            raise UsageError(
                "several obligations begin so" if found else "the ledger has no such obligation",
                why="the id is ambiguous" if found else "no id is this or begins so",
                remedy="Give more digits of it" if found else "Find it: schakel obligations list",
            )
        document = here.document(found[0])
        looking.record(f"obligation:{found[0].obligation_id.hex()}", 1)
    if as_json:
        print_json({"obligations": [document]})
    else:
        print_table(("", ""), here.explained(document), whole=True)


@app.command()
def rebuild(profile: LedgerFile = None, directory: LedgerDirectory = None, as_json: AsJson = False) -> None:
    """Work every obligation out again from the ledger's entries.

    On SQLite the ledger writer must not run; on PostgreSQL it waits meanwhile.
    """
    from broker.assembly_ledger import rebuild_obligations
    from broker.cli.ledgers import ledger_profile

    number = rebuild_obligations(ledger_profile(profile, directory))
    if as_json:
        print_json({"count": number})
    else:
        print_line(f"{number} obligations follow from the ledger")


@dataclass(frozen=True, slots=True)
class _Here:
    """Who and when: the registry as it is, and this moment."""

    view: TrustView
    rules: RuleSet
    now: Micros
    names: Mapping[Oin, str]

    @classmethod
    def of(cls, parts: AuditParts) -> _Here:
        from broker.pipelines.obligations import rules_of

        view = parts.keeper.current()
        names = {agency.oin: name for name, agency in view.by_name.items()}
        return cls(view, rules_of(view.catalogue, view.successions), parts.clock.now(), names)

    def standing_for(self, text: str | None) -> frozenset[Oin]:
        """The agency that *text* names, and those in whose place it stands."""
        if text is None:
            return frozenset()
        by_text = {str(oin): oin for oin in self.view.agencies} | {n: o for o, n in self.names.items()}
        if text not in by_text:
            raise UsageError(f"the registry has no agency {text}", remedy="See `schakel registry show`")
        return frozenset({by_text[text], *self._before(by_text[text])})

    def document(self, obligation: Obligation) -> dict[str, object]:
        """An obligation as a document of plain values; names only grow."""
        each = shown(obligation, self.now, self.rules.successions)
        then = self.now if each.closed_at is None else min(self.now, each.closed_at)
        return {
            "id": each.obligation_id.hex(),
            "code": each.code,
            "state": state_of(each, self.now).value,
            "case": str(each.case_ref),
            "message_id": str(each.message_id),
            "debtor": self._party(each.debtor, then),
            "creditor": self._party(each.creditor, then),
            "regime": each.regime.value,
            "opened_at": to_text(each.opened_at),
            "due_at": to_text(each.due_at),
            "due_local": _local(each.due_at),
            "lapses_at": None if each.lapses_at is None else to_text(each.lapses_at),
            "closed_at": None if each.closed_at is None else to_text(each.closed_at),
            "closed_by": None if each.closed_by is None else str(each.closed_by),
            "reason": each.reason,
        }

    def explained(self, document: Mapping[str, object]) -> Iterable[tuple[str, object]]:
        """The document as rows, with what the code means and where it stands."""
        duty = self.rules.duties.get(str(document["code"]))
        for name, value in document.items():
            if name == "due_local":
                # In a table `due_at` is that already.
                continue
            yield name, _party_text(value)
            if name == "code" and duty is not None:
                yield from (("what", duty.title), ("source", duty.source), ("when overdue", duty.overdue))

    def _before(self, oin: Oin) -> list[Oin]:
        successions = self.rules.successions
        here = Party(oin, next(iter(self.view.agencies[oin].roles)))
        olds = {each.old for each in successions}
        return [old for old in olds if here in heirs(Party(old, here.role), self.now, successions)]

    def _party(self, party: Party, at: Micros) -> dict[str, object]:
        """A party, with those who stand in its place at *at* when a split left several."""
        several = heirs(party, at, self.rules.successions)
        standing = [self._name(each.oin) for each in several] if len(several) > 1 else []
        shown_as = {"name": self.names.get(party.oin), "oin": str(party.oin), "role": str(party.role)}
        return {**shown_as, "carried_on_by": standing}

    def _name(self, oin: Oin) -> str:
        return self.names.get(oin, str(oin))


def _party_text(value: object) -> object:
    """A party as a person calls it; any other value as it is."""
    if not isinstance(value, dict):
        return value
    called = f"{value['name'] or value['oin']} ({value['role']})"
    return f"{called}, now {' or '.join(value['carried_on_by'])}" if value["carried_on_by"] else called


def _print_list(found: list[dict[str, object]], here: _Here) -> None:
    columns = ("due", "state", "code", "what", "owed by", "owed to", "case", "id")
    rows = []
    for one in found:
        duty = here.rules.duties.get(str(one["code"]))
        what = duty.title if duty is not None else ""
        parties = [_party_text(one["debtor"]), _party_text(one["creditor"])]
        rows.append([one["due_at"], one["state"], one["code"], what, *parties, one["case"], one["id"]])
    # The id is what `show` is asked with: it is never the column that gives way.
    print_table(columns, rows, whole=True)


def _local(at: Micros) -> str:
    return f"{local(at):%Y-%m-%d %H:%M}"


def _duty(text: str, rules: RuleSet) -> str:
    if text.upper() not in rules.duties:
        known = ", ".join(sorted(rules.duties))
        raise UsageError(f"there is no obligation {text}", remedy=f"Choose one of {known}")
    return text.upper()


def _case(text: str | None) -> CaseRef | None:
    try:
        return None if text is None else CaseRef.parse(text.lower())
    except MalformedError as error:
        raise UsageError(
            f"--case is {error.what}", remedy="Give the 32 hexadecimal digits of a case reference"
        ) from error
