"""Builds a `TrustView` from the files of one registry version (docs/spec/registry.md 4).

1. `agencies.json` and the catalogue must be right, or there is no new view at all.
2. An agreement counts for the parties whose signature over its exact bytes verifies with their keys.
   One that does not parse, or lies at another place than it names, does not count.
3. A revocation counts if a party signed it.  Ending is the safe side: it counts although the key that
   signed it was revoked since, and it stays although its file disappears.
4. A succession counts if both agencies signed it.
5. What does not count is listed in `TrustView.problems`; it can only ever allow less.

The files come out of a verified TUF snapshot.  Nothing here reads a clock, a disk or a network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from broker.agreements.decide import RuleBook
from broker.agreements.document import parse_agreement
from broker.agreements.model import Agreement, TypeRule
from broker.agreements.signatures import (
    AgreementStatement,
    RevocationStatement,
    SignedStatement,
    read_bundle,
    read_revocation,
    verify_agreement_signature,
    verify_revocation,
)
from broker.catalogue.load import load_catalogue
from broker.catalogue.model import Catalogue
from broker.crypto import SealingKey, VerifyingKey, sha256
from broker.errors import ConfigurationError, MalformedError, RejectedError, UntrustedError
from broker.names import AgreementId, Algorithm, Digest, KeyId, MessageType, Micros, Oin
from broker.records.schema import MessageSchema
from broker.signing import VerificationCache
from broker.trust.documents import build_agencies, parse_agencies
from broker.trust.rules import derive_rules
from broker.trust.successions import SUCCESSIONS, SuccessionStatement, read_successions, verify_successions
from broker.trust.view import Agency, SigningKeyEntry, Succession, TrustView

__all__ = [
    "ParseCache",
    "agreement_path",
    "build_view",
    "revocation_path",
    "schema_targets",
    "signatures_path",
]

_AGREEMENT = re.compile(r"agreements/(?P<id>[^/]+)/(?P<version>[0-9]+)\.yaml")
_REVOCATION = re.compile(r"revocations/(?P<id>[^/]+)/(?P<version>[0-9]+)/(?P<oin>[^/]+)\.json")
_SCHEMAS = "schemas/"
_CATALOGUE = "catalogue.yaml"

_T = TypeVar("_T")
_Bundle = tuple[SignedStatement[AgreementStatement], ...]
_Revocation = SignedStatement[RevocationStatement]
_Successions = tuple[SignedStatement[SuccessionStatement], ...]


def agreement_path(id_: AgreementId, version: int) -> str:
    """Where the document of this version lies."""
    return f"agreements/{id_}/{version}.yaml"


def signatures_path(id_: AgreementId, version: int) -> str:
    """Where the signatures on this version lie."""
    return f"agreements/{id_}/{version}.signatures.json"


def revocation_path(id_: AgreementId, version: int, oin: Oin) -> str:
    """Where this party's revocation of this version lies."""
    return f"revocations/{id_}/{version}/{oin}.json"


def schema_targets(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Catalogue and schemas by their place in the registry.

    Args:
        files: Content by path within `schemas/`, as `schemas.reading` finds it.
    """
    return {path if path == _CATALOGUE else f"{_SCHEMAS}{path}": body for path, body in files.items()}


@dataclass(slots=True)
class ParseCache:
    """What was parsed and verified before, so that a refresh costs what changed.

    One per reader of one registry.  Nothing in it is trusted longer than its bytes are the same, except
    `revoked`: a revocation, once seen, holds.
    """

    agencies: tuple[bytes, dict[Oin, Agency]] | None = None
    catalogue: tuple[dict[str, bytes], _CatalogueParts] | None = None
    keys: dict[bytes, VerifyingKey | SealingKey] = field(default_factory=dict)
    agreements: dict[str, tuple[bytes, Agreement | MalformedError]] = field(default_factory=dict)
    bundles: dict[str, tuple[bytes, _Bundle | MalformedError]] = field(default_factory=dict)
    revocations: dict[str, tuple[bytes, _Revocation | MalformedError]] = field(default_factory=dict)
    successions: dict[str, tuple[bytes, _Successions | MalformedError]] = field(default_factory=dict)
    signatures: VerificationCache = field(default_factory=lambda: VerificationCache(1 << 20))
    revoked: dict[Digest, Micros] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _CatalogueParts:
    catalogue: Catalogue
    rules: Mapping[MessageType, TypeRule]
    schemas: Mapping[Digest, MessageSchema]


def build_view(
    targets: Mapping[str, bytes], version: int, expires_at: Micros, cache: ParseCache | None = None
) -> TrustView:
    """The view of one registry version.

    Args:
        targets: Content by path, each verified against the signed metadata.
        version: Version of the snapshot.
        expires_at: When the view becomes stale.
        cache: Kept by the caller between refreshes of the same registry.

    Raises:
        MalformedError: `agencies.json`, the catalogue or a schema is missing or wrong.
    """
    cache = cache if cache is not None else ParseCache()
    agencies = _agencies(targets, cache)
    parts = _catalogue(targets, cache)
    bare = TrustView(
        version=version,
        expires_at=expires_at,
        agencies=agencies,
        by_name={agency.short_name: agency for agency in agencies.values()},
        signing_keys=_owners(agencies),
        rules=RuleBook(parts.rules, ()),
        catalogue=parts.catalogue,
        schemas=parts.schemas,
    )
    problems: list[str] = []
    book = RuleBook(parts.rules, _agreements(targets, bare, cache, problems))
    successions = _successions(targets, bare, cache, problems)
    return replace(bare, rules=book, successions=successions, problems=tuple(problems))


def _agencies(targets: Mapping[str, bytes], cache: ParseCache) -> dict[Oin, Agency]:
    document = _required(targets, "agencies.json")
    if cache.agencies is None or cache.agencies[0] != document:
        cache.agencies = (document, build_agencies(parse_agencies(document), cache.keys))
    return cache.agencies[1]


def _catalogue(targets: Mapping[str, bytes], cache: ParseCache) -> _CatalogueParts:
    files = {path.removeprefix(_SCHEMAS): body for path, body in targets.items() if path.startswith(_SCHEMAS)}
    files[_CATALOGUE] = _required(targets, _CATALOGUE)
    if cache.catalogue is None or cache.catalogue[0] != files:
        cache.catalogue = (files, _load_catalogue(files))
    return cache.catalogue[1]


def _load_catalogue(files: Mapping[str, bytes]) -> _CatalogueParts:
    try:
        catalogue = load_catalogue(files)
    except ConfigurationError as error:
        # From a file of this machine it would be a wrong setting; from the registry it is a wrong document.
        raise MalformedError(f"the registry's catalogue is wrong: {error.what}") from error
    by_digest = {sha256(body): body for body in files.values()}
    schemas = {}
    for digest in catalogue.by_schema:
        if digest not in by_digest:
            raise MalformedError("the catalogue names a message schema that the registry does not hold")
        schemas[digest] = MessageSchema.parse(by_digest[digest])
    return _CatalogueParts(catalogue, derive_rules(catalogue), schemas)


def _required(targets: Mapping[str, bytes], path: str) -> bytes:
    if path not in targets:
        raise MalformedError(f"the registry has no {path}")
    return targets[path]


def _owners(agencies: Mapping[Oin, Agency]) -> dict[KeyId, tuple[Oin, SigningKeyEntry]]:
    return {
        entry.key.key_id: (agency.oin, entry) for agency in agencies.values() for entry in agency.signing_keys
    }


def _agreements(
    targets: Mapping[str, bytes], view: TrustView, cache: ParseCache, problems: list[str]
) -> Iterator[Agreement]:
    """Every agreement that parses, with the signatures and revocations that verify."""
    revocations = _paths_of_revocations(targets)
    for path in sorted(path for path in targets if _AGREEMENT.fullmatch(path)):
        parsed = _parsed(cache.agreements, path, targets[path], parse_agreement)
        if isinstance(parsed, MalformedError):
            problems.append(f"{path}: {parsed.what}")
        elif agreement_path(parsed.id, parsed.version) != path:
            problems.append(f"{path}: names another id or version than its place")
        else:
            signed_by = frozenset(_signers(targets, parsed, view, cache, problems))
            revoked = _revoked_at(targets, revocations.get(path, ()), parsed, view, cache, problems)
            yield replace(parsed, signed_by=signed_by, revoked_at=revoked)


def _paths_of_revocations(targets: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Revocation files by the agreement that their place names."""
    found: dict[str, list[str]] = {}
    for path in sorted(path for path in targets if path.startswith("revocations/")):
        if match := _REVOCATION.fullmatch(path):
            found.setdefault(f"agreements/{match['id']}/{match['version']}.yaml", []).append(path)
    return found


def _signers(
    targets: Mapping[str, bytes],
    agreement: Agreement,
    view: TrustView,
    cache: ParseCache,
    problems: list[str],
) -> Iterator[Oin]:
    path = signatures_path(agreement.id, agreement.version)
    if path not in targets:
        return
    bundle = _parsed(cache.bundles, path, targets[path], read_bundle)
    if isinstance(bundle, MalformedError):
        problems.append(f"{path}: {bundle.what}")
        return
    for signed in bundle:
        try:
            yield verify_agreement_signature(signed, agreement, view, cache.signatures)
        except RejectedError as error:
            problems.append(f"{path}: {error.what}")


def _revoked_at(
    targets: Mapping[str, bytes],
    paths: Sequence[str],
    agreement: Agreement,
    view: TrustView,
    cache: ParseCache,
    problems: list[str],
) -> Micros | None:
    for path in paths:
        signed = _parsed(cache.revocations, path, targets[path], read_revocation)
        try:
            if isinstance(signed, MalformedError):
                raise signed
            statement = verify_revocation(signed, agreement, _EndingKeys(view), cache.signatures)
        except RejectedError as error:
            problems.append(f"{path}: {error.what}")
            continue
        if path != revocation_path(agreement.id, agreement.version, statement.oin):
            problems.append(f"{path}: is signed by another party than its place names")
        at = Micros(statement.revoked_at)
        cache.revoked[agreement.digest] = min(at, cache.revoked.get(agreement.digest, at))
    return cache.revoked.get(agreement.digest)


def _successions(
    targets: Mapping[str, bytes], view: TrustView, cache: ParseCache, problems: list[str]
) -> tuple[Succession, ...]:
    if SUCCESSIONS not in targets:
        return ()
    statements = _parsed(cache.successions, SUCCESSIONS, targets[SUCCESSIONS], read_successions)
    if isinstance(statements, MalformedError):
        problems.append(f"{SUCCESSIONS}: {statements.what}")
        return ()

    def problem(why: str) -> None:
        problems.append(f"{SUCCESSIONS}: {why}")

    return verify_successions(statements, view, cache.signatures, problem)


@dataclass(frozen=True, slots=True)
class _EndingKeys:
    """Keys for revocations: a key that was revoked, or has expired, still ends what it once began."""

    view: TrustView

    def vouching_key(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:  # noqa: ARG002
        owner, entry = self.view.signing_keys.get(key_id, (None, None))
        if entry is None or owner != oin:
            raise UntrustedError("a key that does not belong to this agency", reason="unknown-key")
        return entry.key

    def required_algorithms(self, oin: Oin) -> frozenset[Algorithm]:
        return self.view.required_algorithms(oin)


def _parsed(
    cache: dict[str, tuple[bytes, _T | MalformedError]], path: str, body: bytes, parse: Callable[[bytes], _T]
) -> _T | MalformedError:
    held = cache.get(path)
    if held is None or held[0] != body:
        try:
            held = (body, parse(body))
        except MalformedError as error:
            held = (body, error)
        cache[path] = held
    return held[1]
