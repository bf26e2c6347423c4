"""What is wrong with a document is said in words of its writer: where, and what should stand there."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker.document_faults import say_faults
from broker.errors import MalformedError
from broker.names import CaseRef, Oin
from broker.strict_json import checked

SECRET = "Jan de Vries"


class Colour(StrEnum):
    """An enumeration."""

    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    """A part with a key that is called otherwise in the document."""

    model_config = ConfigDict(extra="forbid")
    sender: Annotated[str, Field(alias="from", pattern=r"^[a-z]{2,4}$")]


class Whole(BaseModel):
    """A document with a field of every kind."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)
    oin: Annotated[Oin, checked(Oin.parse)] = Oin("00000099000000001000")
    case: Literal["new"] | Annotated[CaseRef, checked(CaseRef.parse)] = "new"
    colour: Annotated[Colour, Field(strict=False)] = Colour.RED
    number: Annotated[int, Field(ge=1, le=9)] = 1
    flag: bool = True
    line: Annotated[str, Field(min_length=1, max_length=3)] = "x"
    parts: Annotated[list[Part], Field(min_length=1, max_length=2)] = []
    either: dict[str, int] | list[int] = {}


FAULTS: dict[str, tuple[Any, str, str]] = {
    "empty file": (None, "", "it is empty"),
    "a list": ([1], "", "has to be names with their values"),
    "unknown": ({"colr": "x"}, "colr", "is not a known name"),
    "a key that may be anything": ({SECRET: "x"}, "?", "is not a known name"),
    "missing": ({"parts": [{}]}, "parts.1.from", "is missing"),
    "form": ({"parts": [{"from": SECRET}]}, "parts.1.from", "does not have the form [a-z]{2,4}"),
    "part": ({"parts": ["x"]}, "parts.1", "has to be names with their values"),
    "too few": ({"parts": []}, "parts", "has to hold 1 or more"),
    "no list": ({"parts": SECRET}, "parts", "has to be a list"),
    "our own form": ({"oin": SECRET}, "oin", "has to be an OIN (20 positions: prefix, main number, zeroes)"),
    "choice": ({"colour": SECRET}, "colour", "has to be 'red' or 'blue'"),
    "number": ({"number": SECRET}, "number", "has to be a whole number"),
    "least": ({"number": 0}, "number", "has to be 1 or more"),
    "most": ({"number": 10}, "number", "has to be 9 or less"),
    "flag": ({"flag": SECRET}, "flag", "has to be true or false"),
    "long": ({"line": SECRET}, "line", "has more than 3 characters"),
    "text": ({"line": 1}, "line", "has to be text"),
    "alternatives": ({"case": SECRET}, "case", "has to be 'new' or has to be a case reference (16 bytes)"),
    "two kinds": ({"either": 1}, "either", "has to be names with their values or has to be a list"),
}


@pytest.mark.parametrize(("document", "place", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_said_with_its_place(document: Any, place: str, said: str) -> None:
    """As the writer typed it, counted from 1 where that is asked; never with the value."""
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(document)

    faults = say_faults(caught.value, document, first=1)

    assert faults == {place: said}
    assert SECRET not in str(faults)


def test_every_fault_has_its_place() -> None:
    """In the order of the document, each place once."""
    document = {"number": 0, "parts": [{"from": "1"}, {}]}
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(document)

    assert list(say_faults(caught.value, document)) == ["number", "parts.0.from", "parts.1.from"]


def test_a_form_of_ours_is_wrong_without_its_value() -> None:
    """What a parser of ours says holds no value either."""
    with pytest.raises(MalformedError) as caught:
        Oin.parse(SECRET)

    assert SECRET not in caught.value.what
