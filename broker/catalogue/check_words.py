"""What the named checks of `broker.catalogue.checks` ask, in sentences for whoever fills in a message.

A sentence names fields, groups, assertions and the values that the catalogue has for them, never what a
message holds.  An audit record and an answer carry the bare names (audit.md 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, cast

from broker.catalogue.checks import CHECKS, Clear
from broker.catalogue.model import MessageEntry, NamedCheck
from broker.names import GroupName

__all__ = ["WORDS", "say_check", "say_failed"]

WORDS: Final[Mapping[str, str]] = {
    "absent-when": "{group}.{field} has to be absent where {group}.{when_field} is {equals}",
    "absent-with": "{fields} of {group} have to be absent where there is a group {other}",
    "addressed": "who may receive it depends on the assertion {assertion}: {meanings}",
    "allowed-values": "{group}.{field} has to be one of {values}",
    "any-group": "one of the groups {groups} has to be there",
    "assertion-equals": "the assertion {assertion} has to say what {group}.{field} says",
    "at-least": "{group}.{field} has to be {minimum} or more",
    "at-most-days": "{group}.{field} has to be at most {maximum} days after {group}.{start_field}",
    "flag-true": "{group}.{field} has to be true",
    "group-when": "the group {group} has to be there where {assertion} is {equals}",
    "meaning": "{group}.{field} has to agree with the assertion {assertion}: {meanings}",
    "no-bsn": "free text and references may hold no number that can be a BSN",
    "no-groups-when": "the groups {groups} have to be absent where {assertion} is {equals}",
    "not-empty": "the group {group} has to hold something",
    "not-for": "{group}.{field} has to be absent in a message to {roles}",
    "number-ground": "a BSN may be used only under a law that allows it: {since}",
    "one-of": "one of {fields} of {group} has to have a value",
    "one-set": "each record of {group} has to have all of {sets}",
    "only-when-any": "{group}.{field} may have a value only where one of {flags} is true",
    "outside": "{group}.{field} may not be from {minimum} to {maximum}",
    "present-when": "{group}.{field} has to have a value where {group}.{when_field} is {equals}",
    "regime-bound": "{group}.{field} may be {equals} only in {regimes}",
    "routed": "{group}.{field} decides who may receive it: {routes}",
    "sent-by": "who may send it depends on the assertion {assertion}: {meanings}",
    "single": "there may be one {group} only",
    "some-value": "{group}.{field} has to be {equals} in one of the records",
    "value-present": "{group}.{field} has to have a value in every record",
    "values-when": "{group}.{field} has to be one of {values} where {group}.{when_field} is {equals}",
}
"""A sentence for each check, with places for its arguments."""


def say_check(check: NamedCheck) -> str:
    """What *check* asks."""
    said = {name: _words(value) for name, value in check.arguments.items()}
    if check.name == "one-set":
        sets = cast("list[object]", check.arguments["sets"])
        said["sets"] = ", or all of ".join(map(_words, sets))
    return WORDS[check.name].format_map(said)


def say_failed(entry: MessageEntry, groups: Mapping[GroupName, object], clear: Clear) -> str:
    """What the checks ask that a message fails, each with the names that it is about and its source.

    Args:
        entry: The type.
        groups: Decoded groups.
        clear: Assertions, regime and moment of the header.
    """
    return "; ".join([*_undeclared(entry, clear), *_failed(entry, groups, clear)])


def _undeclared(entry: MessageEntry, clear: Clear) -> Iterator[str]:
    for asked in entry.assertions:
        if asked.values and clear.assertions.get(asked.name, asked.values[0]) not in asked.values:
            yield f"the assertion {asked.name} has to be one of {', '.join(asked.values)} ({asked.source})"


def _failed(entry: MessageEntry, groups: Mapping[GroupName, object], clear: Clear) -> Iterator[str]:
    for check in entry.checks:
        names = [*dict.fromkeys(CHECKS[check.name].evaluate(check.arguments, groups, clear))]
        said = say_check(check)
        if names:
            more = ", ".join(name for name in names if name not in said)
            yield f"{more}: {said} ({check.source})" if more else f"{said} ({check.source})"


def _words(value: object) -> str:
    """An argument, as a person reads it."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
