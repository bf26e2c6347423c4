"""One message of a scenario: written as a document, sent as its agency would, and followed to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from broker.assembly import system_entropy
from broker.catalogue.model import MessageEntry
from broker.errors import DeadlineError, RefusedError, UsageError
from broker.names import CaseRef, GroupName, MessageCode, MessageId, Oin, Regime
from broker.pipelines.deliver import Disclosure
from broker.pipelines.documents import to_record
from broker.pipelines.receipts import RECEIPT, REFUSAL
from broker.ports import Position
from broker.records.document import Document
from broker.records.model import GroupValue, Record
from broker.records.template import template
from broker.sandbox.cast import member
from broker.sandbox.demo.actor import Actor
from broker.sandbox.demo.model import Line
from broker.sandbox.scenario.company import Company
from broker.sandbox.scenario.model import Expectation, Send
from broker.trust.view import TrustView

__all__ = ["Post", "Sent", "groups_of", "send"]

_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of the scenario that reached the gate.

    Attributes:
        thread: The message that the whole exchange began with.
    """

    id: MessageId
    sender: str
    case: CaseRef
    thread: MessageId


@dataclass(slots=True)
class Post:
    """What was sent so far.

    Attributes:
        cases, sent: By their labels in the scenario.
        seen: Where the last records about a message stand: what the ledger must hold.
    """

    company: Company
    regime: Regime
    cases: dict[str, CaseRef] = field(default_factory=dict)
    sent: dict[str, Sent] = field(default_factory=dict)
    seen: list[Position] = field(default_factory=list)

    def case(self, label: str) -> CaseRef:
        """The case of this label; a new one, with a reference that says nothing to others, at first."""
        return self.cases.setdefault(label, CaseRef(system_entropy(CaseRef.size)))

    def label(self, message_id: MessageId) -> str:
        """The label of a message, or its id where it has none."""
        found = (label for label, sent in self.sent.items() if sent.id == message_id)
        return next(found, str(message_id))


def send(post: Post, message: Send, expected: Expectation) -> list[tuple[Line, str]]:
    """Send *message*, and follow it to every addressee.

    Returns:
        What became of it at each addressee, and who decided that.

    Raises:
        UsageError: It is not a document that can be sent.
        DeadlineError: Nothing came of it in time.
    """
    sender = post.company.actor(message.sender)
    record = _record(post, message, sender.view)
    if expected.outcome == "refused":
        return _send_carelessly(post, message, sender, record)
    for name in message.to:
        # Whoever is to receive it is there before it is sent.
        post.company.actor(name)
    begin = time.monotonic()
    published = sender.publish(record)
    if isinstance(published, RefusedError):
        return [_not_sent(message, name, published) for name in message.to]
    _remember(post, message, published.message_id)
    refused = post.company.observer.judged(published.position).event
    if refused.outcome == "refused":
        line = Line(str(published.message_id), message.type, message.sender, message.to[0], "refused")
        return [(replace(line, reason=refused.reason, step=refused.step), "the gate")]
    entry = sender.view.catalogue.messages[record.code]
    return [
        _follow(post, _Journey(message, published.message_id, name, begin), entry, expected)
        for name in message.to
    ]


def groups_of(post: Post, message: Send, view: TrustView) -> dict[str, GroupValue]:
    """The groups of *message*: its own, over those of the template that it asks for.

    Raises:
        UsageError: The catalogue does not have that type, or a message that a field names was not sent.
    """
    entry = _entry(message, view)
    examples = template(view.schemas[entry.schema_digest], everything=True)
    groups: dict[str, GroupValue] = {}
    for name in dict.fromkeys([*message.template, *message.groups]):
        example = examples.get(GroupName(name)) if name in message.template else None
        groups[name] = _over(example, _named(message.groups.get(name), post))
    return groups


def _named(value: Any, post: Post) -> Any:
    """*value*, with the id of a message where a field says ``id_of`` and its label."""
    if isinstance(value, list):
        return [_named(one, post) for one in value]
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"id_of"}:
        sent = post.sent.get(str(value["id_of"]))
        if sent is None:
            raise UsageError(f"no {value['id_of']} was sent", remedy="Name an earlier message")
        return sent.id.hex()
    return {name: _named(field, post) for name, field in value.items()}


def _over(example: GroupValue | None, given: GroupValue | None) -> GroupValue:
    """What was given, with what the example has for the fields that were not."""
    if given is None or example is None:
        return given if given is not None else example or {}
    base: Mapping[str, object] = example[0] if isinstance(example, list) else example
    if isinstance(given, list):
        return [{**base, **one} for one in given]
    return {**base, **given}


def _entry(message: Send, view: TrustView) -> MessageEntry:
    entry = view.catalogue.messages.get(MessageCode(message.type))
    if entry is None:
        raise UsageError(f"the catalogue has no {message.type}", remedy="See `schakel catalogue show`")
    return entry


def _record(post: Post, message: Send, view: TrustView) -> Record:
    """The message as what its agency would publish: a document, with the addresses of the registry."""
    entry, answered = _entry(message, view), post.sent.get(message.in_reply_to or "")
    content = {
        "type": message.type,
        "to": list(message.to),
        "case": str(post.case(message.case)),
        "purpose": message.purpose or entry.purposes[0],
        "legal_basis": message.legal_basis or entry.legal_bases[0],
        "urgency": message.urgency,
        "regime": message.regime or post.regime,
        "assertions": {**_demanded(entry), **message.assertions},
        "groups": groups_of(post, message, view),
        "subjects": message.subjects,
    }
    if answered is not None:
        content["in_reply_to"] = str(answered.id)
    if message.forwards is not None:
        forwarded = post.sent[message.forwards]
        content |= {"forwards": str(forwarded.id), "forwarded_from": forwarded.sender}
    record = to_record(Document.parse(json.dumps(content).encode()), view, system_entropy)
    return record if answered is None else replace(record, correlation_id=answered.thread)


def _demanded(entry: MessageEntry) -> dict[str, str]:
    """What the law demands to be asserted, and leaves no choice about."""
    return {asked.name: asked.value for asked in entry.assertions if asked.value is not None}


def _remember(post: Post, message: Send, id_: MessageId) -> None:
    answered = post.sent.get(message.in_reply_to or "")
    thread = id_ if answered is None else answered.thread
    post.sent[message.label] = Sent(id_, message.sender, post.case(message.case), thread)


def _not_sent(message: Send, to: str, refused: RefusedError) -> tuple[Line, str]:
    reason, names = refused.reason, ", ".join(refused.offending)
    line = Line(None, message.type, message.sender, to, "not-sent", reason)
    return line, f"its own publisher: {names}" if names else "its own publisher"


def _send_carelessly(post: Post, message: Send, sender: Actor, record: Record) -> list[tuple[Line, str]]:
    """Send it without any check of its own, as a program with a mistake would."""
    careless = sender.careless()
    sent = careless.compose(record)
    (position,) = careless.send([sent])
    _remember(post, message, sent.message_id)
    judged = post.company.observer.judged(position)
    event = judged.event
    outcome = "delivered" if event.outcome == "released" else str(event.outcome.value)
    line = Line(str(sent.message_id), message.type, message.sender, message.to[0], outcome)
    by = "the gate" + (f": {', '.join(event.offending)}" if event.offending else "")
    return [(replace(line, reason=event.reason, step=event.step), by)]


@dataclass(frozen=True, slots=True)
class _Journey:
    """A message on its way to one addressee, since *begin*."""

    message: Send
    id: MessageId
    to: str
    begin: float


def _follow(post: Post, journey: _Journey, entry: MessageEntry, expected: Expectation) -> tuple[Line, str]:
    """What became of a message at one addressee: taken in with a receipt, or withheld with a refusal."""
    sender, recipient = post.company.actor(journey.message.sender), post.company.actor(journey.to)
    deadline = time.monotonic() + _SECONDS
    while (ended := _ended(sender, recipient, journey, entry)) is None:
        if time.monotonic() > deadline:
            raise DeadlineError(
                f"nothing came of {journey.message.label} at {journey.to} within {_SECONDS:.0f} s"
            )
        recipient.receive_once()
        sender.receive_once()
    disclosure, answer = ended
    post.seen += [one.receipt.position for one in (disclosure, answer) if one is not None]
    line = Line(str(journey.id), journey.message.type, journey.message.sender, journey.to, "delivered")
    if answer is not None and answer.entry.code == REFUSAL:
        return _withheld(line, answer)
    hidden = _seen_all_the_same(disclosure, expected.hidden.get(journey.to, ()))
    if hidden:
        return replace(line, outcome="disclosed", reason=hidden), "it got what it must not get"
    milliseconds = round((time.monotonic() - journey.begin) * 1000)
    return (
        line,
        f"{'receipt' if answer else 'taken in'} after {milliseconds} ms{_kept_from(journey, expected)}",
    )


def _ended(
    sender: Actor, recipient: Actor, journey: _Journey, entry: MessageEntry
) -> tuple[Disclosure | None, Disclosure | None] | None:
    """What the addressee got and what came back, once that is all there is to come."""
    answer = _answer(sender, journey.id, member(journey.to).oin)
    got = recipient.got(journey.id)
    if answer is not None and answer.entry.code == REFUSAL:
        return None, answer
    if got is None or (answer is None and not entry.accompanies):
        return None
    return got, answer


def _answer(sender: Actor, id_: MessageId, recipient: Oin) -> Disclosure | None:
    """The receipt or refusal about this message from this addressee."""
    return next(
        (
            heard
            for heard in sender.heard
            if heard.entry.code in (RECEIPT, REFUSAL)
            and heard.header.causation_id == id_
            and heard.header.sender.oin == recipient
        ),
        None,
    )


def _withheld(line: Line, answer: Disclosure) -> tuple[Line, str]:
    value = next(iter(answer.groups.values()))
    assert isinstance(value, dict), "a refusal has one group"
    reason, step = str(value["reason_code"]), int(str(value["step"]))
    return replace(line, outcome="withheld", reason=reason, step=step), "the recipient"


def _seen_all_the_same(disclosure: Disclosure | None, hidden: Sequence[str]) -> str:
    got = () if disclosure is None else disclosure.groups
    return ", ".join(name for name in hidden if GroupName(name) in got)


def _kept_from(journey: _Journey, expected: Expectation) -> str:
    hidden = expected.hidden.get(journey.to, ())
    return f"; without {', '.join(hidden)}" if hidden else ""
