"""A small exchange for the fold: invented message types and duties, and facts that are quick to write."""

from __future__ import annotations

from dataclasses import dataclass

from broker.crypto import sha256
from broker.moments import DAY, from_text
from broker.names import CaseRef, MessageId, MessageType, Micros, Oin, Regime, Role, Urgency
from broker.obligations.fold import track_all
from broker.obligations.model import (
    CaseState,
    Deadline,
    Duty,
    Effect,
    Fact,
    Obligation,
    OwedBy,
    Party,
    RuleSet,
    Succession,
    Toward,
    Unit,
)

CASE = CaseRef(bytes(15) + b"\x01")
START = from_text("2013-01-14T09:00:00Z")

AMK = Party(Oin("00000099000000001000"), Role("AMK"))
SHG = Party(Oin("00000099000000002000"), Role("SHG"))
GGZ = Party(Oin("00000099000000003000"), Role("GGZ"))
HEIR = Party(Oin("00000099000000004000"), Role("AMK"))


def kind(name: str) -> MessageType:
    """The message type of this invented name."""
    return MessageType(f"nl.proef.{name}.v1")


def message(number: int) -> MessageId:
    """The id of message *number*."""
    return MessageId(number.to_bytes(16, "big"))


def days(amount: int) -> Deadline:
    """A term of plain days."""
    return Deadline(amount, Unit.DAYS)


DUTIES = {
    duty.code: duty
    for duty in (
        Duty("OB-ACK", "receipt", Deadline(15, Unit.MINUTES), overdue="alert-operator"),
        Duty("OB-DECIDE", "decision", days(5)),
        Duty("OB-JUDGE", "judgement", Deadline(13, Unit.WEEKS), deadline_r2=Deadline(10, Unit.WEEKS)),
        Duty("OB-FB-END", "final feedback", days(7), after="OB-JUDGE"),
        Duty("OB-ANSWER", "answer", days(5), deadline_acute=Deadline(24, Unit.HOURS), overdue="remind-once"),
        Duty("OB-INFORM", "the person is informed", days(28)),
        Duty("OB-CORRECT", "correction", days(1)),
        Duty("OB-CONFIRM", "confirmation of a correction", Deadline(3, Unit.MONTHS)),
        Duty("OB-JUSTIFY", "justification", days(1)),
    )
}

OPENS = {
    kind("report"): (Effect("OB-ACK"), Effect("OB-DECIDE")),
    kind("forward"): (Effect("OB-ACK"), Effect("OB-DECIDE")),
    kind("decision"): (
        Effect("OB-ACK"),
        Effect("OB-JUDGE", (("taken_in_investigation", "true"),), OwedBy.SENDER),
    ),
    kind("question"): (Effect("OB-ACK"), Effect("OB-ANSWER")),
    kind("answer"): (Effect("OB-ACK"), Effect("OB-INFORM")),
    kind("refusal"): (Effect("OB-CORRECT"),),
    kind("recall"): tuple(
        Effect("OB-CONFIRM", (("correction_kind", each),)) for each in ("correct", "recall", "erase")
    ),
}
CLOSES = {
    kind("receipt"): (Effect("OB-ACK"),),
    kind("refusal"): (Effect("OB-ACK"),),
    kind("recall"): (Effect("OB-CONFIRM", (("correction_kind", "confirmed"),)),),
    kind("decision"): (Effect("OB-DECIDE"),),
    kind("feedback"): (
        Effect("OB-JUDGE", (("feedback_stage", "outcome"),)),
        Effect("OB-FB-END", (("feedback_stage", "outcome"),)),
    ),
    kind("sent-on"): (Effect("OB-FB-END"),),
    kind("answer"): (Effect("OB-ANSWER"),),
    kind("informed"): (Effect("OB-INFORM", toward=Toward.ANYONE),),
    kind("justification"): (Effect("OB-JUSTIFY", toward=Toward.ANYONE),),
}


def rules(*successions: Succession) -> RuleSet:
    """The rules of this exchange."""
    return RuleSet(
        opens=OPENS,
        closes=CLOSES,
        duties=DUTIES,
        refusal_opens=(Effect("OB-CORRECT", owed_by=OwedBy.SENDER),),
        emergency_opens=(Effect("OB-JUSTIFY", owed_by=OwedBy.SENDER),),
        forwards=frozenset({kind("forward"), kind("report")}),
        attending=frozenset(map(kind, ("receipt", "refusal", "recall", "waiver", "justification"))),
        correctable=frozenset({"group-forbidden"}),
        successions=successions,
    )


@dataclass(frozen=True, slots=True)
class Say:
    """One message: *number* of *type_*, caused by message *cause*, on day *day* of the case."""

    number: int
    type_: str
    sender: Party
    recipient: Party
    cause: int = 0
    day: float = 0
    says: tuple[tuple[str, str], ...] = ()
    outcome: str = "released"
    urgency: Urgency = Urgency.NORMAL
    regime: Regime = Regime.R1
    emergency: bool = False
    reason: str = "group-forbidden"

    def fact(self) -> Fact:
        """The fact of this message's decision record."""
        identity = repr(self)
        return Fact(
            decision_id=sha256(identity.encode()),
            outcome=self.outcome,
            message_type=kind(self.type_),
            message_id=message(self.number),
            causation_id=message(self.cause) if self.cause else None,
            correlation_id=message(1),
            case_ref=CASE,
            sender=self.sender,
            recipient=self.recipient,
            regime=self.regime,
            urgency=self.urgency,
            emergency=self.emergency,
            assertions=self.says,
            at=at(self.day),
            reason=self.reason if self.outcome == "refused" else "",
        )


def at(day: float) -> Micros:
    """The moment *day* days into the case."""
    return Micros(START + int(day * DAY))


def play(*said: Say, ruled: RuleSet | None = None) -> CaseState:
    """The case after all these messages."""
    return track_all(CaseState(), [each.fact() for each in said], ruled or rules())


def owed(state: CaseState, code: str) -> list[Obligation]:
    """The obligations of the case with this code, earliest first."""
    return [each for each in state.obligations if each.code == code]


def the(state: CaseState, code: str) -> Obligation:
    """The one obligation with this code."""
    (only,) = owed(state, code)
    return only
