"""Trays and desks on the exchange in memory: forms that are filled in, drafts that a person completes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from broker.adapters.document_files import FolderDocuments
from broker.adapters.inbox import SqliteInbox
from broker.adapters.memory import MemorySink, MemorySource
from broker.adapters.system import system_entropy
from broker.catalogue.load import load_catalogue
from broker.names import GroupName, MessageCode, Micros
from broker.parts import SubscriberParts
from broker.pipelines.deliver import Disclosure, Reader
from broker.records.schema import MessageSchema
from broker.records.template import template
from broker.signing import VerificationCache
from broker.topics import decisions_topic
from broker.trust.view import TrustView
from consumers.desk import Desk, Preparing, owed
from producers.forms import Form
from schemas.reading import packaged
from tests.world import NOON, World

__all__ = [
    "CATALOGUE",
    "as_type",
    "complete",
    "delivered",
    "desk",
    "desk_parts",
    "document",
    "files",
    "form",
    "put",
    "read",
]


CATALOGUE = load_catalogue(packaged())


def read(path: Path) -> Any:
    """The JSON at *path*."""
    return json.loads(path.read_bytes())


def files(folder: Path) -> list[str]:
    """Names in *folder*, sorted."""
    return sorted(path.name for path in folder.iterdir())


def put(path: Path, content: object) -> Path:
    """Write *content* as JSON, as a person's program would."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def document(view: TrustView, code: str, to: str, /, **changes: object) -> dict[str, Any]:
    """A document with test data that is allowed as it is, but for *changes*."""
    entry = view.catalogue.messages[MessageCode(code)]
    groups = template(view.schemas[entry.schema_digest])
    made: dict[str, Any] = {
        "type": code,
        "to": [to],
        "case": "new",
        "purpose": entry.purposes[0],
        "legal_basis": entry.legal_bases[0],
        "assertions": {a.name: a.value or a.values[0] for a in entry.assertions if a.value or a.values},
        "groups": groups,
    }
    return made | changes


def form(facts: Mapping[str, object], record: Mapping[str, object] | None = None, **changes: object) -> Form:
    """A form, taken at noon, addressed to one agency of each role."""
    roles = ("AMK", "IJZ", "IGZ", "IvhO")
    to = {role: f"{role.lower()}-noord" for role in roles}
    content = {"to": to, "regime": "R1", "facts": dict(facts), "record": record or {}, **changes}
    return Form(content, Micros(NOON), CATALOGUE)


def desk(world: World, name: str, folder: Path, prepare: Preparing = owed) -> Desk:
    """The desk of an agency, on the log in memory."""
    return Desk(FolderDocuments(folder), desk_parts(world, name), prepare)


def desk_parts(world: World, name: str) -> SubscriberParts:
    """What the desk of an agency needs of the world."""
    keys = world.members[name].keys
    topics = [decisions_topic(world.oin(name))]
    return SubscriberParts(
        source=MemorySource(world.log, topics, f"{name}.inbox"),
        sink=MemorySink(world.log, f"{name}-receipts"),
        inbox=SqliteInbox(world.folder / f"{name}.sqlite"),
        keeper=world.keeper(),
        reader=Reader(world.oin(name), keys.unwrappers, VerificationCache()),
        sender=world.sender(name),
        signers=keys.signers,
        clock=world.clock,
        entropy=system_entropy,
    )


def delivered(world: World) -> Disclosure:
    """A report (E01) as the AMK got it: what a test makes another message of."""
    world.publisher("shg-noord").publish(world.record("E01"))
    amk, gate = world.subscriber("amk-noord"), world.gate()
    world.settle(gate, amk)
    amk.close()
    gate.close()
    return world.handled["amk-noord"][0]


def as_type(report: Disclosure, world: World, code: str, sender: str, **header: Any) -> Disclosure:
    """*report* as if it were a message of another type, with that type's test data."""
    entry = world.view.catalogue.messages[MessageCode(code)]
    schema: MessageSchema = world.view.schemas[entry.schema_digest]
    changed = replace(report.header, sender=world.sender(sender), message_type=entry.type, **header)
    groups = template(schema, everything=True)
    return replace(report, header=changed, entry=entry, groups=groups)


def complete(draft: Mapping[str, Any], view: TrustView, **assertions: object) -> dict[str, Any]:
    """*draft* as a person completes it: each null becomes test data."""
    entry = view.catalogue.messages[MessageCode(draft["type"])]
    examples = template(view.schemas[entry.schema_digest], everything=True)
    groups = {name: _filled(value, examples[GroupName(name)]) for name, value in draft["groups"].items()}
    return {**draft, "assertions": {**draft["assertions"], **assertions}, "groups": groups}


def _filled(value: Any, example: Any) -> Any:
    if isinstance(value, list):
        return [_filled(one, example[0]) for one in value]
    return {name: example[name] if given is None else given for name, given in value.items()}
