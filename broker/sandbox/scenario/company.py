"""Who plays: the agencies of a running sandbox, each with the SDK of a real one, and an observer."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property

from broker.assembly_ledger import audit_parts
from broker.obligations.store import ObligationReader
from broker.sandbox.cast import AGENCIES
from broker.sandbox.demo.actor import Actor
from broker.sandbox.demo.observer import Observer
from broker.sandbox.layout import Layout
from broker.settings import LedgerProfile, load_profile

__all__ = ["Company"]


class Company:
    """Everybody who plays in one sandbox; an agency connects when it has its first part.

    Attributes:
        observer: Sees what the operator sees, from the beginning of the sandbox on.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.observer = Observer(layout)
        self._actors: dict[str, Actor] = {}

    def actor(self, name: str) -> Actor:
        """The agency of this short name.

        Raises:
            ConfigurationError: Its profile or keys are unusable.
        """
        if name not in self._actors:
            self._actors[name] = Actor(self.layout, name)
        return self._actors[name]

    @cached_property
    def ledger(self) -> ObligationReader:
        """The obligations in the ledger's database, which has begun by the first message.

        Raises:
            ConfigurationError: There is no ledger yet.
        """
        return audit_parts(load_profile(self.layout.ledger_profile, LedgerProfile)).obligations

    def any_actor(self) -> Actor:
        """Somebody who is there already, to look through the eyes of; the first of the cast otherwise."""
        return next(iter(self._actors.values()), None) or self.actor(AGENCIES[0].name)

    def close(self) -> None:
        """Everybody leaves Kafka."""
        with ExitStack() as stack:
            stack.callback(self.observer.close)
            for actor in self._actors.values():
                stack.callback(actor.close)
