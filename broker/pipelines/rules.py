"""The one question asked three times: may this recipient have this message?

The publisher asks it before anything leaves the house, the gate before it releases, the subscriber
before it hands over.  All three call `decide_recipient`, so they cannot disagree about the rules,
only about how fresh their registry is.

1. The sender is a registered, active agency and holds the role it names.
2. The recipient is a registered, active agency and holds the role it is addressed in.
3. `broker.agreements.decide` on the facts of the signed header.
"""

from __future__ import annotations

from broker.agreements.decide import decide
from broker.agreements.model import AgreementParty, Decision, Reason, Refused, Request
from broker.envelope.model import EnvelopeHeader, Recipient
from broker.names import Micros, Oin, Role
from broker.trust.view import TrustView

__all__ = ["decide_recipient", "holds_role"]


def decide_recipient(view: TrustView, header: EnvelopeHeader, recipient: Recipient, now: Micros) -> Decision:
    """Decide whether *recipient* may open what *header* grants it, at *now*.

    Returns:
        `Allowed` citing agreement, rule and groups, or `Refused` with a reason code; never raises.
    """
    if not holds_role(view, header.sender.oin, header.sender.role, now):
        return Refused(Reason.SENDER_ROLE, (header.sender.role,))
    if not holds_role(view, recipient.oin, recipient.role, now):
        return Refused(Reason.RECIPIENT_ROLE, (recipient.role,))
    entry = view.catalogue.by_type.get(header.message_type)
    if entry is not None and entry.accompanies and header.causation_id is None:
        # An answer to nothing.
        return Refused(Reason.NO_AGREEMENT, (recipient.agreement.id,))
    return decide(view.rules, _request(header, recipient), now)


def holds_role(view: TrustView, oin: Oin, role: Role, now: Micros) -> bool:
    """Whether the registry knows this agency as active at *now* and in this role."""
    agency = view.agencies.get(oin)
    return agency is not None and agency.is_active(now) and role in agency.roles


def _request(header: EnvelopeHeader, recipient: Recipient) -> Request:
    return Request(
        message_type=header.message_type,
        sender=AgreementParty(header.sender.oin, header.sender.role),
        recipient=AgreementParty(recipient.oin, recipient.role),
        agreement_id=recipient.agreement.id,
        agreement_digest=recipient.agreement.digest,
        groups=recipient.groups,
        purpose=header.purpose,
        legal_basis=header.legal_basis,
        regime=header.regime,
        urgency=header.urgency,
        assertions=header.assertions,
        origin_oin=header.origin.oin if header.origin else None,
    )
