"""An agreement as the record that the law asks for (sources.md 8.2), in rows for people.

Art. 20(2) Wet politiegegevens and art. 60(2) Uitvoeringsbesluit Wjz ask who the parties are, which public
interest and partnership it serves, the ground of each message type, which data, under which conditions, to
whom, how notice, decision and results are made known, how long things are kept, and who signs.
"""

from __future__ import annotations

from collections.abc import Iterator

from broker.agreements.document import AgreementDocument, GrantDocument, PartyDocument
from broker.agreements.model import Agreement, AgreementParty
from broker.catalogue.model import Catalogue, MessageEntry
from broker.dutch_time import local_text
from broker.names import GroupName, Micros
from broker.operations.standing import named, party_name, standing
from broker.trust.view import TrustView

__all__ = ["record"]

_Row = tuple[str, str]


def record(
    written: AgreementDocument,
    agreement: Agreement,
    catalogue: Catalogue,
    view: TrustView | None,
    now: Micros,
) -> list[_Row]:
    """What is agreed, a row for each thing, in the order of the law.

    Args:
        catalogue: Gives the data of each message type.
        view: A registry, if one is at hand: it names the parties and says who has signed.
    """
    begin, end = local_text(agreement.valid_from), local_text(agreement.valid_until)
    return [
        ("agreement", f"{agreement.id}/{agreement.version} {agreement.title}"),
        ("digest", str(agreement.digest)),
        ("valid", f"from {begin} until (not including) {end}"),
        *(("party", _party(party, view)) for party in written.parties),
        ("controller", written.controller),
        ("public interest", written.public_interest),
        ("partnership", written.partnership.name),
        ("purpose", written.partnership.purpose),
        *(row for grant in written.grants for row in _grant(grant, catalogue)),
        ("notice", written.reporting.notice),
        ("decision", written.reporting.decision),
        ("results", written.reporting.results),
        ("retention", written.retention),
        ("revocation", written.revocation_contact),
        *(("privacy audit", f"{local_text(at)[:10]}, police data") for at in written.privacy_audits()),
        *_signatures(agreement, view, now),
    ]


def _party(party: PartyDocument, view: TrustView | None) -> str:
    name = f"{party.oin}/{party.role}"
    if view is not None:
        name = party_name(view, AgreementParty(party.oin, party.role))
    return f"{name}, signed for by the {party.signatory}" if party.signatory else name


def _grant(grant: GrantDocument, catalogue: Catalogue) -> Iterator[_Row]:
    only = f", in regime {' '.join(grant.regimes)}" if grant.regimes else ""
    yield "grant", f"{grant.rule}: from {grant.sender} to {grant.recipient}{only}"
    yield "  for", "; ".join(f"{p} ({catalogue.purposes.get(p, '?')})" for p in grant.purposes)
    bases = [f"{b} ({catalogue.legal_bases.get(b, '?')})" for b in grant.legal_bases]
    yield "  on the basis of", "; ".join(bases) or "none named"
    for code in grant.types:
        yield f"  {code}", _data(grant, catalogue.messages.get(code))
    yield "  emergency", "an acute message may go outside the term" if grant.emergency == "true" else "no"
    for condition in grant.conditions:
        yield "  condition", condition


def _data(grant: GrantDocument, entry: MessageEntry | None) -> str:
    """Which groups must and may go: the catalogue's list, as far as the grant leaves it."""
    lists = entry.groups_for(grant.recipient) if entry else None
    if entry is None or lists is None:
        return "not in the catalogue"
    may = [group for group in lists.may if grant.groups is None or group in grant.groups]
    return f"{entry.title_nl}; must: {_list(lists.required)}; may: {_list(may)}"


def _list(groups: tuple[GroupName, ...] | list[GroupName]) -> str:
    return " ".join(groups) or "nothing"


def _signatures(agreement: Agreement, view: TrustView | None, now: Micros) -> Iterator[_Row]:
    if view is None:
        return
    held = next((one for one in view.rules.agreements if one.digest == agreement.digest), None)
    if held is None:
        yield "standing", "this version is not in the registry"
        return
    signed = ", ".join(sorted(named(view, oin) for oin in held.signed_by)) or "nobody"
    stand = standing(view, held, now)
    yield "signed by", signed
    yield "standing", "in force" if stand.in_force else f"not in force: {stand.why}"
