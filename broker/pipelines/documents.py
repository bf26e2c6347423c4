"""Message documents meet the registry: names become addresses, references are made, disclosures become JSON.

What a document says of itself is `broker.records.document`; what only its surroundings know (who
``amk-noord`` is, which role is addressed, a new case reference) is added here.
"""

from __future__ import annotations

from collections.abc import Mapping

from broker.catalogue.model import MessageEntry
from broker.errors import MalformedError, UsageError
from broker.names import CaseRef, MessageId, Micros, Oin, Role, SubjectRef
from broker.pipelines.deliver import Disclosure, Notice
from broker.pipelines.publish import new_message_id
from broker.ports import Entropy
from broker.records.document import DeliveredDocument, Document
from broker.records.model import Addressee, Record
from broker.trust.view import Agency, TrustView

__all__ = ["find_agency", "identity", "notice_document", "to_document", "to_record"]


def to_record(document: Document, view: TrustView, entropy: Entropy) -> Record:
    """The document as a record that can be published.

    A name in ``to`` is a short name or an OIN; its role is the one of its roles that may receive the type.

    Raises:
        UsageError: The registry does not know an agency (``unknown-agency``), or the document forwards
            without saying from whom (``forward-without-origin``); says in which field.
    """
    entry = view.catalogue.messages.get(document.type)
    to = tuple(_addressee(find_agency(name, view), entry) for name in document.to)
    case = CaseRef(entropy(CaseRef.size)) if document.case == "new" else document.case
    return document.to_record(
        to, case, subject_refs=_subjects(document, entropy), origin=_origin(document, view)
    )


def identity(document: Document, now: Micros, entropy: Entropy) -> dict[str, object]:
    """What *document* must say to be one and the same message however often it is sent.

    Its ``message_id``, ``case`` and ``subjects``: those that it has, new ones for the others.
    """
    case = CaseRef(entropy(CaseRef.size)) if document.case == "new" else document.case
    return {
        "message_id": str(document.message_id or new_message_id(now, entropy)),
        "case": str(case),
        "subjects": [str(subject) for subject in _subjects(document, entropy)],
    }


def to_document(disclosure: Disclosure, view: TrustView) -> dict[str, object]:
    """What was disclosed, as the JSON document that `schakel subscribe` prints."""
    header, facts = disclosure.header, disclosure.event.message
    assert facts is not None, "a disclosure is about a message"
    position = disclosure.receipt.position
    document = DeliveredDocument(
        message_id=header.message_id,
        code=disclosure.entry.code,
        sender=header.sender.oin,
        role=header.sender.role,
        case=header.case_ref,
        in_reply_to=header.causation_id,
        groups=disclosure.groups,
        agreement=(facts.agreement_id, facts.agreement_digest),
        decision=(position.topic, position.partition, position.offset),
        purpose=header.purpose,
        legal_basis=header.legal_basis,
        regime=header.regime,
        urgency=header.urgency,
        assertions=dict(header.assertions),
        created_at=header.created_at,
    )
    return {**document.to_json(), "from_name": _short_name(header.sender.oin, view)}


def notice_document(notice: Notice, view: TrustView) -> dict[str, object]:
    """The gate's refusal of a message of ours, in the same form; it has no content."""
    event, facts, position = notice.event, notice.event.message, notice.receipt.position
    assert facts is not None, "a notice is about a message"
    entry = view.catalogue.by_type.get(facts.message_type)
    return {
        "message_id": str(facts.message_id),
        "type": str(entry.code) if entry else str(facts.message_type),
        "outcome": event.outcome.value,
        "reason": event.reason,
        "step": event.step,
        "offending": list(event.offending),
        "to": str(facts.recipient.oin),
        "to_name": _short_name(facts.recipient.oin, view),
        "case": str(facts.case_ref),
        "decision": {"topic": position.topic, "partition": position.partition, "offset": position.offset},
    }


def find_agency(name: str, view: TrustView, field: str = "to") -> Agency:
    """The agency of this short name or OIN.

    Args:
        field: Where the name stands, for the error.

    Raises:
        UsageError: The registry does not know it (``unknown-agency``).
    """
    agency = view.by_name.get(name)
    if agency is None:
        try:
            agency = view.agencies.get(Oin.parse(name))
        except MalformedError:
            agency = None
    if agency is None:
        raise UsageError(
            f"the registry does not know an agency {name}",
            remedy="`schakel registry show` lists the agencies",
            code="unknown-agency",
            offending=(field,),
        )
    return agency


def _addressee(agency: Agency, entry: MessageEntry | None) -> Addressee:
    """Whether the role may receive the type is for the agreement rules: a wrong one is refused there."""
    roles = sorted(agency.roles)
    receiving = [role for role in roles if entry is not None and entry.groups_for(role) is not None]
    return Addressee(agency.oin, Role((receiving or roles)[0]))


def _subjects(document: Document, entropy: Entropy) -> tuple[SubjectRef, ...]:
    given = document.subjects
    if isinstance(given, int):
        return tuple(SubjectRef(entropy(SubjectRef.size)) for _ in range(given))
    return tuple(given)


def _origin(document: Document, view: TrustView) -> tuple[MessageId, Oin] | None:
    if document.forwards is None:
        return None
    if document.forwarded_from is None:
        raise UsageError(
            "the document forwards a message and does not say whose",
            remedy="Name who first sent it in `forwarded_from`",
            code="forward-without-origin",
            offending=("forwarded_from",),
        )
    return document.forwards, find_agency(document.forwarded_from, view, "forwarded_from").oin


def _short_name(oin: Oin, view: TrustView) -> str:
    names: Mapping[Oin, Agency] = view.agencies
    return names[oin].short_name if oin in names else ""
