"""Why one decision was taken: step by step, with the agreement, the grant, the groups and their sources.

1. What the entry says is told as it stands; what the registry says is told as it is now, with its version.
2. The steps are those of docs/spec/envelope.md 8 that a gate takes, in their order.
3. The decision is taken once more (`broker.pipelines.recheck`), and it is said what came of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from broker.agreements.model import Agreement, AgreementParty, Grant
from broker.audit.events import AuditEvent, AuditParty, MessageFacts, Outcome
from broker.dutch_time import local_text
from broker.envelope.reasons import Reason
from broker.operations.explaining import Sentence
from broker.operations.standing import party_name
from broker.pipelines.recheck import Verdicts, recheck
from broker.trust.view import TrustView

__all__ = ["STEPS", "explain_decision"]

STEPS: Mapping[int, str] = {
    1: "it has the marker of an envelope and is not too large",
    2: "container and header are strictly encoded and keep their rules",
    3: "version, suite and critical extensions are known",
    4: "the registry publishes the schema of this type",
    5: "the sender is an active agency, and its keys were valid and are not revoked",
    6: "every signature verifies, and none that the registry requires is missing",
    7: "topic, key and headers of the record are those that were signed",
    8: "it has not expired, and is not from the future",
    9: "every section is the one that was signed",
    11: "both are active in their roles, and a co-signed agreement in force allows exactly these groups",
}
"""What a gate asks, by the number of docs/spec/envelope.md 8; it asks 10 and 11 together."""

_MEANINGS = {reason.value: reason.meaning for reason in Reason}
_SOURCE = "docs/spec/envelope.md 8"
_SAID = {
    Verdicts.SAME: "Decided again by the registry as it is now, it comes out the same",
    Verdicts.DIFFERS: "Decided again by the registry as it is now, it comes out otherwise",
    Verdicts.CANNOT: "It cannot be decided again",
}


def explain_decision(event: AuditEvent, view: TrustView) -> tuple[Sentence, ...]:
    """Why *event* was decided as it was."""
    sentences = [_verdict(event, view), *_steps(event)]
    if event.message is not None:
        sentences += _agreement(event, event.message, view)
        sentences += _groups(event, event.message, view)
    found = recheck(event, view)
    said = f"{_SAID[found.verdict]}: {found.why}."
    return (*sentences, Sentence("recheck", said, f"registry version {view.version}"))


def _verdict(event: AuditEvent, view: TrustView) -> Sentence:
    when, source = local_text(event.decided_at), f"registry version {event.registry_version}"
    facts = event.message
    if facts is None:
        text = f"At {when} {event.gate} put the record aside ({event.reason}): it could not be believed."
        return Sentence("verdict", text, source)
    entry = view.catalogue.by_type.get(facts.message_type)
    what = f"{entry.code} {entry.title_nl} ({entry.title_en})" if entry else str(facts.message_type)
    route = f"from {_party(view, facts.sender)} to {_party(view, facts.recipient)}"
    why = f", reason {event.reason}" if event.reason else ""
    text = f"At {when} {event.gate} decided: {event.outcome.value} {what} {route}{why}."
    return Sentence("verdict", text, source)


def _steps(event: AuditEvent) -> Iterator[Sentence]:
    failed = event.step if event.outcome in (Outcome.REFUSED, Outcome.QUARANTINED) else 0
    for number, asked in STEPS.items():
        if failed and number > failed:
            yield Sentence("step", f"{number} was not reached: {asked}.", _SOURCE)
        elif number == failed:
            names = f" ({', '.join(event.offending)})" if event.offending else ""
            yield Sentence(
                "step", f"{number} failed: {asked}. {_meaning(event.reason)}{names}".rstrip(), _SOURCE
            )
        else:
            yield Sentence("step", f"{number} held: {asked}.", _SOURCE)


def _meaning(reason: str) -> str:
    return _MEANINGS.get(reason, f"Reason {reason}.")


def _agreement(event: AuditEvent, facts: MessageFacts, view: TrustView) -> Iterator[Sentence]:
    agreement = view.rules.agreement(facts.agreement_id, facts.agreement_digest)
    if agreement is None:
        text = f"It cites {facts.agreement_id}; the registry does not publish that version now."
        yield Sentence("agreement", text, f"digest {facts.agreement_digest.hex()}")
        return
    label = f"{agreement.id}/{agreement.version}"
    text = (
        f"It cites {label}, {agreement.title}, which holds from {local_text(agreement.valid_from)} until "
        f"{local_text(agreement.valid_until)}."
    )
    yield Sentence("agreement", text, f"{label}, digest {agreement.digest}")
    grant = next((each for each in agreement.grants if each.rule == event.rule), None)
    if grant is not None:
        yield from _grant(agreement, grant, facts)
    if event.emergency:
        yield Sentence("emergency", "It went by the emergency clause, and must be justified.", label)


def _grant(agreement: Agreement, grant: Grant, facts: MessageFacts) -> Iterator[Sentence]:
    source = f"{agreement.id}/{agreement.version}, grant {grant.rule}"
    text = f"Grant {grant.rule} lets a {grant.sender_role} send it to a {grant.recipient_role}."
    yield Sentence("grant", text, source)
    yield Sentence("purpose", f"For {facts.purpose}, on {facts.legal_basis}, in {facts.regime}.", source)


def _groups(event: AuditEvent, facts: MessageFacts, view: TrustView) -> Iterator[Sentence]:
    entry = view.catalogue.by_type.get(facts.message_type)
    lists = entry.groups_for(facts.recipient.role) if entry else None
    source = lists.source if lists else ""
    for group in facts.released:
        must = "must" if lists and group in lists.required else "may"
        yield Sentence("released", f"{_title(view, group)}: the recipient {must} receive it.", source)
    closed = "nothing was released" if event.outcome is Outcome.REFUSED else "not for this recipient"
    for group in facts.withheld:
        yield Sentence("withheld", f"{_title(view, group)}: {closed}.", source)


def _title(view: TrustView, group: str) -> str:
    known = view.catalogue.groups.get(group)  # type: ignore[call-overload]
    return f"{group} ({known.title})" if known else str(group)


def _party(view: TrustView, party: AuditParty) -> str:
    return party_name(view, AgreementParty(party.oin, party.role))
