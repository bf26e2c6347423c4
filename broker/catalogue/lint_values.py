"""Values in the rules that can never be, so that the rule never bites.

1. check-value     a value that its field or assertion cannot have, or of another type
2. check-role      a role that does not send or receive the type
3. check-bounds    a minimum below 1, above its maximum, or above what the field can be
4. ground-day      a day outside its regime from which a number would have a ground
5. free-text       long text without a format that is not said to be free
6. days-of-rest    a term that moves off days of rest, though it is longer than the act allows
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from broker.catalogue.dictionary import Json, field_nodes, is_text
from broker.catalogue.document import CatalogueDocument, CheckDocument, MessageDocument
from broker.catalogue.finding import Finding
from broker.names import GroupName

__all__ = ["find_values"]

_LONGEST_UNFREE = 200
_LONGEST_MOVED = {"days": 90, "weeks": 12, "months": 3}
"""Algemene termijnenwet, art. 4 (L25)."""
_DAYS = {"R1": (date(2013, 7, 1), date(2014, 12, 31)), "R2": (date(2015, 1, 1), date.max)}
"""In R0 nobody may use a number (sources.md 1)."""
_Groups = Mapping[GroupName, Json]


def find_values(document: CatalogueDocument, groups: _Groups) -> Iterator[Finding]:
    """Everything of these six rules."""
    for code, message in document.messages.items():
        for index, check in enumerate(message.checks):
            where = f"messages.{code}.checks[{index}]"
            yield from (Finding("check-value", where, what) for what in _values(check, document, groups))
            yield from (Finding("check-role", where, what) for what in _roles(check, message))
            yield from (Finding("check-bounds", where, what) for what in _bounds(check, groups))
            yield from (Finding("ground-day", where, what) for what in _grounds(check))
    yield from _free_text(groups)
    yield from _days_of_rest(document)


def _values(check: CheckDocument, document: CatalogueDocument, groups: _Groups) -> Iterator[str]:
    given = check.arguments
    said = document.assertions.get(str(given.get("assertion")))
    asserted = said.values if said else []
    meanings, routes = _mapping(given.get("meanings")), _mapping(given.get("routes"))
    node = _node(groups, given.get("group"), given.get("field"))
    yield from _strange(meanings, asserted)
    if "assertion" in given and "equals" in given:
        yield from _strange([given["equals"]], asserted)
    elif "equals" in given:
        name = given.get("when_field", given.get("field"))
        yield from _unfit([given["equals"]], _node(groups, given.get("group"), name))
    yield from _unfit(_listed(given.get("values")), node)
    if "field" in given:
        yield from _unfit([value for values in meanings.values() for value in _listed(values)], node)
        yield from _unfit([value for by_value in routes.values() for value in _mapping(by_value)], node)


def _strange(values: Iterable[object], known: Iterable[str]) -> Iterator[str]:
    known = list(known)
    yield from (f"{value!r} is no value of the assertion" for value in values if value not in known)


def _unfit(values: Iterable[object], node: Json | None) -> Iterator[str]:
    if node is not None:
        yield from (f"{value!r} is no value of the field" for value in values if not _fits(value, node))


def _fits(value: object, node: Json) -> bool:
    """Whether the field can have this value; of a list, one of its items."""
    shapes = node["type"] if isinstance(node["type"], list) else [node["type"]]
    (shape,) = [shape for shape in shapes if shape != "null"]
    if isinstance(shape, dict) and shape.get("type") == "array":
        shape = shape["items"]
    if isinstance(shape, dict) and shape.get("type") == "enum":
        return value in shape["symbols"]
    kind = shape.get("type") if isinstance(shape, dict) else shape
    python = {"boolean": bool, "int": int, "long": int, "string": str}.get(str(kind))
    # What is outside the profile is found elsewhere.
    return python is None or type(value) is python


def _roles(check: CheckDocument, message: MessageDocument) -> Iterator[str]:
    given = check.arguments
    known = {str(role) for listed in message.recipients for role in listed.roles}
    named = [*_listed(given.get("roles"))]
    named += [r for by_value in _mapping(given.get("routes")).values() for r in _flat(by_value)]
    if check.check == "addressed":
        named += _flat(given.get("meanings"))
    if check.check == "sent-by":
        known = {str(role) for role in message.senders.roles} if message.senders else set()
        named += _flat(given.get("meanings"))
    yield from (f"{role} is no party to it" for role in dict.fromkeys(map(str, named)) if role not in known)


def _bounds(check: CheckDocument, groups: _Groups) -> Iterator[str]:
    least, most = check.arguments.get("minimum"), check.arguments.get("maximum")
    node = _node(groups, check.arguments.get("group"), check.arguments.get("field")) or {}
    highest = node.get("maximum")
    if isinstance(least, int):
        if least < 1:
            yield f"minimum {least} excludes nothing"
        if isinstance(most, int) and least > most:
            yield f"minimum {least} is above maximum {most}"
        if isinstance(highest, int) and least > highest:
            yield f"minimum {least} is above {highest}, the highest of the field"
    elif isinstance(most, int) and most < 1:
        yield f"maximum {most} leaves nothing"


def _grounds(check: CheckDocument) -> Iterator[str]:
    for regime, day in _mapping(check.arguments.get("since")).items():
        first, last = _DAYS.get(str(regime), (date.max, date.min))
        if not first <= date.fromisoformat(str(day)) <= last:
            yield f"{regime}: {day}"


def _free_text(groups: _Groups) -> Iterator[Finding]:
    for name, record in groups.items():
        path = f"groups/{name}.avsc"
        for field, node in field_nodes(path, record).items():
            longest = node.get("max_length")
            if not is_text(node) or "format" in node or node.get("free_text") is True:
                continue
            if isinstance(longest, int) and longest > _LONGEST_UNFREE:
                yield Finding("free-text", path, f"{field}: {longest} characters, and not said to be free")


def _days_of_rest(document: CatalogueDocument) -> Iterator[Finding]:
    for code, term in document.terms.items():
        for one in (term, *term.earlier):
            if one.termijnenwet and one.amount > _LONGEST_MOVED[one.unit]:
                yield Finding("days-of-rest", f"terms.{code}", f"{one.amount} {one.unit}")


def _node(groups: _Groups, group: object, field: object) -> Json | None:
    record = groups.get(GroupName(str(group)))
    return field_nodes(f"groups/{group}.avsc", record).get(str(field)) if record else None


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> dict[object, object]:
    return value if isinstance(value, dict) else {}


def _flat(value: object) -> list[object]:
    return [item for items in _mapping(value).values() for item in _listed(items)]
