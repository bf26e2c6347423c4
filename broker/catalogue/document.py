"""The document `schemas/catalogue.yaml`, as it is written (docs/spec/catalogue.md 2).

1. Keys that are not known, given twice, or missing are refused with the path of the fault.
2. Every rule names its source.
3. Every name has the form of its kind; whether it exists is `broker.catalogue.load`'s question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, model_validator

from broker.catalogue.yaml_reading import read_yaml
from broker.document_faults import say_faults
from broker.errors import ConfigurationError, MalformedError
from broker.names import (
    GroupName,
    LegalBasis,
    MessageCode,
    MessageType,
    Purpose,
    Regime,
    Role,
    TopicName,
)

__all__ = [
    "AssertionDocument",
    "AssertionMeaning",
    "BasesDocument",
    "BesidesDocument",
    "CatalogueDocument",
    "CheckDocument",
    "ClosingDocument",
    "CoverageDocument",
    "EarlierTermDocument",
    "EffectDocument",
    "ExtensionDocument",
    "FieldsDocument",
    "FlowCoverage",
    "FlowDocument",
    "MessageDocument",
    "NeverDocument",
    "ObligationDocument",
    "OpeningDocument",
    "ProlongingDocument",
    "PurposesDocument",
    "ReceiptDocument",
    "RecipientsDocument",
    "RegimeDocument",
    "ResponseDocument",
    "RetentionDocument",
    "RoleDocument",
    "SendersDocument",
    "TermDocument",
    "parse_document",
    "told_faults",
]

_T = TypeVar("_T")


def _form(parse: Callable[[object], _T]) -> PlainValidator:
    def validate(value: object) -> _T:
        try:
            return parse(value)
        except MalformedError as error:
            raise ValueError(error.what) from None

    return PlainValidator(validate)


_Role = Annotated[Role, _form(Role.parse)]
_Code = Annotated[MessageCode, _form(MessageCode.parse)]
_Type = Annotated[MessageType, _form(MessageType.parse)]
_Group = Annotated[GroupName, _form(GroupName.parse)]
_Purpose = Annotated[Purpose, _form(Purpose.parse)]
_Basis = Annotated[LegalBasis, _form(LegalBasis.parse)]
_Topic = Annotated[TopicName, _form(TopicName.parse)]
_Text = Annotated[str, Field(min_length=1, max_length=400)]
_Number = Annotated[int, Field(ge=1, le=999)]
_Regime = Annotated[Regime, Field(strict=False)]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Sourced(_Part):
    source: _Text


class RoleDocument(_Sourced):
    """A role; *aliases* are further words that betray it in the name of an event."""

    nl: _Text
    en: _Text
    aliases: list[_Name] = []


class _Worded(_Sourced):
    nl: _Text
    en: _Text


class _Titled(_Sourced):
    title: _Text


class AssertionMeaning(_Sourced):
    """What an assertion means and which values it can have."""

    nl: _Text
    values: Annotated[list[_Name], Field(min_length=1)]


class _Length(_Sourced):
    amount: _Number
    unit: Literal["minutes", "hours", "days", "weeks", "months", "working-days"]
    termijnenwet: bool = False

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if self.termijnenwet and self.unit not in {"days", "weeks", "months"}:
            raise ValueError("termijnenwet: only for days, weeks and months")
        return self


class EarlierTermDocument(_Length):
    """What a term was for what began before the day *until*."""

    until: date


class TermDocument(_Length):
    """A length of time; *termijnenwet*: its end moves as the Algemene termijnenwet says (sources.md 5.2).

    *earlier*: what it was before, the oldest first: what began then keeps that length.
    """

    earlier: list[EarlierTermDocument] = []

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        days = [each.until for each in self.earlier]
        if days != sorted(set(days)):
            raise ValueError("earlier: the oldest first, each with a day of its own")
        return self


class ObligationDocument(_Titled):
    """An obligation and its term; in R2 and for acute messages perhaps another."""

    term: _Name
    term_r2: _Name | Literal[""] = ""
    term_acute: _Name | Literal[""] = ""
    overdue: Literal["alert-operator", "alert-parties", "remind-once", "report"]
    after: _Name | Literal[""] = ""
    opened_by: Literal["", "refusal", "emergency"] = ""


class FlowDocument(_Sourced):
    """A flow: the topic that carries its types."""

    topic: _Topic
    retention: _Name


class NeverDocument(_Sourced):
    """A group that may stand in no list of these types."""

    group: _Group
    messages: list[_Code]


class SendersDocument(_Sourced):
    """Who may send."""

    roles: Annotated[list[_Role], Field(min_length=1)]


class RecipientsDocument(_Sourced):
    """What these recipient roles must and may receive; no roles where any role may."""

    roles: list[_Role] = []
    required: list[_Group]
    may: list[_Group]


class FieldsDocument(_Sourced):
    """The exact fields of one group in one message type; *examples* in the place of the group's own."""

    required: list[_Name]
    may: list[_Name]
    examples: dict[_Name, str | int | bool | None] = {}


class RegimeDocument(_Sourced):
    """Whether the type is mandatory in this regime."""

    mandatory: bool


class PurposesDocument(_Sourced):
    """Purposes for which the type may be sent."""

    codes: Annotated[list[_Purpose], Field(min_length=1)]


class BasesDocument(_Sourced):
    """Legal bases on which the type may be sent; none for a dormant type."""

    codes: list[_Basis]


class AssertionDocument(_Sourced):
    """An assertion that must be made; without *value* any declared value will do."""

    name: _Name
    value: str | None = None


class CheckDocument(_Sourced):
    """A named check; what else it holds are its arguments."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    check: _Name

    @property
    def arguments(self) -> Mapping[str, object]:
        """The arguments by name."""
        return dict(self.model_extra or {})


class ReceiptDocument(_Sourced):
    """How soon receipt is confirmed: by the machine, by a person, by a person when acute."""

    term: _Name
    functional: _Name | Literal[""] = ""
    acute: _Name | Literal[""] = ""


class ResponseDocument(_Sourced):
    """How soon an answer is due; empty: no answer is owed."""

    term: _Name | Literal[""]


class EffectDocument(_Sourced):
    """An obligation that is opened or closed, and the assertions that this depends on."""

    obligation: _Name
    when: dict[str, str] = {}


class OpeningDocument(EffectDocument):
    """An obligation that is opened, and who owes it: the one who receives the message, or who sent it."""

    owed_by: Literal["recipient", "sender"] = "recipient"


class ClosingDocument(EffectDocument):
    """An obligation that is closed, by a message to whom it is owed, or to anyone."""

    toward: Literal["creditor", "anyone"] = "creditor"


class ProlongingDocument(ClosingDocument):
    """An obligation whose due moment a message moves, by this term."""

    term: _Name


class ExtensionDocument(_Worded):
    """An exchange that is no type of its own: these types carry it, with this role."""

    carried_by: Annotated[list[_Code], Field(min_length=1)]
    role: _Role


class RetentionDocument(_Sourced):
    """A class of retention."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)
    class_: Annotated[str, Field(alias="class")]


class MessageDocument(_Sourced):
    """One message type."""

    nl: _Text
    en: _Text
    type: _Type
    flow: _Name
    version: _Number
    accompanies: bool = False
    outlives: bool = False
    from_exchange: bool = False
    any_role: bool = False
    off_by_default: bool = False
    forward: bool = False
    senders: SendersDocument | None = None
    recipients: Annotated[list[RecipientsDocument], Field(min_length=1)]
    fields: dict[_Group, FieldsDocument] = {}
    regimes: Annotated[dict[_Regime, RegimeDocument], Field(min_length=1)]
    purposes: PurposesDocument
    legal_bases: BasesDocument
    assertions: list[AssertionDocument] = []
    checks: list[CheckDocument] = []
    receipt: ReceiptDocument | None = None
    response: ResponseDocument | None = None
    opens: list[OpeningDocument]
    closes: list[ClosingDocument]
    prolongs: list[ProlongingDocument] = []
    retention: RetentionDocument


class FlowCoverage(_Sourced):
    """An exchange of the action plan: what carries it, or why it stays outside."""

    what: _Text
    parties: _Text
    carried_by: list[_Code] = []
    outside: Annotated[str, Field(max_length=400)] = ""


class BesidesDocument(_Sourced):
    """Why a type is there that carries no exchange of the plan."""

    reason: _Text


class CoverageDocument(_Part):
    """The whole of `coverage.yaml`."""

    format: Literal[1]
    flows: dict[_Name, FlowCoverage]
    besides: dict[_Code, BesidesDocument]


class CatalogueDocument(_Part):
    """The whole document."""

    format: Literal[1]
    version: _Number
    sources: list[_Text] = []
    roles: dict[_Role, RoleDocument]
    purposes: dict[_Purpose, _Worded]
    legal_bases: dict[_Basis, _Titled]
    assertions: dict[_Name, AssertionMeaning]
    terms: dict[_Name, TermDocument]
    obligations: dict[_Name, ObligationDocument]
    retention: dict[_Name, _Titled]
    flows: dict[_Name, FlowDocument]
    groups: dict[_Group, _Titled]
    never: list[NeverDocument] = []
    extensions: dict[_Code, ExtensionDocument] = {}
    messages: dict[_Code, MessageDocument]


def parse_document(document: bytes) -> CatalogueDocument:
    """Read the bytes of `catalogue.yaml`.

    Raises:
        ConfigurationError: Not YAML, or not of this form; names the path of every fault.
    """
    content = read_yaml(document, "catalogue.yaml")
    try:
        return CatalogueDocument.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(
            "catalogue.yaml is not a catalogue",
            why=told_faults(error, content),
            remedy="Correct what is named; docs/spec/catalogue.md 2 has the form",
        ) from error


def told_faults(error: ValidationError, content: object) -> str:
    """What is wrong with a document of the schemas, each fault with its place, the first twenty."""
    said = say_faults(error, content).items()
    return "; ".join([f"{place}: {sentence}" if place else sentence for place, sentence in said][:20])
