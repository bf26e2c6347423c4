"""The audit event as bytes, strictly; and the id that makes a repeated decision the same event.

The schema is `schemas/audit/event.avsc` (docs/spec/audit.md 2, 3).  The bytes that the gate wrote are
the bytes that it signed, that the ledger hashes and that an inspector verifies: there is one encoding
of each event, and a reader accepts no other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from broker.audit.events import AuditEvent, AuditParty, MessageFacts, Outcome, Source
from broker.avro_binary import Reader, Writer
from broker.crypto import sha256
from broker.errors import MalformedError
from broker.moments import LAST_MOMENT
from broker.names import (
    AgreementId,
    CaseRef,
    Digest,
    GroupName,
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

__all__ = [
    "MAX_EVENT_BYTES",
    "VERSION",
    "expected_decision_id",
    "message_decision_id",
    "read_event",
    "record_decision_id",
    "write_event",
]

VERSION = 1
MAX_EVENT_BYTES = 65_535
"""The largest entry that a tile of the log can hold."""

_MAX_OFFENDING = 128
_MAX_GROUPS = 64
_MAX_SUBJECTS = 20
_MAX_ASSERTIONS = 32
_MAX_STEP = 16
_OUTCOMES = tuple(Outcome)
_REGIMES = tuple(Regime)
_URGENCIES = tuple(Urgency)

_T = TypeVar("_T")


def message_decision_id(
    statement_hash: Digest, recipient: Oin, agreement: Digest, outcome: Outcome, ground: str
) -> Digest:
    """The id of a decision about a believed message and one recipient (docs/spec/audit.md 3).

    Args:
        statement_hash: What its sender signed, not how it called it: one message id given to two contents
            must not make two releases one entry.
        agreement: Digest of the agreement that the message names for this recipient.
        ground: The rule that allowed it, or the reason it was refused.
    """
    parts = (statement_hash, recipient.encode("ascii"), agreement, outcome.encode("ascii"), ground.encode())
    return _identity(b"message", *parts)


def record_decision_id(source: Source, record_digest: Digest, recipient: Oin | None = None) -> Digest:
    """The id of a decision about a record that could not be believed, or not be delivered to *recipient*."""
    place = source.partition.to_bytes(4, "big") + source.offset.to_bytes(8, "big")
    to = () if recipient is None else (recipient.encode("ascii"),)
    return _identity(b"record", source.topic.encode("utf-8"), place, record_digest, *to)


def expected_decision_id(event: AuditEvent) -> Digest | None:
    """The id that a decision of the gate must have; None for an event that is no such decision."""
    facts = event.message
    if event.outcome is Outcome.QUARANTINED:
        to = facts.recipient.oin if facts is not None else None
        return record_decision_id(event.source, event.record_digest, to)
    if facts is None or event.outcome not in (Outcome.RELEASED, Outcome.REFUSED, Outcome.RECEIPT):
        return None
    return message_decision_id(
        facts.statement_hash,
        facts.recipient.oin,
        facts.agreement_digest,
        event.outcome,
        event.rule or event.reason,
    )


def read_event(data: bytes) -> AuditEvent:
    """Parse an audit event.

    Raises:
        MalformedError: Not the one encoding of an event; nothing else is ever raised.
    """
    if len(data) > MAX_EVENT_BYTES:
        raise MalformedError("an audit event is too large")
    reader = Reader(data)
    if reader.int32() != VERSION:
        raise MalformedError("an audit event of another version")
    event = _read_event(reader)
    reader.finish()
    _check(event)
    return event


def write_event(event: AuditEvent) -> bytes:
    """Encode an event; the one encoding there is of it."""
    writer = Writer()
    writer.long(VERSION)
    writer.fixed(event.decision_id)
    writer.long(_OUTCOMES.index(event.outcome))
    writer.string(event.reason)
    writer.string(event.rule)
    writer.long(event.step)
    writer.array(event.offending, writer.string)
    writer.boolean(event.emergency)
    writer.optional(event.message, lambda facts: _write_facts(writer, facts))
    writer.string(event.source.topic)
    writer.long(event.source.partition)
    writer.long(event.source.offset)
    writer.fixed(event.record_digest)
    writer.long(event.registry_version)
    writer.long(event.decided_at)
    writer.string(event.gate)
    writer.fixed(event.trace_id)
    return writer.done()


def _identity(kind: bytes, *parts: bytes) -> Digest:
    # Each part carries its length, so that no two lists of parts give the same bytes.
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return sha256(b"schakel/v1/decision\x00" + kind + b"\x00" + framed)


def _words(parse: Callable[[str], _T]) -> Callable[[bytes], _T]:
    """*parse*, after UTF-8; it remembers the words it saw last, for they repeat in every event."""

    @lru_cache(maxsize=4096)
    def word(raw: bytes) -> _T:
        try:
            return parse(raw.decode("utf-8"))
        except UnicodeDecodeError:
            raise MalformedError("text is not UTF-8") from None

    return word


def _matching(pattern: str, what: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def parse(text: str) -> str:
        if not compiled.fullmatch(text):
            raise MalformedError(f"not {what}")
        return text

    return parse


_oin = _words(Oin.parse)
_role = _words(Role.parse)
_type = _words(MessageType.parse)
_group = _words(GroupName.parse)
_basis = _words(LegalBasis.parse)
_purpose = _words(Purpose.parse)
_agreement = _words(AgreementId.parse)
_topic = _words(TopicName.parse)
_reason = _words(_matching(r"[a-z0-9_-]{0,64}", "a reason code"))
_rule = _words(_matching(r"[\x21-\x7e]{0,128}", "the name of a rule"))
_name = _words(_matching(r"[\x21-\x7e]{1,128}", "the name of a group, field or predicate"))
# As docs/spec/envelope.md 11 bounds them in the signed header.
_assertion = _words(_matching(r"[a-z][a-z0-9_]{0,63}", "the name of an assertion"))
_value = _words(_matching(r"[a-z0-9][a-z0-9_.-]{0,63}", "the value of an assertion"))
_gate = _words(_matching(r"[a-z0-9][a-z0-9-]{0,62}", "the name of a gate"))


def _read_event(reader: Reader) -> AuditEvent:
    # The arguments are evaluated in the order written, which is the order on the wire.
    fixed, octets = reader.fixed, reader.octets
    return AuditEvent(
        Digest(fixed(32)),
        _OUTCOMES[reader.branch(len(_OUTCOMES))],
        _reason(octets()),
        _rule(octets()),
        reader.int32(),
        reader.array(lambda: _name(octets()), at_most=_MAX_OFFENDING),
        reader.boolean(),
        _read_facts(reader) if reader.branch(2) else None,
        Source(_topic(octets()), reader.int32(), reader.long()),
        Digest(fixed(32)),
        reader.long(),
        Micros(reader.long()),
        _gate(octets()),
        fixed(16),
    )


def _read_facts(reader: Reader) -> MessageFacts:
    fixed, octets, array = reader.fixed, reader.octets, reader.array
    return MessageFacts(
        MessageId(fixed(16)),
        _type(octets()),
        AuditParty(_oin(octets()), _role(octets())),
        AuditParty(_oin(octets()), _role(octets())),
        CaseRef(fixed(16)),
        MessageId(fixed(16)),
        MessageId(fixed(16)) if reader.branch(2) else None,
        array(lambda: SubjectRef(fixed(16)), at_most=_MAX_SUBJECTS),
        array(lambda: _group(octets()), at_most=_MAX_GROUPS),
        array(lambda: _group(octets()), at_most=_MAX_GROUPS),
        _basis(octets()),
        _purpose(octets()),
        _REGIMES[reader.branch(len(_REGIMES))],
        _URGENCIES[reader.branch(len(_URGENCIES))],
        array(lambda: (_assertion(octets()), _value(octets())), at_most=_MAX_ASSERTIONS),
        _agreement(octets()),
        Digest(fixed(32)),
        Digest(fixed(32)),
        Digest(fixed(32)),
        ProducerId(fixed(8)),
        reader.long(),
        Micros(reader.long()),
    )


def _check(event: AuditEvent) -> None:
    source, facts = event.source, event.message
    counts = (source.partition, source.offset, event.registry_version, facts.sequence if facts else 0)
    moments = (event.decided_at, facts.created_at if facts else 0)
    if min(counts) < 0 or min(moments) < 0 or max(moments) > LAST_MOMENT:
        raise MalformedError("a number of an audit event is out of range")
    if not 0 <= event.step <= _MAX_STEP:
        raise MalformedError("an audit event names a step that does not exist")
    if facts is not None and len(facts.assertions) > 1:
        names = [name for name, _ in facts.assertions]
        if names != sorted(set(names)):
            raise MalformedError("assertions of an audit event that are not sorted, or one twice")


def _write_facts(writer: Writer, facts: MessageFacts) -> None:
    writer.fixed(facts.message_id)
    writer.string(facts.message_type)
    for party in (facts.sender, facts.recipient):
        writer.string(party.oin)
        writer.string(party.role)
    writer.fixed(facts.case_ref)
    writer.fixed(facts.correlation_id)
    writer.optional(facts.causation_id, writer.fixed)
    writer.array(facts.subject_refs, writer.fixed)
    writer.array(facts.released, writer.string)
    writer.array(facts.withheld, writer.string)
    writer.string(facts.legal_basis)
    writer.string(facts.purpose)
    writer.long(_REGIMES.index(facts.regime))
    writer.long(_URGENCIES.index(facts.urgency))
    writer.array(facts.assertions, lambda assertion: _write_assertion(writer, assertion))
    writer.string(facts.agreement_id)
    writer.fixed(facts.agreement_digest)
    writer.fixed(facts.schema_digest)
    writer.fixed(facts.statement_hash)
    writer.fixed(facts.producer_id)
    writer.long(facts.sequence)
    writer.long(facts.created_at)


def _write_assertion(writer: Writer, assertion: tuple[str, str]) -> None:
    writer.string(assertion[0])
    writer.string(assertion[1])
