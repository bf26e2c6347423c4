"""Delivery: one decision record in, one thing to do out.

The subscriber believes nobody: it verifies the gate (12), then the sender again (1 to 9), compares
what the gate recorded with what the sender signed, and asks its *own* copy of the agreements again
(10, 11), for a decision may be hours old.  Only then it opens (13, 14), decodes (15) and applies the
catalogue's rules across groups (16).

`receive` answers with one of:

- `Disclosure`: content, opened after its decision record was durable, ready for the handler;
- `Notice`: we are the sender, and this tells us that a message of ours was refused;
- `Withheld`: for us, but not to be handed over; the sender is told why;
- `Rejected`: not believable as a decision for us: quarantine here, nobody is told;
- `Foreign`: an audit event that concerns us but asks nothing (read, exported, ...).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from broker.agreements.model import Allowed
from broker.audit.decision_record import VerifiedDecision, read_record, verify_record
from broker.audit.events import AuditEvent, Outcome
from broker.catalogue.checks import Clear, failed_checks
from broker.catalogue.model import MessageEntry
from broker.crypto import Unwrapper
from broker.envelope.codec import read_envelope
from broker.envelope.model import AuthenticEnvelope, EnvelopeHeader, Recipient, Sender, VerifiedEnvelope
from broker.envelope.open import open_sections
from broker.envelope.padding import unpad
from broker.envelope.schema import CLOCK_TOLERANCE
from broker.envelope.verify import authenticate, require_intact, require_timely
from broker.errors import RejectedError, SchemaError, UntrustedError, UsageError
from broker.names import CaseRef, GroupName, KeyId, MessageCode, MessageId, Micros, Oin
from broker.pipelines.gate import message_facts
from broker.pipelines.rules import decide_recipient
from broker.ports import Message
from broker.receipts import AuditReceipt
from broker.records.model import GroupValue
from broker.signing import VerificationCache
from broker.trust.view import TrustView

__all__ = [
    "Disclosure",
    "Foreign",
    "Notice",
    "Reader",
    "Received",
    "Rejected",
    "Withheld",
    "receive",
]

_DELIVERED = (Outcome.RELEASED, Outcome.RECEIPT)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What this agency was told: decoded groups, and the decision that allowed it.

    Attributes:
        receipt: The durable decision record that came first.
        groups: Decoded values of the groups this agency may read.
    """

    header: EnvelopeHeader
    entry: MessageEntry
    event: AuditEvent
    receipt: AuditReceipt
    groups: Mapping[GroupName, GroupValue]

    @property
    def message_id(self) -> MessageId:
        """The sender's id of the message."""
        return self.header.message_id

    @property
    def code(self) -> MessageCode:
        """The message type's code, such as ``E01``."""
        return self.entry.code

    @property
    def case_ref(self) -> CaseRef:
        """The case that it is about."""
        return self.header.case_ref

    @property
    def sender(self) -> Sender:
        """Who sent it, in which role, from which system."""
        return self.header.sender

    def record(self, group: str) -> Mapping[str, object]:
        """A field group that stands once in the message; empty when it was not sent.

        Raises:
            UsageError: This group is a list.
        """
        value = self.groups.get(GroupName(group), {})
        if isinstance(value, Mapping):
            return value
        raise UsageError(f"{group} is a list of records", remedy="Ask for `records`")

    def records(self, group: str) -> list[Mapping[str, object]]:
        """The records of a field group that is a list; empty when it was not sent.

        Raises:
            UsageError: This group is one record.
        """
        value = self.groups.get(GroupName(group), [])
        if isinstance(value, list):
            return value
        raise UsageError(f"{group} is one record", remedy="Ask for `record`")


@dataclass(frozen=True, slots=True)
class Notice:
    """A message of ours was refused: reason code and offending names, as E28 tells it."""

    event: AuditEvent
    receipt: AuditReceipt


@dataclass(frozen=True, slots=True)
class Withheld:
    """A message for us that is not handed over; the sender hears why."""

    header: EnvelopeHeader
    event: AuditEvent
    receipt: AuditReceipt
    step: int
    reason: str
    offending: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record on our topic that no trusted gate vouches for, or that is not for us."""

    step: int
    reason: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """An audit event on our topic that asks nothing of us."""

    event: AuditEvent


Received = Disclosure | Notice | Withheld | Rejected | Foreign


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the agency, its sealing keys by id, and what it remembers as verified."""

    oin: Oin
    unwrappers: Mapping[KeyId, Unwrapper]
    cache: VerificationCache


def receive(message: Message, reader: Reader, view: TrustView, now: Micros) -> Received:
    """Judge one record of our decisions topic.

    Never raises for anything that can be in a record.

    Raises:
        UnavailableError: A key store did not answer; read the record again.
    """
    try:
        decision = _verified_decision(message, view, reader.cache)
        receipt = AuditReceipt(message.position, decision.event.decision_id)
        return _dispatch(message, decision, receipt, _Visit(reader, view, now))
    except RejectedError as error:
        return Rejected(error.step, error.reason)


@dataclass(frozen=True, slots=True)
class _Visit:
    reader: Reader
    view: TrustView
    now: Micros


def _verified_decision(message: Message, view: TrustView, cache: VerificationCache) -> VerifiedDecision:
    record = read_record(message.value or b"")
    return verify_record(record, view.gate_of(record.signatures[0].key_id), view, cache)


def _dispatch(message: Message, decision: VerifiedDecision, receipt: AuditReceipt, visit: _Visit) -> Received:
    event = decision.event
    facts = event.message
    if facts is None:
        return Foreign(event)
    if event.outcome is Outcome.REFUSED and facts.sender.oin == visit.reader.oin:
        return Notice(event, receipt)
    if event.outcome not in _DELIVERED:
        return Foreign(event)
    if facts.recipient.oin != visit.reader.oin or decision.envelope is None:
        raise UntrustedError("a decision for somebody else", step=12, reason="not-addressed")
    return _deliver(message, decision, decision.envelope, receipt, visit)


def _deliver(
    message: Message, decision: VerifiedDecision, value: bytes, receipt: AuditReceipt, visit: _Visit
) -> Received:
    envelope = read_envelope(value)
    header = envelope.header
    authentic = authenticate(
        envelope,
        topic=decision.event.source.topic,
        key=message.key,
        keys=visit.view,
        schemas=visit.view,
        cache=visit.reader.cache,
    )
    recipient = _require_same(authentic, decision.event, visit)
    if not header.created_at - CLOCK_TOLERANCE <= decision.event.decided_at <= visit.now + CLOCK_TOLERANCE:
        # The gate's key must have been valid at a moment that its holder chooses: not before the message was.
        raise UntrustedError("a decision older than its message", step=12, reason="decision-differs")
    _require_rule(header, recipient, decision.event, visit.view)
    try:
        require_timely(header, visit.now)
        verified = require_intact(authentic)
        refused = decide_recipient(visit.view, header, recipient, visit.now)
        if not isinstance(refused, Allowed):
            return Withheld(header, decision.event, receipt, 11, refused.reason, refused.offending)
        groups = _disclose(verified, recipient, receipt, visit)
    except RejectedError as error:
        return Withheld(header, decision.event, receipt, error.step, error.reason, error.offending)
    entry = visit.view.catalogue.by_type[header.message_type]
    return Disclosure(header, entry, decision.event, receipt, groups)


def _require_same(authentic: AuthenticEnvelope, event: AuditEvent, visit: _Visit) -> Recipient:
    """The gate's record must say of the message what its sender signed, all of it: it is the audit record."""
    header = authentic.header
    recipient = header.recipient(visit.reader.oin)
    if recipient is None:
        raise UntrustedError("the envelope does not address us", step=12, reason="not-addressed")
    answer = visit.view.catalogue.by_type[header.message_type].accompanies
    outcome = Outcome.RECEIPT if answer else Outcome.RELEASED
    if event.outcome is not outcome or event.message != message_facts(authentic, recipient, recipient.groups):
        raise UntrustedError("the decision and the envelope differ", step=12, reason="decision-differs")
    return recipient


def _require_rule(header: EnvelopeHeader, recipient: Recipient, event: AuditEvent, view: TrustView) -> None:
    """The rule must be the one that allowed it: it follows from an agreement that never changes.

    Where our registry does not allow what was allowed then, there is no rule to compare; whether it is
    allowed now is asked after this.
    """
    then = decide_recipient(view, header, recipient, event.decided_at)
    if isinstance(then, Allowed) and (then.rule, then.emergency) != (event.rule, event.emergency):
        raise UntrustedError("the decision cites another rule", step=12, reason="decision-differs")


def _disclose(
    verified: VerifiedEnvelope, recipient: Recipient, receipt: AuditReceipt, visit: _Visit
) -> Mapping[GroupName, GroupValue]:
    unwrapper = visit.reader.unwrappers.get(recipient.key_id)
    if unwrapper is None:
        raise UntrustedError("sealed to a key that we no longer hold", step=13, reason="sealing-key")
    padded = open_sections(verified, recipient, unwrapper, receipt)
    schema = visit.view.schemas[verified.header.schema_digest]
    groups = {name: schema.decode_group(name, unpad(plain)) for name, plain in padded.items()}
    header = verified.header
    entry = visit.view.catalogue.by_type[header.message_type]
    clear = Clear(
        dict(header.assertions), header.regime, header.created_at, (recipient.role,), header.sender.role
    )
    if failures := failed_checks(entry, groups, clear):
        raise SchemaError("a rule across groups fails", step=16, reason="check", offending=failures)
    return groups
