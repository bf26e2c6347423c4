"""What a chain of agencies should know about its agreements (docs/spec/agreements.md 6).

Each question has its own function and each answer is a `Finding`: mandatory exchanges that nothing
covers, agreements that overlap or contradict, that nearly expire, that miss a signature, or that ask
for more than the catalogue allows.  `compare` says what a new version changes, for whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from broker.agreements.decide import RuleBook
from broker.agreements.model import Agreement, AgreementParty, Grant, TypeRule
from broker.moments import DAY
from broker.names import GroupName, MessageCode, MessageType, Micros

__all__ = [
    "Change",
    "Finding",
    "FindingKind",
    "check_against",
    "check_book",
    "compare",
    "expiring",
    "missing",
    "overlapping",
    "unsigned",
]


class FindingKind(StrEnum):
    """What kind of finding.  Wire values: only ever added to."""

    MISSING = "missing"
    MISSING_PAIR = "missing-pair"
    NOT_COSIGNED = "not-cosigned"
    OVERLAP = "overlap"
    CONTRADICTION = "contradiction"
    EXPIRING = "expiring"
    WIDER = "wider-than-catalogue"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer.

    Attributes:
        serious: Whether something required does not work now; the rest is for attention.
        agreements: ``id/version`` of those concerned.
        parties: ``oin/role`` of those concerned.
        codes: Message types concerned.
    """

    kind: FindingKind
    serious: bool
    text: str
    agreements: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    codes: tuple[MessageCode, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What differs for one type from one party to another between two versions.

    Attributes:
        added, removed: Groups; the word ``type`` stands for the whole type.
    """

    code: MessageCode
    sender: AgreementParty
    recipient: AgreementParty
    added: tuple[str, ...]
    removed: tuple[str, ...]


_Path = tuple[AgreementParty, AgreementParty, MessageCode]


def check_book(
    book: RuleBook,
    mandatory: Iterable[MessageCode],
    parties: Sequence[AgreementParty],
    now: Micros,
    days: int,
) -> list[Finding]:
    """Every finding about every agreement of *book*.

    Args:
        mandatory: Codes of the types that the law or the exchange demands.
        parties: Every agency in each of its roles.
        days: Agreements that end within so many days are reported.
    """
    rules = {rule.code: rule for rule in book.rules.values()}
    wanted = [rules[code] for code in sorted(mandatory) if code in rules]
    findings = [*missing(book, wanted, parties, now)]
    for agreement in sorted(book.agreements, key=_label):
        findings.extend(unsigned(agreement, now))
        findings.extend(expiring(agreement, now, days))
        findings.extend(check_against(agreement, book.rules))
    findings.extend(overlapping(book.agreements, now))
    return findings


def missing(
    book: RuleBook, wanted: Iterable[TypeRule], parties: Sequence[AgreementParty], now: Micros
) -> Iterator[Finding]:
    """Mandatory types for which a pair has no agreement in force; serious if a sender has no pair at all."""
    for rule in wanted:
        if rule.accompanies:
            continue
        for sender in _sorted(party for party in parties if party.role in rule.sender_roles):
            yield from _missing_from(book, rule, sender, parties, now)


def _missing_from(
    book: RuleBook, rule: TypeRule, sender: AgreementParty, parties: Sequence[AgreementParty], now: Micros
) -> Iterator[Finding]:
    recipients = [p for p in parties if p.role in rule.recipient_roles and p.oin != sender.oin]
    bare = [
        recipient
        for recipient in _sorted(recipients)
        if not any(_in_force(a, now) for a in book.granting(rule.type, sender, recipient))
    ]
    alone = bool(recipients) and len(bare) == len(recipients)
    if alone:
        text = f"{rule.code} is mandatory, and {_name(sender)} has no agreement in force with anybody for it"
        yield Finding(FindingKind.MISSING, True, text, (), (_name(sender),), (rule.code,))
    for recipient in bare:
        text = f"no agreement in force for {rule.code} from {_name(sender)} to {_name(recipient)}"
        pair = (_name(sender), _name(recipient))
        yield Finding(FindingKind.MISSING_PAIR, False, text, (), pair, (rule.code,))


def unsigned(agreement: Agreement, now: Micros) -> Iterator[Finding]:
    """Parties that have not signed an agreement whose time has not passed."""
    absent = sorted({party.oin for party in agreement.parties} - agreement.signed_by)
    if absent and now < agreement.valid_until and agreement.revoked_at is None:
        text = f"{_label(agreement)} is not signed by {', '.join(absent)}"
        yield Finding(FindingKind.NOT_COSIGNED, True, text, (_label(agreement),), tuple(absent))


def expiring(agreement: Agreement, now: Micros, days: int) -> Iterator[Finding]:
    """Agreements in force that end within *days*."""
    if _in_force(agreement, now) and agreement.valid_until <= now + days * DAY:
        left = (agreement.valid_until - now) // DAY
        text = f"{_label(agreement)} ends in {left} days"
        yield Finding(FindingKind.EXPIRING, False, text, (_label(agreement),))


def overlapping(agreements: Iterable[Agreement], now: Micros) -> Iterator[Finding]:
    """Pairs of live agreements that grant one type between the same parties; contradicting if they differ."""
    by_path: dict[_Path, list[tuple[Agreement, Grant]]] = {}
    for agreement in sorted(agreements, key=_label):
        if now < agreement.valid_until and (agreement.revoked_at is None or agreement.revoked_at > now):
            for path, grant in _paths(agreement):
                by_path.setdefault(path, []).append((agreement, grant))
    found: dict[tuple[str, str, bool], set[MessageCode]] = {}
    for (_, _, code), holders in by_path.items():
        for (one, first), (other, second) in combinations(holders, 2):
            if one.valid_from < other.valid_until and other.valid_from < one.valid_until:
                key = (_label(one), _label(other), _terms(first) != _terms(second))
                found.setdefault(key, set()).add(code)
    for (one_label, other_label, differ), codes in sorted(found.items(), key=lambda item: item[0]):
        yield _overlap(one_label, other_label, tuple(sorted(codes)), differ=differ)


def _overlap(one: str, other: str, codes: tuple[MessageCode, ...], *, differ: bool) -> Finding:
    kind = FindingKind.CONTRADICTION if differ else FindingKind.OVERLAP
    if one == other:
        text = f"two grants of {one} cover {', '.join(codes)} between the same parties"
    else:
        text = f"{one} and {other} both cover {', '.join(codes)}" + (", with other terms" if differ else "")
    return Finding(kind, False, text, tuple(sorted({one, other})), (), codes)


def check_against(agreement: Agreement, rules: Mapping[MessageType, TypeRule]) -> list[Finding]:
    """Where the agreement asks for more than the catalogue allows, or for what can never be sent.

    `decide` refuses all of it anyway; the point is that nobody signs a promise that does not hold.
    """
    by_code = {rule.code: rule for rule in rules.values()}
    return [
        Finding(
            FindingKind.WIDER,
            True,
            f"{_label(agreement)} {grant.rule}: {code} {problem}",
            (_label(agreement),),
            (),
            (code,),
        )
        for grant in agreement.grants
        for code in sorted(grant.types)
        for problem in _problems(grant, by_code.get(code))
    ]


def _problems(grant: Grant, rule: TypeRule | None) -> Iterator[str]:
    if rule is None:
        yield "is not in the catalogue"
        return
    if not rule.any_role and grant.sender_role not in rule.sender_roles:
        yield f"may not be sent by {grant.sender_role}"
    groups = rule.groups_for(grant.recipient_role)
    if groups is None:
        yield f"may not be received by {grant.recipient_role}"
    elif grant.groups is not None:
        if wide := sorted(grant.groups - groups.allowed):
            yield f"may not carry {', '.join(wide)} to {grant.recipient_role}"
        if lacking := sorted(groups.required - grant.groups):
            yield f"can never be sent: {', '.join(lacking)} is required"
    if not (rule.purposes & grant.purposes):
        yield "has none of the purposes that the catalogue allows"
    if not (rule.legal_bases & grant.legal_bases) and not (rule.off_by_default and not rule.legal_bases):
        yield "has none of the legal bases that the catalogue allows"
    if grant.regimes is not None and not grant.regimes <= rule.regimes:
        yield "does not exist in every regime named"


def compare(old: Agreement, new: Agreement, rules: Mapping[MessageType, TypeRule]) -> list[Change]:
    """What *new* gives and takes compared with *old*, per sender, recipient, type and group."""
    before, after = _reach(old, rules), _reach(new, rules)
    changes = []
    for path in sorted(before.keys() | after.keys(), key=str):
        was, now = before.get(path, frozenset()), after.get(path, frozenset())
        if was != now:
            sender, recipient, code = path
            changes.append(
                Change(code, sender, recipient, tuple(sorted(now - was)), tuple(sorted(was - now)))
            )
    return changes


def _reach(agreement: Agreement, rules: Mapping[MessageType, TypeRule]) -> dict[_Path, frozenset[str]]:
    by_code = {rule.code: rule for rule in rules.values()}
    reach: dict[_Path, frozenset[str]] = {}
    for path, grant in _paths(agreement):
        rule = by_code.get(path[2])
        groups = rule.groups_for(path[1].role) if rule else None
        allowed: frozenset[GroupName] = groups.allowed if groups else frozenset()
        named = allowed if grant.groups is None else allowed & grant.groups
        reach[path] = reach.get(path, frozenset()) | {"type"} | named
    return reach


def _paths(agreement: Agreement) -> Iterator[tuple[_Path, Grant]]:
    parties = _sorted(agreement.parties)
    for grant in agreement.grants:
        for sender in parties:
            for recipient in parties:
                if (sender.role, recipient.role) == (grant.sender_role, grant.recipient_role) and (
                    sender != recipient
                ):
                    for code in sorted(grant.types):
                        yield (sender, recipient, code), grant


def _terms(grant: Grant) -> tuple[object, ...]:
    return (grant.purposes, grant.legal_bases, grant.groups, grant.regimes, grant.emergency)


def _in_force(agreement: Agreement, now: Micros) -> bool:
    live = agreement.revoked_at is None or now < agreement.revoked_at
    return live and agreement.cosigned and agreement.valid_from <= now < agreement.valid_until


def _sorted(parties: Iterable[AgreementParty]) -> list[AgreementParty]:
    return sorted(parties, key=lambda party: (party.oin, party.role))


def _label(agreement: Agreement) -> str:
    return f"{agreement.id}/{agreement.version}"


def _name(party: AgreementParty) -> str:
    return f"{party.oin}/{party.role}"
