"""From the files of `schemas/` to the catalogue as a value (docs/spec/catalogue.md 5).

1. Every file has the digest that `CATALOGUE` gives, and nothing is missing or unlisted.
2. Every name in a rule is defined.
3. The current schema of each type has exactly the groups of its lists, so the fence stands where the
   rules say.
4. Every text of every type is searched for BSNs, whether it asks for it or not (sources.md A40).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from broker.catalogue.build import (
    CATALOGUE,
    DIGESTS,
    build,
    digest_lines,
    group_lists,
    is_schema_file,
    message_path,
    read_groups,
    required_file,
)
from broker.catalogue.checks import require_arguments
from broker.catalogue.dictionary import describe_group, field_nodes, parse_json
from broker.catalogue.document import (
    CatalogueDocument,
    ClosingDocument,
    EffectDocument,
    MessageDocument,
    ObligationDocument,
    OpeningDocument,
    ProlongingDocument,
    TermDocument,
    parse_document,
)
from broker.catalogue.model import (
    Assertion,
    Catalogue,
    Extension,
    Group,
    GroupList,
    MessageEntry,
    NamedCheck,
    Obligation,
    ObligationRule,
    Term,
)
from broker.crypto import sha256
from broker.dutch_time import midnight
from broker.errors import ConfigurationError
from broker.names import Digest, GroupName, MessageCode, MessageType

__all__ = ["load_catalogue", "stale_files"]

_VERSION = re.compile(r"messages/(E[0-9]{2}[A-Z]?)/([1-9][0-9]{0,2})\.avsc")


def load_catalogue(files: Mapping[str, bytes]) -> Catalogue:
    """The catalogue in *files*.

    Args:
        files: Content by path within `schemas/`: `CATALOGUE`, `catalogue.yaml`, `groups/CH.avsc`,
            `messages/E01/1.avsc` ...

    Raises:
        ConfigurationError: A file is missing, altered or wrong; says where.
    """
    _require_digests(files)
    document = parse_document(files[CATALOGUE])
    records = read_groups(document, files)
    groups = {
        name: describe_group(name, document.groups[name].title, document.groups[name].source, record)
        for name, record in records.items()
    }
    _require_known(document)
    entries = {code: _entry(code, document, groups, files) for code in document.messages}
    return Catalogue(
        version=document.version,
        digest=sha256(files[CATALOGUE]),
        groups=groups,
        messages=entries,
        by_type=_unique_types(entries.values()),
        by_schema={digest: entry for entry in entries.values() for digest in entry.schemas.values()},
        roles={code: role.nl for code, role in document.roles.items()},
        purposes={code: purpose.nl for code, purpose in document.purposes.items()},
        legal_bases={code: basis.title for code, basis in document.legal_bases.items()},
        terms={code: _term(code, written) for code, written in document.terms.items()},
        obligations={code: _obligation_rule(code, rule) for code, rule in document.obligations.items()},
        extensions={
            code: Extension(code, e.nl, e.en, tuple(e.carried_by), e.role, e.source)
            for code, e in document.extensions.items()
        },
    )


def _term(code: str, written: TermDocument) -> Term:
    earlier = tuple(
        (midnight(each.until), Term(code, each.amount, each.unit, each.source, each.termijnenwet))
        for each in written.earlier
    )
    return Term(code, written.amount, written.unit, written.source, written.termijnenwet, earlier)


def stale_files(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Paths of generated files that differ from what `build` makes.

    Raises:
        ConfigurationError: A source is missing or wrong.
    """
    built = build(files)
    return tuple(sorted(path for path, content in built.items() if files.get(path) != content))


def _require_digests(files: Mapping[str, bytes]) -> None:
    given = required_file(files, DIGESTS)
    required_file(files, CATALOGUE)
    if given != digest_lines({path: data for path, data in files.items() if is_schema_file(path)}):
        raise ConfigurationError(
            "schemas/CATALOGUE does not give the digest of every file",
            why="a file was changed, added or removed after it was written",
            remedy="Run `schakel catalogue build` and review the difference",
        )


def _require_known(document: CatalogueDocument) -> None:
    """Insist that every name used in a rule is defined."""
    for code, obligation in document.obligations.items():
        terms = {obligation.term, obligation.term_r2, obligation.term_acute} - {""}
        _known(f"obligations.{code}.term", terms, document.terms)
        _known(f"obligations.{code}.after", {obligation.after} - {""}, document.obligations)
    for name, flow in document.flows.items():
        _known(f"flows.{name}.retention", {flow.retention}, document.retention)
    for code, message in document.messages.items():
        _require_known_in(f"messages.{code}", message, document)
    _require_known_extensions(document)


def _require_known_extensions(document: CatalogueDocument) -> None:
    """Insist that an extension has a code of its own, and that its types send or receive its role."""
    for code, extension in document.extensions.items():
        _known(f"extensions.{code}.role", {extension.role}, document.roles)
        parties = {
            carrier: {
                *(message.senders.roles if message.senders else ()),
                *(role for listed in message.recipients for role in listed.roles),
            }
            for carrier, message in document.messages.items()
        }
        carriers = {carrier for carrier, roles in parties.items() if extension.role in roles}
        _known(f"extensions.{code}.carried_by", extension.carried_by, carriers)
        if code in document.messages:
            raise ConfigurationError(
                f"catalogue.yaml: extensions.{code} is a message type too",
                remedy="Give the extension a code that no type has",
            )


def _require_known_in(where: str, message: MessageDocument, document: CatalogueDocument) -> None:
    roles = {role for r in message.recipients for role in r.roles}
    senders = set(message.senders.roles) if message.senders else set()
    _known(f"{where}.senders", senders, document.roles)
    _known(f"{where}.recipients", roles, document.roles)
    for recipients in message.recipients:
        _known(f"{where}.recipients", {*recipients.required, *recipients.may}, document.groups)
    _known(f"{where}.flow", {message.flow}, document.flows)
    _known(f"{where}.retention", {message.retention.class_}, document.retention)
    _known(f"{where}.purposes", message.purposes.codes, document.purposes)
    _known(f"{where}.legal_bases", message.legal_bases.codes, document.legal_bases)
    _known(f"{where}.assertions", {a.name for a in message.assertions}, document.assertions)
    effects = (*message.opens, *message.closes, *message.prolongs)
    _known(f"{where}.prolongs", {e.term for e in message.prolongs}, document.terms)
    _known(f"{where}.opens, closes", {e.obligation for e in effects}, document.obligations)
    asserted = {a.name for a in message.assertions}
    _known(f"{where}.opens, closes: when", {name for e in effects for name in e.when}, asserted)
    for name, value in (pair for e in effects for pair in e.when.items()):
        _known(f"{where}.opens, closes: when {name}", {value}, document.assertions[name].values)
    receipt, response = message.receipt, message.response
    terms = {receipt.term, receipt.functional, receipt.acute} if receipt else set()
    terms |= {response.term} if response else set()
    _known(f"{where}: terms", terms - {""}, document.terms)
    anybody = message.any_role or message.from_exchange
    if message.any_role != (not senders) or anybody != (not roles):
        raise ConfigurationError(
            f"catalogue.yaml: {where}: either roles are named, or any_role holds",
            remedy="Name senders and recipients with roles, or set `any_role` and name none",
        )
    if message.outlives and not message.accompanies:
        raise ConfigurationError(
            f"catalogue.yaml: {where}: only what accompanies a message can outlive its agreement",
            remedy="Set `accompanies` too, or drop `outlives`",
        )


def _known(where: str, names: Iterable[str], defined: Iterable[str]) -> None:
    if unknown := sorted(set(names) - set(defined)):
        raise ConfigurationError(
            f"catalogue.yaml: {where}: not defined",
            why=", ".join(unknown),
            remedy="Define the name in its own section, or correct it",
        )


def _entry(
    code: MessageCode,
    document: CatalogueDocument,
    groups: Mapping[GroupName, Group],
    files: Mapping[str, bytes],
) -> MessageEntry:
    message = document.messages[code]
    lists = [(r.roles, GroupList(tuple(r.required), tuple(r.may), r.source)) for r in message.recipients]
    receipt = message.receipt
    return MessageEntry(
        code=code,
        type=message.type,
        title_nl=message.nl,
        title_en=message.en,
        topic=document.flows[message.flow].topic,
        mandatory=any(regime.mandatory for regime in message.regimes.values()),
        mandatory_regimes=tuple(name for name, regime in message.regimes.items() if regime.mandatory),
        sender_roles=tuple(message.senders.roles) if message.senders else (),
        recipients={role: groups_ for roles, groups_ in lists for role in roles},
        any_groups=lists[0][1] if message.any_role or message.from_exchange else None,
        any_role=message.any_role,
        accompanies=message.accompanies,
        off_by_default=message.off_by_default,
        forward=message.forward,
        outlives=message.outlives,
        from_exchange=message.from_exchange,
        regimes=tuple(message.regimes),
        purposes=tuple(message.purposes.codes),
        legal_bases=tuple(message.legal_bases.codes),
        assertions=_assertions(message, document),
        checks=_checks(code, message, groups),
        groups=_section_order(code, message, groups, files),
        schemas=_versions(code, message.version, files),
        receipt_term=receipt.term if receipt else "",
        functional_term=receipt.functional if receipt else "",
        acute_term=receipt.acute if receipt else "",
        response_term=message.response.term if message.response else "",
        obligations=(
            *_effects("opens", message.opens),
            *_effects("closes", message.closes),
            *_effects("prolongs", message.prolongs),
        ),
        retention=message.retention.class_,
        source=message.source,
    )


def _assertions(message: MessageDocument, document: CatalogueDocument) -> tuple[Assertion, ...]:
    found = []
    for asked in message.assertions:
        values = tuple(document.assertions[asked.name].values)
        if asked.value is not None:
            _known(f"assertion {asked.name}", {asked.value}, values)
        found.append(Assertion(asked.name, asked.value, asked.source, values))
    return tuple(found)


def _obligation_rule(code: str, rule: ObligationDocument) -> ObligationRule:
    return ObligationRule(
        code=code,
        title=rule.title,
        term=rule.term,
        term_r2=rule.term_r2,
        overdue=rule.overdue,
        after=rule.after,
        source=rule.source,
        term_acute=rule.term_acute,
        opened_by=rule.opened_by,
    )


def _effects(effect: str, effects: Iterable[EffectDocument]) -> tuple[Obligation, ...]:
    return tuple(
        Obligation(
            e.obligation,
            effect,
            e.source,
            tuple(sorted(e.when.items())),
            e.owed_by if isinstance(e, OpeningDocument) else "recipient",
            e.toward if isinstance(e, ClosingDocument) else "creditor",
            e.term if isinstance(e, ProlongingDocument) else "",
        )
        for e in effects
    )


def _checks(
    code: MessageCode, message: MessageDocument, groups: Mapping[GroupName, Group]
) -> tuple[NamedCheck, ...]:
    """The type's own checks, and the search for BSNs in text."""
    where = f"catalogue.yaml: messages.{code}.checks"
    checks = [NamedCheck(c.check, c.arguments, c.source) for c in message.checks]
    for check in checks:
        require_arguments(check, where)
    _, allowed = group_lists(message)
    listed = {name: {*fields.required, *fields.may} for name, fields in message.fields.items()}
    searched = [
        (field.searched, f"{name}.{field.name}")
        for name, group in groups.items()
        if name in allowed
        for field in group.fields
        if field.searched and field.name in listed.get(name, {field.name})
    ]
    if searched:
        by_kind = {f"{kind}s": tuple(n for k, n in searched if k == kind) for kind in ("text", "reference")}
        checks.append(NamedCheck("no-bsn", by_kind, "A40"))
    return tuple(checks)


def _section_order(
    code: MessageCode,
    message: MessageDocument,
    groups: Mapping[GroupName, Group],
    files: Mapping[str, bytes],
) -> tuple[GroupName, ...]:
    _, allowed = group_lists(message)
    order = tuple(name for name in groups if name in allowed)
    path = message_path(code, message.version)
    if tuple(field_nodes(path, parse_json(path, required_file(files, path)))) != order:
        raise ConfigurationError(
            f"schemas/{path} does not have the groups of the catalogue's lists",
            remedy="Run `schakel catalogue build` and review the difference",
        )
    return order


def _versions(code: MessageCode, current: int, files: Mapping[str, bytes]) -> dict[int, Digest]:
    found = {
        int(match[2]): sha256(content)
        for path, content in files.items()
        if (match := _VERSION.fullmatch(path)) and match[1] == code
    }
    if sorted(found) != list(range(1, current + 1)):
        raise ConfigurationError(
            f"schemas/messages/{code} does not hold versions 1 to {current}",
            remedy="A published version is never removed; the catalogue names the highest",
        )
    return dict(sorted(found.items()))


def _unique_types(entries: Iterable[MessageEntry]) -> dict[MessageType, MessageEntry]:
    by_type: dict[MessageType, MessageEntry] = {}
    for entry in entries:
        if by_type.setdefault(entry.type, entry) is not entry:
            raise ConfigurationError(
                "catalogue.yaml: two messages have one type",
                why=entry.type,
                remedy="Give each message a type of its own",
            )
    return by_type
