"""The keys and certificates of everybody in the sandbox, and how the registry lists them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from broker.adapters.keyfiles import SIGNING_FILES, KeyRing, new_key_ring, write_secret
from broker.crypto import SoftwareSigner
from broker.moments import DAY, HOUR, SECOND
from broker.names import Algorithm, Micros
from broker.operations.topics import GATE, LEDGER
from broker.sandbox import pki
from broker.sandbox.cast import AGENCIES, EXCHANGE, CastMember
from broker.sandbox.kafka import ADMIN
from broker.sandbox.layout import Layout
from broker.trust.view import Agency, SealingKeyEntry, SigningKeyEntry

__all__ = [
    "LOG_SECOND_KEY",
    "POST_QUANTUM",
    "Member",
    "enrol_agencies",
    "enrol_exchange",
    "issue_certificates",
    "listed",
]

POST_QUANTUM: Final = frozenset({"amk-noord", "amk-zuid"})
"""Agencies whose every message carries an ML-DSA-44 signature beside the ES256 one."""

LOG_SECOND_KEY: Final = "log-ml-dsa-44.pem"
"""The log's own: in a folder with the gate's keys it must not be taken for one of these."""

_LIFE: Final = 5 * 365 * DAY
"""As long as the agreements: the sandbox's time may be driven on for years."""


@dataclass(frozen=True, slots=True)
class Member:
    """One party with its private keys.

    Attributes:
        log_signers: Sign checkpoints, Ed25519 and ML-DSA-44; only the exchange has any.
    """

    cast: CastMember
    keys: KeyRing
    log_signers: tuple[SoftwareSigner, ...] = ()


def enrol_agencies(layout: Layout, now: Micros) -> dict[str, Member]:
    """Make the keys of every agency, in its own folder."""
    day = datetime.fromtimestamp(now / SECOND, UTC).date()
    return {
        cast.name: Member(
            cast,
            new_key_ring(layout.agency(cast.name) / "keys", day, post_quantum=cast.name in POST_QUANTUM),
        )
        for cast in AGENCIES
    }


def enrol_exchange(layout: Layout) -> Member:
    """Make the gate's signing key and the ledger's; no key of the exchange opens anything."""
    folder = layout.exchange / "keys"
    gate = _new_signer(folder, Algorithm.ES256)
    log = _new_signer(folder, Algorithm.ED25519)
    second = SoftwareSigner.generate(Algorithm.ML_DSA_44)
    write_secret(folder / LOG_SECOND_KEY, second.to_pem())
    return Member(EXCHANGE, KeyRing((gate,), {}), (log, second))


def issue_certificates(layout: Layout) -> None:
    """One Kafka certificate for each agency, the gate, the ledger writer and the administrator."""
    pki.create_authority(layout.pki)
    for cast in AGENCIES:
        pki.issue(layout.pki, cast.name, cast.oin, "client")
    for name in (GATE, LEDGER):
        pki.issue(layout.pki, name, EXCHANGE.oin, "client")
    if not (layout.pki / f"{ADMIN}.pem").exists():
        pki.issue(layout.pki, ADMIN, None, "client")


def listed(member: Member, now: Micros) -> Agency:
    """How the registry lists *member*: public keys valid from an hour ago, for five years."""
    begin, end = Micros(now - HOUR), Micros(now + _LIFE)
    keys = member.keys
    return Agency(
        oin=member.cast.oin,
        short_name=member.cast.name,
        title=member.cast.title,
        roles=frozenset(member.cast.roles),
        active_from=begin,
        active_until=None,
        required_algorithms=frozenset(signer.algorithm for signer in keys.signers),
        signing_keys=tuple(SigningKeyEntry(s.verifying_key, begin, end, None) for s in keys.signers),
        sealing_keys=tuple(
            SealingKeyEntry(u.sealing_key, begin, end, None) for u in keys.unwrappers.values()
        ),
        log_keys=tuple(SigningKeyEntry(log.verifying_key, begin, end, None) for log in member.log_signers),
    )


def _new_signer(folder: Path, algorithm: Algorithm) -> SoftwareSigner:
    signer = SoftwareSigner.generate(algorithm)
    write_secret(folder / SIGNING_FILES[algorithm], signer.to_pem())
    return signer
