"""A new agreement in a scenario: it says what another one of the sandbox says, and its parties co-sign it."""

from __future__ import annotations

from broker.adapters.keyfiles import load_key_ring
from broker.adapters.tuf_publisher import RegistryPublisher
from broker.agreements.document import parse_agreement
from broker.agreements.model import Agreement
from broker.agreements.signatures import sign_agreement
from broker.dutch_time import parse_moment
from broker.errors import UsageError
from broker.moments import to_text
from broker.names import Micros
from broker.operations.registry import RegistryHome
from broker.sandbox.cast import AGENCIES, member
from broker.sandbox.layout import Layout
from broker.sandbox.registry import home
from broker.sandbox.scenario.model import Publication
from broker.trust.build import agreement_path

__all__ = ["publish_like"]


def publish_like(layout: Layout, wanted: Publication, now: Micros) -> Agreement:
    """Publish *wanted*, co-signed by all its parties with their own keys.

    Raises:
        UsageError: There is no agreement to copy, or it would not count.
    """
    registry = home(layout)
    document = _rewritten(_document(registry, wanted.like, now), wanted)
    agreement = parse_agreement(document)
    names = {cast.oin: cast.name for cast in AGENCIES}
    signatures = []
    for oin in sorted({party.oin for party in agreement.parties}):
        ring = load_key_ring(layout.agency(names[oin]) / "keys", oin, development=True)
        signatures.append(sign_agreement(agreement, oin, ring.signers, now))
    registry.publish_agreements([document], signatures, now)
    return agreement


def _document(registry: RegistryHome, id_: str, now: Micros) -> bytes:
    agreements = [one for one in registry.view(now).rules.agreements if one.id == id_]
    if not agreements:
        raise UsageError(f"the sandbox has no agreement {id_}", remedy="See `schakel registry show`")
    newest = max(agreements, key=lambda one: one.version)
    return RegistryPublisher(registry.public, {}).targets()[agreement_path(newest.id, newest.version)]


def _rewritten(document: bytes, wanted: Publication) -> bytes:
    """Another id, other parties and another period; the sandbox writes each on a line of its own."""
    old = parse_agreement(document)
    changed = {f'"{old.id}"': f'"{wanted.agreement}"'}
    for before, after in wanted.parties.items():
        changed[member(before).oin] = member(after).oin
    for moment, given in ((old.valid_from, wanted.valid_from), (old.valid_until, wanted.valid_until)):
        if given is not None:
            changed[to_text(moment)] = to_text(parse_moment(given))
    text = document.decode()
    for before, after in changed.items():
        text = text.replace(before, after)
    return text.encode()
