"""What `decide` needs of the catalogue: one `TypeRule` per message type."""

from __future__ import annotations

from broker.agreements.model import GroupRule, Predicate, TypeRule
from broker.catalogue.model import Catalogue, GroupList, MessageEntry
from broker.names import MessageType

__all__ = ["derive_rules"]


def derive_rules(catalogue: Catalogue) -> dict[MessageType, TypeRule]:
    """The rule of every message type of *catalogue*."""
    return {entry.type: _rule(entry) for entry in catalogue.messages.values()}


def _rule(entry: MessageEntry) -> TypeRule:
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
    )


def _groups(groups: GroupList) -> GroupRule:
    return GroupRule(frozenset(groups.required), frozenset(groups.may))
