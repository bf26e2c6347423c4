"""Why one agency may, or may not, send a type to another: in sentences, each with its source.

1. Whether it may is asked of `decide` itself, with a message that asserts what the law asks for and
   carries the groups that are required: no rule is told here that the gate does not apply.
2. Of several agreements, one that allows it is explained; if none does, the one that came furthest.
3. When it is refused, the step that refuses is named, and what would have to be agreed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from broker.agreements.decide import decide
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
from broker.catalogue.model import Catalogue, MessageEntry, Term
from broker.dutch_time import local_text
from broker.errors import UsageError
from broker.names import AgreementId, Digest, LegalBasis, Micros, Purpose, Regime, Urgency
from broker.operations.models import models_granting
from broker.operations.standing import party_name, standing
from broker.trust.view import TrustView

__all__ = ["Explanation", "Question", "Sentence", "explain", "require_regime"]

_ORDER = {reason: number for number, reason in enumerate(Reason, 1)}
_NOBODY = AgreementId("none")
_UNITS = {"working-days": "working days"}

_STEPS = {
    Reason.UNKNOWN_TYPE: "the catalogue does not know the type",
    Reason.SENDER_ROLE: "the catalogue does not let this role send it",
    Reason.RECIPIENT_ROLE: "the catalogue does not let this role receive it",
    Reason.REGIME: "it does not exist in this legal regime, or the grant is not for it",
    Reason.OFF_BY_DEFAULT: "no law in the catalogue gives it a basis, and no grant names one",
    Reason.NO_AGREEMENT: "no agreement grants it from this sender to this recipient",
    Reason.AGREEMENT_DIGEST: "the version of the agreement is not the one that is published",
    Reason.AGREEMENT_NOT_COSIGNED: "not every party has signed the agreement",
    Reason.AGREEMENT_NOT_IN_FORCE: "the agreement is not in force at this moment",
    Reason.AGREEMENT_REVOKED: "a party has revoked the agreement",
    Reason.PURPOSE: "the grant names no purpose that the catalogue allows",
    Reason.LEGAL_BASIS: "the grant names no legal basis that the catalogue allows",
    Reason.PREDICATE: "what the law demands is not asserted",
    Reason.GROUP_REQUIRED: "a group that must go along is left out",
    Reason.GROUP_FORBIDDEN: "the grant leaves out a group that the catalogue requires",
    Reason.LOOP: "a forward does not go back to where it came from",
    Reason.EMERGENCY_CLAUSE: "the grant has no emergency clause",
}
_REMEDIES = {
    Reason.SENDER_ROLE: "No agreement can change that: an agreement never allows more than the catalogue.",
    Reason.RECIPIENT_ROLE: "No agreement can change that: an agreement never allows more than the catalogue.",
    Reason.AGREEMENT_NOT_COSIGNED: "The parties that have not signed sign exactly this version.",
    Reason.AGREEMENT_NOT_IN_FORCE: "The parties agree on a next version that holds now.",
    Reason.AGREEMENT_REVOKED: "The parties agree on a new version: a revocation cannot be undone.",
    Reason.REGIME: "Ask with --regime for the regime of the case, or agree on a grant for it.",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that is so.

    Attributes:
        topic: What it is about, for whoever looks for one thing.
        source: Where it comes from: an agreement and its grant, or tags of docs/spec/sources.md.
    """

    topic: str
    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """May *sender* send *entry* to *recipient*, in this regime?"""

    entry: MessageEntry
    sender: AgreementParty
    recipient: AgreementParty
    regime: Regime


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer.

    Attributes:
        reason: The reason of the decision; empty when it is allowed.
        agreement: ``id/version`` of the agreement that it is about; empty when there is none.
    """

    allowed: bool
    reason: str
    agreement: str
    sentences: tuple[Sentence, ...]


def explain(view: TrustView, question: Question, now: Micros) -> Explanation:
    """Why *question* is answered as it is at *now*."""
    rule = view.rules.rules[question.entry.type]
    agreement, decision = _best(view, rule, question, now)
    allowed = isinstance(decision, Allowed)
    reason = "" if isinstance(decision, Allowed) else decision.reason.value
    sentences = [_verdict(view, question, decision)]
    if agreement is not None:
        sentences += _agreement(view, agreement, now)
    sentences += _content(view.catalogue, question, _grant(agreement, rule, question))
    if isinstance(decision, Refused):
        sentences += _remedies(question, rule, decision)
    label = f"{agreement.id}/{agreement.version}" if agreement else ""
    return Explanation(allowed, reason, label, tuple(sentences))


def _best(
    view: TrustView, rule: TypeRule, question: Question, now: Micros
) -> tuple[Agreement | None, Decision]:
    """The agreement that allows it, or the one that came furthest, with what is decided under it."""
    granting = view.rules.granting(rule.type, question.sender, question.recipient)
    if rule.accompanies:
        pair = {question.sender, question.recipient}
        granting = tuple(a for a in view.rules.agreements if pair <= a.parties)
    answers = [(a, decide(view.rules, _request(rule, question, a), now)) for a in granting]
    nothing = (None, decide(view.rules, _request(rule, question, None), now))
    return max(answers, key=lambda answer: _distance(answer[1]), default=nothing)


def _distance(decision: Decision) -> int:
    return len(Reason) + 1 if isinstance(decision, Allowed) else _ORDER[decision.reason]


def _grant(agreement: Agreement | None, rule: TypeRule, question: Question) -> Grant | None:
    roles = (question.sender.role, question.recipient.role)
    fitting = [
        grant
        for grant in (agreement.grants if agreement else ())
        if rule.code in grant.types and (grant.sender_role, grant.recipient_role) == roles
    ]
    return next((g for g in fitting if g.regimes is None or question.regime in g.regimes), None)


def _request(rule: TypeRule, question: Question, agreement: Agreement | None) -> Request:
    """A message that says and carries what is demanded, and nothing more."""
    grant = _grant(agreement, rule, question)
    groups = rule.groups_for(question.recipient.role) or GroupRule(frozenset(), frozenset())
    purposes = rule.purposes & grant.purposes if grant else rule.purposes
    bases = grant.legal_bases if grant else rule.legal_bases
    return Request(
        message_type=rule.type,
        sender=question.sender,
        recipient=question.recipient,
        agreement_id=agreement.id if agreement else _NOBODY,
        agreement_digest=agreement.digest if agreement else Digest(bytes(32)),
        groups=tuple(sorted(groups.required)),
        purpose=min(purposes, default=Purpose("none")),
        legal_basis=min(bases & rule.legal_bases or bases, default=LegalBasis("none")),
        regime=question.regime,
        urgency=Urgency.NORMAL,
        assertions=tuple((p.name, p.value or p.values[0]) for p in rule.predicates),
    )


def _verdict(view: TrustView, question: Question, decision: Decision) -> Sentence:
    entry = question.entry
    may = "may" if isinstance(decision, Allowed) else "may not"
    text = (
        f"{party_name(view, question.sender)} {may} send {entry.code} {entry.title_nl} ({entry.title_en}) "
        f"to {party_name(view, question.recipient)} in regime {question.regime}"
    )
    if isinstance(decision, Allowed):
        source = f"{decision.agreement_id}, grant {decision.rule}"
        return Sentence("verdict", f"{text}.", source)
    step, names = _ORDER[decision.reason], ", ".join(decision.offending)
    why = (
        f"{text}: step {step} of {len(Reason)}, {decision.reason}, refuses, because {_STEPS[decision.reason]}"
    )
    named = decision.reason not in {Reason.NO_AGREEMENT} and names
    return Sentence("verdict", f"{why} ({names})." if named else f"{why}.", f"agreements.md 4, rule {step}")


def _agreement(view: TrustView, agreement: Agreement, now: Micros) -> Iterator[Sentence]:
    label, stand = f"{agreement.id}/{agreement.version}", standing(view, agreement, now)
    period = f"holds from {local_text(agreement.valid_from)} until {local_text(agreement.valid_until)}"
    stands = "in force" if stand.in_force else f"not in force: {stand.why}"
    text = f"{label}, {agreement.title}, {period}; it is {stands}."
    yield Sentence("agreement", text, f"{label}, digest {agreement.digest}")


def _content(catalogue: Catalogue, question: Question, grant: Grant | None) -> Iterator[Sentence]:
    yield from _grounds(catalogue, question, grant)
    yield from _groups(catalogue, question, grant)
    yield from _conditions(question.entry)
    yield from _terms(catalogue, question)
    yield from _obligations(catalogue, question)
    if grant is not None:
        acute = (
            "For 90 days after the agreement's end an acute message still goes, and opens OB-JUSTIFY."
            if grant.emergency
            else "There is no emergency clause: outside its time nothing goes, however acute."
        )
        yield Sentence("emergency", acute, f"grant {grant.rule}; agreements.md 4")


def _grounds(catalogue: Catalogue, question: Question, grant: Grant | None) -> Iterator[Sentence]:
    entry = question.entry
    purposes = [p for p in entry.purposes if grant is None or p in grant.purposes]
    bases = [b for b in entry.legal_bases if grant is None or b in grant.legal_bases]
    if grant is not None and entry.off_by_default:
        bases = sorted(grant.legal_bases)
    source = entry.source if grant is None else f"grant {grant.rule}; {entry.source}"
    of = "; ".join(f"{p} ({catalogue.purposes.get(p, p)})" for p in purposes) or "none"
    yield Sentence("purposes", f"The purpose is one of: {of}.", source)
    of = "; ".join(f"{b} ({catalogue.legal_bases.get(b, b)})" for b in bases) or "none"
    yield Sentence("legal-bases", f"The legal basis is one of: {of}.", source)


def _groups(catalogue: Catalogue, question: Question, grant: Grant | None) -> Iterator[Sentence]:
    entry = question.entry
    lists = entry.groups_for(question.recipient.role)
    if lists is None:
        return
    narrow = None if grant is None else grant.groups
    yield Sentence("groups", f"It must carry {_named(catalogue, lists.required)}.", lists.source)
    may = [group for group in lists.may if narrow is None or group in narrow]
    if may:
        yield Sentence("groups", f"It may also carry {_named(catalogue, may)}.", lists.source)
    if grant is not None and (dropped := [g for g in lists.may if g not in may]):
        text = f"It may not carry {_named(catalogue, dropped)}: the law would allow it, the parties did not."
        yield Sentence("forbidden", text, f"grant {grant.rule}")
    barred = [group for group in catalogue.groups if group not in {*lists.required, *lists.may}]
    text = (
        f"Every other group is forbidden to {question.recipient.role}, because the list of {entry.code} does "
        f"not name it: {_named(catalogue, barred)}."
    )
    yield Sentence("forbidden", text, lists.source)


def _conditions(entry: MessageEntry) -> Iterator[Sentence]:
    if entry.accompanies:
        text = (
            "It says in `in_reply_to` which message it goes along with; it goes under the agreement that "
            "carried that message, and needs no grant: without the id it is refused."
        )
        yield Sentence("conditions", text, f"agreements.md 4; {entry.source}")
    for one in entry.assertions:
        said = f"{one.name} = {one.value}" if one.value else f"{one.name}, one of {', '.join(one.values)}"
        yield Sentence("predicates", f"The sender asserts {said}; nothing else may be asserted.", one.source)
    for check in entry.checks:
        words = ", ".join(f"{name} {value}" for name, value in check.arguments.items() if name != "fields")
        yield Sentence(
            "checks", f"Sender and recipient check {check.name}: {words or 'all free text'}.", check.source
        )


def _terms(catalogue: Catalogue, question: Question) -> Iterator[Sentence]:
    entry, terms = question.entry, catalogue.terms
    for code, what in (
        (entry.receipt_term, "The recipient's system confirms receipt (E03) within"),
        (entry.functional_term, "A person or work queue has it within"),
        (entry.acute_term, "When it is acute, a person has it within"),
        (entry.response_term, "A substantive response is due within"),
    ):
        if code in terms:
            yield Sentence("terms", f"{what} {_length(terms[code])}.", terms[code].source)


def _obligations(catalogue: Catalogue, question: Question) -> Iterator[Sentence]:
    for one in question.entry.obligations:
        duty = catalogue.obligations.get(one.code)
        when = " and ".join(f"{name} = {value}" for name, value in one.when)
        said = f" when {when}" if when else ""
        title = f", {duty.title}" if duty else ""
        if one.effect != "opens" or duty is None:
            yield Sentence("obligations", f"It {one.effect} {one.code}{title}{said}.", one.source)
            continue
        code = duty.term_r2 if question.regime is Regime.R2 and duty.term_r2 else duty.term
        due = f", due within {_length(catalogue.terms[code])}" if code in catalogue.terms else ""
        late = f"; when it is late: {duty.overdue}"
        text = f"It opens {one.code}{title}, owed by the {one.owed_by}{said}{due}{late}."
        yield Sentence(
            "obligations", text, "; ".join(dict.fromkeys(f"{one.source}; {duty.source}".split("; ")))
        )


def _remedies(question: Question, rule: TypeRule, refused: Refused) -> Iterator[Sentence]:
    if fixed := _REMEDIES.get(refused.reason):
        yield Sentence("remedy", fixed)
        return
    roles = (question.sender.role, question.recipient.role)
    basis = "a named legal basis of its own" if rule.off_by_default else _one_of(rule.legal_bases)
    groups = rule.groups_for(question.recipient.role)
    least = ", ".join(sorted(groups.required)) if groups else "the required groups"
    text = (
        f"To be agreed: a grant of {rule.code} from {roles[0]} to {roles[1]}, "
        f"for {_one_of(rule.purposes)}, on {basis}, with at least {least}."
    )
    yield Sentence("remedy", text, question.entry.source)
    if names := models_granting(rule.code, *roles):
        text = f"The model {' or '.join(names)} has such a grant: see `schakel agreement new`."
        yield Sentence("remedy", text)


def _one_of(codes: frozenset[Purpose] | frozenset[LegalBasis]) -> str:
    return " or ".join(sorted(codes)) or "nothing that the catalogue names"


def _named(catalogue: Catalogue, groups: object) -> str:
    names = list(groups) if isinstance(groups, (list, tuple)) else []
    return ", ".join(f"{g} ({catalogue.groups[g].title})" if g in catalogue.groups else g for g in names)


def _length(term: Term) -> str:
    unit = _UNITS.get(term.unit, term.unit)
    moves = ", moved off weekends and holidays (Algemene termijnenwet)" if term.termijnenwet else ""
    return f"{term.amount} {unit if term.amount != 1 else unit.removesuffix('s')}{moves}"


def require_regime(entry: MessageEntry, text: str | None) -> Regime:
    """The regime that was asked for, or the type's default: R1 where it exists there.

    Raises:
        UsageError: There is no such regime.
    """
    if text is None:
        return Regime.R1 if Regime.R1 in entry.regimes else min(entry.regimes)
    if text not in set(Regime):
        raise UsageError(f"there is no regime {text}", remedy="Choose R0, R1 or R2")
    return Regime(text)
