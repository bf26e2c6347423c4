"""`agencies.json`: who takes part, in which roles, with which keys (docs/spec/registry.md 3).

1. Unknown fields, a repeated OIN or short name, and a key that stands twice anywhere are refused:
   a key belongs to one agency and one purpose.
2. A key must be of the algorithm its purpose asks for, and not of small order: such a key would let
   anybody sign, or everybody open.
3. Keys that are already known are not parsed again, so that a change costs what changed.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from broker.agreements.parsing import Moment, RoleText
from broker.crypto import SealingKey, VerifyingKey
from broker.errors import MalformedError
from broker.moments import to_text
from broker.names import Algorithm, Micros, Oin
from broker.strict_json import OinText, StrictModel, read_json
from broker.trust.view import Agency, SealingKeyEntry, SigningKeyEntry

__all__ = [
    "EXCHANGE",
    "MAX_AGENCIES_DOCUMENT",
    "MAX_TITLE",
    "SHORT_NAME",
    "AgenciesDocument",
    "AgencyDocument",
    "KnownKeys",
    "SealingKeyDocument",
    "SigningKeyDocument",
    "build_agencies",
    "parse_agencies",
    "write_agencies",
]

EXCHANGE = "exchange"
"""Short name of the exchange itself: its signing keys are the gate's, its log keys the ledger's."""

MAX_AGENCIES_DOCUMENT = 64 * 1024 * 1024
_X25519_SIZE = 32
_P25519 = 2**255 - 19

SHORT_NAME = r"^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$"
"""The form of an agency's short name."""

MAX_TITLE = 200
"""The longest title of an agency, in characters."""

KnownKeys = MutableMapping[bytes, VerifyingKey | SealingKey]
"""Parsed keys by their public bytes."""

_Key = Annotated[str, StringConstraints(min_length=16, max_length=4096)]
_Line = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TITLE)]


class SigningKeyDocument(StrictModel):
    """A public signature key: SubjectPublicKeyInfo in base64, and its life."""

    spki: _Key
    valid_from: Moment
    valid_until: Moment
    revoked_at: Moment | None = None


class SealingKeyDocument(StrictModel):
    """A public X-Wing key: 1,216 bytes in base64, and its life."""

    raw: _Key
    valid_from: Moment
    valid_until: Moment
    revoked_at: Moment | None = None


class AgencyDocument(StrictModel):
    """One agency as written."""

    oin: OinText
    short_name: Annotated[str, StringConstraints(pattern=SHORT_NAME)]
    title: _Line
    roles: Annotated[tuple[RoleText, ...], Field(min_length=1, max_length=16)]
    active_from: Moment
    active_until: Moment | None = None
    required_algorithms: Annotated[
        tuple[Literal["ES256", "ML_DSA_44"], ...], Field(min_length=1, max_length=2)
    ]
    signing_keys: Annotated[tuple[SigningKeyDocument, ...], Field(max_length=64)] = ()
    sealing_keys: Annotated[tuple[SealingKeyDocument, ...], Field(max_length=256)] = ()
    log_keys: Annotated[tuple[SigningKeyDocument, ...], Field(max_length=16)] = ()
    succeeded_by: Annotated[tuple[OinText, ...], Field(max_length=64)] = ()


class AgenciesDocument(StrictModel):
    """The whole list, as written."""

    format: Literal["schakel-agencies/1"]
    agencies: Annotated[tuple[AgencyDocument, ...], Field(max_length=20_000)]

    @model_validator(mode="after")
    def _unique(self) -> AgenciesDocument:
        for what, values in (
            ("an OIN", [agency.oin for agency in self.agencies]),
            ("a short name", [agency.short_name for agency in self.agencies]),
        ):
            if len(set(values)) != len(values):
                raise ValueError(f"{what} stands twice")
        known = {agency.oin for agency in self.agencies}
        if any(not known.issuperset(agency.succeeded_by) for agency in self.agencies):
            raise ValueError("an agency is succeeded by one that is not in the list")
        if any(agency.log_keys and agency.short_name != EXCHANGE for agency in self.agencies):
            raise ValueError("only the exchange has log keys")
        return self


def parse_agencies(document: bytes) -> AgenciesDocument:
    """Read `agencies.json` as written; `build_agencies` checks the keys.

    Raises:
        MalformedError: Not such a document.
    """
    return read_json(document, AgenciesDocument, "agencies.json", MAX_AGENCIES_DOCUMENT)


def write_agencies(agencies: Iterable[Agency]) -> bytes:
    """The document that says exactly this, ordered by OIN."""
    content = {
        "format": "schakel-agencies/1",
        "agencies": [_agency_json(agency) for agency in sorted(agencies, key=lambda agency: agency.oin)],
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"


def build_agencies(document: AgenciesDocument, known: KnownKeys) -> dict[Oin, Agency]:
    """The agencies with their keys parsed and checked.

    Args:
        known: Keys parsed before; new ones are added.

    Raises:
        MalformedError: A key is wrong, weak, or stands twice.
    """
    agencies = {agency.oin: _agency(agency, known) for agency in document.agencies}
    _refuse_shared_keys(agencies.values())
    return agencies


def _agency(written: AgencyDocument, known: KnownKeys) -> Agency:
    return Agency(
        oin=written.oin,
        short_name=written.short_name,
        title=written.title,
        roles=frozenset(written.roles),
        active_from=written.active_from,
        active_until=written.active_until,
        required_algorithms=frozenset(Algorithm[name] for name in written.required_algorithms),
        signing_keys=tuple(
            _signing(key, {Algorithm.ES256, Algorithm.ML_DSA_44}, known) for key in written.signing_keys
        ),
        sealing_keys=tuple(_sealing(key, known) for key in written.sealing_keys),
        succeeded_by=written.succeeded_by,
        log_keys=tuple(
            _signing(key, {Algorithm.ED25519, Algorithm.ML_DSA_44}, known) for key in written.log_keys
        ),
    )


def _signing(written: SigningKeyDocument, expected: set[Algorithm], known: KnownKeys) -> SigningKeyEntry:
    spki = _octets(written.spki)
    key = known.get(spki)
    if not isinstance(key, VerifyingKey):
        key = VerifyingKey.from_spki(spki)
        if key.algorithm is Algorithm.ED25519 and _has_small_order(key.raw()):
            raise MalformedError("an Ed25519 key of small order")
        known[spki] = key
    if key.algorithm not in expected:
        raise MalformedError("a key of an algorithm that its purpose does not use")
    _require_life(written)
    return SigningKeyEntry(key, written.valid_from, written.valid_until, written.revoked_at)


def _sealing(written: SealingKeyDocument, known: KnownKeys) -> SealingKeyEntry:
    raw = _octets(written.raw)
    key = known.get(raw)
    if not isinstance(key, SealingKey):
        key = SealingKey(raw)
        if int.from_bytes(raw[-_X25519_SIZE:], "little") % 2**255 % _P25519 in _SMALL_ORDER_U:
            raise MalformedError("an X25519 key of small order")
        known[raw] = key
    _require_life(written)
    return SealingKeyEntry(key, written.valid_from, written.valid_until, written.revoked_at)


def _require_life(written: SigningKeyDocument | SealingKeyDocument) -> None:
    if written.valid_from >= written.valid_until:
        raise MalformedError("a key whose validity ends before it begins")


def _refuse_shared_keys(agencies: Iterable[Agency]) -> None:
    seen: set[bytes] = set()
    for agency in agencies:
        for public in _public_parts(agency):
            if public in seen:
                raise MalformedError("a key stands twice: a key has one owner and one purpose")
            seen.add(public)


def _public_parts(agency: Agency) -> Iterator[bytes]:
    for entry in (*agency.signing_keys, *agency.log_keys):
        yield entry.key.key_id
    for sealing in agency.sealing_keys:
        # Either half alone must not come back in another pair.
        yield sealing.key.raw[:-_X25519_SIZE]
        yield sealing.key.raw[-_X25519_SIZE:]


def _octets(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError("a key that is not base64") from error


def _agency_json(agency: Agency) -> Mapping[str, object]:
    return {
        "oin": agency.oin,
        "short_name": agency.short_name,
        "title": agency.title,
        "roles": sorted(agency.roles),
        "active_from": _time(agency.active_from),
        "active_until": _time(agency.active_until),
        "required_algorithms": sorted(algorithm.name for algorithm in agency.required_algorithms),
        "signing_keys": [_life("spki", entry.key.spki, entry) for entry in agency.signing_keys],
        "sealing_keys": [_life("raw", entry.key.raw, entry) for entry in agency.sealing_keys],
        "log_keys": [_life("spki", entry.key.spki, entry) for entry in agency.log_keys],
        "succeeded_by": list(agency.succeeded_by),
    }


def _life(name: str, public: bytes, entry: SigningKeyEntry | SealingKeyEntry) -> dict[str, str | None]:
    return {
        name: base64.b64encode(public).decode("ascii"),
        "valid_from": _time(entry.valid_from),
        "valid_until": _time(entry.valid_until),
        "revoked_at": _time(entry.revoked_at),
    }


def _time(at: int | None) -> str | None:
    return None if at is None else to_text(Micros(at))


def _has_small_order(raw: bytes) -> bool:
    """Whether an Ed25519 point, in canonical form or not, is one of the eight of small order."""
    return int.from_bytes(raw, "little") % 2**255 % _P25519 in _SMALL_ORDER_Y


# The eight points of small order have these coordinates: y of edwards25519, u of curve25519 and its twist.
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        2707385501144840649318225287225658788936804267575313519463743609750303402022,
        55188659117513257062467267217118295137698188065244968500265048394206261417927,
        _P25519 - 1,
    }
)
_SMALL_ORDER_U = frozenset(
    {
        0,
        1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
        _P25519 - 1,
    }
)
