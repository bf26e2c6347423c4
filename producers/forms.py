"""From a form that somebody filled in to the messages that follow from it, by a role's own rule.

A form is a JSON file in the tray's ``forms/``:

    {"to": {"AMK": "amk-noord"}, "regime": "R1", "facts": {...}, "record": {"REF": {...}, "CH": [...]}}

``facts`` is what the rule asks; ``record`` is the file as the agency has it, in field groups.

1. The rule says which messages follow, or raises `NotSent` with a reason code.
2. Of the record a message carries the groups and fields that its type knows, and no others.
3. A form is taken once: the same form again changes nothing, a corrected one is a new message.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from broker.assembly import make_folders, move_document, write_document
from broker.crypto import sha256
from broker.names import GroupName, MessageCode, Micros
from broker.records.schema import MessageSchema
from broker.trust.view import TrustView
from producers.tray import Outcome, Tray

__all__ = ["Form", "Forms", "NotSent", "Rule", "Wanted"]


class NotSent(Exception):  # noqa: N818 - it is an answer, not a fault
    """No message follows from this form.

    Args:
        reason: A code.
        names: Names of the facts or fields concerned, never their values.
    """

    def __init__(self, reason: str, *names: str) -> None:
        super().__init__(" ".join((reason, *names)))
        self.reason = reason
        self.names = names


@dataclass(frozen=True, slots=True)
class Form:
    """A form as the rule sees it.

    Attributes:
        regime: ``R0``, ``R1`` or ``R2`` (sources.md 1).
        now: When it was taken.
    """

    content: Mapping[str, Any]
    now: Micros

    @property
    def regime(self) -> str:
        """In which regime of the law it is sent."""
        return str(self.content.get("regime", "R1"))

    @property
    def record(self) -> dict[str, Any]:
        """The field groups of the agency's file."""
        return dict(self.content.get("record") or {})

    def fact(self, name: str) -> Any:
        """What was filled in.

        Raises:
            NotSent: Nothing was.
        """
        value = (self.content.get("facts") or {}).get(name)
        if value is None:
            raise NotSent("not-filled-in", name)
        return value

    def holds(self, name: str) -> bool:
        """Whether this was answered with yes; anything but yes or no is no answer.

        Raises:
            NotSent: Neither was filled in.
        """
        value = self.fact(name)
        if not isinstance(value, bool):
            raise NotSent("not-filled-in", name)
        return value

    def addressee(self, role: str) -> str:
        """The agency that the form names for *role*.

        Raises:
            NotSent: It names none.
        """
        name = (self.content.get("to") or {}).get(role)
        if not isinstance(name, str):
            raise NotSent("no-addressee", role)
        return name


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message that follows from a form.

    Attributes:
        to: The agency that gets it.
        record: Field groups to take it from.
        remark: What whoever runs the program should see of it; a code.
    """

    code: str
    to: str
    record: Mapping[str, Any]
    assertions: Mapping[str, bool | str] = field(default_factory=dict)
    remark: str = ""


Rule = Callable[[Form], Sequence[Wanted]]


class Forms:
    """Folders ``forms``, ``taken`` and ``not-sent`` beside those of a tray, and the rule of a role."""

    def __init__(self, folder: Path, rule: Rule) -> None:
        make_folders(folder, "forms", "taken", "not-sent")
        self._folder, self._rule = folder, rule

    def take(self, tray: Tray, view: TrustView, now: Micros) -> Iterator[Outcome]:
        """Put the messages that follow from ``forms/*.json`` into *tray*; says why none follow."""
        for path in sorted((self._folder / "forms").glob("*.json")):
            try:
                remarks = self._take(path, tray, view, now)
                move_document(path, self._folder / "taken")
                yield Outcome(path.name, "taken", " ".join(remarks))
            except NotSent as answer:
                moved = move_document(path, self._folder / "not-sent")
                reason = {"reason": answer.reason, "offending": list(answer.names)}
                write_document(moved.with_suffix(".reason.json"), reason)
                yield Outcome(path.name, "not-sent", str(answer))

    def _take(self, path: Path, tray: Tray, view: TrustView, now: Micros) -> list[str]:
        written = path.read_bytes()
        form = Form(_content(written), now)
        wanted = [(message, _document(message, form, view)) for message in self._rule(form)]
        mark = sha256(written).hex()[:12]
        for message, document in wanted:
            tray.put(f"{path.stem}.{message.code}.{message.to}.{mark}.json", document)
        return [message.remark for message, _ in wanted if message.remark]


def _content(written: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(written)
    except (ValueError, RecursionError):
        raise NotSent("not-a-form") from None
    if not isinstance(content, dict):
        raise NotSent("not-a-form")
    for name in ("to", "facts", "record"):
        if not isinstance(content.get(name, {}), dict):
            raise NotSent("not-a-form", name)
    return content


def _document(message: Wanted, form: Form, view: TrustView) -> dict[str, object]:
    entry = view.catalogue.messages.get(MessageCode(message.code))
    if entry is None:
        raise NotSent("unknown-type", message.code)
    return {
        "type": message.code,
        "to": [message.to],
        "case": form.content.get("case", "new"),
        "purpose": entry.purposes[0],
        "legal_basis": form.content.get("legal_basis", entry.legal_bases[0]),
        "regime": form.regime,
        "urgency": form.content.get("urgency", "normal"),
        "assertions": dict(message.assertions),
        "groups": _carried(message.record, view.schemas[entry.schema_digest]),
    }


def _carried(record: Mapping[str, Any], schema: MessageSchema) -> dict[str, object]:
    """Of *record* what a message of this type can carry."""
    groups: dict[str, object] = {}
    for name, value in record.items():
        group = schema.schemas.get(GroupName(name))
        if group is not None:
            known = group.record.names
            records = value if isinstance(value, list) else [value]
            kept = [{k: v for k, v in one.items() if k in known} for one in records if isinstance(one, dict)]
            groups[name] = kept if isinstance(value, list) else next(iter(kept), {})
    return groups
