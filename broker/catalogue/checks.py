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
- ``one-set {group, sets}``: each record has every field of at least one of these sets.
- ``allowed-values {group, field, values}``: where the field has a value, it is one of these.
- ``some-value {group, field, equals}``: where the group is there, the field has that value in some record.
- ``single {group}``: there is no more than one record.
- ``any-group {groups}``: at least one of these groups is there.
- ``absent-with {group, fields, other}``: where the group *other* is there, these fields have no value.
- ``only-when-any {group, field, flags}``: the field has a value only where one of these flags is true.
- ``group-when {group, assertion, equals}``: with that assertion the group is there.
- ``no-groups-when {groups, assertion, equals}``: with that assertion none of these groups is there.
- ``meaning {assertion, group, field, meanings}``: with an asserted value, the field has one of its meanings.
- ``values-when {group, field, values, when_field, equals}``: where *when_field* has that value, *field* has
  one of these.
- ``outside {group, field, minimum, maximum}``: the field has no value between these two, nor one of them.
- ``at-most-days {group, field, start_field, maximum}``: the date is at most so many days after the other.
- ``addressed {assertion, meanings}``: with an asserted value, every recipient has one of these roles.
- ``sent-by {assertion, meanings}``: with an asserted value, the sender has one of these roles.
- ``not-for {group, field, roles}``: the field has no value where a recipient has one of these roles.
- ``routed {group, field, routes}``: in the message's regime, the value has a route to every recipient's role.
- ``regime-bound {group, field, equals, regimes}``: the field has that value only in these regimes.
- ``number-ground {fields, since}``: these fields have a value only in these regimes, from these days on.
- ``assertion-equals {assertion, group, field}``: the clear assertion says what the field says.
- ``no-bsn {texts, references}``: they hold no number that passes the eleven test of a BSN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from broker.catalogue.arguments import require_forms
from broker.catalogue.bsn import contains_bsn, is_bsn, reference_holds_bsn
from broker.catalogue.model import MessageEntry, NamedCheck
from broker.dutch_time import midnight
from broker.errors import ConfigurationError
from broker.names import GroupName, Micros, Regime, Role

__all__ = ["CHECKS", "Clear", "contains_bsn", "failed_checks", "is_bsn", "needed_groups", "require_arguments"]

_Groups = Mapping[GroupName, object]
_Arguments = Mapping[str, object]
_Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Clear:
    """What checks may know of the signed header.

    Attributes:
        created_at: When the message was made; what the law of that day allowed is asked.
        roles: Roles of the recipients: to the sender of all, to a recipient its own.
        sender: Role of the sender; None where only documents are judged.
    """

    assertions: Mapping[str, str]
    regime: Regime
    created_at: Micros
    roles: tuple[Role, ...] = ()
    sender: Role | None = None


_Evaluate = Callable[[_Arguments, _Groups, Clear], Iterable[str]]


def failed_checks(entry: MessageEntry, groups: Mapping[GroupName, object], clear: Clear) -> tuple[str, ...]:
    """Names of what fails the checks of this type, in the order of the checks; empty: all is well.

    Args:
        entry: The type.
        groups: Decoded groups.  One that is absent or None was not sent, or not to us.
        clear: Assertions, regime and moment of the header.

    Returns:
        ``CO.concern_description`` for a field, ``CH`` for a group, ``assertion:feedback_stage`` for
        an assertion with a value that the catalogue does not declare.
    """
    failed = [
        f"assertion:{asked.name}"
        for asked in entry.assertions
        if asked.values and clear.assertions.get(asked.name, asked.values[0]) not in asked.values
    ]
    for check in entry.checks:
        failed += CHECKS[check.name].evaluate(check.arguments, groups, clear)
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
    require_forms(check.arguments, known.arguments, check.name, where)


def needed_groups(entry: MessageEntry, assertions: Mapping[str, str]) -> tuple[GroupName, ...]:
    """Groups that a message with these assertions needs besides those that its recipients require.

    Where any of some groups will do, the first: enough for a document that is filled in for somebody.
    """
    needed = []
    for check in entry.checks:
        given = check.arguments
        if check.name == "any-group":
            needed.append(_words(given["groups"])[0])
        if check.name == "group-when" and assertions.get(str(given["assertion"])) == given["equals"]:
            needed.append(str(given["group"]))
    return tuple(GroupName(name) for name in needed)


def _records(groups: _Groups, name: object) -> Sequence[_Record]:
    value = groups.get(GroupName(str(name)))
    if value is None:
        return ()
    return cast("Sequence[_Record]", value if isinstance(value, list) else [value])


def _named(arguments: _Arguments) -> str:
    return f"{arguments['group']}.{arguments['field']}"


def _has(record: _Record, field: object) -> bool:
    return record.get(str(field)) not in (None, "", [])


def _not_empty(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    records = _records(groups, arguments["group"])
    if not any(_has(record, key) for record in records for key in record):
        yield str(arguments["group"])


def _value_present(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    if not all(_has(record, arguments["field"]) for record in _records(groups, arguments["group"])):
        yield _named(arguments)


def _flag_true(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    records = _records(groups, arguments["group"])
    if any(record.get(str(arguments["field"])) is not True for record in records):
        yield _named(arguments)


def _at_least(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    minimum = cast("int", arguments["minimum"])
    for record in _records(groups, arguments["group"]):
        value = record.get(str(arguments["field"]))
        if isinstance(value, int) and value < minimum:
            yield _named(arguments)


def _triggered(arguments: _Arguments, groups: _Groups) -> Iterator[_Record]:
    for record in _records(groups, arguments["group"]):
        if record.get(str(arguments["when_field"])) == arguments["equals"]:
            yield record


def _present_when(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    if not all(_has(record, arguments["field"]) for record in _triggered(arguments, groups)):
        yield _named(arguments)


def _absent_when(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    if any(_has(record, arguments["field"]) for record in _triggered(arguments, groups)):
        yield _named(arguments)


def _one_of(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    fields = _words(arguments["fields"])
    for record in _records(groups, arguments["group"]):
        if not any(_has(record, field) for field in fields):
            yield from (f"{arguments['group']}.{field}" for field in fields)


def _one_set(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    sets = [_words(fields) for fields in cast("Sequence[object]", arguments["sets"])]
    for record in _records(groups, arguments["group"]):
        if not any(all(_has(record, field) for field in fields) for fields in sets):
            best = min(reversed(sets), key=lambda fields: sum(not _has(record, field) for field in fields))
            yield from (f"{arguments['group']}.{field}" for field in best if not _has(record, field))


def _allowed_values(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    values = cast("Sequence[object]", arguments["values"])
    found = [record.get(str(arguments["field"])) for record in _records(groups, arguments["group"])]
    if any(value is not None and value not in values for value in found):
        yield _named(arguments)


def _some_value(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    records = _records(groups, arguments["group"])
    if records and all(record.get(str(arguments["field"])) != arguments["equals"] for record in records):
        yield _named(arguments)


def _single(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    if len(_records(groups, arguments["group"])) > 1:
        yield str(arguments["group"])


def _any_group(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    names = _words(arguments["groups"])
    if not any(_records(groups, name) for name in names):
        yield from names


def _absent_with(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    if not _records(groups, arguments["other"]):
        return
    records = _records(groups, arguments["group"])
    for field in _words(arguments["fields"]):
        if any(_has(record, field) for record in records):
            yield f"{arguments['group']}.{field}"


def _only_when_any(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    flags = [flag.split(".") for flag in _words(arguments["flags"])]
    if any(record.get(field) is True for group, field in flags for record in _records(groups, group)):
        return
    if any(_has(record, arguments["field"]) for record in _records(groups, arguments["group"])):
        yield _named(arguments)


def _group_when(arguments: _Arguments, groups: _Groups, clear: Clear) -> Iterator[str]:
    if _asserted(arguments, clear) == arguments["equals"] and not _records(groups, arguments["group"]):
        yield str(arguments["group"])


def _no_groups_when(arguments: _Arguments, groups: _Groups, clear: Clear) -> Iterator[str]:
    if _asserted(arguments, clear) == arguments["equals"]:
        yield from (name for name in _words(arguments["groups"]) if _records(groups, name))


def _meaning(arguments: _Arguments, groups: _Groups, clear: Clear) -> Iterator[str]:
    meanings = cast("Mapping[str, Sequence[object]]", arguments["meanings"])
    allowed = meanings.get(_asserted(arguments, clear) or "")
    records = _records(groups, arguments["group"])
    if allowed is not None and any(record.get(str(arguments["field"])) not in allowed for record in records):
        yield _named(arguments)


def _values_when(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    values = cast("Sequence[object]", arguments["values"])
    if any(record.get(str(arguments["field"])) not in values for record in _triggered(arguments, groups)):
        yield _named(arguments)


def _outside(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    least, most = cast("int", arguments["minimum"]), cast("int", arguments["maximum"])
    found = [record.get(str(arguments["field"])) for record in _records(groups, arguments["group"])]
    if any(isinstance(value, int) and least <= value <= most for value in found):
        yield _named(arguments)


def _at_most_days(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    for record in _records(groups, arguments["group"]):
        first, last = record.get(str(arguments["start_field"])), record.get(str(arguments["field"]))
        if isinstance(first, str) and isinstance(last, str):
            days = (date.fromisoformat(last) - date.fromisoformat(first)).days
            if not 0 <= days <= cast("int", arguments["maximum"]):
                yield _named(arguments)


def _addressed(arguments: _Arguments, _: _Groups, clear: Clear) -> Iterator[str]:
    meanings = cast("Mapping[str, Sequence[object]]", arguments["meanings"])
    allowed = meanings.get(_asserted(arguments, clear) or "")
    if allowed is not None and any(role not in allowed for role in clear.roles):
        yield f"assertion:{arguments['assertion']}"


def _sent_by(arguments: _Arguments, _: _Groups, clear: Clear) -> Iterator[str]:
    meanings = cast("Mapping[str, Sequence[object]]", arguments["meanings"])
    allowed = meanings.get(_asserted(arguments, clear) or "")
    if allowed is not None and clear.sender is not None and clear.sender not in allowed:
        yield f"assertion:{arguments['assertion']}"


def _not_for(arguments: _Arguments, groups: _Groups, clear: Clear) -> Iterator[str]:
    if set(clear.roles).isdisjoint(_words(arguments["roles"])):
        return
    if any(_has(record, arguments["field"]) for record in _records(groups, arguments["group"])):
        yield _named(arguments)


def _routed(arguments: _Arguments, groups: _Groups, clear: Clear) -> Iterator[str]:
    every = cast("Mapping[str, Mapping[object, Sequence[str]]]", arguments["routes"])
    routes = every.get(clear.regime, {})
    for record in _records(groups, arguments["group"]):
        allowed = routes.get(record.get(str(arguments["field"])), ())
        if not allowed or any(role not in allowed for role in clear.roles):
            yield _named(arguments)


def _regime_bound(arguments: _Arguments, groups: _Groups, clear: Clear) -> Iterator[str]:
    if clear.regime in _words(arguments["regimes"]):
        return
    records = _records(groups, arguments["group"])
    if any(record.get(str(arguments["field"])) == arguments["equals"] for record in records):
        yield _named(arguments)


def _number_ground(arguments: _Arguments, groups: _Groups, clear: Clear) -> Iterator[str]:
    since = cast("Mapping[str, str]", arguments["since"]).get(clear.regime)
    if since is not None and clear.created_at >= midnight(date.fromisoformat(since)):
        return
    for name in _words(arguments["fields"]):
        group, field = name.split(".")
        if any(_has(record, field) for record in _records(groups, group)):
            yield name


def _asserted(arguments: _Arguments, clear: Clear) -> str | None:
    return clear.assertions.get(str(arguments["assertion"]))


def _words(value: object) -> Sequence[str]:
    return cast("Sequence[str]", value)


def _assertion_equals(arguments: _Arguments, groups: _Groups, clear: Clear) -> Iterator[str]:
    asserted = _asserted(arguments, clear)
    for record in _records(groups, arguments["group"]):
        value = record.get(str(arguments["field"]))
        said = str(value).lower() if isinstance(value, bool) else value
        if said is not None and said != asserted:
            yield _named(arguments)


def _no_bsn(arguments: _Arguments, groups: _Groups, _: Clear) -> Iterator[str]:
    for kind, holds in (("texts", contains_bsn), ("references", reference_holds_bsn)):
        for name in _words(arguments[kind]):
            group, field = name.split(".")
            if any(holds(text) for record in _records(groups, group) for text in _texts(record.get(field))):
                yield name


def _texts(value: object) -> Sequence[str]:
    return _words(value if isinstance(value, list | tuple) else [value] if value else ())


@dataclass(frozen=True, slots=True)
class _Check:
    evaluate: _Evaluate
    arguments: tuple[str, ...]


CHECKS: Mapping[str, _Check] = {
    "absent-when": _Check(_absent_when, ("group", "field", "when_field", "equals")),
    "absent-with": _Check(_absent_with, ("group", "fields", "other")),
    "addressed": _Check(_addressed, ("assertion", "meanings")),
    "allowed-values": _Check(_allowed_values, ("group", "field", "values")),
    "any-group": _Check(_any_group, ("groups",)),
    "assertion-equals": _Check(_assertion_equals, ("assertion", "group", "field")),
    "at-least": _Check(_at_least, ("group", "field", "minimum")),
    "at-most-days": _Check(_at_most_days, ("group", "field", "start_field", "maximum")),
    "flag-true": _Check(_flag_true, ("group", "field")),
    "group-when": _Check(_group_when, ("group", "assertion", "equals")),
    "meaning": _Check(_meaning, ("assertion", "group", "field", "meanings")),
    "no-bsn": _Check(_no_bsn, ("texts", "references")),
    "no-groups-when": _Check(_no_groups_when, ("groups", "assertion", "equals")),
    "not-empty": _Check(_not_empty, ("group",)),
    "not-for": _Check(_not_for, ("group", "field", "roles")),
    "number-ground": _Check(_number_ground, ("fields", "since")),
    "one-of": _Check(_one_of, ("group", "fields")),
    "one-set": _Check(_one_set, ("group", "sets")),
    "only-when-any": _Check(_only_when_any, ("group", "field", "flags")),
    "outside": _Check(_outside, ("group", "field", "minimum", "maximum")),
    "present-when": _Check(_present_when, ("group", "field", "when_field", "equals")),
    "regime-bound": _Check(_regime_bound, ("group", "field", "equals", "regimes")),
    "routed": _Check(_routed, ("group", "field", "routes")),
    "sent-by": _Check(_sent_by, ("assertion", "meanings")),
    "single": _Check(_single, ("group",)),
    "some-value": _Check(_some_value, ("group", "field", "equals")),
    "value-present": _Check(_value_present, ("group", "field")),
    "values-when": _Check(_values_when, ("group", "field", "values", "when_field", "equals")),
}
"""Every check by name, with the arguments it needs."""
