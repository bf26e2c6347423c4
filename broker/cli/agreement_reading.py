"""`schakel agreement diff` and `explain`: what changes for whom, and why something may or may not go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from broker.agreements.compare import Change, Comparison, compare
from broker.agreements.document import parse_agreement
from broker.agreements.model import AgreementParty
from broker.catalogue.model import MessageEntry
from broker.cli.arguments import AsJson
from broker.cli.named_files import named_document
from broker.cli.printing import print_json, print_line, print_table
from broker.cli.schemas import find_entry
from broker.dutch_time import local_text
from broker.errors import ExitCode, UsageError
from broker.names import MessageCode, Micros, Oin, Role
from broker.operations.explaining import Explanation, Question, explain, require_regime
from broker.operations.registry import RegistryHome
from broker.operations.standing import party_name
from broker.sandbox.layout import Layout
from broker.sandbox.timekeeping import sandbox_now
from broker.trust.view import Agency, TrustView

__all__ = ["diff", "explain_"]

_SANDBOX = Path("sandbox")

_Directory = Annotated[Path, typer.Option("--dir", "--registry", help="Directory that holds registry/.")]
_Document = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An agreement document.")]
_Party = Annotated[str, typer.Argument(help="Short name or OIN, with /ROLE if it has several.")]


def diff(old: _Document, new: _Document, directory: _Directory = _SANDBOX, as_json: AsJson = False) -> None:
    """Say what changes for whom between two versions: groups, purposes, grounds, time and parties."""
    view = RegistryHome(directory).view(sandbox_now(Layout(directory)))
    before, after = (named_document(file, "an agreement", parse_agreement) for file in (old, new))
    found = compare(before, after, view.rules.rules)
    if as_json:
        print_json(found)
    elif found.same:
        print_line("Nothing changes for anybody.")
    else:
        _print_comparison(view, found)


def explain_(
    sender: _Party,
    recipient: _Party,
    code: Annotated[str, typer.Argument(metavar="TYPE", help="A message type, such as E01.")],
    regime: Annotated[str | None, typer.Option("--regime", help="R0, R1 or R2; R1 by default.")] = None,
    directory: _Directory = _SANDBOX,
    as_json: AsJson = False,
) -> None:
    """Say why a type may, or may not, go from one agency to another; exit 9 if it may not."""
    now = sandbox_now(Layout(directory))
    view = RegistryHome(directory).view(now)
    answers = [
        explain(view, _question(view, entry, sender, recipient, regime), now)
        for entry in _entries(view, code, sender, recipient)
    ]
    if as_json:
        print_json({"explanations": answers})
    else:
        for answer in answers:
            _print_explanation(answer)
    if not any(answer.allowed for answer in answers):
        raise typer.Exit(ExitCode.FOUND)


def _entries(view: TrustView, code: str, sender: str, recipient: str) -> list[MessageEntry]:
    """The type; or, for an extension, the types that carry it between these two."""
    extension = view.catalogue.extensions.get(MessageCode(code))
    if extension is None:
        return [find_entry(view.catalogue, code)]
    carried = [view.catalogue.messages[one] for one in extension.carried_by]
    from_, to = _agency(view, sender), _agency(view, recipient)
    fitting = [
        entry
        for entry in carried
        if from_.roles.intersection(entry.sender_roles) and to.roles.intersection(entry.recipients)
    ]
    return fitting or carried


def _question(
    view: TrustView, entry: MessageEntry, sender: str, recipient: str, regime: str | None
) -> Question:
    from_ = _party(view, sender, frozenset(entry.sender_roles))
    to = _party(view, recipient, frozenset(entry.recipients))
    return Question(entry, from_, to, require_regime(entry, regime))


def _party(view: TrustView, text: str, wanted: frozenset[Role]) -> AgreementParty:
    agency, (_, _, given) = _agency(view, text), text.partition("/")
    roles = {Role(given)} if given else agency.roles & wanted or agency.roles
    if not roles <= agency.roles or len(roles) > 1:
        raise UsageError(
            f"{agency.short_name} has the roles {', '.join(sorted(agency.roles))}",
            why=f"not {given}" if given else "more than one of them may do this",
            remedy=f"Write {agency.short_name}/{min(agency.roles)}, for example",
        )
    return AgreementParty(agency.oin, min(roles))


def _agency(view: TrustView, text: str) -> Agency:
    name = text.partition("/")[0]
    agency = view.by_name.get(name) or view.agencies.get(Oin(name))
    if agency is None:
        raise UsageError(f"the registry has no agency {name}", remedy="See `schakel registry show`")
    return agency


def _print_comparison(view: TrustView, found: Comparison) -> None:
    for what, parties in (("joins", found.joined), ("leaves", found.left)):
        for party in parties:
            print_line(f"{party_name(view, party)} {what}")
    if found.validity is not None:
        old, new = (_period(*period) for period in found.validity)
        print_line(f"valid {new}, was {old}")
    if found.changes:
        rows = [_row(view, change) for change in found.changes]
        print_table(("type", "from", "to", "what", "added", "removed"), rows)


def _period(begin: Micros, end: Micros) -> str:
    return f"from {local_text(begin)} until {local_text(end)}"


def _row(view: TrustView, change: Change) -> tuple[str, ...]:
    sender, recipient = party_name(view, change.sender), party_name(view, change.recipient)
    what = (str(change.code), sender, recipient, change.aspect.value)
    return (*what, " ".join(change.added), " ".join(change.removed))


def _print_explanation(answer: Explanation) -> None:
    for sentence in answer.sentences:
        print_line(f"{sentence.text} [{sentence.source}]" if sentence.source else sentence.text)
