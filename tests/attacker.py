"""What an attacker can make with the keys of one agency, or with those of the gate."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from broker.adapters.system import system_entropy
from broker.agreements.document import parse_agreement
from broker.agreements.model import Agreement
from broker.agreements.signatures import add_to_bundle, sign_agreement
from broker.audit.decision_record import read_record
from broker.audit.events import AuditEvent, MessageFacts
from broker.moments import DAY, to_text
from broker.names import CaseRef, MessageId, Micros, ProducerId
from broker.pipelines.deliver import Reader, Received, receive
from broker.pipelines.gate import Judgement, judge, write
from broker.pipelines.ingest import ingest
from broker.pipelines.publish import Numbering, new_message_id, prepare, release
from broker.ports import Message, Outgoing, Position
from broker.records.model import Record
from broker.sandbox.agreements import regional_agreement
from broker.sandbox.cast import member
from broker.signing import VerificationCache
from broker.topics import QUARANTINE, decisions_topic
from broker.trust.build import agreement_path, signatures_path
from tests.world import NOON, World

__all__ = [
    "agree",
    "case_on",
    "entries",
    "facts",
    "fresh_id",
    "gate_judges",
    "gate_writes",
    "received",
    "signed_by",
]


def fresh_id(world: World) -> MessageId:
    """A message id that nobody used."""
    return new_message_id(world.clock.now(), system_entropy)


def case_on(partition: int) -> CaseRef:
    """A case whose records stand on this one of the two partitions of a decisions topic."""
    while True:
        case = CaseRef(os.urandom(16))
        if zlib.crc32(case) % 2 == partition:
            return case


def signed_by(world: World, name: str, record: Record, **header: Any) -> Outgoing:
    """A message that agency *name* signed, with a header of its own making."""
    prepared = prepare(record, world.sender(name), world.view, world.clock.now(), system_entropy)
    forged = replace(prepared, header=replace(prepared.header, **header))
    signers = world.members[name].keys.signers
    return release([forged], Numbering(ProducerId(os.urandom(8))), signers, system_entropy)[0]


def agree(world: World, names: Sequence[str], id_: str = "amk-shg-extra") -> Agreement:
    """One more co-signed agreement, with the grants of a regional one, between these agencies."""
    content = json.loads(regional_agreement("noord", NOON).document)
    content["id"] = id_
    content["parties"] = [{"oin": member(name).oin, "role": member(name).roles[0]} for name in names]
    content["privacy_audit"] = to_text(Micros(NOON + 365 * DAY))
    document = json.dumps(content).encode()
    agreement = parse_agreement(document)
    bundle: bytes | None = None
    for name in names:
        signers = world.members[name].keys.signers
        bundle = add_to_bundle(bundle, sign_agreement(agreement, member(name).oin, signers, NOON))
    ref = (agreement.id, agreement.version)
    world.targets |= {agreement_path(*ref): document, signatures_path(*ref): bundle or b""}
    world.republish()
    return agreement


def entries(world: World) -> list[AuditEvent]:
    """What the ledger holds when it reads as things are written: the first of each decision id."""
    topics = [decisions_topic(party.cast.oin) for party in world.members.values()]
    messages = [record for topic in (*topics, QUARANTINE) for record in world.log.records(topic)]
    messages.sort(key=lambda message: message.timestamp)
    batch = ingest(messages, world.view, VerificationCache(), {})
    assert batch.problems == ()
    first: dict[bytes, AuditEvent] = {}
    for entry in batch.entries:
        first.setdefault(bytes(entry.event.decision_id), entry.event)
    return list(first.values())


def facts(message: Message) -> MessageFacts:
    """What a decision record says of the message that was judged."""
    found = read_record(message.value or b"").event.message
    assert found is not None, "this decision is about no message"
    return found


def gate_judges(world: World, message: Message) -> list[Judgement]:
    """What an honest gate makes of one record."""
    return judge(message, world.view, world.gate_identity, world.clock.now(), VerificationCache())


def gate_writes(world: World, judgement: Judgement) -> Message:
    """A decision record of anything at all, signed with the key of the gate."""
    out = write([judgement], world.gate_identity, world.members["exchange"].keys.signers)[0]
    return Message(Position(out.topic, 0, 0), out.key, out.value)


def received(world: World, name: str, message: Message) -> Received:
    """What agency *name* makes of a record on its topic."""
    reader = Reader(world.oin(name), world.members[name].keys.unwrappers, VerificationCache())
    return receive(message, reader, world.view, world.clock.now())
