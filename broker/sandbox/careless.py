"""A sender that skips its own checks: to show, and to test, that gate and subscriber refuse on their own.

It composes the same steps as the publisher without ever asking whether the message is allowed; it can
also change bytes after they were signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from broker.agreements.model import AgreementParty
from broker.catalogue.model import MessageEntry
from broker.envelope.codec import read_envelope
from broker.envelope.model import AgreementRef, EnvelopeHeader, Recipient
from broker.names import AgreementId, Digest, KeyId, MessageId, ProducerId
from broker.parts import PublisherParts
from broker.pipelines.publish import (
    Numbering,
    Prepared,
    draft_header,
    encode,
    grant,
    new_message_id,
    release,
)
from broker.ports import Outgoing, Position
from broker.records.model import Addressee, EncodedRecord, Record
from broker.trust.view import TrustView

__all__ = ["CarelessSender", "Sent", "tamper"]

_NO_AGREEMENT = AgreementRef(AgreementId("geen-convenant"), Digest(bytes(32)))


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as it went out."""

    message_id: MessageId
    outgoing: Outgoing


class CarelessSender:
    """Composes and sends whatever it is given.

    Args:
        parts: Those of an ordinary publisher.
        view: The registry to compose with; it may be old, as that of a sender who does not refresh.
    """

    def __init__(self, parts: PublisherParts, view: TrustView) -> None:
        self._parts = parts
        self._view = view
        self._numbering = Numbering(ProducerId(parts.entropy(8)))

    def compose(self, record: Record) -> Sent:
        """Seal and sign *record*, allowed or not.

        Raises:
            RefusedError: The schema cannot even express it.
        """
        parts, view = self._parts, self._view
        entry = view.catalogue.messages[record.code]
        now = parts.clock.now()
        encoded = encode(record, entry, view, now, parts.sender.role)
        header = draft_header(
            record, entry, parts.sender, now, record.message_id or new_message_id(now, parts.entropy)
        )
        recipients = [self._recipient(to, header, record, encoded, entry) for to in record.to]
        keys = {to.oin: view.sealing_key(to.oin, now) for to in record.to}
        addressed = tuple(replace(r, key_id=KeyId(keys[r.oin].key_id)) for r in recipients)
        prepared = Prepared(
            replace(header, recipients=addressed), encoded, {key.key_id: key for key in keys.values()}
        )
        (outgoing,) = release([prepared], self._numbering, parts.signers, parts.entropy)
        return Sent(header.message_id, outgoing)

    def send(self, sent: Sequence[Sent]) -> Sequence[Position]:
        """Write messages to Kafka.

        Returns:
            Where each stands.

        Raises:
            UnavailableError: Kafka did not answer.
        """
        return self._parts.sink.write([one.outgoing for one in sent])

    def close(self) -> None:
        """Let go of Kafka."""
        self._parts.sink.close()

    def _recipient(
        self,
        to: Addressee,
        header: EnvelopeHeader,
        record: Record,
        encoded: EncodedRecord,
        entry: MessageEntry,
    ) -> Recipient:
        """Every group that is there goes to this addressee, under whatever agreement can be cited."""
        cited = self._cited(to, header, record, entry)
        recipient = grant(to, header, encoded, cited, self._view)
        return replace(recipient, groups=tuple(name for name, _ in encoded.groups))

    def _cited(
        self, to: Addressee, header: EnvelopeHeader, record: Record, entry: MessageEntry
    ) -> AgreementRef:
        if record.agreement is not None:
            return AgreementRef(*record.agreement)
        sender = AgreementParty(header.sender.oin, header.sender.role)
        found = self._view.rules.granting(entry.type, sender, AgreementParty(to.oin, to.role))
        return AgreementRef(found[0].id, found[0].digest) if found else self._any_of(sender)

    def _any_of(self, sender: AgreementParty) -> AgreementRef:
        """An agreement of the sender with somebody else: the most plausible thing to cite wrongly."""
        own = [a for a in self._view.rules.agreements if sender in a.parties]
        return AgreementRef(own[0].id, own[0].digest) if own else _NO_AGREEMENT


def tamper(sent: Sent, *, header: bool = False) -> Sent:
    """The same message with one bit turned after it was signed.

    Args:
        header: Turn it in the signed header; otherwise in the first sealed section.
    """
    value = bytearray(sent.outgoing.value)
    envelope = read_envelope(bytes(value))
    sealed = next(section for section in envelope.sections if section is not None)
    part = envelope.header.case_ref if header else sealed
    place = value.index(part) + len(part) // 2
    value[place] ^= 1
    return Sent(sent.message_id, replace(sent.outgoing, value=bytes(value)))
