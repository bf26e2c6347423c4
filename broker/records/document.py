"""Messages as JSON documents: what `schakel publish` reads and `schakel subscribe` prints.

1. A key that is not known, given twice, or missing is refused by name; values are never in an error.
2. Whether groups and codes are right is the catalogue's question (`broker.pipelines.publish`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from broker.document_faults import say_faults
from broker.errors import MalformedError, UsageError
from broker.names import (
    AgreementId,
    CaseRef,
    Digest,
    GroupName,
    LegalBasis,
    MessageCode,
    MessageId,
    Micros,
    Oin,
    Purpose,
    Regime,
    Role,
    SubjectRef,
    Urgency,
)
from broker.records.model import Addressee, GroupValue, Record
from broker.records.shape import Moment

__all__ = ["MAX_DOCUMENT_BYTES", "DeliveredDocument", "Document", "document_json"]

MAX_DOCUMENT_BYTES = 1_048_576
_MOST_FAULTS = 20
_T = TypeVar("_T")


def _form(parse: Callable[[object], _T]) -> PlainValidator:
    def validate(value: object) -> _T:
        try:
            return parse(value)
        except MalformedError as error:
            raise ValueError(error.what) from None

    return PlainValidator(validate)


_Agency = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{1,63}$")]
_AssertionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
_Id = Annotated[MessageId, _form(MessageId.parse)]
_Group = Annotated[GroupName, _form(GroupName.parse)]


class Document(BaseModel):
    """A message that an agency wants to send (`schakel message template` writes one).

    Attributes:
        to: Short names or OINs of the addressees.
        case: ``new``, or a case reference in hexadecimal.
        assertions: Clear, coded predicates; true and false may be written as such.
        message_id: Send as exactly this message, again: for one that was not confirmed.
        in_reply_to: The message that this one answers.
        forwards: The message that this one forwards; *forwarded_from* is who first sent it.
        subjects: References to the persons concerned, or how many new ones to make.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    type: Annotated[MessageCode, _form(MessageCode.parse)]
    to: Annotated[list[_Agency], Field(min_length=1, max_length=64)]
    case: Literal["new"] | Annotated[CaseRef, _form(CaseRef.parse)]
    purpose: Annotated[Purpose, _form(Purpose.parse)]
    legal_basis: Annotated[LegalBasis, _form(LegalBasis.parse)]
    urgency: Urgency = Urgency.NORMAL
    regime: Regime = Regime.R1
    assertions: dict[_AssertionName, bool | Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]] = {}
    groups: dict[_Group, Mapping[str, object] | list[Mapping[str, object]]]
    message_id: _Id | None = None
    in_reply_to: _Id | None = None
    forwards: _Id | None = None
    forwarded_from: _Agency | None = None
    subjects: Annotated[int, Field(ge=0, le=20)] | list[Annotated[SubjectRef, _form(SubjectRef.parse)]] = 0

    @classmethod
    def parse(cls, content: bytes) -> Document:
        """Read one JSON document.

        Raises:
            UsageError: Not a document of this form (``not-a-document``), or a very large one
                (``document-too-large``); names the fields, not their values.
        """
        if len(content) > MAX_DOCUMENT_BYTES:
            raise UsageError(
                "the document is too large",
                remedy="Attachments travel by reference (group AT)",
                code="document-too-large",
            )
        if not content.strip():
            raise _not_a_document({"": "it is empty"})
        value: object = None
        try:
            value = json.loads(content, object_pairs_hook=_unique)
            # In JSON mode, so that codes may be written as text where Python would want an enumeration.
            return cls.model_validate_json(json.dumps(value))
        except ValidationError as error:
            raise _not_a_document(say_faults(error, value)) from None
        except (ValueError, RecursionError):
            raise _not_a_document({"": "not JSON, or a key is given twice"}) from None

    def asserted(self) -> dict[str, str]:
        """The assertions as the header has them."""
        return {
            name: value if isinstance(value, str) else str(value).lower()
            for name, value in self.assertions.items()
        }

    def to_record(
        self,
        to: tuple[Addressee, ...],
        case_ref: CaseRef,
        *,
        subject_refs: tuple[SubjectRef, ...] = (),
        origin: tuple[MessageId, Oin] | None = None,
        correlation_id: MessageId | None = None,
    ) -> Record:
        """The document as a record, with what only its surroundings know: addresses and references."""
        return Record(
            code=self.type,
            to=to,
            case_ref=case_ref,
            purpose=self.purpose,
            legal_basis=self.legal_basis,
            regime=self.regime,
            groups=self.groups,
            assertions=self.asserted(),
            urgency=self.urgency,
            subject_refs=subject_refs,
            correlation_id=correlation_id,
            causation_id=self.in_reply_to,
            origin=origin,
            message_id=self.message_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredDocument:
    """A message that was delivered, as `schakel subscribe` prints it; its keys only grow.

    Attributes:
        decision: Position of the gate's decision: topic, partition, offset.
    """

    message_id: MessageId
    code: MessageCode
    sender: Oin
    role: Role
    case: CaseRef
    in_reply_to: MessageId | None
    groups: Mapping[GroupName, GroupValue]
    agreement: tuple[AgreementId, Digest]
    decision: tuple[str, int, int]
    purpose: Purpose
    legal_basis: LegalBasis
    regime: Regime
    urgency: Urgency
    assertions: Mapping[str, str]
    created_at: Micros

    def to_json(self) -> dict[str, object]:
        """Plain JSON values; `document_json` makes the line."""
        agreement_id, digest = self.agreement
        topic, partition, offset = self.decision
        return {
            "message_id": str(self.message_id),
            "type": str(self.code),
            "from": str(self.sender),
            "role": str(self.role),
            "case": str(self.case),
            "in_reply_to": None if self.in_reply_to is None else str(self.in_reply_to),
            "purpose": str(self.purpose),
            "legal_basis": str(self.legal_basis),
            "regime": self.regime.value,
            "urgency": self.urgency.value,
            "assertions": dict(self.assertions),
            "created_at": Moment().to_json(self.created_at),
            "groups": {str(name): value for name, value in self.groups.items()},
            "agreement": {"id": str(agreement_id), "digest": str(digest)},
            "decision": {"topic": topic, "partition": partition, "offset": offset},
        }


def document_json(document: Mapping[str, object]) -> str:
    """One line of JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _not_a_document(faults: Mapping[str, str]) -> UsageError:
    told = [f"{place}: {sentence}" if place else sentence for place, sentence in faults.items()]
    return UsageError(
        "this is not a message document",
        why="; ".join(told[:_MOST_FAULTS]),
        remedy="`schakel message template CODE` writes one that is",
        code="not-a-document",
        offending=tuple(place or "document" for place in faults)[:_MOST_FAULTS],
    )


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a key is given twice")
    return mapping
