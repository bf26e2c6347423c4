"""What the catalogue may not say, though it is well formed (docs/spec/catalogue.md 8).

 1. unused-group          a group of the dictionary that no type uses
 2. no-obligation         a mandatory type that opens or closes no obligation
 3. never-group           a group in a list of a type that must never have it (sources.md 4.8, 4)
 4. never-target          such a prohibition that names a group or type that is not there
 5. schema-...            a schema outside the profile: recursive, zero-width, too deep, too large
 6. incompatible          a version that may not follow the one before it
 7. organisation-name     an event type that names an organisation or a role
 8. no-source             a source that is no paragraph of the plan, law, assumption or public source
 9. check-target          a check on a group or field that the type does not have
10. check-..., ground-day, free-text, days-of-rest
                          values that can never be (`broker.catalogue.lint_values`)
11. no-closer, unfulfillable, circle, exchange-opens, not-waivable
                          obligations that nobody can fulfil or give up (`broker.catalogue.lint_duties`)
12. test-data             an example BSN that is not a test number
13. unknown-source        a source that `sources` does not list
14. stale                 a generated file that is not what `build` makes
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from broker.catalogue.build import CATALOGUE, group_lists, message_path, read_groups
from broker.catalogue.dictionary import Json, field_nodes
from broker.catalogue.document import CatalogueDocument, MessageDocument, parse_document
from broker.catalogue.finding import REMEDIES, Finding
from broker.catalogue.lint_duties import find_duties
from broker.catalogue.lint_values import find_values
from broker.catalogue.load import load_catalogue, stale_files
from broker.errors import RejectedError
from broker.names import GroupName, MessageCode

__all__ = ["Finding", "SchemaRules", "lint"]

_SOURCE = re.compile(r"S [1-9](\.[1-9])?|L[0-9]{2}|A[0-9]{2}|P[0-9]{1,2}")
_SCHEMA = "Keep to the profile of docs/spec/catalogue.md 5"
_TEST_BSN = re.compile(r"9999[0-9]{5}")


@dataclass(frozen=True, slots=True)
class SchemaRules:
    """How `broker.records` judges schemas; the catalogue does not know Avro.

    Attributes:
        register: Raises `RejectedError` for a schema outside the profile.
        incompatibilities: What forbids the second to follow the first.
    """

    register: Callable[[bytes], object]
    incompatibilities: Callable[[bytes, bytes], tuple[str, ...]]


def lint(files: Mapping[str, bytes], rules: SchemaRules) -> tuple[Finding, ...]:
    """Everything that must be changed in *files*.

    Raises:
        ConfigurationError: The catalogue is not well formed, so nothing more can be said.
    """
    document = parse_document(files[CATALOGUE])
    groups = read_groups(document, files)
    stale = [Finding("stale", path, "run `schakel catalogue build`") for path in stale_files(files)]
    if not stale:
        load_catalogue(files)
    findings = (
        *_unused(document),
        *_obligations(document),
        *_never(document),
        *_never_targets(document),
        *_schemas(document, files, rules),
        *_names(document),
        *_sources(document),
        *_check_targets(document, groups),
        *find_values(document, groups),
        *find_duties(document),
        *_examples(groups),
        *stale,
    )
    return tuple(replace(found, remedy=REMEDIES.get(found.rule, _SCHEMA)) for found in findings)


def _unused(document: CatalogueDocument) -> Iterator[Finding]:
    used = {name for message in document.messages.values() for name in group_lists(message)[1]}
    for name in document.groups.keys() - used:
        yield Finding("unused-group", f"groups.{name}", "no message type uses it")


def _obligations(document: CatalogueDocument) -> Iterator[Finding]:
    for code, message in document.messages.items():
        mandatory = any(regime.mandatory for regime in message.regimes.values())
        if mandatory and not message.opens and not message.closes:
            yield Finding("no-obligation", f"messages.{code}", "mandatory, but nobody would miss it")


def _never(document: CatalogueDocument) -> Iterator[Finding]:
    for rule in document.never:
        for code in rule.messages:
            message = document.messages.get(code)
            if message is not None and rule.group in group_lists(message)[1]:
                yield Finding("never-group", f"messages.{code}.recipients", f"{rule.group} ({rule.source})")


def _never_targets(document: CatalogueDocument) -> Iterator[Finding]:
    for index, rule in enumerate(document.never):
        names = [] if rule.group in document.groups else [str(rule.group)]
        names += [str(code) for code in rule.messages if code not in document.messages]
        for name in names:
            yield Finding("never-target", f"never[{index}]", name)


def _schemas(
    document: CatalogueDocument, files: Mapping[str, bytes], rules: SchemaRules
) -> Iterator[Finding]:
    for code, message in document.messages.items():
        paths = [message_path(code, version) for version in range(1, message.version + 1)]
        present = [path for path in paths if path in files]
        for path in present:
            try:
                rules.register(files[path])
            except RejectedError as error:
                yield Finding(error.reason, path, str(error))
        for before, after in pairwise(present):
            for problem in rules.incompatibilities(files[before], files[after]):
                yield Finding("incompatible", after, problem)


def _names(document: CatalogueDocument) -> Iterator[Finding]:
    words = {code.lower() for code in document.roles}
    words |= {alias.lower() for role in document.roles.values() for alias in role.aliases}
    for code, message in document.messages.items():
        padded = f"-{message.type.replace('.', '-')}-"
        for word in sorted(word for word in words if f"-{word}-" in padded):
            yield Finding("organisation-name", f"messages.{code}.type", word)


def _sources(document: CatalogueDocument) -> Iterator[Finding]:
    for path, source in _walk_sources(document.model_dump(by_alias=True), ""):
        tags = [tag.strip() for tag in source.split(";")]
        if not all(map(_SOURCE.fullmatch, tags)):
            yield Finding("no-source", path, source)
        elif unknown := [tag for tag in tags if tag not in document.sources]:
            yield Finding("unknown-source", path, ", ".join(unknown))


def _walk_sources(node: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _walk_sources(item, f"{path}[{index}]")
    elif isinstance(node, dict):
        for key, item in node.items():
            if key == "source":
                yield path, str(item)
            else:
                yield from _walk_sources(item, f"{path}.{key}".lstrip("."))


def _check_targets(document: CatalogueDocument, groups: Mapping[GroupName, Json]) -> Iterator[Finding]:
    for code, message in document.messages.items():
        fields = _available(message, groups)
        for index, check in enumerate(message.checks):
            for name in sorted(_targets(check.arguments) - fields):
                yield Finding("check-target", f"messages.{code}.checks[{index}]", name)
        asserted = {asked.name for asked in message.assertions}
        yield from _assertion_targets(code, message, asserted)


def _assertion_targets(code: MessageCode, message: MessageDocument, asserted: set[str]) -> Iterator[Finding]:
    for index, check in enumerate(message.checks):
        name = check.arguments.get("assertion")
        if name is not None and name not in asserted:
            yield Finding("check-target", f"messages.{code}.checks[{index}]", f"assertion {name}")


def _available(message: MessageDocument, groups: Mapping[GroupName, Json]) -> set[str]:
    names: set[str] = set()
    for name in group_lists(message)[1]:
        listed = message.fields.get(name)
        every = field_nodes(f"groups/{name}.avsc", groups[name])
        names |= {f"{name}.{field}" for field in ([*listed.required, *listed.may] if listed else every)}
        names.add(name)
    return names


def _targets(arguments: Mapping[str, object]) -> set[str]:
    group, many = arguments.get("group"), arguments.get("fields")
    if group is None:
        return {str(name) for key in ("fields", "groups") for name in _listed(arguments, key)}
    single = (arguments.get(key) for key in ("field", "when_field", "start_field"))
    keys = [*single, *(many if isinstance(many, list) else ())]
    keys += [key for fields in _listed(arguments, "sets") if isinstance(fields, list) for key in fields]
    others = {str(name) for name in (*_listed(arguments, "flags"), arguments.get("other", group))}
    return {str(group), *others, *(f"{group}.{key}" for key in keys if key is not None)}


def _listed(arguments: Mapping[str, object], name: str) -> list[object]:
    value = arguments.get(name)
    return value if isinstance(value, list) else []


def _examples(groups: Mapping[GroupName, Json]) -> Iterator[Finding]:
    for name, record in groups.items():
        for field, node in field_nodes(f"groups/{name}.avsc", record).items():
            if node.get("format") == "bsn" and not _TEST_BSN.fullmatch(str(node.get("example"))):
                yield Finding("test-data", f"groups/{name}.avsc", f"{field}: a test BSN begins with 9999")
