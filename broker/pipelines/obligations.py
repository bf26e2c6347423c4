"""Obligations from decisions: the facts that an audit event states, and the rules that the registry holds.

Nothing here knows a message or an obligation by name: what opens and closes what is the catalogue's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from broker.agreements.model import Reason
from broker.audit.events import AuditEvent, AuditParty
from broker.catalogue.model import Catalogue, MessageEntry, ObligationRule, Term
from broker.catalogue.model import Obligation as CatalogueEffect
from broker.crypto import sha256
from broker.envelope.reasons import Reason as Untimely
from broker.names import Digest, MessageType, Micros, Oin
from broker.obligations import legal_calendar
from broker.obligations.model import (
    DELIVERED,
    REFUSED,
    Deadline,
    Duty,
    Effect,
    Fact,
    OwedBy,
    Party,
    RuleSet,
    Succession,
    Toward,
    Unit,
)

__all__ = ["CORRECTABLE", "RegisteredRules", "facts_of", "rules_digest", "rules_of"]

_FOLD = 3
"""Raised when the fold of `broker.obligations` gives other obligations than before."""
_COUNTED = DELIVERED | REFUSED

CORRECTABLE = frozenset(
    {
        Untimely.EXPIRED.value,
        Untimely.FROM_THE_FUTURE.value,
        Reason.AGREEMENT_DIGEST.value,
        Reason.AGREEMENT_NOT_IN_FORCE.value,
        Reason.PURPOSE.value,
        Reason.LEGAL_BASIS.value,
        Reason.GROUP_REQUIRED.value,
        Reason.GROUP_FORBIDDEN.value,
        Reason.EMERGENCY_CLAUSE.value,
    }
)
"""Reasons of a refusal after which a sender owes a correction (sources.md A20): the message may go between
these two, and something of it was wrong.  After any other reason nothing may go, so nothing is owed."""

_Plain = list[object]


class _Succeeded(Protocol):
    """A succession of the registry: `broker.trust.view.Succession`, or the fold's own."""

    @property
    def old(self) -> Oin: ...
    @property
    def new(self) -> Oin: ...
    @property
    def since(self) -> Micros: ...


class RegisteredRules(Protocol):
    """Where the rules stand: the trust view."""

    @property
    def catalogue(self) -> Catalogue:
        """Message types, duties and terms."""
        ...

    @property
    def successions(self) -> Sequence[_Succeeded]:
        """Agencies that took the place of others."""
        ...


def facts_of(event: AuditEvent, catalogue: Catalogue) -> Fact | None:
    """What *event* states about a message and one recipient; None when no rule can be about it."""
    facts = event.message
    if facts is None or event.outcome not in _COUNTED or facts.message_type not in catalogue.by_type:
        return None
    return Fact(
        event.decision_id,
        event.outcome,
        facts.message_type,
        facts.message_id,
        facts.causation_id,
        facts.correlation_id,
        facts.case_ref,
        _party(facts.sender),
        _party(facts.recipient),
        facts.regime,
        facts.urgency,
        event.emergency,
        facts.assertions,
        event.decided_at,
        event.reason,
    )


def rules_of(catalogue: Catalogue, successions: Iterable[_Succeeded]) -> RuleSet:
    """The rules by which obligations open and close, from the catalogue and the registry."""
    rules = catalogue.obligations.values()
    return RuleSet(
        opens=_effects(catalogue.messages.values(), "opens", catalogue.terms),
        closes=_effects(catalogue.messages.values(), "closes", catalogue.terms),
        prolongs=_effects(catalogue.messages.values(), "prolongs", catalogue.terms),
        duties={rule.code: _duty(rule, catalogue.terms) for rule in rules},
        refusal_opens=_opened_by("refusal", rules),
        emergency_opens=_opened_by("emergency", rules),
        forwards=frozenset(entry.type for entry in catalogue.messages.values() if entry.forward),
        attending=frozenset(
            entry.type for entry in catalogue.messages.values() if entry.accompanies or entry.from_exchange
        ),
        correctable=CORRECTABLE,
        successions=tuple(Succession(each.old, each.new, each.since) for each in successions),
    )


def rules_digest(registered: RegisteredRules) -> Digest:
    """Names the rules exactly: what was worked out by others is worked out again.

    It covers what can change an obligation (docs/spec/obligations.md 10) and nothing else: a corrected
    title or another field group changes none.
    """
    rules = rules_of(registered.catalogue, registered.successions)
    document = {
        "fold": _FOLD,
        "calendar": legal_calendar.CALENDAR,
        "types": sorted(registered.catalogue.by_type),
        "opens": _plain_effects(rules.opens),
        "closes": _plain_effects(rules.closes),
        "prolongs": _plain_effects(rules.prolongs),
        "duties": {code: _plain_duty(duty) for code, duty in rules.duties.items()},
        "refusal_opens": [_plain_effect(each) for each in rules.refusal_opens],
        "emergency_opens": [_plain_effect(each) for each in rules.emergency_opens],
        "forwards": sorted(rules.forwards),
        "attending": sorted(rules.attending),
        "correctable": sorted(rules.correctable),
        "successions": sorted([each.since, each.old, each.new] for each in rules.successions),
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return sha256(b"schakel/v1/rules\x00" + text.encode())


def _plain_effects(effects: Mapping[MessageType, Sequence[Effect]]) -> dict[str, list[_Plain]]:
    return {str(kind): [_plain_effect(each) for each in some] for kind, some in effects.items()}


def _plain_effect(effect: Effect) -> _Plain:
    return [
        effect.duty,
        [list(made) for made in effect.when],
        effect.owed_by.value,
        effect.toward.value,
        _plain_deadline(effect.deadline),
    ]


def _plain_duty(duty: Duty) -> _Plain:
    """A duty without its title and source: what people read and no rule asks."""
    deadlines = (duty.deadline, duty.deadline_r2, duty.deadline_acute)
    return [*map(_plain_deadline, deadlines), duty.overdue, duty.after]


def _plain_deadline(deadline: Deadline | None) -> _Plain | None:
    if deadline is None:
        return None
    earlier = [[until, _plain_deadline(before)] for until, before in deadline.earlier]
    return [deadline.amount, deadline.unit.value, deadline.termijnenwet, earlier]


@lru_cache(maxsize=1024)
def _party(party: AuditParty) -> Party:
    # There are few of them, and two in every fact.
    return Party(party.oin, party.role)


def _effects(
    entries: Iterable[MessageEntry], effect: str, terms: Mapping[str, Term]
) -> dict[MessageType, tuple[Effect, ...]]:
    return {
        entry.type: effects
        for entry in entries
        if (effects := tuple(_effect(each, terms) for each in entry.obligations if each.effect == effect))
    }


def _effect(effect: CatalogueEffect, terms: Mapping[str, Term]) -> Effect:
    deadline = _deadline(terms[effect.term]) if effect.term else None
    return Effect(effect.code, effect.when, OwedBy(effect.owed_by), Toward(effect.toward), deadline)


def _opened_by(what: str, rules: Iterable[ObligationRule]) -> tuple[Effect, ...]:
    return tuple(Effect(rule.code, owed_by=OwedBy.SENDER) for rule in rules if rule.opened_by == what)


def _duty(rule: ObligationRule, terms: Mapping[str, Term]) -> Duty:
    return Duty(
        code=rule.code,
        title=rule.title,
        deadline=_deadline(terms[rule.term]),
        deadline_r2=_deadline(terms[rule.term_r2]) if rule.term_r2 else None,
        deadline_acute=_deadline(terms[rule.term_acute]) if rule.term_acute else None,
        overdue=rule.overdue,
        after=rule.after,
        source=rule.source,
    )


def _deadline(term: Term) -> Deadline:
    earlier = tuple((until, _deadline(before)) for until, before in term.earlier)
    return Deadline(term.amount, Unit(term.unit), term.termijnenwet, earlier)
