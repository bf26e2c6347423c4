"""Envelope and header to bytes and back, strictly (docs/spec/envelope.md 3, 4 and 8).

Reading is steps 1 to 3 and believes nothing:

1. the size limit, then the format's prefix;
2. a strict decode of container and header in which every byte is consumed, so that encoding the
   result gives the same bytes; then the rules that the fields obey among each other;
3. version, suite, critical extensions.

Written by hand after `schemas/envelope/*.avsc`: one pass, no second encoding to compare with, which
costs a third of a generic reader (tests hold the two against each other).
"""

from __future__ import annotations

from collections.abc import Collection

from broker import avro_binary
from broker.avro_binary import Reader, Writer
from broker.crypto import SUITE
from broker.envelope import schema
from broker.envelope.model import (
    AgreementRef,
    Assertion,
    Envelope,
    EnvelopeHeader,
    Origin,
    Recipient,
    SectionRef,
    Sender,
)
from broker.envelope.reasons import Reason
from broker.envelope.rules import check_header
from broker.envelope.vocabulary import Vocabulary, matching
from broker.errors import MalformedError
from broker.names import (
    MAX_ENVELOPE_BYTES,
    AgreementId,
    CaseRef,
    Digest,
    GroupName,
    KeyId,
    LegalBasis,
    MessageId,
    MessageType,
    Micros,
    Oin,
    ProducerId,
    Purpose,
    Regime,
    Role,
    SubjectRef,
    TopicName,
    Urgency,
)
from broker.signing import Signature, read_signatures, write_signatures

__all__ = ["read_envelope", "read_header", "reduce", "write_envelope", "write_header"]

_URGENCIES = tuple(Urgency)
_REGIMES = tuple(Regime)

_oin = Vocabulary(Oin.parse)
_role = Vocabulary(Role.parse)
_type = Vocabulary(MessageType.parse)
_group = Vocabulary(GroupName.parse)
_purpose = Vocabulary(Purpose.parse)
_basis = Vocabulary(LegalBasis.parse)
_agreement = Vocabulary(AgreementId.parse)
_topic = Vocabulary(TopicName.parse)
_system = Vocabulary(matching(schema.SYSTEM_NAME, "a system name"))
_name = Vocabulary(matching(schema.ASSERTION_NAME, "the name of an assertion"))
_value = Vocabulary(matching(schema.ASSERTION_VALUE, "the value of an assertion"))
_extension = Vocabulary(matching(schema.CRITICAL_ID, "the id of an extension"))


def read_envelope(value: bytes) -> Envelope:
    """Parse a record value: steps 1 to 3.

    Raises:
        MalformedError: With `step` 1, 2 or 3 and the reason; nothing else is ever raised.
    """
    if len(value) > MAX_ENVELOPE_BYTES:
        raise MalformedError("an envelope is larger than 1 MiB", step=1, reason=Reason.TOO_LARGE)
    try:
        body = avro_binary.unframe(schema.ENVELOPE_FINGERPRINT, value)
    except MalformedError as error:
        raise MalformedError(error.what, step=1, reason=Reason.PREFIX) from None
    try:
        envelope = _read_container(Reader(body))
    except MalformedError as error:
        error.at(2)
        raise
    _check_understood(envelope.header)
    return envelope


def read_header(data: bytes) -> EnvelopeHeader:
    """Parse header bytes: the header's part of step 2.

    Raises:
        MalformedError: With `step` 2; nothing else is ever raised.
    """
    try:
        reader = Reader(data)
        header = _read_fields(reader)
        reader.finish()
        check_header(header)
    except MalformedError as error:
        error.at(2)
        raise
    return header


def write_header(header: EnvelopeHeader) -> bytes:
    """Encode a header; the one encoding there is of it."""
    writer = Writer()
    _write_who(writer, header)
    _write_what(writer, header)
    writer.fixed(header.producer_id)
    writer.long(header.sequence)
    writer.string(header.topic)
    writer.octets(header.record_key)
    writer.long(header.suite)
    writer.array(header.critical, writer.string)
    return writer.done()


def write_envelope(
    header_bytes: bytes, sections: tuple[bytes | None, ...], signatures: tuple[Signature, ...]
) -> bytes:
    """A record value from its parts."""
    writer = Writer()
    writer.octets(header_bytes)
    writer.array(sections, lambda section: writer.optional(section, writer.octets))
    write_signatures(writer, signatures)
    return avro_binary.frame(schema.ENVELOPE_FINGERPRINT, writer.done())


def reduce(envelope: Envelope, groups: Collection[GroupName], value: bytes) -> bytes:
    """The envelope with every section outside *groups* withheld; its signatures still verify.

    Args:
        value: The record value that *envelope* was read from; returned itself when nothing is withheld.
    """
    kept = tuple(
        section if ref.group in groups else None
        for ref, section in zip(envelope.header.sections, envelope.sections, strict=True)
    )
    if kept == envelope.sections:
        return value
    return write_envelope(envelope.header_bytes, kept, envelope.signatures)


def _read_container(reader: Reader) -> Envelope:
    header_bytes = reader.octets()
    sections = reader.array(lambda: reader.optional(reader.octets), at_most=schema.MAX_SECTIONS)
    signatures = read_signatures(reader)
    reader.finish()
    header = read_header(header_bytes)
    if len(sections) != len(header.sections):
        raise MalformedError("sections and their list differ in number", reason=Reason.HEADER_RULE)
    return Envelope(header_bytes, header, sections, signatures)


def _check_understood(header: EnvelopeHeader) -> None:
    if header.version != schema.VERSION:
        raise MalformedError("an envelope of another version", step=3, reason=Reason.VERSION)
    if header.suite != SUITE:
        raise MalformedError("an unknown algorithm suite", step=3, reason=Reason.SUITE)
    if not schema.KNOWN_CRITICAL.issuperset(header.critical):
        raise MalformedError("an unknown critical extension", step=3, reason=Reason.CRITICAL)


def _read_fields(reader: Reader) -> EnvelopeHeader:
    # The arguments are evaluated in the order written, which is the order on the wire.
    fixed, octets, array = reader.fixed, reader.octets, reader.array
    return EnvelopeHeader(
        reader.int32(),
        MessageId(fixed(16)),
        _type[octets()],
        Sender(_oin[octets()], _role[octets()], _system[octets()]),
        array(lambda: _read_recipient(reader), at_most=schema.MAX_RECIPIENTS),
        CaseRef(fixed(16)),
        array(lambda: SubjectRef(fixed(16)), at_most=schema.MAX_SUBJECTS),
        MessageId(fixed(16)),
        MessageId(fixed(16)) if reader.branch(2) else None,
        Origin(MessageId(fixed(16)), _oin[octets()]) if reader.branch(2) else None,
        Micros(reader.long()),
        Micros(reader.long()),
        _URGENCIES[reader.branch(2)],
        _REGIMES[reader.branch(3)],
        _basis[octets()],
        _purpose[octets()],
        Digest(fixed(32)),
        array(lambda: (_name[octets()], _value[octets()]), at_most=schema.MAX_ASSERTIONS),
        array(lambda: SectionRef(_group[octets()], Digest(fixed(32))), at_most=schema.MAX_SECTIONS),
        ProducerId(fixed(8)),
        reader.long(),
        _topic[octets()],
        octets(),
        reader.int32(),
        array(lambda: _extension[octets()], at_most=schema.MAX_CRITICAL),
    )


def _read_recipient(reader: Reader) -> Recipient:
    fixed, octets = reader.fixed, reader.octets
    return Recipient(
        _oin[octets()],
        _role[octets()],
        KeyId(fixed(32)),
        AgreementRef(_agreement[octets()], Digest(fixed(32))),
        reader.array(lambda: _group[octets()], at_most=schema.MAX_SECTIONS),
        octets(),
    )


def _write_who(writer: Writer, header: EnvelopeHeader) -> None:
    writer.long(header.version)
    writer.fixed(header.message_id)
    writer.string(header.message_type)
    writer.string(header.sender.oin)
    writer.string(header.sender.role)
    writer.string(header.sender.system)
    writer.array(header.recipients, lambda recipient: _write_recipient(writer, recipient))


def _write_what(writer: Writer, header: EnvelopeHeader) -> None:
    writer.fixed(header.case_ref)
    writer.array(header.subject_refs, writer.fixed)
    writer.fixed(header.correlation_id)
    writer.optional(header.causation_id, writer.fixed)
    writer.optional(header.origin, lambda origin: _write_origin(writer, origin))
    writer.long(header.created_at)
    writer.long(header.expires_at)
    writer.long(_URGENCIES.index(header.urgency))
    writer.long(_REGIMES.index(header.regime))
    writer.string(header.legal_basis)
    writer.string(header.purpose)
    writer.fixed(header.schema_digest)
    writer.array(header.assertions, lambda assertion: _write_assertion(writer, assertion))
    writer.array(header.sections, lambda section: _write_section_ref(writer, section))


def _write_recipient(writer: Writer, recipient: Recipient) -> None:
    writer.string(recipient.oin)
    writer.string(recipient.role)
    writer.fixed(recipient.key_id)
    writer.string(recipient.agreement.id)
    writer.fixed(recipient.agreement.digest)
    writer.array(recipient.groups, writer.string)
    writer.octets(recipient.wrapped)


def _write_origin(writer: Writer, origin: Origin) -> None:
    writer.fixed(origin.message_id)
    writer.string(origin.oin)


def _write_assertion(writer: Writer, assertion: Assertion) -> None:
    writer.string(assertion[0])
    writer.string(assertion[1])


def _write_section_ref(writer: Writer, section: SectionRef) -> None:
    writer.string(section.group)
    writer.fixed(section.digest)
