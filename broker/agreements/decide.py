"""The one function that decides whether a recipient may open a message (docs/spec/agreements.md 4).

Pure and deny by default.  The publisher, the gate and the subscriber ask it with the same facts of
the signed header.  The rules, in the order in which they are asked; the first that fails is the reason:

 1. unknown-type            the catalogue knows the type
 2. sender-role             this role may send it
 3. recipient-role          this role may receive it
 4. regime                  the type exists in this regime, and the grant is for this regime
 5. off-by-default          a dormant type is named by a grant with a legal basis of its own
 6. no-agreement            an agreement of the cited id grants the type between these two
 7. agreement-digest        ... in exactly the cited version
 8. agreement-not-cosigned  every party signed it
 9. agreement-not-in-force  the time is within its bounds (an acute message goes on to 17, for a while)
10. agreement-revoked       no party revoked it: not even an emergency passes this
11. purpose                 the catalogue and the grant name it
12. legal-basis             the catalogue and the grant name it
13. predicate               every legal predicate is asserted
14. group-required          no group that the recipient must get is missing
15. group-forbidden         no group is outside the catalogue's list or the grant's
16. loop                    a forward does not go back to where it came from
17. emergency-clause        an acute message under an agreement that ended lately needs a grant that says so

A receipt or refusal (`TypeRule.accompanies`) goes back along the agreement that carried the message
it answers: it needs no grant, and 9 and 10 are not asked, because evidence of what was delivered
must not be swallowed by a revocation that came later.  What outlives the agreement (a correction, an
erasure, the justification of an emergency) is not stopped by its end at all.

What the exchange itself sends (`TypeRule.from_exchange`, a reminder) needs no grant either: its role is
the exchange's own, and the cited agreement binds the recipient.  9 and 10 are not asked, since what is
owed goes on to be owed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from broker.agreements.model import (
    Agreement,
    AgreementParty,
    Allowed,
    Decision,
    Grant,
    GroupRule,
    Reason,
    Refused,
    Request,
    TypeRule,
)
from broker.errors import UsageError
from broker.names import AgreementId, Digest, LegalBasis, MessageType, Micros, Oin, Purpose, Role, Urgency

__all__ = ["EMERGENCY_TAIL", "RuleBook", "decide"]

EMERGENCY_TAIL = Micros(90 * 24 * 3600 * 1_000_000)
"""How long after its end an emergency clause still works: time to renew it (sources.md A54)."""

_LAST_ANSWER = 14 * 24 * 3600 * 1_000_000
_NO_GRANTS: tuple[Grant, ...] = ()


class _Entry(NamedTuple):
    """One agreement and what is asked of it every time.

    Attributes:
        members: Each party as (oin, role).
    """

    agreement: Agreement
    cosigned: bool
    members: frozenset[tuple[Oin, Role]]

    def grants(self, rule: TypeRule, request: Request) -> Sequence[Grant]:
        """Grants of the type from this sender to this recipient, both in their roles."""
        code, sender, recipient, members = rule.code, request.sender, request.recipient, self.members
        role, to_role = sender.role, recipient.role
        if (sender.oin, role) not in members or (recipient.oin, to_role) not in members:
            return _NO_GRANTS
        if role == to_role and sender.oin == recipient.oin:
            return _NO_GRANTS
        return [
            grant
            for grant in self.agreement.grants
            if code in grant.types and grant.sender_role == role and grant.recipient_role == to_role
        ]

    def binds(self, pair: set[Oin]) -> bool:
        """Whether these agencies are parties, in whatever role."""
        return pair <= {oin for oin, _ in self.members}


class RuleBook:
    """Everything `decide` consults, indexed once; never changes.

    Attributes:
        rules: What the catalogue says, by message type.

    Raises:
        UsageError: The same version of an agreement is given twice.
    """

    __slots__ = ("_by_pair", "_by_ref", "_versions", "rules")

    def __init__(self, rules: Mapping[MessageType, TypeRule], agreements: Iterable[Agreement]) -> None:
        self.rules = rules
        self._by_ref: dict[tuple[AgreementId, Digest], _Entry] = {}
        self._versions: dict[AgreementId, tuple[_Entry, ...]] = {}
        self._by_pair: dict[tuple[Oin, Oin], tuple[_Entry, ...]] = {}
        for agreement in agreements:
            self._add(agreement)

    @property
    def agreements(self) -> tuple[Agreement, ...]:
        """Every agreement, each exact version once."""
        return tuple(entry.agreement for entry in self._by_ref.values())

    def agreement(self, id_: AgreementId, digest: Digest) -> Agreement | None:
        """One exact version, or None: it is not registered."""
        entry = self._by_ref.get((id_, digest))
        return entry.agreement if entry else None

    def granting(
        self, message_type: MessageType, sender: AgreementParty, recipient: AgreementParty
    ) -> tuple[Agreement, ...]:
        """Agreements that grant the type from *sender* to *recipient*, latest start first.

        For a sender who must choose one to cite; whether it is in force is for `decide`.  What needs no
        grant may cite any that binds both; what the exchange sends, any that binds the recipient.
        """
        rule = self.rules.get(message_type)
        pair = (min(sender.oin, recipient.oin), max(sender.oin, recipient.oin))
        if rule is None:
            return ()
        if rule.from_exchange:
            bound = [
                entry.agreement for entry in self._by_ref.values() if _member(recipient) in entry.members
            ]
            return tuple(sorted(bound, key=_latest_first))
        if rule.accompanies:
            bound = [entry.agreement for entry in self._by_pair.get(pair, ())]
            return tuple(sorted(bound, key=_latest_first))
        found = [
            entry.agreement
            for entry in self._by_pair.get(pair, ())
            if _member(sender) in entry.members
            and _member(recipient) in entry.members
            and any(_covers(grant, rule, sender, recipient) for grant in entry.agreement.grants)
        ]
        return tuple(sorted(found, key=_latest_first))

    def _add(self, agreement: Agreement) -> None:
        ref = (agreement.id, agreement.digest)
        if ref in self._by_ref:
            raise UsageError(
                "one agreement version is registered twice",
                why=agreement.id,
                remedy="Give each document a version of its own",
            )
        members = frozenset([(party.oin, party.role) for party in agreement.parties])
        entry = _Entry(agreement, agreement.cosigned, members)
        self._by_ref[ref] = entry
        self._versions[agreement.id] = (*self._versions.get(agreement.id, ()), entry)
        oins = sorted({oin for oin, _ in members})
        # One agency in two roles, such as AMK and BJZ under one number, is a pair with itself.
        for pair in [*combinations(oins, 2), *((oin, oin) for oin in oins if len(oins) < len(members))]:
            self._by_pair[pair] = (*self._by_pair.get(pair, ()), entry)


def decide(book: RuleBook, request: Request, now: Micros) -> Decision:
    """Decide whether this recipient may open exactly these groups at *now*.

    Takes the same time whatever the number of agreements.

    Args:
        book: Agreements whose signatures and revocations have been verified.
        request: The facts of the signed header for one recipient.
        now: The moment of the decision, microseconds.

    Returns:
        `Allowed` with the grant that allows it, or `Refused` with the first rule that failed.
    """
    rule = book.rules.get(request.message_type)
    if rule is None:
        return Refused(Reason.UNKNOWN_TYPE, (request.message_type,))
    sender, recipient = request.sender, request.recipient
    if not rule.any_role and sender.role not in rule.sender_roles:
        return Refused(Reason.SENDER_ROLE, (sender.role,))
    groups = rule.groups_for(recipient.role)
    if groups is None:
        return Refused(Reason.RECIPIENT_ROLE, (recipient.role,))
    if request.regime not in rule.regimes:
        return Refused(Reason.REGIME, (request.regime,))
    if rule.accompanies:
        return _decide_accompanying(book, rule, groups, request, now)
    if rule.from_exchange:
        return _decide_from_exchange(book, rule, groups, request)
    return _decide_granted(book, rule, groups, request, now)


def _decide_granted(
    book: RuleBook, rule: TypeRule, groups: GroupRule, request: Request, now: Micros
) -> Decision:
    entry = book._by_ref.get((request.agreement_id, request.agreement_digest))
    grants = entry.grants(rule, request) if entry else _NO_GRANTS
    if entry is None or not grants:
        return _uncited(book, rule, request, known=entry is not None)
    usable = [grant for grant in grants if grant.regimes is None or request.regime in grant.regimes]
    if not usable:
        return Refused(Reason.REGIME, (request.regime,))
    if rule.off_by_default and not any(grant.legal_bases for grant in usable):
        return Refused(Reason.OFF_BY_DEFAULT, (rule.code,))
    agreement = entry.agreement
    if not entry.cosigned:
        return Refused(Reason.AGREEMENT_NOT_COSIGNED, (agreement.id,))
    in_force = agreement.valid_from <= now < agreement.valid_until
    if not in_force and not (request.urgency is Urgency.ACUTE and _ended_lately(agreement, now)):
        return Refused(Reason.AGREEMENT_NOT_IN_FORCE, (agreement.id,))
    if agreement.revoked_at is not None and agreement.revoked_at <= now:
        return Refused(Reason.AGREEMENT_REVOKED, (agreement.id,))
    return _by_grant(rule, groups, request, usable, agreement, in_force=in_force)


def _ended_lately(agreement: Agreement, now: Micros) -> bool:
    """Whether an emergency clause still works: it never does before the agreement begins."""
    return agreement.valid_from <= now < agreement.valid_until + EMERGENCY_TAIL


def _uncited(book: RuleBook, rule: TypeRule, request: Request, *, known: bool) -> Refused:
    """Why the cited version grants nothing: a dormant type, no such agreement, or another version.

    Args:
        known: Whether the cited version itself is registered.
    """
    versions = book._versions.get(request.agreement_id, ())
    others = [grant for entry in versions for grant in entry.grants(rule, request)]
    if rule.off_by_default and not any(grant.legal_bases for grant in others):
        return Refused(Reason.OFF_BY_DEFAULT, (rule.code,))
    if others and not known:
        return Refused(Reason.AGREEMENT_DIGEST, (request.agreement_id,))
    return Refused(Reason.NO_AGREEMENT, (request.agreement_id,))


def _by_grant(
    rule: TypeRule,
    groups: GroupRule,
    request: Request,
    grants: Iterable[Grant],
    agreement: Agreement,
    *,
    in_force: bool,
) -> Decision:
    """Allowed by the first grant that allows, else refused by the one that came furthest."""
    furthest: Refused | None = None
    for grant in grants:
        refused = _ask(rule, groups, request, grant, in_force=in_force)
        if refused is None:
            return Allowed(agreement.id, agreement.digest, grant.rule, request.groups, not in_force)
        if furthest is None or _ORDER[refused.reason] > _ORDER[furthest.reason]:
            furthest = refused
    return furthest or Refused(Reason.NO_AGREEMENT, (agreement.id,))


def _ask(
    rule: TypeRule, groups: GroupRule, request: Request, grant: Grant, *, in_force: bool
) -> Refused | None:
    if request.purpose not in grant.purposes or request.purpose not in rule.purposes:
        return Refused(Reason.PURPOSE, (request.purpose,))
    basis = request.legal_basis
    # The catalogue has no ground of its own for a dormant type: the grant's stands alone.
    dormant = rule.off_by_default and not rule.legal_bases
    if basis not in grant.legal_bases or (basis not in rule.legal_bases and not dormant):
        return Refused(Reason.LEGAL_BASIS, (basis,))
    refused = _ask_content(rule, groups, request, grant)
    if refused is None and not in_force and not grant.emergency:
        return Refused(Reason.EMERGENCY_CLAUSE, (grant.rule,))
    return refused


def _ask_content(rule: TypeRule, groups: GroupRule, request: Request, grant: Grant | None) -> Refused | None:
    if (rule.predicates or request.assertions) and (missing := _unmet(rule, request)):
        return Refused(Reason.PREDICATE, missing)
    if not groups.required.issubset(request.groups):
        return Refused(Reason.GROUP_REQUIRED, tuple(sorted(groups.required.difference(request.groups))))
    if not groups.allowed.issuperset(request.groups) or (
        grant is not None and grant.groups is not None and not grant.groups.issuperset(request.groups)
    ):
        return Refused(Reason.GROUP_FORBIDDEN, _forbidden(groups, request, grant))
    if request.origin_oin is not None and request.origin_oin == request.recipient.oin:
        return Refused(Reason.LOOP, (request.origin_oin,))
    return None


def _unmet(rule: TypeRule, request: Request) -> tuple[str, ...]:
    made = dict(request.assertions)
    # The header is clear: what the catalogue does not declare may be anything, so it may not be said.
    missing = tuple(name for name in made if name not in {p.name for p in rule.predicates})
    for predicate in rule.predicates:
        value = made.get(predicate.name)
        undeclared = predicate.values and value not in predicate.values
        if value is None or undeclared or (value != predicate.value and predicate.value is not None):
            missing = (*missing, predicate.name)
    return missing


def _forbidden(groups: GroupRule, request: Request, grant: Grant | None) -> tuple[str, ...]:
    allowed = groups.allowed if grant is None or grant.groups is None else groups.allowed & grant.groups
    return tuple(sorted(set(request.groups) - allowed))


def _decide_accompanying(
    book: RuleBook, rule: TypeRule, groups: GroupRule, request: Request, now: Micros
) -> Decision:
    agreement = _binding(book, request, {request.sender.oin, request.recipient.oin})
    if isinstance(agreement, Refused):
        return agreement
    if not rule.outlives and (ended := _long_ended(agreement, now)):
        return ended
    # The purpose and ground are the type's own, or those of the message that is answered.
    purposes = rule.purposes.union(*(grant.purposes for grant in agreement.grants))
    bases = rule.legal_bases.union(*(grant.legal_bases for grant in agreement.grants))
    refused = _ask_ground(request, purposes, bases) or _ask_content(rule, groups, request, None)
    return refused or Allowed(agreement.id, agreement.digest, "accompanies", request.groups)


def _decide_from_exchange(book: RuleBook, rule: TypeRule, groups: GroupRule, request: Request) -> Decision:
    agreement = _binding(book, request, {request.recipient.oin})
    if isinstance(agreement, Refused):
        return agreement
    refused = _ask_ground(request, rule.purposes, rule.legal_bases)
    refused = refused or _ask_content(rule, groups, request, None)
    return refused or Allowed(agreement.id, agreement.digest, "from-exchange", request.groups)


def _binding(book: RuleBook, request: Request, agencies: set[Oin]) -> Agreement | Refused:
    """The cited agreement, when it is co-signed and binds these agencies."""
    entry = book._by_ref.get((request.agreement_id, request.agreement_digest))
    if entry is None or not entry.binds(agencies):
        versions = book._versions.get(request.agreement_id, ()) if entry is None else ()
        known = any(version.binds(agencies) for version in versions)
        return Refused(Reason.AGREEMENT_DIGEST if known else Reason.NO_AGREEMENT, (request.agreement_id,))
    if not entry.cosigned:
        return Refused(Reason.AGREEMENT_NOT_COSIGNED, (request.agreement_id,))
    return entry.agreement


def _long_ended(agreement: Agreement, now: Micros) -> Refused | None:
    # A message lives for seven days: what is answered later than this was not carried by this agreement.
    if agreement.revoked_at is not None and agreement.revoked_at + _LAST_ANSWER <= now:
        return Refused(Reason.AGREEMENT_REVOKED, (agreement.id,))
    if agreement.valid_until + _LAST_ANSWER <= now:
        return Refused(Reason.AGREEMENT_NOT_IN_FORCE, (agreement.id,))
    return None


def _ask_ground(
    request: Request, purposes: frozenset[Purpose], bases: frozenset[LegalBasis]
) -> Refused | None:
    if request.purpose not in purposes:
        return Refused(Reason.PURPOSE, (request.purpose,))
    if request.legal_basis not in bases:
        return Refused(Reason.LEGAL_BASIS, (request.legal_basis,))
    return None


def _latest_first(agreement: Agreement) -> tuple[int, AgreementId, int, Digest]:
    return -agreement.valid_from, agreement.id, -agreement.version, agreement.digest


def _member(party: AgreementParty) -> tuple[Oin, Role]:
    return (party.oin, party.role)


def _covers(grant: Grant, rule: TypeRule, sender: AgreementParty, recipient: AgreementParty) -> bool:
    return (
        rule.code in grant.types
        and grant.sender_role == sender.role
        and grant.recipient_role == recipient.role
    )


_ORDER = {reason: number for number, reason in enumerate(Reason)}
