"""What changes for whom between two versions of an agreement, term by term (docs/spec/agreements.md 6).

1. One change is about one type from one party to another, and one thing: whether it may go at all, its
   groups, purposes, grounds, regimes or emergency clause.
2. Groups are what the grant and the catalogue leave together, so that a list that disappears shows as
   the groups that it kept out.
3. Of several grants of one version the codes of each thing are put together: what is added may go in some
   message, not in every one.
4. `decide` asks for one grant that allows the whole message.  So what the versions have in common is also
   compared as combinations, each a purpose, a ground, a regime and the groups that one grant gives with
   them: two grants that exchange their groups are a change, although each code is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product

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
    COMBINATIONS = "combinations"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs for one type from one party to another.

    Attributes:
        added, removed: Codes; the word ``allowed`` for a type or an emergency clause; for combinations
            their codes joined by ``+``: purpose, ground, regime, ``emergency`` where it is about a message
            outside the agreement's time, and groups.
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


_Use = tuple[str, str, str, str]
"""A purpose, a ground, a regime, and ``emergency`` or nothing."""


@dataclass(slots=True)
class _Reach:
    """All that the grants of one version give for one type between two parties.

    Attributes:
        aspects: The codes of each thing, of all grants together.
        uses: For each use, the groups that a message may have: those of one grant.
    """

    aspects: dict[Aspect, set[str]] = field(default_factory=dict)
    uses: dict[_Use, set[frozenset[str]]] = field(default_factory=dict)

    def add(self, aspect: Aspect, codes: Iterable[str]) -> None:
        self.aspects.setdefault(aspect, set()).update(codes)

    def of(self, aspect: Aspect) -> set[str]:
        return self.aspects.get(aspect, set())


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
        was, now = before.of(aspect), after.of(aspect)
        if aspect is Aspect.COMBINATIONS:
            was, now = _combinations(before, after)
        if was != now:
            yield Change(code, sender, recipient, aspect, tuple(sorted(now - was)), tuple(sorted(was - now)))


def _combinations(before: _Reach, after: _Reach) -> tuple[set[str], set[str]]:
    """What either version alone lets go, of the codes that both have."""
    both = {aspect: before.of(aspect) & after.of(aspect) for aspect in Aspect}
    old, new = _within(before, both), _within(after, both)
    return _lacking(old, new), _lacking(new, old)


def _within(reach: _Reach, both: Mapping[Aspect, set[str]]) -> dict[_Use, set[frozenset[str]]]:
    """The uses of *reach* that have no other codes than these."""
    urgencies = {"", "emergency"} if both[Aspect.EMERGENCY] else {""}
    known = (both[Aspect.PURPOSES], both[Aspect.LEGAL_BASES], both[Aspect.REGIMES], urgencies)
    return {
        use: {groups & both[Aspect.GROUPS] for groups in given}
        for use, given in reach.uses.items()
        if all(code in codes for code, codes in zip(use, known, strict=True))
    }


def _lacking(here: Mapping[_Use, set[frozenset[str]]], there: Mapping[_Use, set[frozenset[str]]]) -> set[str]:
    """Combinations of *here* that no grant *there* allows."""
    return {
        "+".join((*filter(None, use), *sorted(groups)))
        for use, given in here.items()
        for groups in given
        if not any(groups <= other for other in there.get(use, ()))
    }


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
    given = allowed if grant.groups is None else allowed & grant.groups
    within = grant.regimes or regimes
    held.add(Aspect.TYPE, {_ALLOWED})
    held.add(Aspect.GROUPS, given)
    held.add(Aspect.PURPOSES, grant.purposes)
    held.add(Aspect.LEGAL_BASES, grant.legal_bases)
    held.add(Aspect.REGIMES, within)
    held.add(Aspect.EMERGENCY, {_ALLOWED} if grant.emergency else set())
    urgencies = ("", "emergency") if grant.emergency else ("",)
    for use in product(grant.purposes, grant.legal_bases, within, urgencies):
        held.uses.setdefault(use, set()).add(given)


def _order(path: _Path) -> tuple[str, ...]:
    sender, recipient, code = path
    return (code, sender.oin, sender.role, recipient.oin, recipient.role)


def _sorted(parties: frozenset[AgreementParty]) -> tuple[AgreementParty, ...]:
    return tuple(sorted(parties, key=lambda party: (party.oin, party.role)))
