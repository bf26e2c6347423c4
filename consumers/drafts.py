"""Drafts of the answers that a message asks for, derived from the catalogue and the message alone.

1. A message is answered by the types that close what it opens for its recipient, as far as the
   recipient may send them and the sender may receive them.
2. A draft says what follows from the message: type, addressee, case, what it answers, regime, purpose,
   legal basis, the other's own reference, assertions that the closing asks for.  All else that is
   required stands there as null, for a person to fill in; a null that is left is refused when it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from broker.catalogue.model import MessageEntry, Obligation
from broker.names import GroupName, MessageCode, Role
from broker.pipelines.deliver import Disclosure
from broker.records.encode import GroupSchema
from broker.records.model import GroupValue
from broker.records.schema import MessageSchema
from broker.trust.view import TrustView

__all__ = ["Answer", "answers", "draft", "sender_name"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to prepare.

    Attributes:
        to: The agency; empty for one that a person must choose.
        assertions: What is known of them already.
        also: Groups besides those that are always required.
        known: Groups of which fields are known; those that the type does not have are left out.
        after: The draft of this type, prepared from the same message, is what this one replies to.
        name: Tells two drafts of one type apart.
    """

    code: MessageCode
    to: str = ""
    role: Role | None = None
    assertions: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    known: Mapping[str, GroupValue] = field(default_factory=dict)
    forwards: bool = False
    after: MessageCode | None = None
    name: str = ""


def answers(delivery: Disclosure, view: TrustView, role: Role) -> list[Answer]:
    """The answers that *delivery* asks of whoever received it as *role*, in the order of the catalogue."""
    owed = {rule.code for rule in delivery.entry.obligations if _owed(rule, delivery)}
    found: list[Answer] = []
    for entry in view.catalogue.messages.values():
        if entry.accompanies or role not in entry.sender_roles:
            continue
        for closing in entry.obligations:
            if closing.effect == "closes" and closing.code in owed:
                answer = _answer(entry, closing, delivery, view)
                if answer is not None and answer not in found:
                    found.append(answer)
    return found


def draft(answer: Answer, delivery: Disclosure, view: TrustView) -> dict[str, object]:
    """The document of *answer*, to be completed by a person."""
    entry, header = view.catalogue.messages[answer.code], delivery.header
    reference = {"case_ref_recipient": delivery.record("REF").get("case_ref_sender")}
    answer = replace(answer, known={"REF": reference, **answer.known})
    asked = [assertion.name for assertion in entry.assertions]
    document: dict[str, object] = {
        "type": answer.code,
        "to": [answer.to] if answer.to else [],
        "case": str(header.case_ref),
        "purpose": _same_or_first(header.purpose, entry.purposes),
        "legal_basis": _same_or_first(header.legal_basis, entry.legal_bases),
        "regime": header.regime.value,
        "urgency": header.urgency.value,
        "assertions": {name: answer.assertions.get(name) for name in asked},
        "groups": _groups(answer, entry, view.schemas[entry.schema_digest]),
    }
    if answer.forwards:
        return document | {
            "forwards": str(header.message_id),
            "forwarded_from": sender_name(delivery, view),
        }
    return document | {"in_reply_to": str(header.message_id)}


def _owed(rule: Obligation, delivery: Disclosure) -> bool:
    said = dict(delivery.header.assertions)
    holds = all(said.get(name) == value for name, value in rule.when)
    return rule.effect == "opens" and rule.owed_by == "recipient" and holds


def _answer(entry: MessageEntry, closing: Obligation, delivery: Disclosure, view: TrustView) -> Answer | None:
    sender = delivery.sender
    plain = Answer(entry.code, assertions=dict(closing.when), name="-".join(v for _, v in closing.when))
    if closing.toward == "anyone":
        return plain
    if entry.groups_for(sender.role) is None:
        return None
    return replace(plain, to=sender_name(delivery, view), role=sender.role)


def sender_name(delivery: Disclosure, view: TrustView) -> str:
    """The short name of whoever sent it; its OIN when the registry does not know it any more."""
    oin = delivery.sender.oin
    return view.agencies[oin].short_name if oin in view.agencies else str(oin)


def _same_or_first(value: str, allowed: Sequence[str]) -> str | None:
    # A type may have none: then nobody may send it before a person names the ground (E20).
    return value if value in allowed else next(iter(allowed), None)


def _groups(answer: Answer, entry: MessageEntry, schema: MessageSchema) -> dict[str, object]:
    listed = entry.groups_for(answer.role) if answer.role is not None else None
    required = listed.required if listed is not None else tuple(schema.required)
    wanted = {*required, *(GroupName(name) for name in (*answer.also, *answer.known))}
    groups: dict[str, object] = {}
    for name, group in schema.schemas.items():
        if name in wanted:
            records = _records(group, answer.known.get(name, {}))
            groups[name] = records if group.repeated else records[0]
    return groups


def _records(group: GroupSchema, known: GroupValue) -> list[dict[str, object]]:
    """What is required, as null where it is not known, and whatever else is known."""
    blank: dict[str, object] = {member.name: None for member in group.record.members if member.required}
    given = known if isinstance(known, list) else [known]
    names = group.record.names
    filled = [{k: v for k, v in one.items() if k in names and v is not None} for one in given]
    return [blank | one for one in filled] or [blank]
