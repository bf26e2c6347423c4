"""What `schakel doctor` looks at: each check says what it found and, if something is wrong, what to do.

A check never raises: whatever it meets is its finding.
"""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from broker.adapters.certificates import read_certificate
from broker.adapters.kafka_connection import Cause, probe, tls_context
from broker.adapters.keyfiles import load_key_ring
from broker.adapters.profiles import read_toml
from broker.adapters.system import SystemClock, read_offset
from broker.assembly import clock, kafka_access, kafka_admin, keeper
from broker.dutch_time import local_text
from broker.errors import SchakelError
from broker.moments import DAY, HOUR, SECOND
from broker.names import Micros, Oin
from broker.operations.overdue import MOST, Overdue
from broker.operations.parties import parties_of
from broker.self_test import run_self_test
from broker.settings import AgencyProfile, GateProfile, LedgerProfile, Profile, load_profile
from broker.topics import decisions_topic
from broker.trust.view import Agency, TrustView

__all__ = ["Finding", "check_machine", "check_profile", "overdue_findings", "tried"]

_SOON = 30 * DAY
_OLD = DAY // 2
_OLDEST_PYTHON = (3, 11)
_MEND = "Mend what is said here, and run `schakel doctor` again; if it stays, ask the exchange"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        state: ``ok``, ``note`` (nothing to do for most), or ``wrong``.
        remedy: What to do; never empty unless all is well.
    """

    check: str
    state: str
    said: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.state != "ok" and not self.remedy:
            object.__setattr__(self, "remedy", _MEND)


def check_machine() -> Iterator[Finding]:
    """What does not depend on a profile: Python and the self-test."""
    version = ".".join(map(str, sys.version_info[:3]))
    new_enough = sys.version_info >= _OLDEST_PYTHON
    yield Finding(
        "python", "ok" if new_enough else "wrong", version, "" if new_enough else "Use 3.11 or later"
    )
    yield tried("self-test", _self_test)


def check_profile(path: Path) -> Iterator[Finding]:
    """Everything that a process with this profile relies on, from its files to its rights in Kafka."""
    try:
        profile = _load(path)
    except SchakelError as error:
        yield _wrong("profile", error)
        return
    yield Finding("profile", "ok", f"{profile.name}, OIN {profile.oin}")
    machine, now = SystemClock().now(), clock(profile).now()
    if profile.clock is not None:
        yield _sandbox_time(profile.clock, now)
    yield from _files(profile)
    yield _certificate(profile, machine)
    yield from _connections(profile)
    try:
        view = keeper(profile).current()
    except SchakelError as error:
        yield _wrong("registry", error)
        return
    yield from _registry(view, profile, now)
    yield from _agreements(view, profile, now)
    yield from _rights(view, profile)


def overdue_findings(told: Iterable[Overdue], names: Mapping[Oin, str]) -> Iterator[Finding]:
    """What `schakel doctor` says of each of these duties.

    Args:
        names: Short names of agencies.
    """
    for one in told:
        check = f"duty {one.code}"
        if one.since is None:
            yield Finding(check, "ok", f"{one.title}: none is overdue")
            continue
        number = f"{MOST} or more" if one.number >= MOST else f"{one.number}"
        late = ", ".join(names.get(oin, str(oin)) for oin in one.debtors)
        said = f"{one.title}: {number} overdue since {local_text(one.since)}, by {late}"
        remedy = f"See whose system is down: schakel obligations list --overdue --code {one.code}"
        yield Finding(check, "wrong", said, remedy)


def tried(check: str, look: Callable[[], str], wrong: str = "wrong") -> Finding:
    """What *look* found, or why it failed.

    Args:
        look: Says what it found, or raises a `SchakelError`.
        wrong: The state when it fails.
    """
    try:
        return Finding(check, "ok", look())
    except SchakelError as error:
        return _wrong(check, error, wrong)


def _load(path: Path) -> Profile:
    """The profile as what it is: its own fields say for whom it is."""
    fields = read_toml(path).keys()
    kinds: Mapping[str, type[Profile]] = {"inbox": AgencyProfile, "tlog": LedgerProfile, "keys": GateProfile}
    return load_profile(path, next((kind for field, kind in kinds.items() if field in fields), Profile))


def _self_test() -> str:
    run_self_test()
    return "every primitive gives its known answer"


def _files(profile: Profile) -> Iterator[Finding]:
    for path in _secrets(profile):
        yield _mode(path)
    if isinstance(profile, AgencyProfile | GateProfile):
        yield _keys(profile.keys, profile)


def _keys(folder: Path, profile: Profile) -> Finding:
    try:
        ring = load_key_ring(folder, profile.oin, development=profile.development)
    except SchakelError as error:
        return _wrong("keys", error)
    signers = ", ".join(signer.algorithm.name for signer in ring.signers)
    return Finding("keys", "ok", f"signing {signers}; {len(ring.unwrappers)} sealing")


def _secrets(profile: Profile) -> Iterator[Path]:
    yield profile.kafka.certificate
    if isinstance(profile, AgencyProfile | GateProfile):
        yield from sorted(profile.keys.glob("*.pem"))
    if isinstance(profile, LedgerProfile):
        yield profile.key


def _mode(path: Path) -> Finding:
    name = f"file {path.name}"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        return Finding(name, "wrong", f"{path}: {error.strerror}", "Correct the path in the profile")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        remedy = f"Run chmod 600 {path}; if others had access, replace the key"
        return Finding(name, "wrong", f"its mode is {mode:04o}: others may read it", remedy)
    return Finding(name, "ok", f"mode {mode:04o}")


def _sandbox_time(file: Path, now: Micros) -> Finding:
    """A party of a sandbox lives in the sandbox's time; whoever looks must know which that is."""
    offset = read_offset(file)
    said = f"that of the sandbox, {local_text(now)}"
    if offset == 0:
        return Finding("time", "ok", f"{said}, which is this machine's")
    days = f"{abs(offset) / (DAY / SECOND):.1f} days {'behind' if offset < 0 else 'ahead of'} this machine"
    return Finding("time", "note", f"{said}, {days}", "Nothing, if `schakel dev clock` was meant to do that")


def _certificate(profile: Profile, now: Micros) -> Finding:
    try:
        facts = read_certificate(profile.kafka.certificate)
    except SchakelError as error:
        return _wrong("certificate", error)
    days = (facts.valid_until - now) // DAY
    remedy = "Ask the exchange for a new certificate"
    if not facts.valid_from <= now < facts.valid_until:
        return Finding("certificate", "wrong", "it is not valid today", f"{remedy}, or set the clock")
    if facts.oin not in ("", profile.oin):
        return Finding(
            "certificate", "wrong", f"it is for OIN {facts.oin}", "Name this party's own certificate"
        )
    if facts.valid_until - now < _SOON:
        return Finding("certificate", "wrong", f"it ends in {days} days", remedy)
    return Finding("certificate", "ok", f"{facts.name}, OIN {facts.oin or 'none'}, {days} days left")


def _connections(profile: Profile) -> Iterator[Finding]:
    access = kafka_access(profile)
    try:
        found = probe(access.bootstrap, tls_context(access))
    except SchakelError as error:
        yield _wrong("kafka", error)
        return
    for finding in found:
        name = f"kafka {finding.address}"
        if finding.cause is Cause.NONE:
            yield Finding(name, "ok", "answers over TLS 1.3 and accepts our certificate")
        else:
            yield Finding(name, "wrong", str(finding.cause), finding.error().remedy)


def _registry(view: TrustView, profile: Profile, now: Micros) -> Iterator[Finding]:
    hours = (view.expires_at - now) // HOUR
    fresh = view.expires_at - now > _OLD
    said = f"version {view.version}, counts for {hours} hours more"
    remedy = "" if fresh else "See that the exchange renews it: `schakel registry publish`"
    yield Finding("registry", "ok" if fresh else "wrong", said, remedy)
    for problem in view.problems:
        yield Finding("registry file", "wrong", problem, "Tell the exchange: this file does not count")
    agency = view.agencies.get(profile.oin)
    if agency is None or not agency.is_active(now):
        yield _unlisted(view, profile)
        return
    yield from _roles(agency, profile)
    early = [entry for entry in agency.signing_keys if entry.valid_from > now]
    if early:
        yield Finding("clock", "wrong", "our newest key is not valid yet", "Set this machine's clock (NTP)")
    else:
        yield Finding("clock", "ok", "within the validity of registry and keys")
    yield from _listed(view, profile)


def _unlisted(view: TrustView, profile: Profile) -> Finding:
    namesake = view.by_name.get(profile.name)
    if namesake is not None and namesake.oin != profile.oin:
        said = f"the profile has OIN {profile.oin}, the registry lists {profile.name} with {namesake.oin}"
        return Finding("agency", "wrong", said, "Correct `oin` in the profile")
    said = f"the registry does not list OIN {profile.oin} as active"
    return Finding("agency", "wrong", said, "Correct `oin` in the profile, or ask the exchange to admit it")


def _roles(agency: Agency, profile: Profile) -> Iterator[Finding]:
    if not isinstance(profile, AgencyProfile):
        return
    listed, written = sorted(agency.roles), sorted(profile.roles)
    if surplus := sorted(set(written) - set(listed)):
        said = f"the profile has {' '.join(surplus)}, the registry lists {' '.join(listed)}"
        yield Finding("roles", "wrong", said, "Correct `roles` in the profile, or ask the exchange")
    elif lacking := sorted(set(listed) - set(written)):
        said = f"the registry lists {' '.join(lacking)} too, the profile does not act as that"
        yield Finding("roles", "note", said, "Add it to `roles` in the profile if this system acts as that")
    else:
        yield Finding("roles", "ok", " ".join(listed))


def _listed(view: TrustView, profile: Profile) -> Iterator[Finding]:
    if not isinstance(profile, AgencyProfile):
        return
    try:
        ring = load_key_ring(profile.keys, profile.oin, development=profile.development)
    except SchakelError:
        return
    agency = view.agency(profile.oin)
    sealing = {entry.key.key_id for entry in agency.sealing_keys}
    known = {entry.key.key_id for entry in agency.signing_keys} | sealing
    held = {signer.key_id for signer in ring.signers} | ring.unwrappers.keys()
    strange = held - known
    remedy = "Have them published: `schakel registry rotate-key`"
    if strange:
        yield Finding("key list", "wrong", f"the registry does not list {len(strange)} of our keys", remedy)
    elif missing := sealing - ring.unwrappers.keys():
        yield Finding("key list", "wrong", f"{len(missing)} listed sealing keys are not here", remedy)
    else:
        yield Finding("key list", "ok", "the registry lists exactly our keys")


def _agreements(view: TrustView, profile: Profile, now: Micros) -> Iterator[Finding]:
    if not isinstance(profile, AgencyProfile):
        return
    own = [a for a in view.rules.agreements if any(party.oin == profile.oin for party in a.parties)]
    live = [a for a in own if a.cosigned and a.valid_from <= now < a.valid_until]
    live = [a for a in live if a.revoked_at is None or now < a.revoked_at]
    for agreement in live:
        days = (agreement.valid_until - now) // DAY
        soon = agreement.valid_until - now < _SOON
        remedy = "Agree on a next version: `schakel agreement new`" if soon else ""
        yield Finding(f"agreement {agreement.id}", "wrong" if soon else "ok", f"{days} days left", remedy)
    if not live:
        remedy = "`schakel agreement check` shows what is missing"
        yield Finding("agreements", "note", "none is in force: nothing can be sent or received", remedy)


def _rights(view: TrustView, profile: Profile) -> Iterator[Finding]:
    """Kafka shows a party the topics that it may use, and no others."""
    party = next((party for party in parties_of(view) if party.oin == profile.oin), None)
    if party is None or not isinstance(profile, AgencyProfile):
        return
    wanted = {*party.writes, decisions_topic(profile.oin)}
    try:
        with kafka_admin(profile) as admin:
            lacking = sorted(wanted - set(admin.topics()))
    except SchakelError as error:
        yield _wrong("topic rights", error)
        return
    if lacking:
        remedy = "Have the operator run `schakel topics apply`"
        yield Finding("topic rights", "wrong", f"no right to {', '.join(lacking)}", remedy)
    else:
        yield Finding("topic rights", "ok", f"{len(wanted)} topics")


def _wrong(check: str, error: SchakelError, state: str = "wrong") -> Finding:
    said = f"{error.what}: {error.why}" if error.why else error.what
    return Finding(check, state, said, error.remedy)
