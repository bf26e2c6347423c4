"""Tools to make envelopes that break exactly one rule, signed as if nothing were wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from broker.avro_binary import Writer, frame
from broker.crypto import Signer, seal_section, sha256
from broker.envelope.binding import section_context, statement, wrap_info
from broker.envelope.codec import write_envelope, write_header
from broker.envelope.model import EnvelopeHeader, Origin, Recipient, SectionRef
from broker.envelope.schema import ENVELOPE_FINGERPRINT
from broker.envelope.seal import Unsigned, seal, sign_all
from broker.names import GroupName, Oin, TopicName
from broker.signing import Signature, sign_batch, write_signatures
from tests.envelope_world import (
    AMK,
    NOW,
    SHG,
    TOPIC,
    TestAgency,
    draft,
    header,
    recipient,
    seeded,
)

__all__ = [
    "Case",
    "case",
    "changed",
    "container",
    "encode_fields",
    "message",
    "sealed_by_hand",
    "sign",
    "signatures",
    "with_raw",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One vector: a record, the moment of judging, and what must come of it.

    Attributes:
        expect: ``ok`` or ``<reason> at step <n>``.
        recipient: Who opens it after step 9, or None: the judging ends there.
        reader: Whose private sealing key is tried; the recipient's own by default.
        fill: Total size up to which the value is filled with zero bytes, 0 for none.
        opens: SHA-256 of each group record that must come out, by group.
    """

    name: str
    expect: str
    comment: str
    value: bytes
    topic: TopicName
    key: bytes | None
    now: int
    recipient: Oin | None = None
    reader: str | None = None
    fill: int = 0
    opens: Mapping[str, str] | None = None


def case(name: str, expect: str, comment: str, made: tuple[bytes, bytes], **other: Any) -> Case:
    """A case on the usual topic and moment; *made* is the value and the record's key."""
    value, key = made
    usual: dict[str, Any] = {"value": value, "key": key, "topic": TOPIC, "now": NOW}
    return Case(name=name, expect=expect, comment=comment, **{**usual, **other})


def message(
    *groups: str,
    to: Sequence[TestAgency] = (SHG,),
    sender: TestAgency = AMK,
    number: int = 1,
    size: int = 100,
    **changes: Any,
) -> Unsigned:
    """A sealed message in which every recipient may open every group; *changes* are to its header."""
    head = header(*(recipient(agency, *groups) for agency in to), sender=sender, number=number)
    return seal(draft(replace(head, **changes), *groups, size=size), seeded(f"vector {number}"))


def changed(unsigned: Unsigned, **changes: Any) -> Unsigned:
    """The message with another header, which no reader may accept; sections stay as they are."""
    head = replace(unsigned.header, **changes)
    return Unsigned(head, write_header(head), unsigned.sections)


def signatures(
    header_bytes: bytes, signers: Sequence[Signer], sender: TestAgency = AMK
) -> tuple[Signature, ...]:
    """Direct signatures over these header bytes."""
    return sign_batch([statement(header_bytes)], sender.oin, signers)[0]


def sign(unsigned: Unsigned, *signers: Signer) -> tuple[bytes, bytes]:
    """The record value, signed directly, and its key."""
    return sign_all([unsigned], signers or (AMK.es256,))[0], unsigned.header.record_key


def container(header_bytes: bytes, sections: bytes, signed: bytes, tail: bytes = b"") -> bytes:
    """A record value from raw parts: encoded array of sections, encoded array of signatures."""
    writer = Writer()
    writer.octets(header_bytes)
    for part in (sections, signed, tail):
        writer.fixed(part)
    return frame(ENVELOPE_FINGERPRINT, writer.done())


def with_raw(unsigned: Unsigned, **raw: bytes) -> tuple[bytes, bytes]:
    """The message, signed, with some header fields replaced by raw bytes."""
    encoded = encode_fields(unsigned.header, **raw)
    signed = signatures(encoded, (AMK.es256,))
    return write_envelope(encoded, unsigned.sections, signed), unsigned.header.record_key


def sealed_by_hand(
    base: Unsigned, plain: Mapping[str, bytes], keys: Mapping[str, bytes], pairs: bytes
) -> Unsigned:
    """A message whose sections and wrapped keys are chosen freely.

    Args:
        plain: What each section really holds; need not be padded.
        keys: Content key of each section.
        pairs: What is really wrapped for every recipient.
    """
    head = base.header
    sections = tuple(
        seal_section(keys[name], section_context(head, GroupName(name)), data) for name, data in plain.items()
    )
    refs = tuple(
        SectionRef(GroupName(name), sha256(section)) for name, section in zip(plain, sections, strict=True)
    )

    def wrapped(to: Recipient) -> Recipient:
        key = SHG.unwrapper.sealing_key
        return replace(to, wrapped=key.wrap(wrap_info(head, to), pairs))

    head = replace(head, sections=refs, recipients=tuple(wrapped(to) for to in head.recipients))
    return Unsigned(head, write_header(head), sections)


def encode_signatures(signed: tuple[Signature, ...]) -> bytes:
    """The encoded array of signatures."""
    writer = Writer()
    write_signatures(writer, signed)
    return writer.done()


def encode_sections(sections: tuple[bytes | None, ...]) -> bytes:
    """The encoded array of sections."""
    writer = Writer()
    writer.array(sections, lambda section: writer.optional(section, writer.octets))
    return writer.done()


def encode_fields(head: EnvelopeHeader, **raw: bytes) -> bytes:
    """The header field by field, some of them replaced by raw bytes."""
    parts = []
    for name, write in FIELDS.items():
        writer = Writer()
        write(writer, head)
        parts.append(raw.pop(name, writer.done()))
    assert not raw, f"no such fields: {sorted(raw)}"
    return b"".join(parts)


def _recipients(writer: Writer, head: EnvelopeHeader) -> None:
    def one(to: Recipient) -> None:
        writer.string(to.oin)
        writer.string(to.role)
        writer.fixed(to.key_id)
        writer.string(to.agreement.id)
        writer.fixed(to.agreement.digest)
        writer.array(to.groups, writer.string)
        writer.octets(to.wrapped)

    writer.array(head.recipients, one)


def _sections(writer: Writer, head: EnvelopeHeader) -> None:
    def one(ref: SectionRef) -> None:
        writer.string(ref.group)
        writer.fixed(ref.digest)

    writer.array(head.sections, one)


def _assertions(writer: Writer, head: EnvelopeHeader) -> None:
    def one(made: tuple[str, str]) -> None:
        writer.string(made[0])
        writer.string(made[1])

    writer.array(head.assertions, one)


def _origin(writer: Writer, head: EnvelopeHeader) -> None:
    def one(origin: Origin) -> None:
        writer.fixed(origin.message_id)
        writer.string(origin.oin)

    writer.optional(head.origin, one)


FIELDS: dict[str, Callable[[Writer, EnvelopeHeader], None]] = {
    "version": lambda w, h: w.long(h.version),
    "message_id": lambda w, h: w.fixed(h.message_id),
    "message_type": lambda w, h: w.string(h.message_type),
    "sender_oin": lambda w, h: w.string(h.sender.oin),
    "sender_role": lambda w, h: w.string(h.sender.role),
    "sender_system": lambda w, h: w.string(h.sender.system),
    "recipients": _recipients,
    "case_ref": lambda w, h: w.fixed(h.case_ref),
    "subject_refs": lambda w, h: w.array(h.subject_refs, w.fixed),
    "correlation_id": lambda w, h: w.fixed(h.correlation_id),
    "causation_id": lambda w, h: w.optional(h.causation_id, w.fixed),
    "origin": _origin,
    "created_at": lambda w, h: w.long(h.created_at),
    "expires_at": lambda w, h: w.long(h.expires_at),
    "urgency": lambda w, h: w.long(("normal", "acute").index(h.urgency)),
    "regime": lambda w, h: w.long(("R0", "R1", "R2").index(h.regime)),
    "legal_basis": lambda w, h: w.string(h.legal_basis),
    "purpose": lambda w, h: w.string(h.purpose),
    "schema_digest": lambda w, h: w.fixed(h.schema_digest),
    "assertions": _assertions,
    "sections": _sections,
    "producer_id": lambda w, h: w.fixed(h.producer_id),
    "sequence": lambda w, h: w.long(h.sequence),
    "topic": lambda w, h: w.string(h.topic),
    "record_key": lambda w, h: w.octets(h.record_key),
    "suite": lambda w, h: w.long(h.suite),
    "critical": lambda w, h: w.array(h.critical, w.string),
}
