"""Rules across groups, by name (docs/spec/catalogue.md 6): what a schema alone cannot say.

The catalogue names a check and its arguments; adding a type adds data, never code here.  The
publisher evaluates them before anything is sealed, the subscriber again after opening (envelope.md
8, step 16).  A check answers with names of fields, never with values.

- ``not-empty {group}``: the group is there and holds something.
- ``value-present {group, field}``: where the group is there, the field has a value in every record.
- ``flag-true {group, field}``: where the group is there, the flag is true in every record.
- ``at-least {group, field, minimum}``: where the field has a value, it is not smaller.
- ``present-when {group, field, when_field, equals}``: where *when_field* has that value, so has *field* one.
- ``absent-when {group, field, when_field, equals}``: where *when_field* has that value, *field* has none.
- ``one-of {group, fields}``: where the group is there, at least one of these fields has a value.
- ``assertion-equals {assertion, group, field}``: the clear assertion says what the field says.
- ``no-bsn {fields}``: free text holds no number that passes the eleven test of a BSN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from broker.catalogue.model import MessageEntry, NamedCheck
from broker.errors import ConfigurationError
from broker.names import GroupName

__all__ = ["CHECKS", "contains_bsn", "failed_checks", "is_bsn", "require_arguments"]

_Groups = Mapping[GroupName, object]
_Arguments = Mapping[str, object]
_Evaluate = Callable[[_Arguments, _Groups, Mapping[str, str]], Iterable[str]]
_Record = Mapping[str, object]

_NINE_DIGITS = re.compile(r"\d(?<!\d\d)(?=((?:[ .\-/]?\d){8})(?!\d))")
"""Begins with a digit, not with a look-behind: the scan then skips everything that is none."""
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def failed_checks(
    entry: MessageEntry, groups: Mapping[GroupName, object], assertions: Mapping[str, str]
) -> tuple[str, ...]:
    """Names of what fails the checks of this type, in the order of the checks; empty: all is well.

    Args:
        entry: The type.
        groups: Decoded groups.  One that is absent or None was not sent, or not to us.
        assertions: The clear assertions of the header.

    Returns:
        ``CO.concern_description`` for a field, ``CH`` for a group, ``assertion:feedback_stage`` for
        an assertion with a value that the catalogue does not declare.
    """
    failed = [
        f"assertion:{asked.name}"
        for asked in entry.assertions
        if asked.values and assertions.get(asked.name, asked.values[0]) not in asked.values
    ]
    for check in entry.checks:
        failed += CHECKS[check.name].evaluate(check.arguments, groups, assertions)
    return tuple(dict.fromkeys(failed))


def require_arguments(check: NamedCheck, where: str) -> None:
    """Insist that the check exists and has the arguments it needs.

    Raises:
        ConfigurationError: It does not.
    """
    known = CHECKS.get(check.name)
    if known is None:
        raise ConfigurationError(
            f"{where}: no such check", why=check.name, remedy=f"Choose one of {', '.join(CHECKS)}"
        )
    if set(check.arguments) != set(known.arguments):
        raise ConfigurationError(
            f"{where}: {check.name} needs exactly the arguments {', '.join(known.arguments)}",
            why=", ".join(sorted(check.arguments)),
            remedy="Give these arguments and no other",
        )


def contains_bsn(text: str) -> bool:
    """Whether *text* holds nine digits, perhaps in written groups, that pass the eleven test."""
    found = (match[0] + match[1] for match in _NINE_DIGITS.finditer(text))
    return any(is_bsn("".join(c for c in digits if c.isdigit())) for digits in found)


def is_bsn(digits: str) -> bool:
    """Whether nine digits pass the eleven test (sources.md 9.3); nine zeroes do not count."""
    if len(digits) != 9 or not digits.isdecimal() or int(digits) == 0:
        return False
    return sum(int(d) * w for d, w in zip(digits, _WEIGHTS, strict=True)) % 11 == 0


def _records(groups: _Groups, name: object) -> Sequence[_Record]:
    value = groups.get(GroupName(str(name)))
    if value is None:
        return ()
    return cast("Sequence[_Record]", value if isinstance(value, list) else [value])


def _named(arguments: _Arguments) -> str:
    return f"{arguments['group']}.{arguments['field']}"


def _has(record: _Record, field: object) -> bool:
    return record.get(str(field)) not in (None, "", [])


def _not_empty(arguments: _Arguments, groups: _Groups, _: Mapping[str, str]) -> Iterator[str]:
    records = _records(groups, arguments["group"])
    if not any(_has(record, key) for record in records for key in record):
        yield str(arguments["group"])


def _value_present(arguments: _Arguments, groups: _Groups, _: Mapping[str, str]) -> Iterator[str]:
    if not all(_has(record, arguments["field"]) for record in _records(groups, arguments["group"])):
        yield _named(arguments)


def _flag_true(arguments: _Arguments, groups: _Groups, _: Mapping[str, str]) -> Iterator[str]:
    records = _records(groups, arguments["group"])
    if any(record.get(str(arguments["field"])) is not True for record in records):
        yield _named(arguments)


def _at_least(arguments: _Arguments, groups: _Groups, _: Mapping[str, str]) -> Iterator[str]:
    minimum = cast("int", arguments["minimum"])
    for record in _records(groups, arguments["group"]):
        value = record.get(str(arguments["field"]))
        if isinstance(value, int) and value < minimum:
            yield _named(arguments)


def _triggered(arguments: _Arguments, groups: _Groups) -> Iterator[_Record]:
    for record in _records(groups, arguments["group"]):
        if record.get(str(arguments["when_field"])) == arguments["equals"]:
            yield record


def _present_when(arguments: _Arguments, groups: _Groups, _: Mapping[str, str]) -> Iterator[str]:
    if not all(_has(record, arguments["field"]) for record in _triggered(arguments, groups)):
        yield _named(arguments)


def _absent_when(arguments: _Arguments, groups: _Groups, _: Mapping[str, str]) -> Iterator[str]:
    if any(_has(record, arguments["field"]) for record in _triggered(arguments, groups)):
        yield _named(arguments)


def _one_of(arguments: _Arguments, groups: _Groups, _: Mapping[str, str]) -> Iterator[str]:
    fields = cast("Sequence[str]", arguments["fields"])
    for record in _records(groups, arguments["group"]):
        if not any(_has(record, field) for field in fields):
            yield from (f"{arguments['group']}.{field}" for field in fields)


def _assertion_equals(arguments: _Arguments, groups: _Groups, assertions: Mapping[str, str]) -> Iterator[str]:
    asserted = assertions.get(str(arguments["assertion"]))
    for record in _records(groups, arguments["group"]):
        value = record.get(str(arguments["field"]))
        said = str(value).lower() if isinstance(value, bool) else value
        if said is not None and said != asserted:
            yield _named(arguments)


def _no_bsn(arguments: _Arguments, groups: _Groups, _: Mapping[str, str]) -> Iterator[str]:
    for name in cast("Sequence[str]", arguments["fields"]):
        group, field = name.split(".")
        if any(contains_bsn(str(record.get(field) or "")) for record in _records(groups, group)):
            yield name


@dataclass(frozen=True, slots=True)
class _Check:
    evaluate: _Evaluate
    arguments: tuple[str, ...]


CHECKS: Mapping[str, _Check] = {
    "absent-when": _Check(_absent_when, ("group", "field", "when_field", "equals")),
    "assertion-equals": _Check(_assertion_equals, ("assertion", "group", "field")),
    "at-least": _Check(_at_least, ("group", "field", "minimum")),
    "flag-true": _Check(_flag_true, ("group", "field")),
    "no-bsn": _Check(_no_bsn, ("fields",)),
    "not-empty": _Check(_not_empty, ("group",)),
    "one-of": _Check(_one_of, ("group", "fields")),
    "present-when": _Check(_present_when, ("group", "field", "when_field", "equals")),
    "value-present": _Check(_value_present, ("group", "field")),
}
"""Every check by name, with the arguments it needs."""
