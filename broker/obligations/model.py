"""Obligations as values: duties and their terms, the facts that open and close them, and their states.

The rules, in order (docs/spec/obligations.md):

1. What opens and closes an obligation is data (`RuleSet`), read from the catalogue; no message code
   and no obligation code stands in this package.
2. What happened is a `Fact`: one delivered or refused message, one recipient, from one decision record.
3. An `Obligation` holds no state: `broker.obligations.states.state_of` reads it off at a given moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from broker.names import CaseRef, Digest, MessageId, MessageType, Micros, Oin, Regime, Role, Urgency

__all__ = [
    "DELIVERED",
    "RECALLS",
    "REFUSED",
    "CaseState",
    "Closing",
    "Deadline",
    "Duty",
    "Effect",
    "Fact",
    "Obligation",
    "OwedBy",
    "Party",
    "RuleSet",
    "State",
    "Succession",
    "Toward",
    "Unit",
]

RECALLS = "correction_kind"
"""The assertion by which a sender corrects or takes back its message, and its recipient answers."""

DELIVERED = frozenset({"released", "receipt"})
"""Outcomes after which the recipient can open the message (docs/spec/audit.md 2)."""

REFUSED = frozenset({"refused"})
"""Outcomes after which the sender has something to mend."""


class Unit(StrEnum):
    """The unit of a term (sources.md 5.1)."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    WORKING_DAYS = "working-days"


class OwedBy(StrEnum):
    """Who owes what a message opens; the other party is the creditor."""

    RECIPIENT = "recipient"
    SENDER = "sender"


class Toward(StrEnum):
    """To whom the debtor's message must go to count as the answer."""

    CREDITOR = "creditor"
    ANYONE = "anyone"


class Closing(StrEnum):
    """How an obligation ended; NOT_CLOSED while it has not."""

    NOT_CLOSED = ""
    MET = "met"
    WAIVED = "waived"


class State(StrEnum):
    """The state of an obligation at one moment (sources.md 4.7)."""

    OPEN = "open"
    MET = "met"
    MET_LATE = "met-late"
    OVERDUE = "overdue"
    WAIVED = "waived"
    WAIVED_LATE = "waived-late"
    CLOSED_NO_ANSWER = "closed-no-answer"


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """An agency in one of its roles."""

    oin: Oin
    role: Role


@dataclass(frozen=True, slots=True)
class Deadline:
    """A term.

    Attributes:
        amount: Whole units, at least 0.
        termijnenwet: Whether the Algemene termijnenwet applies (sources.md 5.2).  Its own limits
            (article 4) hold all the same: no hours, nothing above 12 weeks, 90 days or 3 months.
        earlier: What it was for what is counted from before a moment, the oldest first.
    """

    amount: int
    unit: Unit
    termijnenwet: bool = False
    earlier: tuple[tuple[Micros, Deadline], ...] = ()

    def since(self, start: Micros) -> Deadline:
        """The term that held at *start*."""
        return next((before for until, before in self.earlier if start < until), self)


@dataclass(frozen=True, slots=True)
class Duty:
    """One kind of obligation (sources.md 4.7).

    Attributes:
        deadline: The term; of *deadline_acute* when the opening message is acute, else of
            *deadline_r2* in regime R2, where these are given.
        overdue: ``alert-operator``, ``alert-parties``, ``remind-once`` or ``report``.
        after: The duty whose fulfilment opens this one, or empty: messages open it.
        source: The clause that demands it.
    """

    code: str
    title: str
    deadline: Deadline
    deadline_r2: Deadline | None = None
    deadline_acute: Deadline | None = None
    overdue: str = "alert-parties"
    after: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a message does to one duty.

    Attributes:
        duty: The code of the duty.
        when: Assertions (name, value) of the message that must all be made.
        owed_by: For opening: who owes it.
        toward: For closing: the creditor must be the recipient, or anyone may be (sources.md 4.7, a
            status kept towards a person concerned, who is not on the exchange).
        deadline: For prolonging: by how much the due moment moves.
    """

    duty: str
    when: tuple[tuple[str, str], ...] = ()
    owed_by: OwedBy = OwedBy.RECIPIENT
    toward: Toward = Toward.CREDITOR
    deadline: Deadline | None = None

    def asks_for(self, assertion: str) -> bool:
        """Whether it depends on this assertion."""
        return any(name == assertion for name, _ in self.when)


@dataclass(frozen=True, slots=True)
class Succession:
    """From *since* on, agency *new* stands in the place of agency *old*."""

    old: Oin
    new: Oin
    since: Micros


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything the fold needs to know about message types and duties.

    Attributes:
        opens, closes, prolongs: Effects by message type.
        duties: By code.
        refusal_opens: What the refusal of a message opens (sources.md A20).
        emergency_opens: What a release under an emergency clause opens.
        forwards: Types that hand on a report: a forward never opens anything when the one who gets it
            already sent a forward upstream (sources.md A23).
        attending: Types that accompany a message or come from the exchange: their refusal asks for no
            correction, and they are not taken back.
        correctable: Reasons of a refusal at the gate after which the sender has something to mend.
        successions: Agencies that took the place of others.
        refusal_duties: The duties that a refusal opens.
        refusals: Types that open one of those: such a message refuses its cause.
        delivery_opens: What opens where the message itself hangs: as *opens*, without those duties.
        corrections: Types that open something with the assertion `RECALLS`.
        followers: Duties that open because another was met, by the code of that one; one step, no further.
    """

    opens: Mapping[MessageType, tuple[Effect, ...]]
    closes: Mapping[MessageType, tuple[Effect, ...]]
    duties: Mapping[str, Duty]
    refusal_opens: tuple[Effect, ...] = ()
    emergency_opens: tuple[Effect, ...] = ()
    forwards: frozenset[MessageType] = frozenset()
    successions: tuple[Succession, ...] = ()
    prolongs: Mapping[MessageType, tuple[Effect, ...]] = field(default_factory=dict)
    attending: frozenset[MessageType] = frozenset()
    correctable: frozenset[str] = frozenset()
    refusal_duties: frozenset[str] = field(init=False, repr=False, compare=False)
    refusals: frozenset[MessageType] = field(init=False, repr=False, compare=False)
    delivery_opens: Mapping[MessageType, tuple[Effect, ...]] = field(init=False, repr=False, compare=False)
    corrections: frozenset[MessageType] = field(init=False, repr=False, compare=False)
    followers: Mapping[str, tuple[Duty, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once what every fact would ask again."""
        duties = frozenset(effect.duty for effect in self.refusal_opens)
        refusals = frozenset(
            kind for kind, effects in self.opens.items() if any(each.duty in duties for each in effects)
        )
        own = {
            kind: tuple(each for each in effects if each.duty not in duties)
            for kind, effects in self.opens.items()
        }
        corrections = frozenset(
            kind for kind, effects in own.items() for each in effects if each.asks_for(RECALLS)
        )
        followers: dict[str, tuple[Duty, ...]] = {}
        for duty in self.duties.values():
            before = self.duties.get(duty.after)
            if before is not None and not before.after:
                followers[duty.after] = (*followers.get(duty.after, ()), duty)
        object.__setattr__(self, "refusal_duties", duties)
        object.__setattr__(self, "refusals", refusals)
        object.__setattr__(self, "delivery_opens", own)
        object.__setattr__(self, "corrections", corrections)
        object.__setattr__(self, "followers", followers)


@dataclass(frozen=True, slots=True)
class Fact:
    """What one decision record says about one message and one recipient.

    Attributes:
        decision_id: A repeat of the same decision is the same fact.
        outcome: As in the decision record: ``released``, ``receipt``, ``refused``; others do nothing.
        emergency: Released under an emergency clause.
        assertions: The coded predicates of the signed header, as (name, value).
        at: The moment of the decision: the start of every term that it opens.
        reason: Why it was refused; empty otherwise.
    """

    decision_id: Digest
    outcome: str
    message_type: MessageType
    message_id: MessageId
    causation_id: MessageId | None
    correlation_id: MessageId
    case_ref: CaseRef
    sender: Party
    recipient: Party
    regime: Regime
    urgency: Urgency
    emergency: bool
    assertions: tuple[tuple[str, str], ...]
    at: Micros
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Obligation:
    """One obligation of one party towards another.

    Attributes:
        obligation_id: Of code, message, debtor and creditor: the same on every machine.
        message_id: The message that opened it.
        debtor, creditor: At the opening; `broker.obligations.succession.shown` gives who stands there now.
        lapses_at: After a single reminder the matter rests: unanswered at this moment, it closes as
            "no answer".  None for duties that never lapse.
        closed_at, closed_by: Moment and message that ended it; None while nothing has.
        reason: Why it was waived: by the creditor, recalled, erased or refused; empty otherwise.
    """

    obligation_id: Digest
    code: str
    case_ref: CaseRef
    message_id: MessageId
    debtor: Party
    creditor: Party
    regime: Regime
    opened_at: Micros
    due_at: Micros
    lapses_at: Micros | None = None
    closing: Closing = Closing.NOT_CLOSED
    closed_at: Micros | None = None
    closed_by: MessageId | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CaseState:
    """The whole of one case: what happened and what follows from it.

    Attributes:
        facts: By decision id; what is to be kept to go on later.
        obligations: Sorted by opening moment, then id; they follow from the facts.
        reckoning: What the fold remembers to go on quickly; it may be dropped at any time.
    """

    facts: Mapping[Digest, Fact] = field(default_factory=dict)
    obligations: tuple[Obligation, ...] = ()
    reckoning: object = field(default=None, compare=False, repr=False)
