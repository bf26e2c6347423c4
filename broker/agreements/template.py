"""From a model agreement to one between named parties: text with places between ``<`` and ``>``.

1. A place is a word, or ``oin:ROLE``.  What is filled in is checked first, so that no value can become
   structure; afterwards no place may be left, and the result must be an agreement.
2. A model names every role that its partnership may have.  `without` leaves roles out, each with its
   party and its grants; without the police there is no privacy audit of police data either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

from broker.agreements.document import parse_document
from broker.errors import MalformedError, UsageError

__all__ = ["fill_in", "has_grant", "places", "without"]

_PLACE = re.compile(r"<([a-z]+(?::[A-Za-z]{2,12})?)>")
_ITEM = re.compile(r"^(?=  - |\S)", re.MULTILINE)
_ROLE = re.compile(r"\b(?:role|sender|recipient): (\w+)")
_GRANT = re.compile(r"types: \[([^]]*)\]\s+sender: (\w+)\s+recipient: (\w+)")
_POLICE = "POL"
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


def without(model: bytes, roles: Set[str]) -> bytes:
    """*model* without the parties of these roles, and without the grants that name one.

    Raises:
        UsageError: The model has no such role.
        MalformedError: Not text.
    """
    text = _without_comments(model)
    if unknown := sorted(role for role in roles if f"<oin:{role}>" not in text):
        raise UsageError(
            "the model has no such role",
            why=", ".join(unknown),
            remedy=f"The roles are {', '.join(re.findall('<oin:([A-Za-z]+)>', text))}",
        )
    kept = [item for item in _ITEM.split(text) if not _names(item, roles)]
    return "".join(kept).encode()


def has_grant(model: bytes, code: str, sender: str, recipient: str) -> bool:
    """Whether *model* has a grant of this type between parties in these roles.

    Raises:
        MalformedError: Not text.
    """
    return any(
        code in re.findall(r"\w+", types) and (from_, to) == (sender, recipient)
        for item in _ITEM.split(_without_comments(model))
        for types, from_, to in _GRANT.findall(item)
    )


def _names(item: str, roles: Set[str]) -> bool:
    """Whether a piece of a model is about one of *roles*: a party, a grant, or the audit of police data."""
    if item.startswith("privacy_audit:"):
        return _POLICE in roles
    return item.startswith("  - ") and not roles.isdisjoint(_ROLE.findall(item))


def _without_comments(model: bytes) -> str:
    try:
        lines = model.decode("utf-8").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise MalformedError("a model agreement is not text") from error
    return "".join(line for line in lines if not line.startswith("#"))
