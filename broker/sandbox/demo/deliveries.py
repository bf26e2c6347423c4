"""What is allowed: a report of domestic violence is forwarded, and decision and feedback come back."""

from __future__ import annotations

import time
from dataclasses import dataclass

from broker.assembly import system_entropy
from broker.envelope.codec import read_envelope
from broker.errors import RefusedError, SchakelError
from broker.names import CaseRef, MessageId, SubjectRef
from broker.pipelines.deliver import Disclosure
from broker.records.model import GroupValue
from broker.sandbox.demo import texts
from broker.sandbox.demo.actor import Actor
from broker.sandbox.demo.model import Judged, Line
from broker.sandbox.demo.stage import Draft, Programme
from producers.client import Published

__all__ = ["Delivered", "case_arrives", "deliver", "feedback_returns", "words"]


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message that arrived: what was sent, what the gate decided, what the recipient's handler had."""

    sent: Published
    judged: Judged
    disclosure: Disclosure
    receipt: Disclosure
    milliseconds: int

    @property
    def case(self) -> CaseRef:
        """The case it belongs to."""
        return self.sent.case_ref

    @property
    def id(self) -> MessageId:
        """Its message id."""
        return self.sent.message_id


def case_arrives(programme: Programme) -> Delivered:
    """The SHG forwards E01 to the AMK; shows what everybody on the way can see of it."""
    stage, audience = programme.stage, programme.audience
    audience.scene("A report of domestic violence, with two children in the family")
    audience.say(
        "SHG Noord took in a report. The law wants it forwarded to AMK Noord (Wmo art. 21b lid 2 onder d); "
        "their agreement (convenant) amk-shg-noord, signed by both, says which field groups may go."
    )
    groups = texts.report()
    rows = [(programme.titled(name), words(value)) for name, value in groups.items()]
    audience.show("What SHG Noord writes: E01, report forwarded by SHG to AMK", rows)
    subjects = tuple(SubjectRef(system_entropy(SubjectRef.size)) for _ in range(2))
    draft = Draft(code="E01", to=stage.amk, case=stage.new_case(), groups=groups, subjects=subjects)
    delivered = deliver(programme, stage.shg, stage.amk, draft)
    programme.first_decision = delivered.judged.event.decision_id
    _show_on_the_way(programme, delivered)
    _show_nobody_else(programme, delivered)
    return delivered


def feedback_returns(programme: Programme, report: Delivered) -> None:
    """The AMK answers with its decision (E04) and its feedback (E05)."""
    stage, audience = programme.stage, programme.audience
    audience.scene("AMK Noord answers: its decision (E04), then feedback (E05)")
    audience.say(
        "AMK Noord signs everything twice: with ES256 (elliptic curve, as the SHG does), and with ML-DSA-44, "
        "which a quantum computer cannot forge either. E03 is the receipt that answers each message."
    )
    decision = Draft(
        code="E04",
        to=stage.shg,
        case=report.case,
        groups=texts.decision(),
        assertions={"taken_in_investigation": "true"},
        answers=report.id,
    )
    feedback = Draft(
        code="E05",
        to=stage.shg,
        case=report.case,
        groups=texts.feedback(),
        assertions={"feedback_stage": "start"},
        answers=report.id,
    )
    for draft in (decision, feedback):
        deliver(programme, stage.amk, stage.shg, draft)


def deliver(programme: Programme, sender: Actor, recipient: Actor, draft: Draft) -> Delivered:
    """Send carefully and follow it to the receipt.

    Raises:
        SchakelError: It did not arrive.
    """
    begin = time.monotonic()
    sent = sender.publish(programme.stage.record(draft))
    if isinstance(sent, RefusedError):
        raise sent
    recipient.receive_until(lambda: recipient.got(sent.message_id), f"delivery of {draft.code}")
    sender.receive_until(lambda: sender.answer(sent.message_id), f"the receipt for {draft.code}")
    milliseconds = round((time.monotonic() - begin) * 1000)
    disclosure, receipt = recipient.got(sent.message_id), sender.answer(sent.message_id)
    if disclosure is None or receipt is None:
        raise SchakelError(f"{draft.code} did not arrive")
    judged = programme.stage.observer.judged(sent.position)
    names = (sender.cast.name, recipient.cast.name)
    line = Line(str(sent.message_id), draft.code, *names, "delivered")
    programme.tell(line, f"receipt after {milliseconds} ms", ("delivered", ""))
    receipt_line = Line(str(receipt.header.message_id), "E03", names[1], names[0], "delivered")
    programme.tell(receipt_line, _status(receipt), ("delivered", ""))
    return Delivered(sent, judged, disclosure, receipt, milliseconds)


def words(value: GroupValue) -> str:
    """A group as a person reads it: one record a line."""
    records = value if isinstance(value, list) else [value]
    return "\n".join("; ".join(f"{name} {_plain(v)}" for name, v in record.items()) for record in records)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "ja" if value else "nee"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _algorithm(name: str) -> str:
    return f"{name} (a signature on an elliptic curve)" if name == "ES256" else name


def _status(receipt: Disclosure) -> str:
    (value,) = receipt.groups.values()
    return f"says: {value['status_code']}" if isinstance(value, dict) else ""


def _show_on_the_way(programme: Programme, delivered: Delivered) -> None:
    audience, event = programme.audience, delivered.judged.event
    record = programme.stage.observer.record(delivered.sent.position)
    envelope = read_envelope(record.value or b"")
    header, section = envelope.header, envelope.sections[1] or b""
    audience.show(
        "What Kafka, the operator and the gate see of it",
        [
            ("where", str(delivered.sent.position)),
            ("type", header.message_type),
            ("case", f"{header.case_ref} (random, says nothing outside the two agencies)"),
            ("sealed one by one", ", ".join(programme.titled(ref.group) for ref in header.sections)),
            (f"group {header.sections[1].group}", f"{len(section)} bytes, beginning {section[:24].hex()}"),
            ("signed by SHG Noord", " ".join(_algorithm(s.algorithm.name) for s in envelope.signatures)),
        ],
    )
    facts = event.message
    assert facts is not None, "a released message is known"
    audience.show(
        "What the gate decided, signed and durable before anybody could open it",
        [
            ("decision", str(event.decision_id)),
            ("where", str(delivered.judged.record.position)),
            ("outcome", f"{event.outcome} under {facts.agreement_id}, rule {event.rule}"),
            ("released to it", " ".join(facts.released)),
            (
                "opened there after",
                f"that record was read back from {delivered.disclosure.receipt.position}",
            ),
        ],
    )


def _show_nobody_else(programme: Programme, delivered: Delivered) -> None:
    """The sender of the message itself cannot open what was released, with the record in its hands."""
    tried = programme.stage.shg.try_to_open(delivered.judged.record)
    programme.audience.say(
        "Only AMK Noord's key opens it. With the same record in hand, any other agency's subscriber answers: "
        f"{type(tried).__name__.lower()}, {getattr(tried, 'reason', '')} (step {getattr(tried, 'step', 0)})."
    )
    programme.expect(not isinstance(tried, Disclosure), "nobody but the recipient opens a message")
