"""What a scenario is (docs/how-to/scenarios.md): who sends what to whom, when, and what must come of it.

1. A scenario is a document that people write; every name in it is a short name of the sandbox's cast,
   and every label names a message or a case of the scenario itself.
2. A step does one thing: it sends, lets time pass, changes an agreement, or looks at the obligations.
3. Moments are written as clocks in the Netherlands show them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from broker.names import Regime, Urgency

__all__ = [
    "Expectation",
    "Publication",
    "Reminder",
    "Revocation",
    "Row",
    "Scenario",
    "Send",
    "Step",
    "Waiver",
]

_Label = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
_Agency = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,62}$")]
_Code = Annotated[str, Field(pattern=r"^E[0-9]{2}[A-Z]?$")]
_Duty = Annotated[str, Field(pattern=r"^OB-[A-Z][A-Z-]{1,40}$")]
_Group = Annotated[str, Field(pattern=r"^[A-Z]{2,4}$")]
_Line = Annotated[str, Field(min_length=1, max_length=200)]
_Story = Annotated[str, Field(min_length=1, max_length=2000)]
_Moment = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}$")]
_Due = Annotated[
    str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|\+[0-9]{1,3}d) [0-9]{2}:[0-9]{2}(:[0-9]{2})?$")
]
_Span = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}[mhdw]$")]
_State = Literal["open", "met", "met-late", "overdue", "waived", "waived-late", "closed-no-answer"]

_ACTIONS = ("send", "forward", "until", "remind", "waive", "revoke", "publish", "obligations")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Expectation(_Part):
    """What must become of a message.

    Attributes:
        outcome: ``delivered``; ``not-sent``, stopped by the sender's own publisher; ``refused`` by the gate,
            for a sender that skips its own checks; ``withheld`` by the recipient's own check.
        reason: Why, for all but the first.
        names: Groups, fields or assertions that the refusal must name.
        hidden: Groups of the message that an addressee must not get, by its short name.
    """

    outcome: Literal["delivered", "not-sent", "refused", "withheld"] = "delivered"
    reason: str = ""
    names: tuple[str, ...] = ()
    hidden: Mapping[_Agency, tuple[_Group, ...]] = {}

    @model_validator(mode="after")
    def _says_why(self) -> Expectation:
        if (self.outcome == "delivered") == bool(self.reason):
            raise ValueError("a reason goes with every outcome but delivered")
        return self


class Send(_Part):
    """One message.

    Attributes:
        label: Its name in this scenario.
        case: Label of the case it belongs to.
        template: Groups that are filled with the safe test data of `schakel message template`.
        groups: Groups as they are written; over a template, field by field.
        purpose, legal_basis: The first that the catalogue has, by default.
        in_reply_to, forwards: Labels of earlier messages.
    """

    label: _Label
    type: _Code
    sender: _Agency = Field(alias="from")
    to: tuple[_Agency, ...] = Field(min_length=1, max_length=16)
    case: _Label = "zaak"
    template: tuple[_Group, ...] = ()
    groups: Mapping[_Group, Any] = {}
    purpose: str | None = None
    legal_basis: str | None = None
    urgency: Urgency = Urgency.NORMAL
    regime: Regime | None = None
    assertions: Mapping[str, bool | str] = {}
    in_reply_to: _Label | None = None
    forwards: _Label | None = None
    subjects: Annotated[int, Field(ge=0, le=20)] = 0

    @model_validator(mode="before")
    @classmethod
    def _one_or_more(cls, content: Any) -> Any:
        if isinstance(content, dict) and isinstance(content.get("to"), str):
            return {**content, "to": (content["to"],)}
        return content


class Reminder(_Part):
    """The exchange reminds both parties of an obligation that *about* opened."""

    about: _Label
    obligation: _Duty


class Waiver(_Part):
    """The creditor does without what *about* opened.

    Attributes:
        sender: The creditor.
    """

    about: _Label
    obligation: _Duty
    sender: _Agency = Field(alias="from")
    to: _Agency
    reason: str


class Revocation(_Part):
    """A party revokes an agreement."""

    agreement: str
    by: _Agency


class Publication(_Part):
    """Parties co-sign an agreement that says the same as another one of the sandbox.

    Attributes:
        agreement: Id of the new one.
        like: Id of the one it is copied from.
        parties: Who takes the place of whom, by short name.
        valid_from, valid_until: Those of the example, by default.
    """

    agreement: str
    like: str
    parties: Mapping[_Agency, _Agency] = {}
    valid_from: _Moment | None = None
    valid_until: _Moment | None = None


class Row(_Part):
    """One obligation as it must be.

    Attributes:
        about: Label of the message that opened it.
        due: With seconds it is compared to the second; without, some minutes are allowed, for terms in
            minutes and hours.  ``+5d`` counts from the day on which the scenario starts.
    """

    about: _Label
    code: _Duty
    debtor: _Agency
    creditor: _Agency
    state: _State
    due: _Due


class Step(_Part):
    """One thing that happens; `tell` is what the reader sees with it."""

    tell: _Story = ""
    send: Send | None = None
    expect: Expectation = Expectation()
    forward: _Span | None = None
    until: _Moment | None = None
    remind: Reminder | None = None
    waive: Waiver | None = None
    revoke: Revocation | None = None
    publish: Publication | None = None
    obligations: tuple[Row, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_expectation(cls, content: Any) -> Any:
        if isinstance(content, dict) and isinstance(content.get("expect"), str):
            return {**content, "expect": {"outcome": content["expect"]}}
        return content

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        if len(done := [name for name in _ACTIONS if getattr(self, name) is not None]) != 1:
            found = ", ".join(done) or "nothing"
            raise ValueError(f"a step does one of {', '.join(_ACTIONS)}; this one does {found}")
        return self


class Scenario(_Part):
    """A whole scenario.

    Attributes:
        start: ``2014-03-06 09:30``, or a rule: ``next 24 December 10:00``, ``next Monday 09:00``.
        obligations: Every obligation of the scenario's cases at the end, but for receipts that came in time.
    """

    name: _Label
    title: _Line
    description: _Story
    regime: Regime = Regime.R1
    start: _Line
    steps: tuple[Step, ...] = Field(min_length=1, max_length=200)
    obligations: tuple[Row, ...]
