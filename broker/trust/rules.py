"""What `decide` needs of the catalogue: one `TypeRule` per message type."""

from __future__ import annotations

from collections.abc import Iterable

from broker.agreements.model import Answers, GroupRule, Predicate, TypeRule
from broker.catalogue.model import Catalogue, GroupList, MessageEntry
from broker.names import MessageType

__all__ = ["derive_rules"]


def derive_rules(catalogue: Catalogue) -> dict[MessageType, TypeRule]:
    """The rule of every message type of *catalogue*."""
    entries = catalogue.messages.values()
    return {entry.type: _rule(entry, _answers(entry, entries)) for entry in entries}


def _answers(entry: MessageEntry, entries: Iterable[MessageEntry]) -> frozenset[Answers]:
    """Which types open what *entry* closes."""
    closed = {one.code for one in entry.obligations if one.effect == "closes"}
    return frozenset(
        Answers(other.code, one.owed_by == "sender")
        for other in entries
        for one in other.obligations
        if one.effect == "opens" and one.code in closed
    )


def _rule(entry: MessageEntry, answers: frozenset[Answers]) -> TypeRule:
    return TypeRule(
        code=entry.code,
        type=entry.type,
        sender_roles=frozenset(entry.sender_roles),
        recipient_roles={role: _groups(groups) for role, groups in entry.recipients.items()},
        regimes=frozenset(entry.regimes),
        purposes=frozenset(entry.purposes),
        legal_bases=frozenset(entry.legal_bases),
        predicates=tuple(Predicate(a.name, a.value, a.source, a.values) for a in entry.assertions),
        off_by_default=entry.off_by_default,
        accompanies=entry.accompanies,
        any_role=entry.any_role,
        any_groups=_groups(entry.any_groups) if entry.any_groups is not None else None,
        answers=answers,
        outlives=entry.outlives,
        from_exchange=entry.from_exchange,
    )


def _groups(groups: GroupList) -> GroupRule:
    return GroupRule(frozenset(groups.required), frozenset(groups.may))
