"""What is trusted right now: one frozen snapshot of the signed registry (docs/spec/registry.md).

A `TrustView` is built from one refresh and never changes.  It answers who an agency is, which keys
vouched for it at a moment, which key to seal to, which agreements hold, and what the catalogue says.
Stale means refuse: ask `require_fresh` before every batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broker.errors import UnavailableError
from broker.names import Algorithm, KeyId, Micros, Oin, Role

if TYPE_CHECKING:
    from broker.agreements.decide import RuleBook
    from broker.catalogue.model import Catalogue
    from broker.crypto import SealingKey, VerifyingKey
    from broker.names import Digest
    from broker.records.schema import MessageSchema

__all__ = ["Agency", "SealingKeyEntry", "SigningKeyEntry", "TrustView"]


@dataclass(frozen=True, slots=True)
class SigningKeyEntry:
    """A signing key and when it vouches for its agency.

    Attributes:
        revoked_at: From this moment nothing it signed is accepted, whatever time it claims; or None.
    """

    key: VerifyingKey
    valid_from: Micros
    valid_until: Micros
    revoked_at: Micros | None


@dataclass(frozen=True, slots=True)
class SealingKeyEntry:
    """A sealing key to which content keys may be wrapped in this interval."""

    key: SealingKey
    valid_from: Micros
    valid_until: Micros
    revoked_at: Micros | None


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency as the registry knows it.

    Attributes:
        short_name: Name in commands and topics' access lists, such as ``amk-noord``; not a person.
        required_algorithms: The set of signatures every one of its messages must carry.
        succeeded_by: The agency that carries on its cases after a merger, or None.
    """

    oin: Oin
    short_name: str
    title: str
    roles: frozenset[Role]
    active_from: Micros
    active_until: Micros | None
    required_algorithms: frozenset[Algorithm]
    signing_keys: tuple[SigningKeyEntry, ...]
    sealing_keys: tuple[SealingKeyEntry, ...]
    succeeded_by: Oin | None = None


@dataclass(frozen=True, slots=True)
class TrustView:
    """Everything that is trusted, as of one registry version.

    Attributes:
        version: Version of the registry snapshot; decisions cite it.
        expires_at: From this moment the view is stale and nothing may be decided with it.
        signing_keys: Every signing key with its owner, by key id.
        rules: The agreements and catalogue rules that `decide` uses.
        schemas: Message schemas by digest of their exact document.
    """

    version: int
    expires_at: Micros
    agencies: Mapping[Oin, Agency]
    by_name: Mapping[str, Agency]
    signing_keys: Mapping[KeyId, tuple[Oin, SigningKeyEntry]]
    rules: RuleBook
    catalogue: Catalogue
    schemas: Mapping[Digest, MessageSchema]

    def require_fresh(self, now: Micros) -> None:
        """Refuse to go on with a stale view.

        Raises:
            UnavailableError: The registry has not been refreshed before its expiry.
        """
        if now >= self.expires_at:
            raise UnavailableError(
                "the registry is stale, nothing may be decided",
                remedy="Restore access to the registry; processing goes on by itself after a refresh",
                code="registry-stale",
            )
