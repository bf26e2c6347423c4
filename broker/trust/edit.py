"""Changes to the list of agencies, as values: the old list in, the new list out (docs/spec/registry.md 5).

1. A new key is valid from now; the older signing keys of that algorithm stay valid for 30 days, so that
   what is under way still verifies.
2. A revoked key stays in the list, revoked: it must never come back.
3. A key that is known already is refused, whoever offers it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from broker.crypto import SealingKey, VerifyingKey
from broker.errors import UsageError
from broker.moments import DAY
from broker.names import Algorithm, KeyId, Micros, Oin, Role
from broker.trust.documents import MAX_TITLE, SHORT_NAME
from broker.trust.possession import Possession
from broker.trust.view import Agency, SealingKeyEntry, SigningKeyEntry

__all__ = ["OVERLAP", "NewAgency", "add_agency", "require_roles", "revoke_key", "rotate_keys", "succeed"]

OVERLAP = 30 * DAY
"""How long an older signing key stays valid beside its successor, microseconds."""

_SIGNING_LIFE = 365 * DAY
_SEALING_LIFE = 60 * DAY
_LOG_LIFE = 5 * 365 * DAY
_SKEW = 300_000_000

_Agencies = Mapping[Oin, Agency]


@dataclass(frozen=True, slots=True)
class NewAgency:
    """What is said of an agency that joins, besides its keys."""

    short_name: str
    title: str
    roles: frozenset[Role]


def add_agency(agencies: _Agencies, new: NewAgency, keys: Possession, now: Micros) -> dict[Oin, Agency]:
    """The list with one agency more; it must sign with every algorithm it brings a key for.

    Raises:
        UsageError: Its OIN, short name or a key is in the list already, it brings no ES256 key, or its
            short name or title is not of the form that every reader asks for.
    """
    _require_form(new)
    if keys.oin in agencies or new.short_name in {agency.short_name for agency in agencies.values()}:
        raise UsageError(
            "an agency with this OIN or short name is registered already",
            remedy="Choose another short name, or change the agency with `schakel registry rotate-key`",
        )
    algorithms = frozenset(key.algorithm for key in keys.signing_keys)
    if Algorithm.ES256 not in algorithms:
        raise UsageError("an agency needs an ES256 signing key", remedy="Make keys with `schakel keys new`")
    _require_new(agencies, keys)
    start = Micros(now - _SKEW)
    agency = Agency(
        oin=keys.oin,
        short_name=new.short_name,
        title=new.title,
        roles=new.roles,
        active_from=start,
        active_until=None,
        required_algorithms=algorithms,
        signing_keys=tuple(_signing(key, start, _SIGNING_LIFE) for key in keys.signing_keys),
        sealing_keys=tuple(_sealing(key, start) for key in keys.sealing_keys),
        log_keys=tuple(_signing(key, start, _LOG_LIFE) for key in keys.log_keys),
    )
    return {**agencies, agency.oin: agency}


def rotate_keys(agencies: _Agencies, keys: Possession, now: Micros) -> dict[Oin, Agency]:
    """The list with new keys for one agency, beside the ones it has.

    Keys in the proof that the agency has already are left as they are.

    Raises:
        UsageError: The agency is not registered, there is no new key, or a new key is another agency's.
    """
    agency = _known(agencies, keys.oin)
    held = _held(agency)
    fresh = replace(
        keys,
        signing_keys=tuple(key for key in keys.signing_keys if key.key_id not in held),
        sealing_keys=tuple(key for key in keys.sealing_keys if key.key_id not in held),
        log_keys=tuple(key for key in keys.log_keys if key.key_id not in held),
    )
    if not (fresh.signing_keys or fresh.sealing_keys or fresh.log_keys):
        raise UsageError(
            "the proof of possession holds no new key", remedy="Make one with `schakel keys new`"
        )
    _require_new(agencies, fresh)
    start = Micros(now - _SKEW)
    replaced = {key.algorithm for key in fresh.signing_keys}
    changed = replace(
        agency,
        required_algorithms=agency.required_algorithms | replaced,
        signing_keys=(
            *(
                _shortened(entry, now) if entry.key.algorithm in replaced else entry
                for entry in agency.signing_keys
            ),
            *(_signing(key, start, _SIGNING_LIFE) for key in fresh.signing_keys),
        ),
        sealing_keys=(*agency.sealing_keys, *(_sealing(key, start) for key in fresh.sealing_keys)),
        log_keys=(*agency.log_keys, *(_signing(key, start, _LOG_LIFE) for key in fresh.log_keys)),
    )
    return {**agencies, agency.oin: changed}


def revoke_key(agencies: _Agencies, key_id: KeyId, now: Micros) -> dict[Oin, Agency]:
    """The list with one key revoked.

    Raises:
        UsageError: No agency has that key.
    """
    for agency in agencies.values():
        if key_id in _held(agency):
            changed = replace(
                agency,
                signing_keys=tuple(_revoked(entry, key_id, now) for entry in agency.signing_keys),
                log_keys=tuple(_revoked(entry, key_id, now) for entry in agency.log_keys),
                sealing_keys=tuple(
                    replace(entry, revoked_at=now) if _is_live(entry, key_id) else entry
                    for entry in agency.sealing_keys
                ),
            )
            return {**agencies, agency.oin: changed}
    raise UsageError(
        "no agency has this key", why=str(key_id), remedy="See the keys in `schakel registry show --json`"
    )


def succeed(agencies: _Agencies, old: Oin, new: Collection[Oin], at: Micros) -> dict[Oin, Agency]:
    """The list in which *new*, several after a split, carry on the cases of *old* from *at* on.

    What ended before does not begin again, and who carries on already goes on to.

    Raises:
        UsageError: One of them is not registered.
    """
    ended = _known(agencies, old)
    heirs = {_known(agencies, oin).oin for oin in (*new, *ended.succeeded_by)}
    until = at if ended.active_until is None else min(at, ended.active_until)
    return {**agencies, old: replace(ended, active_until=until, succeeded_by=tuple(sorted(heirs)))}


def require_roles(roles: Collection[str], known: Collection[Role]) -> frozenset[Role]:
    """The roles of an agency, each of which the catalogue must know.

    Args:
        roles: As somebody wrote them.
        known: Every role there is.

    Raises:
        UsageError: One is not known; it says which ones are, or how it is spelled.
    """
    spelled = {role.lower(): role for role in known}
    for role in roles:
        if role in known:
            continue
        if meant := spelled.get(role.lower()):
            raise UsageError(f"there is no role {role}", remedy=f"Write {meant}")
        raise UsageError(f"there is no role {role}", remedy=f"Choose from {', '.join(sorted(known))}")
    return frozenset(map(Role, roles))


def _require_form(new: NewAgency) -> None:
    if not re.fullmatch(SHORT_NAME, new.short_name):
        raise UsageError(
            f"not a short name: {new.short_name}",
            why="it has 1 to 48 lower-case letters, digits and hyphens, and no hyphen at either end",
            remedy="Choose such a name, for example shg-west",
        )
    if not 1 <= len(new.title) <= MAX_TITLE:
        raise UsageError(
            f"a title has 1 to {MAX_TITLE} characters, this one has {len(new.title)}",
            remedy="Give the full name of the agency",
        )


def _known(agencies: _Agencies, oin: Oin) -> Agency:
    if oin not in agencies:
        raise UsageError("this agency is not registered", why=oin, remedy="See `schakel registry add-agency`")
    return agencies[oin]


def _held(agency: Agency) -> set[KeyId]:
    signing = {entry.key.key_id for entry in (*agency.signing_keys, *agency.log_keys)}
    return signing | {entry.key.key_id for entry in agency.sealing_keys}


def _require_new(agencies: _Agencies, keys: Possession) -> None:
    offered = {key.key_id for key in (*keys.signing_keys, *keys.log_keys)}
    offered |= {key.key_id for key in keys.sealing_keys}
    if any(offered & _held(agency) for agency in agencies.values()):
        raise UsageError("a key is registered already", remedy="Make new keys with `schakel keys new`")


def _signing(key: VerifyingKey, start: Micros, life: int) -> SigningKeyEntry:
    return SigningKeyEntry(key, start, Micros(start + life), None)


def _sealing(key: SealingKey, start: Micros) -> SealingKeyEntry:
    return SealingKeyEntry(key, start, Micros(start + _SEALING_LIFE), None)


def _shortened(entry: SigningKeyEntry, now: Micros) -> SigningKeyEntry:
    return replace(
        entry, valid_until=min(entry.valid_until, Micros(max(now + OVERLAP, entry.valid_from + 1)))
    )


def _revoked(entry: SigningKeyEntry, key_id: KeyId, now: Micros) -> SigningKeyEntry:
    return replace(entry, revoked_at=now) if _is_live(entry, key_id) else entry


def _is_live(entry: SigningKeyEntry | SealingKeyEntry, key_id: KeyId) -> bool:
    return entry.key.key_id == key_id and entry.revoked_at is None
