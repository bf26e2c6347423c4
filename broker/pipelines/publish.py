"""Publishing: what an agency wants to say becomes sealed, signed bytes, or a refusal before anything leaves.

1. The catalogue knows the type; the sender's and recipients' roles may use it.
2. Every group is encoded with the type's schema; what the schema does not have is refused by name.
3. The catalogue's named checks hold.
4. For each recipient an agreement is chosen and `decide_recipient` is asked, as the gate will.
5. Each group is sealed with a key of its own, wrapped for those recipients who may open it.
6. A whole batch is signed with one Merkle signature per required algorithm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from broker.agreements.model import AgreementParty, Allowed, Reason, Refused
from broker.catalogue.check_words import say_failed
from broker.catalogue.checks import Clear, failed_checks
from broker.catalogue.model import MessageEntry
from broker.crypto import SUITE, SealingKey, Signer
from broker.envelope.cloudevents import attributes
from broker.envelope.model import AgreementRef, EnvelopeHeader, Origin, Recipient, Sender
from broker.envelope.padding import pad
from broker.envelope.seal import Draft, Unsigned, seal, sign_all
from broker.errors import RefusedError, RejectedError, SchemaError
from broker.names import (
    MAX_ENVELOPE_BYTES,
    AgreementId,
    Digest,
    KeyId,
    MessageCode,
    MessageId,
    Micros,
    Oin,
    ProducerId,
    Role,
    TopicName,
)
from broker.pipelines.rules import decide_recipient
from broker.ports import Entropy, Outgoing
from broker.records.faults import say_faults
from broker.records.model import Addressee, EncodedRecord, Record
from broker.trust.view import TrustView

__all__ = [
    "Numbering",
    "Prepared",
    "draft_header",
    "encode",
    "grant",
    "new_message_id",
    "prepare",
    "refusal",
    "release",
]

_NO_AGREEMENT = AgreementRef(AgreementId("none"), Digest(bytes(32)))


class Numbering:
    """Sequence numbers of one producer start: from 1 without gap per topic.

    A gap tells the inspector that something this producer sent never arrived.
    """

    __slots__ = ("_next", "producer_id")

    def __init__(self, producer_id: ProducerId) -> None:
        self.producer_id = producer_id
        self._next: dict[TopicName, int] = {}

    def take(self, topic: TopicName) -> int:
        """The next number for *topic*."""
        number = self._next.get(topic, 1)
        self._next[topic] = number + 1
        return number


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything decided, nothing sealed yet: the header without sections and wraps, and the groups."""

    header: EnvelopeHeader
    encoded: EncodedRecord
    sealing_keys: Mapping[KeyId, SealingKey]


def new_message_id(now: Micros, entropy: Entropy) -> MessageId:
    """A UUIDv7: 48 bits of milliseconds, then randomness (RFC 9562 5.7)."""
    random = int.from_bytes(entropy(10), "big")
    high, low = random >> 62 & 0xFFF, random & (1 << 62) - 1
    value = (now // 1000 & (1 << 48) - 1) << 80 | 7 << 76 | high << 64 | 2 << 62 | low
    return MessageId(value.to_bytes(16, "big"))


def prepare(record: Record, sender: Sender, view: TrustView, now: Micros, entropy: Entropy) -> Prepared:
    """Check *record* against catalogue, schema and agreements.

    The sequence number is given later, by `release`, so that a refused record leaves no gap.

    Raises:
        RefusedError: It may not be sent: reason code and offending names, never values.
        UnavailableError: The view is stale.
    """
    view.require_fresh(now)
    entry = view.catalogue.messages.get(record.code)
    if entry is None:
        raise refusal(Refused(Reason.UNKNOWN_TYPE, (record.code,)), record.code, record.to[0])
    encoded = encode(record, entry, view, now, sender.role)
    message_id = record.message_id or new_message_id(now, entropy)
    header = draft_header(record, entry, sender, now, message_id)
    keys: dict[KeyId, SealingKey] = {}
    recipients = []
    for addressee in record.to:
        recipient, key = _address(addressee, header, record, encoded, view)
        recipients.append(recipient)
        keys[key.key_id] = key
    _require_all_granted(encoded, recipients, record.code)
    return Prepared(replace(header, recipients=tuple(recipients)), encoded, keys)


def release(
    prepared: Sequence[Prepared], numbering: Numbering, signers: Sequence[Signer], entropy: Entropy
) -> list[Outgoing]:
    """Seal and sign a batch; the result can be written as it is, and written again after a doubt.

    Raises:
        RefusedError: A message is larger than the exchange carries.
    """
    unsigned = [_seal(item, numbering, entropy) for item in prepared]
    values = sign_all(unsigned, signers)
    return [
        Outgoing(u.header.topic, u.header.record_key, _limited(value), attributes(u.header))
        for u, value in zip(unsigned, values, strict=True)
    ]


def encode(record: Record, entry: MessageEntry, view: TrustView, now: Micros, sender: Role) -> EncodedRecord:
    """Encode every group with the type's schema, then check the rules across groups.

    Raises:
        RefusedError: Naming groups and fields, never values.
    """
    schema = view.schemas[entry.schema_digest]
    try:
        groups = schema.encode(record.groups)
    except SchemaError as error:
        raise RefusedError(
            f"{record.code} does not have the shape of its schema",
            reason="schema",
            offending=error.offending,
            why=say_faults(schema, record.groups, error.offending),
            remedy=f"See `schakel message explain {record.code}`",
        ) from error
    roles = tuple(addressee.role for addressee in record.to)
    clear = Clear(record.assertions, record.regime, now, roles, sender)
    if failures := failed_checks(entry, record.groups, clear):
        raise RefusedError(
            f"{record.code} does not satisfy a rule of the catalogue",
            reason="check",
            offending=failures,
            why=say_failed(entry, record.groups, clear),
            remedy=f"See the checks in `schakel message explain {record.code}`",
        )
    return EncodedRecord(entry.schema_digest, groups)


def draft_header(
    record: Record, entry: MessageEntry, sender: Sender, now: Micros, message_id: MessageId
) -> EnvelopeHeader:
    """The clear header of *record*, before it has recipients, sections and a sequence number."""
    return EnvelopeHeader(
        version=1,
        message_id=message_id,
        message_type=entry.type,
        sender=sender,
        recipients=(),
        case_ref=record.case_ref,
        subject_refs=record.subject_refs,
        correlation_id=record.correlation_id or message_id,
        causation_id=record.causation_id,
        origin=Origin(*record.origin) if record.origin else None,
        created_at=now,
        expires_at=Micros(now + record.lifetime // timedelta(microseconds=1)),
        urgency=record.urgency,
        regime=record.regime,
        legal_basis=record.legal_basis,
        purpose=record.purpose,
        schema_digest=entry.schema_digest,
        assertions=tuple(sorted(record.assertions.items())),
        sections=(),
        producer_id=ProducerId(bytes(8)),
        sequence=0,
        topic=entry.topic,
        record_key=bytes(record.case_ref),
        suite=SUITE,
        critical=(),
    )


def _address(
    addressee: Addressee, header: EnvelopeHeader, record: Record, encoded: EncodedRecord, view: TrustView
) -> tuple[Recipient, SealingKey]:
    refused = Refused(Reason.NO_AGREEMENT, (addressee.oin,))
    # Where nothing is agreed `decide` is asked all the same: an earlier rule may be the reason.
    for agreement in _candidates(addressee, header, record, view) or [_NO_AGREEMENT]:
        recipient = grant(addressee, header, encoded, agreement, view)
        decision = decide_recipient(view, header, recipient, header.created_at)
        if isinstance(decision, Allowed):
            key = _sealing_key(addressee.oin, header.created_at, view)
            return replace(recipient, key_id=key.key_id), key
        refused = decision
    if refused == Refused(Reason.NO_AGREEMENT, (_NO_AGREEMENT.id,)):
        refused = replace(refused, offending=())
    entry = view.catalogue.messages[record.code]
    if refused.reason is Reason.NO_AGREEMENT and entry.accompanies and header.causation_id is None:
        raise _answer_to_nothing(record.code)
    raise refusal(refused, record.code, addressee)


def _answer_to_nothing(code: MessageCode) -> RefusedError:
    """The agreement is that of the message that is answered: without it no other one can be meant."""
    return RefusedError(
        f"{code} goes along with another message, and does not say which",
        reason=Reason.NO_AGREEMENT,
        offending=("in_reply_to",),
        why="it goes under the agreement that carried that message",
        remedy="Give the id of that message: `in_reply_to` in a document, `causation_id` in a record",
    )


def _sealing_key(recipient: Oin, at: Micros, view: TrustView) -> SealingKey:
    try:
        return view.sealing_key(recipient, at)
    except RejectedError as error:
        raise RefusedError(
            f"{recipient} cannot receive anything",
            reason=error.reason,
            offending=(recipient,),
            remedy="Ask the recipient to publish a sealing key with `schakel registry rotate-key`",
        ) from error


def _candidates(
    addressee: Addressee, header: EnvelopeHeader, record: Record, view: TrustView
) -> Sequence[AgreementRef]:
    if record.agreement is not None:
        return [AgreementRef(*record.agreement)]
    sender = AgreementParty(header.sender.oin, header.sender.role)
    recipient = AgreementParty(addressee.oin, addressee.role)
    found = view.rules.granting(header.message_type, sender, recipient)
    return [AgreementRef(a.id, a.digest) for a in found]


def grant(
    addressee: Addressee,
    header: EnvelopeHeader,
    encoded: EncodedRecord,
    agreement: AgreementRef,
    view: TrustView,
) -> Recipient:
    """The recipient entry that gives this addressee every present group its role may have."""
    entry = view.catalogue.by_type[header.message_type]
    listed = entry.groups_for(addressee.role)
    allowed = set() if listed is None else {*listed.required, *listed.may}
    groups = tuple(name for name, _ in encoded.groups if entry.any_role or name in allowed)
    return Recipient(addressee.oin, addressee.role, KeyId(bytes(32)), agreement, groups, b"")


def refusal(refused: Refused, code: MessageCode, addressee: Addressee) -> RefusedError:
    """The refusal as the error that the SDK and the command line raise."""
    return RefusedError(
        f"{code} to {addressee.role} {addressee.oin} is not allowed ({refused.reason})",
        reason=refused.reason,
        offending=tuple(str(name) for name in refused.offending),
        remedy=f"See `schakel message explain {code}` and `schakel agreement check`",
    )


def _require_all_granted(encoded: EncodedRecord, recipients: Sequence[Recipient], code: MessageCode) -> None:
    granted = {group for recipient in recipients for group in recipient.groups}
    left = tuple(name for name, _ in encoded.groups if name not in granted)
    if left:
        raise RefusedError(
            f"{code} holds field groups that no recipient may have",
            reason=Reason.GROUP_FORBIDDEN,
            offending=left,
            remedy="Leave them out, or agree on them",
        )


def _seal(item: Prepared, numbering: Numbering, entropy: Entropy) -> Unsigned:
    header = replace(
        item.header,
        producer_id=numbering.producer_id,
        sequence=numbering.take(item.header.topic),
    )
    groups = tuple((name, pad(plain)) for name, plain in item.encoded.groups)
    return seal(Draft(header, groups, item.sealing_keys), entropy)


def _limited(value: bytes) -> bytes:
    if len(value) > MAX_ENVELOPE_BYTES:
        raise RefusedError(
            f"the message has {len(value)} bytes, the exchange carries {MAX_ENVELOPE_BYTES}",
            reason="too-large",
            remedy="Send reports and images by reference (field group AT)",
        )
    return value
