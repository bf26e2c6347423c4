"""What changes for whom between two versions of an agreement, term by term (docs/spec/agreements.md 6).

1. One change is about one type from one party to another, and one thing: whether it may go at all, its
   groups, purposes, grounds, regimes or emergency clause.
2. Groups are what the grant and the catalogue leave together, so that a list that disappears shows as
   the groups that it kept out.
3. Several grants of one version add up, as they do in `decide`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from broker.agreements.model import Agreement, AgreementParty, Grant, TypeRule
from broker.names import MessageCode, MessageType, Micros, Role

__all__ = ["Aspect", "Change", "Comparison", "compare"]


class Aspect(StrEnum):
    """What changed."""

    TYPE = "type"
    GROUPS = "groups"
    PURPOSES = "purposes"
    LEGAL_BASES = "legal-bases"
    REGIMES = "regimes"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs for one type from one party to another.

    Attributes:
        added, removed: Codes; the word ``allowed`` for a type or an emergency clause.
    """

    code: MessageCode
    sender: AgreementParty
    recipient: AgreementParty
    aspect: Aspect
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs between two versions, for people and for `decide`.

    Attributes:
        joined, left: Parties that one of the two does not have.
        validity: Old and new first and last moment, or None where they are the same.
    """

    joined: tuple[AgreementParty, ...]
    left: tuple[AgreementParty, ...]
    validity: tuple[tuple[Micros, Micros], tuple[Micros, Micros]] | None
    changes: tuple[Change, ...]

    @property
    def same(self) -> bool:
        """Whether nothing changes for anybody."""
        return not (self.joined or self.left or self.validity or self.changes)


@dataclass(slots=True)
class _Reach:
    """All that the grants of one version give for one type between two parties."""

    aspects: dict[Aspect, set[str]] = field(default_factory=dict)

    def add(self, aspect: Aspect, codes: Iterable[str]) -> None:
        self.aspects.setdefault(aspect, set()).update(codes)


_Path = tuple[AgreementParty, AgreementParty, MessageCode]
_ALLOWED = "allowed"


def compare(old: Agreement, new: Agreement, rules: Mapping[MessageType, TypeRule]) -> Comparison:
    """What *new* gives and takes compared with *old*.

    Args:
        rules: What the catalogue says, by message type.
    """
    by_code = {rule.code: rule for rule in rules.values()}
    before, after = _reach(old, by_code), _reach(new, by_code)
    paths = sorted(before.keys() | after.keys(), key=_order)
    was, now = (old.valid_from, old.valid_until), (new.valid_from, new.valid_until)
    return Comparison(
        joined=_sorted(new.parties - old.parties),
        left=_sorted(old.parties - new.parties),
        validity=None if was == now else (was, now),
        changes=tuple(
            change
            for path in paths
            for change in _changes(path, before.get(path, _Reach()), after.get(path, _Reach()))
        ),
    )


def _changes(path: _Path, before: _Reach, after: _Reach) -> Iterator[Change]:
    sender, recipient, code = path
    for aspect in Aspect:
        was, now = before.aspects.get(aspect, set()), after.aspects.get(aspect, set())
        if was != now:
            yield Change(code, sender, recipient, aspect, tuple(sorted(now - was)), tuple(sorted(was - now)))


def _reach(agreement: Agreement, by_code: Mapping[MessageCode, TypeRule]) -> dict[_Path, _Reach]:
    by_role: dict[Role, list[AgreementParty]] = {}
    for party in _sorted(agreement.parties):
        by_role.setdefault(party.role, []).append(party)
    reach: dict[_Path, _Reach] = {}
    for grant in agreement.grants:
        for sender in by_role.get(grant.sender_role, ()):
            for recipient in by_role.get(grant.recipient_role, ()):
                for code in grant.types if sender != recipient else ():
                    held = reach.setdefault((sender, recipient, code), _Reach())
                    _give(held, grant, by_code.get(code))
    return reach


def _give(held: _Reach, grant: Grant, rule: TypeRule | None) -> None:
    groups = rule.groups_for(grant.recipient_role) if rule else None
    allowed: frozenset[str] = frozenset(groups.allowed) if groups else frozenset()
    regimes: frozenset[str] = frozenset(rule.regimes) if rule else frozenset()
    held.add(Aspect.TYPE, {_ALLOWED})
    held.add(Aspect.GROUPS, allowed if grant.groups is None else allowed & grant.groups)
    held.add(Aspect.PURPOSES, grant.purposes)
    held.add(Aspect.LEGAL_BASES, grant.legal_bases)
    held.add(Aspect.REGIMES, grant.regimes or regimes)
    held.add(Aspect.EMERGENCY, {_ALLOWED} if grant.emergency else set())


def _order(path: _Path) -> tuple[str, ...]:
    sender, recipient, code = path
    return (code, sender.oin, sender.role, recipient.oin, recipient.role)


def _sorted(parties: frozenset[AgreementParty]) -> tuple[AgreementParty, ...]:
    return tuple(sorted(parties, key=lambda party: (party.oin, party.role)))
