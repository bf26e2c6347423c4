"""Reads JSON that others wrote into validated models.

1. A size limit first; then no key may stand twice.
2. Unknown keys are refused: a misspelt condition must not be silent.
3. Whatever is wrong, `MalformedError` is raised, with the place and never the value.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError

from broker.document_faults import say_faults
from broker.errors import MalformedError
from broker.names import KeyId, Oin

__all__ = ["KeyIdText", "OinText", "StrictModel", "checked", "read_json", "validate"]


class StrictModel(BaseModel):
    """A frozen part of a document; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


_M = TypeVar("_M", bound=StrictModel)


def checked(parse: Callable[[object], object]) -> BeforeValidator:
    """A field is what *parse* makes of it, and wrong where it raises `MalformedError`."""

    def check(value: object) -> object:
        try:
            return parse(value)
        except MalformedError as error:
            raise ValueError(error.what) from None

    return BeforeValidator(check)


KeyIdText = Annotated[KeyId, checked(KeyId.parse), PlainSerializer(str)]
OinText = Annotated[Oin, checked(Oin.parse)]


def read_json(document: bytes, model: type[_M], what: str, limit: int) -> _M:
    """Read a JSON *document* of at most *limit* bytes as *model*.

    Args:
        what: What it should be, for the error.

    Raises:
        MalformedError: It is not that.
    """
    if len(document) > limit:
        raise MalformedError(f"{what} is larger than {limit} bytes")
    try:
        content: object = json.loads(document.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"{what} is not plain JSON") from error
    return validate(content, model, what)


def validate(content: object, model: type[_M], what: str) -> _M:
    """*content*, which was read already, as *model*.

    Raises:
        MalformedError: It is not that.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        place, sentence = next(iter(say_faults(error, content).items()))
        raise MalformedError(f"{what} is wrong{f' at {place}' if place else ''}: {sentence[:200]}") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise MalformedError("a key stands twice")
    return mapping
