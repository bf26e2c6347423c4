"""What changes for whom between two catalogues (docs/spec/catalogue.md 10).

Per exchange (type, sender role, recipient role) each facet that differs is a change.  A change

1. *widens* when the recipient may get something that it could not get: a type, group, field, purpose,
   legal basis or regime more, a check or assertion less, a field less sensitive;
2. *demands* when one of the two must do something that it need not do: a group or field that becomes
   required, a check or assertion more, a regime in which the type becomes mandatory, an obligation
   more or on other terms, a shorter term, a way to close an obligation less.

What does neither takes something away, or asks for less: nobody's consent is needed for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from broker.catalogue.build import CATALOGUE, read_groups, required_file
from broker.catalogue.document import parse_document
from broker.catalogue.facets import REQUIRED, Aspect, Facet, Path, exchange_facets, paths
from broker.catalogue.model import Sensitivity
from broker.names import MessageCode

__all__ = ["Change", "compare"]

_MINUTES = {"minutes": 1, "hours": 60, "days": 1440, "working-days": 1440, "weeks": 10080, "months": 43200}
_WIDER_BY_ADDING = frozenset(
    {Aspect.TYPE, Aspect.GROUP, Aspect.FIELD, Aspect.PURPOSE, Aspect.LEGAL_BASIS, Aspect.REGIME}
)
_WIDER_BY_TAKING = frozenset({Aspect.ASSERTION, Aspect.CHECK})
_WORDS = frozenset({Aspect.RETENTION, Aspect.SENDER, Aspect.SENSITIVITY})
"""Aspects of which neither a new nor an old value asks anything of a party by itself."""
_Facets = dict[tuple[Aspect, str], Facet]


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that differs for one exchange.

    Attributes:
        sender, recipient: Roles, or ``any``.
        name: What the rule is about: ``CH``, ``CH.surname``, ``R1``.
        before, after: What it said and says; empty: nothing.
        widens: The recipient may get more.
        demands: Somebody must do more.
        source: Of the rule as it is, or as it was.
    """

    code: MessageCode
    sender: str
    recipient: str
    aspect: Aspect
    name: str
    before: str
    after: str
    widens: bool
    demands: bool
    source: str


def compare(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> tuple[Change, ...]:
    """Every change from *old* to *new*, by type, sender, recipient and aspect.

    Args:
        old: Content by path within `schemas/`: `catalogue.yaml`, `groups/CH.avsc` ...
        new: The same of the later version.

    Raises:
        ConfigurationError: One of them is not a catalogue.
    """
    before, after = _exchanges(old), _exchanges(new)
    changes: list[Change] = []
    for path in sorted(before.keys() | after.keys()):
        changes += _changes(path, before.get(path, {}), after.get(path, {}))
    return tuple(changes)


def _exchanges(files: Mapping[str, bytes]) -> dict[Path, _Facets]:
    document = parse_document(required_file(files, CATALOGUE))
    groups = read_groups(document, files)
    return {
        path: {(facet.aspect, facet.name): facet for facet in exchange_facets(document, groups, path)}
        for path in paths(document)
    }


def _changes(path: Path, before: _Facets, after: _Facets) -> Iterator[Change]:
    if not before or not after:
        # A whole exchange comes or goes: that says it all.
        before, after = _only_type(before), _only_type(after)
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key), after.get(key)
        if key[0] is not Aspect.SENDER and not _implied(key, before, after) and _differ(was, now):
            yield _change(path, was, now)


def _only_type(facets: _Facets) -> _Facets:
    return {key: facet for key, facet in facets.items() if key[0] is Aspect.TYPE}


def _differ(was: Facet | None, now: Facet | None) -> bool:
    return (was and was.value) != (now and now.value)


def _implied(key: tuple[Aspect, str], before: _Facets, after: _Facets) -> bool:
    """Whether a group or field comes or goes as a whole, so that what is in it needs no mention."""
    aspect, name = key
    if aspect not in (Aspect.FIELD, Aspect.SENSITIVITY):
        return False
    group = (Aspect.GROUP, name.split(".", maxsplit=1)[0])
    if group not in before or group not in after:
        return True
    field = (Aspect.FIELD, name)
    return aspect is Aspect.SENSITIVITY and (field not in before or field not in after)


def _change(path: Path, was: Facet | None, now: Facet | None) -> Change:
    facet = now or was
    assert facet is not None, "something differs"
    return Change(
        code=path.code,
        sender=path.sender,
        recipient=path.recipient,
        aspect=facet.aspect,
        name=facet.name,
        before=was.value if was else "",
        after=now.value if now else "",
        widens=_widens(facet, was, now),
        demands=_demands(facet, was, now),
        source=facet.source,
    )


def _widens(facet: Facet, was: Facet | None, now: Facet | None) -> bool:
    aspect = facet.aspect
    if aspect in _WIDER_BY_ADDING:
        return was is None
    if aspect in _WIDER_BY_TAKING:
        return now is None
    if aspect is Aspect.SENSITIVITY:
        return was is not None and now is not None and _protection(now.value) < _protection(was.value)
    if aspect is Aspect.FLAG:
        # Two flags hold back: a type that sleeps, and one that never goes back where it came from.
        return (now is not None) is (facet.name not in {"forward", "off-by-default"})
    return False


def _demands(facet: Facet, was: Facet | None, now: Facet | None) -> bool:
    aspect = facet.aspect
    if aspect in _WORDS or aspect is Aspect.FLAG:
        return False
    if aspect is Aspect.CLOSES:
        return was is not None
    if now is None:
        return False
    if aspect is Aspect.TERM:
        return was is None or _term(now.value) < _term(was.value)
    if aspect in _WIDER_BY_ADDING:
        return now.value in {REQUIRED, "mandatory"}
    return True


def _protection(value: str) -> tuple[int, bool]:
    level, _, protected = value.partition(", ")
    return list(Sensitivity).index(Sensitivity(level)), bool(protected)


def _term(value: str) -> tuple[int, bool]:
    """How long a term is; of as many days and working days the latter are longer."""
    amount, unit = value.split(",")[0].split(" ")
    return int(amount) * _MINUTES[unit], unit == "working-days"
