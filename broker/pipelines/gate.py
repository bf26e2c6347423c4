"""The gate: one record from an agency in, one decision record per recipient out.

A decision record is the audit event and the release in one, so "delivered" and "audited" are the
same fact (docs/adr/0002).  The gate holds a signing key and no decryption key; it judges what the
sender signed in the clear and never sees content.

1. `judge` reads and verifies the envelope (steps 1 to 9) and decides per recipient (10 and 11).
2. What cannot be believed (steps 1 to 7, and 9) goes to quarantine with its position: nobody can
   make an agency hear of a message that it did not send (docs/adr/0005).
3. What is authentic but not allowed goes back to its sender as a refusal, without a payload.
4. What is allowed goes to the recipient, reduced to the sections that this recipient may open.
5. `write` signs a whole batch of decisions with one Merkle signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from broker.agreements.model import Refused
from broker.audit.codec import message_decision_id, record_decision_id
from broker.audit.decision_record import write_records
from broker.audit.events import AuditEvent, AuditParty, MessageFacts, Outcome, Source
from broker.crypto import Signer, sha256
from broker.envelope.cloudevents import check_attributes, trace_id
from broker.envelope.codec import read_envelope, reduce
from broker.envelope.model import AuthenticEnvelope, Recipient, VerifiedEnvelope
from broker.envelope.verify import authenticate, require_intact, require_timely
from broker.errors import RejectedError, UntrustedError
from broker.names import GroupName, Micros, Oin, TopicName
from broker.pipelines.rules import decide_recipient
from broker.ports import Message, Outgoing
from broker.signing import VerificationCache
from broker.topics import QUARANTINE, decisions_topic
from broker.trust.view import TrustView

__all__ = ["GateIdentity", "Judgement", "judge", "message_facts", "undeliverable", "write"]

_LARGEST_SECTION = 67_584
"""A group of at most 65,536 bytes, padded and sealed."""
_LARGEST_ANSWER = 16_384
"""A receipt or refusal holds codes and names."""


@dataclass(frozen=True, slots=True)
class GateIdentity:
    """Which gate decides: the exchange's OIN, and the name of this gate in audit records."""

    oin: Oin
    name: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One decision, not yet signed.

    Attributes:
        envelope: The envelope reduced for this recipient when released; None otherwise.
    """

    event: AuditEvent
    topic: TopicName
    key: bytes
    envelope: bytes | None


def judge(
    message: Message, view: TrustView, gate: GateIdentity, now: Micros, cache: VerificationCache
) -> list[Judgement]:
    """Decide one record: one judgement per recipient, or one for the whole record.

    Never raises for anything that can be in a record.
    """
    try:
        authentic = _authenticate(message, view, cache)
    except RejectedError as error:
        return [_quarantined(message, view, gate, now, error)]
    case = _Case(message, authentic, view, gate, now)
    try:
        require_timely(authentic.header, now)
    except RejectedError as error:
        return [_refused(case, r, error.reason, error.step) for r in authentic.header.recipients]
    try:
        verified = require_intact(authentic)
    except RejectedError as error:
        return [_quarantined(message, view, gate, now, error)]
    return [_decided(case, verified, recipient) for recipient in verified.header.recipients]


def write(judgements: Sequence[Judgement], gate: GateIdentity, signers: Sequence[Signer]) -> list[Outgoing]:
    """Sign all *judgements* together and address each to its topic."""
    values = write_records([(j.event, j.envelope) for j in judgements], gate.oin, signers)
    return [Outgoing(j.topic, j.key, value) for j, value in zip(judgements, values, strict=True)]


def undeliverable(judgement: Judgement) -> Judgement:
    """The same record quarantined, because the topic to which it should go does not exist.

    An agency that the operator has not connected yet must not hold up everybody else; the original
    record stays where it is, and the quarantine says where.
    """
    event, facts = judgement.event, judgement.event.message
    assert facts is not None, "what concerns no agency goes to the quarantine already"
    return Judgement(
        replace(
            event,
            decision_id=record_decision_id(event.source, event.record_digest, facts.recipient.oin),
            message=replace(facts, released=(), withheld=(*facts.released, *facts.withheld)),
            outcome=Outcome.QUARANTINED,
            reason="no-decisions-topic",
            rule="",
            step=0,
        ),
        QUARANTINE,
        str(event.source.offset).encode(),
        None,
    )


@dataclass(frozen=True, slots=True)
class _Case:
    message: Message
    authentic: AuthenticEnvelope
    view: TrustView
    gate: GateIdentity
    now: Micros


def _authenticate(message: Message, view: TrustView, cache: VerificationCache) -> AuthenticEnvelope:
    envelope = read_envelope(message.value or b"")
    topic = message.position.topic
    authentic = authenticate(envelope, topic=topic, key=message.key, keys=view, schemas=view, cache=cache)
    entry = view.catalogue.by_type[authentic.header.message_type]
    if entry.topic != topic:
        raise UntrustedError("this type does not travel on this topic", step=7, reason="topic")
    if authentic.header.record_key != authentic.header.case_ref:
        # The key is in the clear, and order is kept by it.
        raise UntrustedError("a key that is not the case reference", step=7, reason="key")
    check_attributes(message.headers, authentic.header)
    _require_whole(envelope.sections, _LARGEST_ANSWER if entry.accompanies else _LARGEST_SECTION)
    return authentic


def _require_whole(sections: Sequence[bytes | None], largest: int) -> None:
    for section in sections:
        if section is None:
            # A sender sends it whole; a recipient who puts its copy back must not make a second release.
            raise UntrustedError("a section is absent", step=9, reason="section")
        if len(section) > largest:
            raise UntrustedError("a section larger than its group can be", step=9, reason="section")


def _decided(case: _Case, verified: VerifiedEnvelope, recipient: Recipient) -> Judgement:
    decision = decide_recipient(case.view, verified.header, recipient, case.now)
    if isinstance(decision, Refused):
        return _refused(case, recipient, decision.reason, 11, decision.offending)
    entry = case.view.catalogue.by_type[verified.header.message_type]
    outcome = Outcome.RECEIPT if entry.accompanies else Outcome.RELEASED
    event = _event(case, recipient, _Ruling(outcome, rule=decision.rule, emergency=decision.emergency))
    value = reduce(verified.envelope, decision.groups, case.message.value or b"")
    return Judgement(event, decisions_topic(recipient.oin), verified.header.record_key, value)


def _refused(
    case: _Case, recipient: Recipient, reason: str, step: int, offending: tuple[str, ...] = ()
) -> Judgement:
    event = _event(case, recipient, _Ruling(Outcome.REFUSED, reason, step=step, offending=offending))
    header = case.authentic.header
    return Judgement(event, decisions_topic(header.sender.oin), header.record_key, None)


def _quarantined(
    message: Message, view: TrustView, gate: GateIdentity, now: Micros, error: RejectedError
) -> Judgement:
    record_digest = sha256(message.value or b"")
    source = _source(message)
    event = AuditEvent(
        decision_id=record_decision_id(source, record_digest),
        outcome=Outcome.QUARANTINED,
        reason=error.reason,
        rule="",
        step=error.step,
        offending=(),
        emergency=False,
        message=None,
        source=source,
        record_digest=record_digest,
        registry_version=view.version,
        decided_at=now,
        gate=gate.name,
        trace_id=trace_id(message.headers),
    )
    return Judgement(event, QUARANTINE, str(message.position).encode(), None)


@dataclass(frozen=True, slots=True)
class _Ruling:
    outcome: Outcome
    reason: str = ""
    rule: str = ""
    step: int = 0
    offending: tuple[str, ...] = ()
    emergency: bool = False


def _source(message: Message) -> Source:
    position = message.position
    return Source(position.topic, position.partition, position.offset)


def _event(case: _Case, recipient: Recipient, ruling: _Ruling) -> AuditEvent:
    refused = ruling.outcome is Outcome.REFUSED
    facts = message_facts(case.authentic, recipient, () if refused else recipient.groups)
    if refused:
        # Nobody knows that they are declared: an undeclared value could be the number of a person.
        facts = replace(facts, assertions=())
    return AuditEvent(
        decision_id=message_decision_id(
            case.authentic.statement_hash,
            recipient.oin,
            recipient.agreement.digest,
            ruling.outcome,
            ruling.rule or ruling.reason,
        ),
        outcome=ruling.outcome,
        reason=str(ruling.reason),
        rule=ruling.rule,
        step=ruling.step,
        offending=ruling.offending,
        emergency=ruling.emergency,
        message=facts,
        source=_source(case.message),
        record_digest=sha256(case.message.value or b""),
        registry_version=case.view.version,
        decided_at=case.now,
        gate=case.gate.name,
        trace_id=trace_id(case.message.headers),
    )


def message_facts(
    authentic: AuthenticEnvelope, recipient: Recipient, released: tuple[GroupName, ...]
) -> MessageFacts:
    """What a decision about this recipient records of the message: all of it signed by its sender."""
    header = authentic.header
    return MessageFacts(
        message_id=header.message_id,
        message_type=header.message_type,
        sender=AuditParty(header.sender.oin, header.sender.role),
        recipient=AuditParty(recipient.oin, recipient.role),
        case_ref=header.case_ref,
        correlation_id=header.correlation_id,
        causation_id=header.causation_id,
        subject_refs=header.subject_refs,
        released=released,
        withheld=tuple(s.group for s in header.sections if s.group not in released),
        legal_basis=header.legal_basis,
        purpose=header.purpose,
        regime=header.regime,
        urgency=header.urgency,
        assertions=header.assertions,
        agreement_id=recipient.agreement.id,
        agreement_digest=recipient.agreement.digest,
        schema_digest=header.schema_digest,
        statement_hash=authentic.statement_hash,
        producer_id=header.producer_id,
        sequence=header.sequence,
        created_at=header.created_at,
    )
