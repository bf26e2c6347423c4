"""What the catalogue says of one exchange, rule by rule, each with its source (docs/spec/catalogue.md 10).

An exchange is a type from one sender role to one recipient role.  Everything the catalogue says of it is
a list of facets: an aspect, a name, a value in words.  Two catalogues differ where a facet differs
(`broker.catalogue.diff`); `schakel catalogue show` and `schakel message explain` print them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from broker.catalogue.dictionary import Json, field_nodes, nullable
from broker.catalogue.document import (
    CatalogueDocument,
    ClosingDocument,
    EarlierTermDocument,
    EffectDocument,
    MessageDocument,
    OpeningDocument,
    RecipientsDocument,
    TermDocument,
)
from broker.names import GroupName, MessageCode

__all__ = ["ALLOWED", "ANY", "REQUIRED", "Aspect", "Facet", "Path", "exchange_facets", "paths", "type_facets"]

ANY = "any"
"""In the place of a role: the type goes between whomever another message went."""

REQUIRED = "required"
ALLOWED = "allowed"


class Aspect(StrEnum):
    """What kind of rule.  Words of the command line: only ever added to."""

    TYPE = "type"
    SENDER = "sender"
    GROUP = "group"
    FIELD = "field"
    SENSITIVITY = "sensitivity"
    ASSERTION = "assertion"
    CHECK = "check"
    PURPOSE = "purpose"
    LEGAL_BASIS = "legal-basis"
    REGIME = "regime"
    TERM = "term"
    OPENS = "opens"
    CLOSES = "closes"
    PROLONGS = "prolongs"
    FLAG = "flag"
    RETENTION = "retention"


@dataclass(frozen=True, slots=True)
class Facet:
    """One rule.

    Attributes:
        name: What the rule is about: ``CH``, ``CH.surname``, ``R1``; empty where there is one of its kind.
        value: What it says, in words that are compared.
    """

    aspect: Aspect
    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True, order=True)
class Path:
    """A type from one role to another; `ANY` for both where roles do not matter."""

    code: MessageCode
    sender: str
    recipient: str


def paths(document: CatalogueDocument) -> tuple[Path, ...]:
    """Every exchange of the catalogue."""
    return tuple(
        Path(code, sender, recipient)
        for code, message in document.messages.items()
        for sender in (_words(message.senders.roles) if message.senders else [ANY])
        for listed in message.recipients
        for recipient in (_words(listed.roles) or [ANY])
    )


def exchange_facets(
    document: CatalogueDocument, groups: Mapping[GroupName, Json], path: Path
) -> tuple[Facet, ...]:
    """Everything that holds for one exchange of *document*.

    Args:
        groups: The group documents (`broker.catalogue.build.read_groups`).
        path: One of `paths`.
    """
    message = document.messages[path.code]
    listed = next(r for r in message.recipients if path.recipient in (_words(r.roles) or [ANY]))
    return (
        Facet(Aspect.TYPE, "", message.type, message.source),
        *_groups(message, listed, groups),
        *type_facets(document, path.code),
    )


def type_facets(document: CatalogueDocument, code: MessageCode) -> tuple[Facet, ...]:
    """What holds for a type whoever receives it."""
    message = document.messages[code]
    return (
        *_senders(message),
        *_asked(message, document),
        *_grounds(message),
        *_terms(message, document),
        *_effects(message, document),
        *_flags(message),
        Facet(Aspect.RETENTION, "", message.retention.class_, message.retention.source),
    )


def _words(names: Iterable[str]) -> list[str]:
    return [str(name) for name in names]


def _senders(message: MessageDocument) -> Iterator[Facet]:
    if message.senders:
        for role in message.senders.roles:
            yield Facet(Aspect.SENDER, role, ALLOWED, message.senders.source)


def _groups(
    message: MessageDocument, listed: RecipientsDocument, groups: Mapping[GroupName, Json]
) -> Iterator[Facet]:
    for name in groups:
        if name in listed.required or name in listed.may:
            value = REQUIRED if name in listed.required else ALLOWED
            yield Facet(Aspect.GROUP, name, value, listed.source)
            yield from _fields(message, name, groups[name], listed.source)


def _fields(message: MessageDocument, group: GroupName, record: Json, source: str) -> Iterator[Facet]:
    narrowed = message.fields.get(group)
    source = narrowed.source if narrowed else source
    for name, node in field_nodes(f"groups/{group}.avsc", record).items():
        if narrowed and name not in narrowed.required and name not in narrowed.may:
            continue
        required = name in narrowed.required if narrowed else not nullable(node)
        protected = ", source protected" if node.get("source_protected") is True else ""
        yield Facet(Aspect.FIELD, f"{group}.{name}", REQUIRED if required else ALLOWED, source)
        yield Facet(Aspect.SENSITIVITY, f"{group}.{name}", f"{node.get('sensitivity')}{protected}", source)


def _asked(message: MessageDocument, document: CatalogueDocument) -> Iterator[Facet]:
    for asked in message.assertions:
        value = asked.value or " | ".join(document.assertions[asked.name].values)
        yield Facet(Aspect.ASSERTION, asked.name, value, asked.source)
    for check in message.checks:
        arguments = ", ".join(f"{key}={value}" for key, value in sorted(check.arguments.items()))
        yield Facet(Aspect.CHECK, f"{check.check} {arguments}", "holds", check.source)


def _grounds(message: MessageDocument) -> Iterator[Facet]:
    for purpose in message.purposes.codes:
        yield Facet(Aspect.PURPOSE, purpose, ALLOWED, message.purposes.source)
    for basis in message.legal_bases.codes:
        yield Facet(Aspect.LEGAL_BASIS, basis, ALLOWED, message.legal_bases.source)
    for regime, rule in message.regimes.items():
        yield Facet(Aspect.REGIME, regime, "mandatory" if rule.mandatory else ALLOWED, rule.source)


def _terms(message: MessageDocument, document: CatalogueDocument) -> Iterator[Facet]:
    receipt, response = message.receipt, message.response
    named = [("receipt", receipt.term if receipt else "", receipt)]
    named += (
        [("functional", receipt.functional, receipt), ("acute", receipt.acute, receipt)] if receipt else []
    )
    for name, term, rule in named:
        if term and rule:
            yield Facet(Aspect.TERM, name, _length(document.terms[term]), rule.source)
    if response and response.term:
        yield Facet(Aspect.TERM, "response", _length(document.terms[response.term]), response.source)


def _effects(message: MessageDocument, document: CatalogueDocument) -> Iterator[Facet]:
    for opened in message.opens:
        yield Facet(Aspect.OPENS, _effect(opened), _owed(opened, document), opened.source)
    for closed in message.closes:
        yield Facet(Aspect.CLOSES, _effect(closed), _toward(closed), closed.source)
    for longer in message.prolongs:
        by = f"by {_length(document.terms[longer.term])}, {_toward(longer)}"
        yield Facet(Aspect.PROLONGS, _effect(longer), by, longer.source)


def _effect(effect: EffectDocument) -> str:
    when = " and ".join(f"{name}={value}" for name, value in sorted(effect.when.items()))
    return f"{effect.obligation} when {when}" if when else effect.obligation


def _owed(opened: OpeningDocument, document: CatalogueDocument) -> str:
    return f"owed by the {opened.owed_by}, {_duty(opened.obligation, document, frozenset())}"


def _toward(closed: ClosingDocument) -> str:
    return f"toward {'the ' if closed.toward == 'creditor' else ''}{closed.toward}"


def _duty(code: str, document: CatalogueDocument, seen: frozenset[str]) -> str:
    """The terms of an obligation, and of those that its closing opens."""
    rule = document.obligations[code]
    terms = [("", rule.term), (" in R2", rule.term_r2), (" when acute", rule.term_acute)]
    text = ", ".join(f"{_length(document.terms[term])}{when}" for when, term in terms if term)
    following = [other for other, later in document.obligations.items() if later.after == code]
    for other in sorted(set(following) - seen - {code}):
        text += f"; then {other}, {_duty(other, document, seen | {code})}"
    return text


def _length(term: TermDocument) -> str:
    before = "".join(f", until {each.until} {_plain(each)}" for each in term.earlier)
    return f"{_plain(term)}{before}"


def _plain(term: TermDocument | EarlierTermDocument) -> str:
    moved = ", moved off days of rest" if term.termijnenwet else ""
    return f"{term.amount} {term.unit}{moved}"


def _flags(message: MessageDocument) -> Iterator[Facet]:
    for name, field in MessageDocument.model_fields.items():
        if field.annotation is bool and getattr(message, name):
            yield Facet(Aspect.FLAG, name.replace("_", "-"), "yes", message.source)
