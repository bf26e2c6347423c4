"""What a chain of agencies should know about its agreements (docs/spec/agreements.md 6).

Each question has its own function and each answer is a `Finding`: mandatory exchanges that nothing
covers, answers that cannot be given, agreements that overlap or contradict, that nearly expire, that
leave a gap before their next version, that miss a signature, or that ask for more than the catalogue allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from broker.agreements.decide import RuleBook
from broker.agreements.model import Agreement, AgreementParty, Grant, TypeRule
from broker.moments import DAY
from broker.names import AgreementId, MessageCode, MessageType, Micros, Role

__all__ = [
    "Finding",
    "FindingKind",
    "check_against",
    "check_book",
    "expiring",
    "gaps",
    "missing",
    "overlapping",
    "unsigned",
]


class FindingKind(StrEnum):
    """What kind of finding.  Wire values: only ever added to."""

    MISSING = "missing"
    MISSING_PAIR = "missing-pair"
    MISSING_ANSWER = "missing-answer"
    NOT_COSIGNED = "not-cosigned"
    OVERLAP = "overlap"
    CONTRADICTION = "contradiction"
    EXPIRING = "expiring"
    GAP = "gap"
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


_NAMED = 8
"""How many parties a finding names in its text; it holds all of them."""

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
    findings.extend(gaps(book.agreements, now))
    findings.extend(overlapping(book.agreements, now))
    return findings


def missing(
    book: RuleBook, wanted: Iterable[TypeRule], parties: Sequence[AgreementParty], now: Micros
) -> Iterator[Finding]:
    """Mandatory types for which a pair has no agreement in force.

    An answer is missed where an agreement in force lets the question through; anything else by a sender
    that can send it to nobody, and, without alarm, with the recipients that it cannot go to.
    """
    held = _InForce(book, now)
    for rule in wanted:
        if rule.accompanies:
            continue
        possible = [party for party in parties if party.role in rule.recipient_roles]
        for sender in _sorted(party for party in parties if party.role in rule.sender_roles):
            recipients = {party for party in possible if party.oin != sender.oin}
            covered = held.recipients(rule.code, sender)
            if rule.only_answers or held.is_answer(rule, sender.role):
                asked = held.asked(rule, sender) & recipients
                yield from (_unanswerable(rule, sender, party) for party in _sorted(asked - covered))
            elif lacking := _sorted(recipients - covered):
                yield _lacking(rule, sender, lacking, alone=len(lacking) == len(recipients))


class _InForce:
    """What may be sent at one moment, and who may be asked for what."""

    def __init__(self, book: RuleBook, now: Micros) -> None:
        self._by_code = {rule.code: rule for rule in book.rules.values()}
        self._to: dict[tuple[MessageCode, AgreementParty], set[AgreementParty]] = {}
        self._from: dict[tuple[MessageCode, AgreementParty], set[AgreementParty]] = {}
        for agreement in book.agreements:
            for (sender, recipient, code), _ in _paths(agreement) if _in_force(agreement, now) else ():
                self._to.setdefault((code, sender), set()).add(recipient)
                self._from.setdefault((code, recipient), set()).add(sender)

    def recipients(self, code: MessageCode, sender: AgreementParty) -> set[AgreementParty]:
        """To whom *sender* may send the type."""
        return self._to.get((code, sender), set())

    def is_answer(self, rule: TypeRule, role: Role) -> bool:
        """Whether a sender in this role owes the type to whoever sent another one, or received it."""
        return any(
            role in (opener.sender_roles if owed.owed_by_sender else opener.recipient_roles)
            for owed in rule.answers
            if (opener := self._by_code.get(owed.opener))
        )

    def asked(self, rule: TypeRule, sender: AgreementParty) -> set[AgreementParty]:
        """Those with whom *sender* may exchange something that obliges it to answer."""
        found: set[AgreementParty] = set()
        for owed in rule.answers:
            found |= (self._to if owed.owed_by_sender else self._from).get((owed.opener, sender), set())
        return found


def _lacking(
    rule: TypeRule, sender: AgreementParty, lacking: list[AgreementParty], *, alone: bool
) -> Finding:
    if alone:
        text = f"{rule.code} is mandatory, and {_name(sender)} has no agreement in force with anybody for it"
        return Finding(FindingKind.MISSING, True, text, (), (_name(sender),), (rule.code,))
    names = [_name(party) for party in lacking]
    more = f", and {len(names) - _NAMED} others" if len(names) > _NAMED else ""
    to = ", ".join(names[:_NAMED]) + more
    text = f"no agreement in force for {rule.code} from {_name(sender)} to {to}"
    return Finding(FindingKind.MISSING_PAIR, False, text, (), (_name(sender), *names), (rule.code,))


def _unanswerable(rule: TypeRule, sender: AgreementParty, recipient: AgreementParty) -> Finding:
    text = f"{_name(sender)} may be asked for {rule.code}, and no agreement lets it go to {_name(recipient)}"
    return Finding(
        FindingKind.MISSING_ANSWER, True, text, (), (_name(sender), _name(recipient)), (rule.code,)
    )


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


def gaps(agreements: Iterable[Agreement], now: Micros) -> Iterator[Finding]:
    """Agreements of which one version ends, from now on, before the next one begins."""
    by_id: dict[AgreementId, list[Agreement]] = {}
    for agreement in agreements:
        if agreement.cosigned:
            by_id.setdefault(agreement.id, []).append(agreement)
    for _, versions in sorted(by_id.items()):
        ordered = sorted(versions, key=lambda a: (a.valid_from, a.version))
        for position, following in enumerate(ordered[1:], 1):
            last = max(ordered[:position], key=_end)
            if now < following.valid_from and _end(last) < following.valid_from:
                days = -((_end(last) - following.valid_from) // DAY)
                text = f"{_label(last)} ends {days} days before {_label(following)} begins"
                yield Finding(FindingKind.GAP, True, text, (_label(last), _label(following)))


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


def _paths(agreement: Agreement) -> Iterator[tuple[_Path, Grant]]:
    by_role: dict[Role, list[AgreementParty]] = {}
    for party in _sorted(agreement.parties):
        by_role.setdefault(party.role, []).append(party)
    for grant in agreement.grants:
        for sender in by_role.get(grant.sender_role, ()):
            for recipient in by_role.get(grant.recipient_role, ()):
                if sender != recipient:
                    for code in sorted(grant.types):
                        yield (sender, recipient, code), grant


def _terms(grant: Grant) -> tuple[object, ...]:
    return (grant.purposes, grant.legal_bases, grant.groups, grant.regimes, grant.emergency)


def _in_force(agreement: Agreement, now: Micros) -> bool:
    live = agreement.revoked_at is None or now < agreement.revoked_at
    return live and agreement.cosigned and agreement.valid_from <= now < agreement.valid_until


def _end(agreement: Agreement) -> Micros:
    """When it ends: by time, or by revocation."""
    end, revoked = agreement.valid_until, agreement.revoked_at
    return end if revoked is None else min(end, revoked)


def _sorted(parties: Iterable[AgreementParty]) -> list[AgreementParty]:
    return sorted(parties, key=lambda party: (party.oin, party.role))


def _label(agreement: Agreement) -> str:
    return f"{agreement.id}/{agreement.version}"


def _name(party: AgreementParty) -> str:
    return f"{party.oin}/{party.role}"
