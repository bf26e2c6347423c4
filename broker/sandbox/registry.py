"""The sandbox's registry: made, kept alive, and changed as its parties ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from broker.adapters.keyfiles import load_key_ring
from broker.adapters.tuf_publisher import Lifetimes
from broker.agreements.model import Agreement
from broker.agreements.signatures import RevocationReason, revoke_agreement
from broker.errors import UsageError
from broker.names import Micros
from broker.operations.registry import RegistryHome
from broker.sandbox.agreements import all_agreements, signatures
from broker.sandbox.cast import member
from broker.sandbox.layout import Layout
from broker.sandbox.members import Member, listed

__all__ = ["create_registry", "home", "renew_registry", "revoke"]

_LIFETIMES: Final = Lifetimes(
    root=timedelta(days=3650), snapshot=timedelta(days=7), timestamp=timedelta(days=7)
)
"""Longer than in production: nobody renews a sandbox at night, and its time may be driven on for years."""


def home(layout: Layout) -> RegistryHome:
    """The registry of this sandbox, with all its keys."""
    return RegistryHome(layout.directory, _LIFETIMES)


def create_registry(layout: Layout, members: dict[str, Member], now: Micros) -> bytes:
    """Publish all *members*, the catalogue with its schemas, and the co-signed agreements.

    Returns:
        The first root document: what every party must have got by a safe way.
    """
    registry = home(layout)
    registry.init(now)
    registry.publish_agencies([listed(member, now) for member in members.values()], now)
    made = all_agreements(now)
    signed = [signature for one in made for signature in signatures(one, members, now)]
    registry.publish_agreements([one.document for one in made], signed, now)
    return registry.root.read_bytes()


def renew_registry(layout: Layout, now: Micros) -> None:
    """Sign everything again, so that a sandbox that lay still for weeks goes on."""
    registry = home(layout)
    registry.publish({}, now)
    registry.renew(now)


def revoke(layout: Layout, agreement_id: str, party: str, now: Micros) -> Agreement:
    """Let *party* revoke an agreement: signed with its own keys, published by the online role alone.

    Returns:
        The agreement as it was.

    Raises:
        UsageError: There is no such agreement.
    """
    registry = home(layout)
    agreements = registry.view(now).rules.agreements
    agreement = next((found for found in agreements if found.id == agreement_id), None)
    if agreement is None:
        raise UsageError(
            f"the registry has no agreement {agreement_id}", remedy="See `schakel registry show`"
        )
    oin = member(party).oin
    signers = load_key_ring(layout.agency(party) / "keys", oin, development=True).signers
    reason = RevocationReason.PARTY_REQUEST
    registry.publish_revocation(revoke_agreement(agreement, oin, signers, now, reason), now)
    return agreement
