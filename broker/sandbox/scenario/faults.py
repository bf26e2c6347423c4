"""What is wrong with a scenario that only the whole document, the cast and the catalogue can tell.

Each fault begins with its place, with steps and rows counted from 1: ``steps.3.send.type``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from broker.catalogue.load import load_catalogue
from broker.catalogue.model import Catalogue
from broker.errors import UsageError
from broker.names import GroupName, MessageCode, Micros
from broker.sandbox.cast import AGENCIES, EXCHANGE
from broker.sandbox.scenario.model import Row, Scenario, Send, Step
from broker.sandbox.scenario.start import starts_at
from schemas.reading import packaged

__all__ = ["WAIVER", "faults_of"]

WAIVER: Final = MessageCode("E32")
"""The type with which a creditor does without an obligation."""

_CAST: Final = frozenset(cast.name for cast in (*AGENCIES, EXCHANGE))


def faults_of(scenario: Scenario) -> Iterator[str]:
    """Each fault, in the order of the document."""
    try:
        starts_at(scenario.start, Micros(0))
    except UsageError as error:
        yield f"start: {error.what}; {_lowered(error.remedy)}"
    labels: set[str] = set()
    for number, step in enumerate(scenario.steps, 1):
        place = f"steps.{number}"
        yield from _unknown(place, step)
        yield from (
            f"{place}.{key}: no message before it is called {label}"
            for key, label in _asked(step)
            if label not in labels
        )
        if step.send is not None:
            if step.send.label in labels:
                yield f"{place}.send.label: a second message is called {step.send.label}"
            labels.add(step.send.label)
    for number, row in enumerate(scenario.obligations, 1):
        place = f"obligations.{number}"
        yield from _row(place, row)
        if row.about not in labels:
            yield f"{place}.about: no message is called {row.about}"


def _unknown(place: str, step: Step) -> Iterator[str]:
    """Agencies, types, groups and obligations of a step that are not there."""
    yield from (
        f"{place}.{key}: there is no agency {name}" for key, name in _agencies(step) if name not in _CAST
    )
    if step.send is not None:
        yield from _message(f"{place}.send", step.send)
    if step.waive is not None and step.waive.obligation not in (may := _waivable()):
        yield f"{place}.waive.obligation: {step.waive.obligation} is none of {', '.join(may)}"
    if step.remind is not None:
        yield from _duty(f"{place}.remind.obligation", step.remind.obligation)
    for number, row in enumerate(step.obligations or (), 1):
        yield from _row(f"{place}.obligations.{number}", row)


def _message(place: str, send: Send) -> Iterator[str]:
    catalogue = _catalogue()
    if MessageCode(send.type) not in catalogue.messages:
        yield f"{place}.type: there is no message type {send.type}"
    for key, names in (("template", send.template), ("groups", send.groups)):
        yield from (
            f"{place}.{key}: there is no group {name}"
            for name in names
            if GroupName(name) not in catalogue.groups
        )


def _row(place: str, row: Row) -> Iterator[str]:
    for key, name in (("debtor", row.debtor), ("creditor", row.creditor)):
        if name not in _CAST:
            yield f"{place}.{key}: there is no agency {name}"
    yield from _duty(f"{place}.code", row.code)


def _duty(place: str, code: str) -> Iterator[str]:
    if code not in (known := _catalogue().obligations):
        yield f"{place}: {code} is none of {', '.join(known)}"


def _agencies(step: Step) -> Iterator[tuple[str, str]]:
    """Every agency that a step acts for, with its key."""
    if step.send is not None:
        yield "send.from", step.send.sender
        yield from (("send.to", name) for name in step.send.to)
    if step.waive is not None:
        yield from (("waive.from", step.waive.sender), ("waive.to", step.waive.to))
    if step.revoke is not None:
        yield "revoke.by", step.revoke.by
    if step.publish is not None:
        yield from (("publish.parties", name) for pair in step.publish.parties.items() for name in pair)


def _asked(step: Step) -> Iterator[tuple[str, str]]:
    """Every message that must have been sent before this step, with its key."""
    for number, row in enumerate(step.obligations or (), 1):
        yield f"obligations.{number}.about", row.about
    if step.send is not None:
        if step.send.in_reply_to is not None:
            yield "send.in_reply_to", step.send.in_reply_to
        if step.send.forwards is not None:
            yield "send.forwards", step.send.forwards
        yield from (("send.groups", label) for label in _named(step.send.groups))
    if step.remind is not None:
        yield "remind.about", step.remind.about
    if step.waive is not None:
        yield "waive.about", step.waive.about


def _named(value: object) -> Iterator[str]:
    """The labels that group fields name with ``id_of``."""
    if isinstance(value, Mapping) and value.keys() == {"id_of"}:
        yield str(value["id_of"])
    elif isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _named(one)


def _waivable() -> tuple[str, ...]:
    """Obligations that the catalogue lets a creditor do without."""
    asked = _catalogue().messages[WAIVER].assertions
    return tuple(value.upper() for one in asked for value in one.values)


@cache
def _catalogue() -> Catalogue:
    """The one of this release: the sandbox of a scenario has no other."""
    return load_catalogue(packaged())


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
