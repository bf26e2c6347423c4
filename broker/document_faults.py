"""What is wrong with a document, in words that its writer knows: where, and what should stand there.

1. A place is the path as it was typed; names of our own models and their alternatives are not in it.
2. A sentence says what should stand there, never what does: a value may be anything.
3. A key that does not look like a name may be anything too, and is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeGuard

from pydantic import ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["say_faults"]

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_LONGEST: Final = 120
_WORDS: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not a known name",
    **dict.fromkeys(
        ("model_type", "model_attributes_type", "dict_type", "mapping_type", "is_instance_of"),
        "has to be names with their values",
    ),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), "has to be a list"),
    **dict.fromkeys(("string_type", "string_unicode"), "has to be text"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "has to be true or false"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "has to be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "has to be a number"),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing"), "has to be a day, such as 2026-05-01"
    ),
}
_LIMITS: Final = {
    "string_pattern_mismatch": ("pattern", "does not have the form {}"),
    "literal_error": ("expected", "has to be {}"),
    "enum": ("expected", "has to be {}"),
    "string_too_short": ("min_length", "has to have {} characters or more"),
    "string_too_long": ("max_length", "has more than {} characters"),
    "too_short": ("min_length", "has to hold {} or more"),
    "too_long": ("max_length", "holds more than {}"),
    "greater_than_equal": ("ge", "has to be {} or more"),
    "greater_than": ("gt", "has to be more than {}"),
    "less_than_equal": ("le", "has to be {} or less"),
    "less_than": ("lt", "has to be less than {}"),
}
"""Kind of fault, what pydantic calls the limit, and how it is said."""


def say_faults(error: ValidationError, document: object, *, first: int = 0) -> dict[str, str]:
    """Each place with what is wrong there, in the order of the document.

    Args:
        document: What was validated, as it was read.
        first: Number of the first item of a list.

    Returns:
        Sentences by place: ``steps.3.send.type`` and ``does not have the form E[0-9]{2}``.  The document
        as a whole is the place ``""``.  Of alternatives that all fail, each is said once.
    """
    if document is None or document in ("", {}, []):
        return {"": "it is empty"}
    said: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False, include_input=False):
        sentences = said.setdefault(_place(fault, document, first), [])
        if (sentence := _sentence(fault)) not in sentences:
            sentences.append(sentence)
    return {place: " or ".join(sentences) for place, sentences in said.items()}


def _place(fault: ErrorDetails, document: object, first: int) -> str:
    """The parts that lead somewhere in the document; the rest names alternatives of a model."""
    parts: list[str] = []
    here: object = document
    *before, last = fault["loc"] or ("",)
    for part in (*before, last):
        if isinstance(here, Mapping) and part in here:
            here = here[part]
            parts.append(str(part) if _NAME.fullmatch(str(part)) else "?")
        elif isinstance(part, int) and _is_list(here) and part < len(here):
            here = here[part]
            parts.append(str(part + first))
    if fault["type"] == "missing":
        parts.append(str(last))
    return ".".join(parts)[:_LONGEST]


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _sentence(fault: ErrorDetails) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind in _WORDS:
        return _WORDS[kind]
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return words.format(str(context.get(name, "")).removeprefix("^").removesuffix("$"))
    if kind == "value_error":
        said = str(context.get("error", "is wrong"))
        return f"has to be {said.removeprefix('not ')}" if said.startswith("not a") else said
    return "is not what belongs there"
