"""Who may write which exchange topic: derived from agencies, their roles and the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from broker.catalogue.model import Catalogue
from broker.names import Oin, Role, TopicName
from broker.operations.topics import Party
from broker.trust.documents import EXCHANGE
from broker.trust.view import TrustView

__all__ = ["parties", "parties_of"]


def parties(agencies: Mapping[str, tuple[Oin, Iterable[Role]]], catalogue: Catalogue) -> tuple[Party, ...]:
    """The parties that the topics are planned for.

    Args:
        agencies: OIN and roles by short name.
        catalogue: Says which role sends what, and where.
    """
    return tuple(Party(name, oin, _writes(roles, catalogue)) for name, (oin, roles) in agencies.items())


def parties_of(view: TrustView) -> tuple[Party, ...]:
    """The same, of a registry: every agency but the exchange itself."""
    return tuple(
        Party(name, agency.oin, _writes(agency.roles, view.catalogue))
        for name, agency in view.by_name.items()
        if name != EXCHANGE
    )


def _writes(roles: Iterable[Role], catalogue: Catalogue) -> tuple[TopicName, ...]:
    held = set(roles)
    entries = catalogue.messages.values()
    return tuple(sorted({e.topic for e in entries if e.any_role or held.intersection(e.sender_roles)}))
