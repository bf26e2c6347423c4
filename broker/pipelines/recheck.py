"""A decision made again from what the ledger keeps of it, and compared.

1. What `decide` asks stands in the entry, but for two things: which message was forwarded, and, of a refusal,
   what the sender asserted and which groups were for this recipient.
2. What depends on those, on the content, or on a version of an agreement that is no longer published cannot
   be decided again: that is said, and is never taken for agreement.
3. The moment is that of the decision.  Roles and agreements are those of the registry as it is now.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from broker.agreements.decide import decide
from broker.agreements.model import AgreementParty, Allowed, Decision, Reason, Refused, Request
from broker.audit.events import AuditEvent, MessageFacts, Outcome
from broker.pipelines.rules import holds_role
from broker.trust.view import TrustView

__all__ = ["Verdict", "Verdicts", "recheck"]

_AGREEMENT = 11
_DECIDED = frozenset({Outcome.RELEASED, Outcome.RECEIPT})
_NOT_KEPT = frozenset({Reason.PREDICATE, Reason.GROUP_REQUIRED, Reason.GROUP_FORBIDDEN, Reason.LOOP})
"""Reasons of a refusal that hang on what an entry of a refusal does not keep."""


class Verdicts(StrEnum):
    """What deciding again came to."""

    SAME = "same"
    DIFFERS = "differs"
    CANNOT = "cannot-be-told"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What deciding again came to, and why.

    Attributes:
        why: One sentence.
    """

    verdict: Verdicts
    why: str


def recheck(event: AuditEvent, view: TrustView) -> Verdict:
    """Decide *event* again at its own moment."""
    facts = event.message
    if facts is None or event.outcome not in (*_DECIDED, Outcome.REFUSED):
        return _cannot("what is stored of it is not what was decided on")
    if event.outcome is Outcome.REFUSED and event.step != _AGREEMENT:
        return _cannot(f"it failed at step {event.step}, which asks for the message itself")
    if view.rules.agreement(facts.agreement_id, facts.agreement_digest) is None and event.outcome in _DECIDED:
        return _cannot("the registry no longer publishes this version of the agreement")
    decision = _again(facts, event, view)
    if event.outcome in _DECIDED:
        return _released(event, decision)
    return _refused(event, decision)


def _again(facts: MessageFacts, event: AuditEvent, view: TrustView) -> Decision:
    now = event.decided_at
    if not holds_role(view, facts.sender.oin, facts.sender.role, now):
        return Refused(Reason.SENDER_ROLE, (facts.sender.role,))
    if not holds_role(view, facts.recipient.oin, facts.recipient.role, now):
        return Refused(Reason.RECIPIENT_ROLE, (facts.recipient.role,))
    request = Request(
        message_type=facts.message_type,
        sender=AgreementParty(facts.sender.oin, facts.sender.role),
        recipient=AgreementParty(facts.recipient.oin, facts.recipient.role),
        agreement_id=facts.agreement_id,
        agreement_digest=facts.agreement_digest,
        groups=facts.released or facts.withheld,
        purpose=facts.purpose,
        legal_basis=facts.legal_basis,
        regime=facts.regime,
        urgency=facts.urgency,
        assertions=facts.assertions,
        origin_oin=None,
    )
    return decide(view.rules, request, now)


def _released(event: AuditEvent, decision: Decision) -> Verdict:
    if isinstance(decision, Refused):
        return Verdict(Verdicts.DIFFERS, f"it would be refused: {decision.reason}")
    if decision.rule != event.rule:
        return Verdict(Verdicts.DIFFERS, f"it would be allowed by {decision.rule}, not by {event.rule}")
    if decision.emergency != event.emergency:
        return Verdict(Verdicts.DIFFERS, "only one of the two rests on the emergency clause")
    return Verdict(Verdicts.SAME, f"allowed by {decision.rule}")


def _refused(event: AuditEvent, decision: Decision) -> Verdict:
    if isinstance(decision, Refused) and decision.reason == event.reason:
        return Verdict(Verdicts.SAME, f"refused: {decision.reason}")
    if event.reason in _NOT_KEPT or isinstance(decision, Allowed) or decision.reason in _NOT_KEPT:
        return _cannot("it hangs on assertions, groups or an origin that a refusal does not keep")
    return Verdict(Verdicts.DIFFERS, f"it would be refused for another reason: {decision.reason}")


def _cannot(why: str) -> Verdict:
    return Verdict(Verdicts.CANNOT, why)
