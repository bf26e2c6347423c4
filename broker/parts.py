"""What each process needs of the world, as one value: `broker.assembly` makes them, the clients take them.

A test makes them from the in-memory twins and knows exactly what the process can reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from broker.audit.access_store import AccessLog
from broker.audit.checkpoint import LogKey
from broker.audit.decision_record import GateDirectory
from broker.audit.policy import Policy
from broker.audit.store import LeafStore, LedgerReader, TileStore
from broker.audit.witness import WitnessCall
from broker.crypto import Signer
from broker.envelope.model import Sender
from broker.obligations.store import ObligationReader
from broker.pipelines.deliver import Reader
from broker.pipelines.gate import GateIdentity
from broker.pipelines.obligation_book import FollowedStore
from broker.pipelines.obligations import RegisteredRules
from broker.ports import Clock, Entropy, Inbox, MessageSink, MessageSource, Probe, no_probe
from broker.trust.access_rules import AccessRules
from broker.trust.keeper import TrustKeeper

__all__ = [
    "AccessPublishing",
    "AccessStore",
    "AnswerParts",
    "AuditParts",
    "GateKeeper",
    "GateParts",
    "LedgerDirectory",
    "LedgerParts",
    "PublisherParts",
    "SubscriberParts",
    "Witnesses",
]


@dataclass(frozen=True, slots=True)
class PublisherParts:
    """A publisher: one agency in one role."""

    sink: MessageSink
    keeper: TrustKeeper
    sender: Sender
    signers: Sequence[Signer]
    clock: Clock
    entropy: Entropy


@dataclass(frozen=True, slots=True)
class SubscriberParts:
    """A subscriber: what is released to one agency, and the way back for its receipts."""

    source: MessageSource
    sink: MessageSink
    inbox: Inbox
    keeper: TrustKeeper
    reader: Reader
    sender: Sender
    signers: Sequence[Signer]
    clock: Clock
    entropy: Entropy
    probe: Probe = no_probe


@dataclass(frozen=True, slots=True)
class AnswerParts:
    """Whoever waits for the answers to messages it sent: reads along, commits and records nothing."""

    source: MessageSource
    keeper: TrustKeeper
    reader: Reader
    clock: Clock


@dataclass(frozen=True, slots=True)
class GateParts:
    """A gate: no decryption key is among them."""

    source: MessageSource
    sink: MessageSink
    keeper: TrustKeeper
    clock: Clock
    identity: GateIdentity
    signers: Sequence[Signer]
    probe: Probe = no_probe


@dataclass(frozen=True, slots=True)
class AuditParts:
    """Whoever reads the audit trail: the ledger, the published log, and the log of who looked.

    Attributes:
        obligations: What follows from the ledger.
        directory: Folder of the published log, to show to people.
        access_tiles: Folder of the published access log.
        rules: Who may ask what.
    """

    reader: LedgerReader
    accesses: AccessLog
    tiles: TileStore
    directory: str
    keeper: TrustKeeper
    clock: Clock
    obligations: ObligationReader
    access_tiles: TileStore
    rules: AccessRules
    entropy: Entropy


class AccessStore(AccessLog, LeafStore, Protocol):
    """The access log, as far as publishing it goes."""


@dataclass(frozen=True, slots=True)
class AccessPublishing:
    """What publishing the access log needs.

    Attributes:
        key: The log's key, under the name of the access log.
    """

    store: AccessStore
    tiles: TileStore
    key: LogKey
    clock: Clock


class LedgerDirectory(GateDirectory, RegisteredRules, Protocol):
    """All that a ledger writer asks of the registry: who may be a gate, and what obligations follow."""


class GateKeeper(Protocol):
    """The registry, kept fresh, as far as a ledger writer asks for it."""

    def current(self) -> LedgerDirectory:
        """A view that is fresh now.

        Raises:
            UnavailableError: There is none.
        """
        ...

    def recheck(self) -> LedgerDirectory:
        """The same, asked again now."""
        ...


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Who cosigns the checkpoints of a log.

    Attributes:
        policy: Who they are, where, and how many it takes.
        call: Reaches them.
        every: Seconds from one round of them to the next.
    """

    policy: Policy
    call: WitnessCall
    every: float = 5.0


@dataclass(frozen=True, slots=True)
class LedgerParts:
    """What a ledger writer needs of the world.

    Attributes:
        source: Reads every decision topic, from `store.next_offsets()`.
        checkpoints: Where checkpoints are told to everybody, or None.
        witnesses: Who cosigns the checkpoints, or None.
    """

    source: MessageSource
    store: FollowedStore
    tiles: TileStore
    key: LogKey
    keeper: GateKeeper
    clock: Clock
    checkpoints: MessageSink | None = None
    probe: Probe = no_probe
    witnesses: Witnesses | None = None
