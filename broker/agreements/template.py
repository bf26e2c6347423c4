"""From a model agreement to one between named parties: text with places between ``<`` and ``>``.

A place is a word, or ``oin:ROLE``.  What is filled in is checked first, so that no value can become
structure; afterwards no place may be left, and the result must be an agreement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from broker.agreements.document import parse_document
from broker.errors import MalformedError, UsageError

__all__ = ["fill_in", "places"]

_PLACE = re.compile(r"<([a-z]+(?::[A-Za-z]{2,12})?)>")
_VALUE = re.compile(r"[A-Za-z0-9@._:+-][A-Za-z0-9@._:+ -]{0,198}")


def places(model: bytes) -> tuple[str, ...]:
    """What must be filled in, in the order in which it stands.

    Raises:
        MalformedError: Not text.
    """
    return tuple(dict.fromkeys(_PLACE.findall(_without_comments(model))))


def fill_in(model: bytes, values: Mapping[str, str]) -> bytes:
    """The agreement that *model* becomes with *values*.

    Raises:
        UsageError: A value is missing, superfluous, or could be more than a value.
        MalformedError: The result is not an agreement.
    """
    wanted = places(model)
    if missing := [name for name in wanted if name not in values]:
        raise UsageError(
            "the model asks for more", why=", ".join(missing), remedy="Give each with --set NAME=VALUE"
        )
    if unknown := sorted(set(values) - set(wanted)):
        raise UsageError(
            "the model has no such place",
            why=", ".join(unknown),
            remedy=f"Leave it out; the places are {', '.join(wanted)}",
        )
    if unfit := [name for name, value in values.items() if not _VALUE.fullmatch(value) or ": " in value]:
        raise UsageError(
            "a value with characters that do not belong there",
            why=", ".join(unfit),
            remedy="Give a name, number or code on one line, without YAML signs",
        )
    document = _PLACE.sub(lambda found: values[found.group(1)], _without_comments(model)).encode()
    parse_document(document)
    return document


def _without_comments(model: bytes) -> str:
    try:
        lines = model.decode("utf-8").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise MalformedError("a model agreement is not text") from error
    return "".join(line for line in lines if not line.startswith("#"))
