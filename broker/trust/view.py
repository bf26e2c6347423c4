"""What is trusted right now: one frozen snapshot of the signed registry (docs/spec/registry.md).

A `TrustView` is built from one refresh and never changes.  It answers who an agency is, which keys
vouched for it at a moment, which key to seal to, which agreements hold, and what the catalogue says.
Stale means refuse: ask `require_fresh` before every batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broker.errors import RejectedError, UnavailableError, UntrustedError
from broker.names import Algorithm, KeyId, MessageType, Micros, Oin, Role

if TYPE_CHECKING:
    from broker.agreements.decide import RuleBook
    from broker.catalogue.model import Catalogue
    from broker.crypto import SealingKey, VerifyingKey
    from broker.names import Digest
    from broker.records.schema import MessageSchema

__all__ = ["GATE", "Agency", "SealingKeyEntry", "SigningKeyEntry", "Succession", "TrustView"]

GATE = Role("GATE")
"""The role of the exchange itself: it decides, and holds no decryption key."""


@dataclass(frozen=True, slots=True)
class SigningKeyEntry:
    """A signing key and when it vouches for its agency.

    Attributes:
        revoked_at: When it was revoked, or None.  A revoked key vouches for nothing, whatever time the
            signed statement claims: whoever holds a stolen key chooses that time.
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
        succeeded_by: The agencies that carry on its cases after a merger or split, sorted; mostly none.
        log_keys: Ed25519 and ML-DSA-44 keys that sign ledger checkpoints; only the exchange has any.
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
    succeeded_by: tuple[Oin, ...] = ()
    log_keys: tuple[SigningKeyEntry, ...] = ()

    def is_active(self, at: Micros) -> bool:
        """Whether the agency took part at *at*."""
        return self.active_from <= at and (self.active_until is None or at < self.active_until)


@dataclass(frozen=True, slots=True)
class Succession:
    """From *since* on, *new* carries on the cases and obligations of *old*; both have signed it."""

    old: Oin
    new: Oin
    since: Micros


@dataclass(frozen=True, slots=True)
class TrustView:
    """Everything that is trusted, as of one registry version.

    Attributes:
        version: Version of the registry snapshot; decisions cite it.
        expires_at: From this moment the view is stale and nothing may be decided with it.
        signing_keys: Every signing key with its owner, by key id.
        rules: The agreements and catalogue rules that `decide` uses.
        schemas: Message schemas by digest of their exact document.
        successions: Agencies that took the place of others, the earliest first.
        problems: Registry files that do not count, and why, for operators; they only ever allow less.
    """

    version: int
    expires_at: Micros
    agencies: Mapping[Oin, Agency]
    by_name: Mapping[str, Agency]
    signing_keys: Mapping[KeyId, tuple[Oin, SigningKeyEntry]]
    rules: RuleBook
    catalogue: Catalogue
    schemas: Mapping[Digest, MessageSchema]
    problems: tuple[str, ...] = ()
    successions: tuple[Succession, ...] = ()

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

    def agency(self, oin: Oin) -> Agency:
        """The agency with this number.

        Raises:
            UntrustedError: The registry does not know it (reason ``unknown-agency``).
        """
        agency = self.agencies.get(oin)
        if agency is None:
            raise UntrustedError("an agency that the registry does not know", reason="unknown-agency")
        return agency

    def vouching_key(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:
        """The signing key *key_id*, if it vouched for *oin* at *at* (envelope.md 8, step 5).

        Raises:
            UntrustedError: Unknown or inactive agency (reason ``unknown-sender``), unknown or foreign key
                (``unknown-key``), revoked at any time (``key-revoked``), outside its validity
                (``key-not-valid``).
        """
        entry = self._own_key(oin, key_id, at)
        if entry.revoked_at is not None:
            raise UntrustedError("a key that has been revoked", reason="key-revoked")
        return self.once_vouching_key(oin, key_id, at)

    def once_vouching_key(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:
        """As `vouching_key`, for a key that may have been revoked: it still tells who signed.

        Raises:
            UntrustedError: As `vouching_key`, but for ``key-revoked``.
        """
        return _valid(self._own_key(oin, key_id, at), at)

    def key_of_then(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:
        """The signing key *key_id* as it stood at *at*: its agency may be no more, the key revoked since.

        Raises:
            UntrustedError: As `vouching_key`, but ``key-revoked`` only when it was revoked by then, and
                never for an agency that takes no part.
        """
        entry = self._entry(oin, key_id)
        if entry.revoked_at is not None and at >= entry.revoked_at:
            raise UntrustedError("a key that had been revoked", reason="key-revoked")
        return _valid(entry, at)

    def _own_key(self, oin: Oin, key_id: KeyId, at: Micros) -> SigningKeyEntry:
        agency = self.agencies.get(oin)
        if agency is None or not agency.is_active(at):
            raise UntrustedError("a sender that takes no part in the exchange", reason="unknown-sender")
        return self._entry(oin, key_id)

    def _entry(self, oin: Oin, key_id: KeyId) -> SigningKeyEntry:
        owner, entry = self.signing_keys.get(key_id, (None, None))
        if entry is None or owner != oin:
            raise UntrustedError("a key that does not belong to this agency", reason="unknown-key")
        return entry

    def gate_of(self, key_id: KeyId) -> Oin:
        """The gate that owns this signing key: an agency in the role GATE.

        Raises:
            UntrustedError: The key is nobody's, or its owner is not a gate (reason ``unknown-gate``).
        """
        owner, _ = self.signing_keys.get(key_id, (None, None))
        if owner is None or GATE not in self.agencies[owner].roles:
            raise UntrustedError("a decision that no gate signed", step=12, reason="unknown-gate")
        return owner

    def required_algorithms(self, oin: Oin) -> frozenset[Algorithm]:
        """The set of signatures that everything from this agency must carry.

        Raises:
            UntrustedError: The registry does not know the agency (reason ``unknown-sender``).
        """
        agency = self.agencies.get(oin)
        if agency is None:
            raise UntrustedError("a sender that takes no part in the exchange", reason="unknown-sender")
        return agency.required_algorithms

    def sealing_key(self, oin: Oin, at: Micros) -> SealingKey:
        """The newest key of *oin* to which content may be sealed at *at*.

        Raises:
            UntrustedError: The registry does not know the agency (reason ``unknown-agency``).
            RejectedError: It has no valid sealing key then (reason ``no-sealing-key``).
        """
        usable = [
            entry
            for entry in self.agency(oin).sealing_keys
            if entry.revoked_at is None and entry.valid_from <= at < entry.valid_until
        ]
        if not usable:
            raise RejectedError("the recipient has no valid sealing key", reason="no-sealing-key")
        return max(usable, key=lambda entry: (entry.valid_from, entry.key.key_id)).key

    def knows(self, message_type: MessageType, schema_digest: Digest) -> bool:
        """Whether this is a published schema of this message type (envelope.md 8, step 4)."""
        entry = self.catalogue.by_schema.get(schema_digest)
        return entry is not None and entry.type == message_type and schema_digest in self.schemas


def _valid(entry: SigningKeyEntry, at: Micros) -> VerifyingKey:
    if not entry.valid_from <= at < entry.valid_until:
        raise UntrustedError("a key outside its validity", reason="key-not-valid")
    return entry.key
