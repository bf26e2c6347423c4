"""What `decide` needs of the catalogue: one `TypeRule` per message type."""

from __future__ import annotations

from collections.abc import Mapping

from broker.agreements.model import Answers, GroupRule, Predicate, TypeRule
from broker.catalogue.model import Catalogue, GroupList, MessageEntry
from broker.names import MessageType

__all__ = ["derive_rules"]


def derive_rules(catalogue: Catalogue) -> dict[MessageType, TypeRule]:
    """The rule of every message type of *catalogue*."""
    entries = catalogue.messages.values()
    openers: dict[str, set[Answers]] = {}
    for entry in entries:
        for one in entry.obligations:
            if one.effect == "opens":
                openers.setdefault(one.code, set()).add(Answers(entry.code, one.owed_by == "sender"))
    # What a receipt closes is asked by everything, and makes no question of it.
    receipts = {code for entry in entries if entry.accompanies for code in _codes(entry, "closes")}
    return {entry.type: _rule(entry, openers, receipts) for entry in entries}


def _codes(entry: MessageEntry, effect: str) -> set[str]:
    """The obligations that *entry* opens, or closes."""
    return {one.code for one in entry.obligations if one.effect == effect}


def _rule(entry: MessageEntry, openers: Mapping[str, set[Answers]], receipts: set[str]) -> TypeRule:
    answers = frozenset[Answers]().union(*(openers.get(code, ()) for code in _codes(entry, "closes")))
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
        only_answers=bool(answers) and _codes(entry, "opens") <= receipts,
        outlives=entry.outlives,
        from_exchange=entry.from_exchange,
    )


def _groups(groups: GroupList) -> GroupRule:
    return GroupRule(frozenset(groups.required), frozenset(groups.may))
