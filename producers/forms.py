"""A form that somebody filled in, as the rule of a role sees it, and the messages that follow from it.

    {"to": {"AMK": "amk-noord"}, "regime": "R1", "facts": {...}, "record": {"REF": {...}, "CH": [...]}}

``facts`` is what the rule asks; ``record`` is the file as the agency has it, in field groups.  The rule
says which messages follow, or raises `NotSent` with a reason code.  What stands in a form is a person's:
`producers.form_content` lets only the shape through that a rule relies on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.catalogue.model import Catalogue, MessageEntry
from broker.names import MessageCode, Micros, Regime

__all__ = ["Form", "NotSent", "Rule", "Wanted"]


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
        now: When it was taken.
        catalogue: What the law asks of each message type.
    """

    content: Mapping[str, Any]
    now: Micros
    catalogue: Catalogue

    @property
    def regime(self) -> str:
        """In which regime of the law it is sent: ``R0``, ``R1`` or ``R2`` (sources.md 1).

        Raises:
            NotSent: The form does not say; a guess would send under the wrong law.
        """
        regime = self.content.get("regime")
        if regime not in tuple(Regime):
            raise NotSent("not-filled-in", "regime")
        return str(regime)

    @property
    def record(self) -> dict[str, Any]:
        """The field groups of the agency's file."""
        return dict(self.content.get("record") or {})

    def group(self, name: str) -> dict[str, Any]:
        """One field group of the file of which there is one; empty when the file has none.

        Raises:
            NotSent: The file has a list of them.
        """
        group = self.record.get(name, {})
        if not isinstance(group, dict):
            raise NotSent("not-one-record", name)
        return dict(group)

    def entry(self, code: str) -> MessageEntry:
        """What the catalogue says of a message type.

        Raises:
            NotSent: It does not know the type.
        """
        entry = self.catalogue.messages.get(MessageCode(code))
        if entry is None:
            raise NotSent("unknown-type", code)
        return entry

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
        legal_basis: When it depends on the form; otherwise the form's, or the first of the type.
        remark: What whoever runs the program should see of it; a code.
    """

    code: str
    to: str
    record: Mapping[str, Any]
    assertions: Mapping[str, bool | str] = field(default_factory=dict)
    legal_basis: str = ""
    remark: str = ""


Rule = Callable[[Form], Sequence[Wanted]]
