"""What is not allowed: who refuses it, at which step and why.

A careful sender stops it first.  The same message sent carelessly shows that nobody relies on that.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from broker.audit.events import AuditEvent, Outcome
from broker.errors import DeadlineError, RefusedError
from broker.names import MessageId, Micros
from broker.records.model import Record
from broker.sandbox.careless import CarelessSender, Sent, tamper
from broker.sandbox.demo import texts
from broker.sandbox.demo.model import Line
from broker.sandbox.demo.stage import Draft, Programme
from broker.sandbox.registry import revoke

__all__ = ["refused_by_rule", "refused_since_revoked", "refused_since_tampered"]

_SECONDS_TO_REVOKE = 5.0
_PROBE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _Case:
    """One thing that is not allowed, and the reason that must come out."""

    title: str
    why: str
    draft: Draft
    reason: str


def refused_by_rule(programme: Programme) -> None:
    """Three messages that the agreement or the law does not allow; each stopped twice."""
    for case in _cases(programme):
        programme.audience.scene(case.title)
        programme.audience.say(case.why)
        record = programme.stage.record(case.draft)
        _stopped_by_publisher(programme, record, case.draft, case.reason)
        _refused_by_gate(programme, record, case.draft, case.reason)


def refused_since_tampered(programme: Programme) -> None:
    """One bit is turned between the sender and the gate."""
    stage, audience = programme.stage, programme.audience
    audience.scene("One bit turned on the way")
    audience.say(
        "The message is allowed and rightly signed; then one bit of a sealed group changes on its way."
    )
    draft = Draft(code="E01", to=stage.amk, case=stage.new_case(), groups=texts.report())
    sender = stage.shg.careless()
    sent = tamper(sender.compose(stage.record(draft)))
    event = _judged(programme, sender, sent)
    line = _line(sent.message_id, draft, "quarantined", event.reason, event.step)
    programme.tell(line, "the gate; the record is kept apart, nobody hears of it", ("quarantined", "section"))


def refused_since_revoked(programme: Programme) -> None:
    """SHG Noord revokes the convenant while messages are under way."""
    stage, audience = programme.stage, programme.audience
    audience.scene("The convenant is revoked, live")
    under_way = _released_before(programme)
    sender = stage.amk.careless()
    audience.say(
        "SHG Noord revokes amk-shg-noord: signed with its own keys, published by the registry's fast role."
    )
    begin = time.monotonic()
    revoke(stage.layout, "amk-shg-noord", "shg-noord", _now())
    released, event, sent = _send_until_refused(programme, sender, begin)
    milliseconds = round((time.monotonic() - begin) * 1000)
    audience.say(
        f"{milliseconds} ms later the gate refuses; the promise is {_SECONDS_TO_REVOKE:.0f} seconds at most. "
        f"What it let through meanwhile ({len(released)} of our probes), the recipient's own check withholds."
    )
    draft = _feedback(programme)
    programme.expect(milliseconds <= _SECONDS_TO_REVOKE * 1000, "a revocation stops delivery within 5 s")
    programme.tell(
        _line(sent.message_id, draft, "refused", event.reason, event.step),
        f"the gate, {milliseconds} ms after the revocation",
        ("refused", "agreement-revoked"),
    )
    _publisher_knows(programme, draft)
    _withheld(programme, [under_way, *released])


def _cases(programme: Programme) -> list[_Case]:
    stage = programme.stage
    base = Draft(code="E01", to=stage.amk, case=stage.new_case(), groups=texts.report())
    return [
        _Case(
            "No agreement: SHG Noord writes to AMK Zuid",
            "The same report, to an agency in another region. No convenant binds the two.",
            replace(base, to="amk-zuid"),
            "no-agreement",
        ),
        _Case(
            "A field group too many: police data",
            "The catalogue would let an SHG add police data (PO); these two parties agreed that it does not.",
            replace(base, groups={**texts.report(), **texts.police_data()}),
            "group-forbidden",
        ),
        _Case(
            "A condition of the law is not met: no children in the family",
            "Domestic violence without children in the family is none of the AMK's business.",
            replace(base, assertions={"children_in_family": "false"}),
            "predicate",
        ),
    ]


def _stopped_by_publisher(programme: Programme, record: Record, draft: Draft, reason: str) -> None:
    outcome = programme.stage.shg.publish(record)
    if isinstance(outcome, RefusedError):
        line = _line(None, draft, "not-sent", outcome.reason, 11)
        programme.tell(line, "the publisher, before anything left the house", ("not-sent", reason))
    else:
        programme.tell(_line(outcome.message_id, draft, "sent"), "nobody", ("not-sent", reason))


def _refused_by_gate(programme: Programme, record: Record, draft: Draft, reason: str) -> None:
    sender = programme.stage.shg.careless()
    sent = sender.compose(record)
    event = _judged(programme, sender, sent)
    programme.tell(
        _line(sent.message_id, draft, event.outcome.value, event.reason, event.step),
        "the gate, although the sender skipped its own check",
        ("refused", reason),
    )


def _judged(programme: Programme, sender: CarelessSender, sent: Sent) -> AuditEvent:
    (position,) = sender.send([sent])
    return programme.stage.observer.judged(position).event


def _released_before(programme: Programme) -> MessageId:
    """A message that the gate releases, and that AMK Noord's counterpart has not fetched yet."""
    stage = programme.stage
    draft = _feedback(programme)
    sent = stage.amk.publish(stage.record(draft))
    if isinstance(sent, RefusedError):
        raise sent
    event = stage.observer.judged(sent.position).event
    programme.expect(
        event.outcome is Outcome.RELEASED, "feedback is released while the convenant is in force"
    )
    programme.audience.say(
        "AMK Noord sends feedback. The gate releases it; SHG Noord has not fetched it yet."
    )
    return sent.message_id


def _send_until_refused(
    programme: Programme, sender: CarelessSender, begin: float
) -> tuple[list[MessageId], AuditEvent, Sent]:
    """Keep sending what was allowed a moment ago, until the gate refuses it."""
    released: list[MessageId] = []
    draft = _feedback(programme)
    while time.monotonic() - begin < 2 * _SECONDS_TO_REVOKE:
        sent = sender.compose(programme.stage.record(draft))
        event = _judged(programme, sender, sent)
        if event.outcome is Outcome.REFUSED:
            return released, event, sent
        released.append(sent.message_id)
        programme.stage.observer.look(_PROBE_SECONDS)
    raise DeadlineError("the gate did not hear of the revocation")


def _publisher_knows(programme: Programme, draft: Draft) -> None:
    """The careful publisher refuses as soon as its own registry is fresh: every two seconds."""
    stage = programme.stage
    deadline = time.monotonic() + _SECONDS_TO_REVOKE
    outcome = stage.amk.publish(stage.record(draft))
    while not isinstance(outcome, RefusedError) and time.monotonic() < deadline:
        stage.observer.look(_PROBE_SECONDS)
        outcome = stage.amk.publish(stage.record(draft))
    if isinstance(outcome, RefusedError):
        line = _line(None, draft, "not-sent", outcome.reason, 11)
        programme.tell(
            line, "the publisher, from its own copy of the registry", ("not-sent", "agreement-revoked")
        )
    else:
        programme.expect(False, "the publisher hears of the revocation within 5 s")


def _withheld(programme: Programme, released: list[MessageId]) -> None:
    """What the gate released before it knew stops at the recipient's own check; the sender is told."""
    stage = programme.stage
    lines: list[Line] = []
    refusals: list[Line] = []
    for message_id in released:
        _receive_refusal(programme, message_id)
        answer = stage.amk.answer(message_id)
        value = next(iter(answer.groups.values())) if answer else {}
        told: Mapping[str, object] = value if isinstance(value, dict) else {}
        line = _line(
            message_id,
            _feedback(programme),
            "withheld" if answer and answer.entry.code == "E28" else "delivered",
            str(told.get("reason_code", "")),
            int(str(told.get("step", 0))),
        )
        programme.note(line, ("withheld", "agreement-revoked"))
        lines.append(line)
        if answer and not refusals:
            refusals.append(Line(str(answer.header.message_id), "E28", "shg-noord", "amk-noord", "delivered"))
            programme.note(refusals[0], ("delivered", ""))
    _show_merged(programme, lines, refusals)


def _show_merged(programme: Programme, lines: list[Line], refusals: list[Line]) -> None:
    """One line for all that ended alike."""
    alike = Counter(replace(line, id=None) for line in lines)
    for line, count in alike.items():
        times = f", {count} messages" if count > 1 else ""
        programme.audience.outcome(line, f"SHG Noord's own subscriber{times}")
    for refusal in refusals:
        programme.audience.outcome(refusal, "tells AMK Noord why")


def _receive_refusal(programme: Programme, message_id: MessageId) -> None:
    """Both sides receive until the sender has heard what became of the message."""
    shg, amk = programme.stage.shg, programme.stage.amk
    deadline = time.monotonic() + 20
    while amk.answer(message_id) is None and time.monotonic() < deadline:
        shg.receive_once()
        amk.receive_once()


def _feedback(programme: Programme) -> Draft:
    stage = programme.stage
    return Draft(
        code="E05",
        to=stage.shg,
        case=stage.new_case(),
        groups=texts.feedback(),
        assertions={"feedback_stage": "start"},
    )


def _line(message_id: MessageId | None, draft: Draft, outcome: str, reason: str = "", step: int = 0) -> Line:
    sender = "amk-noord" if draft.code == "E05" else "shg-noord"
    recipient = draft.to if isinstance(draft.to, str) else draft.to.cast.name
    return Line(str(message_id) if message_id else None, draft.code, sender, recipient, outcome, reason, step)


def _now() -> Micros:
    return Micros(time.time_ns() // 1000)
