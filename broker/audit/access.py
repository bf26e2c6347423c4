"""That a person looked into the audit trail, as bytes, strictly (docs/spec/audit.md 12, domain 8.2).

The schema is `schemas/audit/access.avsc`.  Who looks stands in a log of its own, for the ledger holds no
identity of a user; the two are linked by a trace id and by nothing else.  There is one encoding of each
event, and a reader accepts no other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from broker.avro_binary import Reader, Writer
from broker.errors import MalformedError
from broker.moments import LAST_MOMENT
from broker.names import Digest, Micros, Oin

__all__ = [
    "MAX_ACCESS_BYTES",
    "MAX_OPENED",
    "AccessEvent",
    "AccessRole",
    "Ground",
    "is_person",
    "is_reference",
    "read_access",
    "write_access",
]

MAX_ACCESS_BYTES = 65_535
"""The largest entry that a tile of the log can hold."""
MAX_OPENED = 1000
"""So many decisions are named in one event; `hits` counts them all."""

_VERSION = 1
_PERSON = re.compile(r"(?:certificate|account):[^\x00-\x20\x7f][^\x00-\x1f\x7f]{0,198}")
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,63}")
_COMMAND = re.compile(r"[a-z][a-z-]{0,31}( [a-z][a-z-]{0,31})?")
_REASON = re.compile(r"[a-z0-9-]{0,64}")
_LONGEST_REFERENCE = 200
_LONGEST_QUERY = 2000


class AccessRole(StrEnum):
    """In which capacity a person looks."""

    INSPECTOR = "inspector"
    CHIEF_INSPECTOR = "chief-inspector"
    AUDITOR = "auditor"
    """Of the inspectors: sees who looked, and nothing else."""
    OPERATOR = "operator"
    AGENCY = "agency"


_ROLES = tuple(AccessRole)


@dataclass(frozen=True, slots=True)
class Ground:
    """Why somebody looks.

    Attributes:
        code: Of `schemas/access.yaml`.
        reference: Case, order or complaint that the question belongs to; may be empty.
    """

    code: str
    reference: str


@dataclass(frozen=True, slots=True)
class AccessEvent:
    """One question of one person.

    Attributes:
        access_id: 16 bytes drawn at random.
        party: The agency whose person looked.
        person: ``certificate:NAME:FINGERPRINT`` or ``account:NAME``.
        on_behalf: The agency that answers for it.
        second_ground: For a question that finds very much, or None.
        query: The question in its one written form.
        hits: How many entries were found to be shown.
        decisions: Those shown, at most 1,000.
        export_digest: SHA-256 of the file that was written, or None.
        refusal: Reason code when nothing was shown, else empty.
        trace_id: 16 bytes drawn at random: all that may link it with a line of another log.
    """

    access_id: bytes
    at: Micros
    party: Oin
    person: str
    role: AccessRole
    on_behalf: Oin
    ground: Ground
    second_ground: Ground | None
    command: str
    query: str
    hits: int
    decisions: tuple[Digest, ...]
    export_digest: Digest | None
    refusal: str
    trace_id: bytes


def read_access(data: bytes) -> AccessEvent:
    """Parse an access event.

    Raises:
        MalformedError: Not the one encoding of an event; nothing else is ever raised.
    """
    if len(data) > MAX_ACCESS_BYTES:
        raise MalformedError("an access event is too large")
    reader = Reader(data)
    if reader.int32() != _VERSION:
        raise MalformedError("an access event of another version")
    event = _read(reader)
    reader.finish()
    _check(event)
    return event


def write_access(event: AccessEvent) -> bytes:
    """Encode an event; the one encoding there is of it.

    Raises:
        MalformedError: A value is not one that a reader accepts.
    """
    _check(event)
    writer = Writer()
    writer.long(_VERSION)
    writer.fixed(event.access_id)
    writer.long(event.at)
    writer.string(event.party)
    writer.string(event.person)
    writer.long(_ROLES.index(event.role))
    writer.string(event.on_behalf)
    _write_ground(writer, event.ground)
    writer.optional(event.second_ground, lambda ground: _write_ground(writer, ground))
    writer.string(event.command)
    writer.string(event.query)
    writer.long(event.hits)
    writer.array(event.decisions, writer.fixed)
    writer.optional(event.export_digest, writer.fixed)
    writer.string(event.refusal)
    writer.fixed(event.trace_id)
    return writer.done()


def is_person(text: str) -> bool:
    """Whether *text* can stand for a person in the log."""
    return _PERSON.fullmatch(text) is not None and text.isprintable()


def is_reference(text: str) -> bool:
    """Whether *text* can be a reference: one short line, or nothing."""
    return len(text) <= _LONGEST_REFERENCE and text.isprintable()


def _write_ground(writer: Writer, ground: Ground) -> None:
    writer.string(ground.code)
    writer.string(ground.reference)


def _read(reader: Reader) -> AccessEvent:
    # The arguments are evaluated in the order written, which is the order on the wire.
    return AccessEvent(
        reader.fixed(16),
        Micros(reader.long()),
        Oin.parse(reader.string()),
        reader.string(),
        _ROLES[reader.branch(len(_ROLES))],
        Oin.parse(reader.string()),
        _read_ground(reader),
        reader.optional(lambda: _read_ground(reader)),
        reader.string(),
        reader.string(),
        reader.long(),
        reader.array(lambda: Digest(reader.fixed(32)), at_most=MAX_OPENED),
        reader.optional(lambda: Digest(reader.fixed(32))),
        reader.string(),
        reader.fixed(16),
    )


def _read_ground(reader: Reader) -> Ground:
    return Ground(reader.string(), reader.string())


def _check(event: AccessEvent) -> None:
    if not 0 <= event.at <= LAST_MOMENT or not 0 <= event.hits < 1 << 63:
        raise MalformedError("a number of an access event is out of range")
    if not is_person(event.person):
        raise MalformedError("an access event names nobody")
    for ground in (event.ground, *([] if event.second_ground is None else [event.second_ground])):
        if not _CODE.fullmatch(ground.code) or not is_reference(ground.reference):
            raise MalformedError("not a ground for looking")
    if not _COMMAND.fullmatch(event.command) or not _REASON.fullmatch(event.refusal):
        raise MalformedError("an access event names no command, or no reason")
    if len(event.query) > _LONGEST_QUERY or not event.query.isprintable():
        raise MalformedError("the question of an access event is not one line")
    if len(event.decisions) > MAX_OPENED:
        raise MalformedError("an access event names too many decisions")
