"""What goes back: a receipt (E03) for what was delivered, a refusal (E28) for what was withheld.

Both return along the agreement that carried the message (docs/adr/0006), hold codes and names and
no content, and carry a message id fixed beforehand: sent twice, they are the same message.
"""

from __future__ import annotations

from broker.envelope.model import EnvelopeHeader
from broker.moments import to_text
from broker.names import GroupName, MessageCode, MessageId, Oin
from broker.pipelines.deliver import Withheld
from broker.ports import InboxEntry
from broker.records.model import Addressee, GroupValue, Record
from broker.trust.view import TrustView

__all__ = ["RECEIPT", "REFUSAL", "receipt_record", "refusal_record"]

RECEIPT = MessageCode("E03")
REFUSAL = MessageCode("E28")
_GROUPS = {RECEIPT: GroupName("RC"), REFUSAL: GroupName("NK")}


def receipt_record(delivered: EnvelopeHeader, us: Oin, entry: InboxEntry, view: TrustView) -> Record:
    """The receipt that tells the sender what became of its message here."""
    value: GroupValue = {
        "status_code": entry.status,
        "received_at": to_text(entry.at),
        "error_code": entry.detail or None,
    }
    return _answer(RECEIPT, value, delivered, us, entry, view)


def refusal_record(withheld: Withheld, us: Oin, entry: InboxEntry, view: TrustView) -> Record:
    """The refusal that tells the sender why its message was not handed over, and by which rule."""
    facts = withheld.event.message
    value: GroupValue = {
        "refused_message_id": str(withheld.header.message_id),
        "reason_code": withheld.reason,
        "step": withheld.step,
        "agreement_id": facts.agreement_id if facts else None,
        "rule": withheld.event.rule or None,
        "offending": [str(name) for name in withheld.offending],
    }
    return _answer(REFUSAL, value, withheld.header, us, entry, view)


def _answer(
    code: MessageCode,
    value: GroupValue,
    answered: EnvelopeHeader,
    us: Oin,
    entry: InboxEntry,
    view: TrustView,
) -> Record:
    recipient = answered.recipient(us)
    assert recipient is not None, "only a message that addresses us is answered"
    rules = view.catalogue.messages[code]
    return Record(
        code=code,
        to=(Addressee(answered.sender.oin, answered.sender.role),),
        case_ref=answered.case_ref,
        purpose=rules.purposes[0],
        legal_basis=rules.legal_bases[0],
        regime=answered.regime,
        groups={_GROUPS[code]: value},
        assertions={},
        correlation_id=answered.correlation_id,
        causation_id=answered.message_id,
        agreement=(recipient.agreement.id, recipient.agreement.digest),
        message_id=MessageId(entry.receipt_id),
    )
