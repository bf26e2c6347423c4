"""A whole exchange in memory: real keys, a real trust view, real pipelines and clients; Kafka's twin.

One method per thing that can go wrong.  Uses public names only; everything that is under test is the
real thing, and only Kafka and the clock are twins.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from broker.adapters.inbox import SqliteInbox
from broker.adapters.keyfiles import KeyRing
from broker.adapters.memory import MemoryLog, MemorySink, MemorySource, Unkindness
from broker.adapters.system import system_entropy
from broker.agreements.signatures import RevocationReason, add_to_bundle, revoke_agreement
from broker.crypto import SoftwareSigner, SoftwareUnwrapper
from broker.envelope.model import Sender
from broker.names import (
    Algorithm,
    CaseRef,
    MessageCode,
    Micros,
    Oin,
    Regime,
)
from broker.parts import GateParts, PublisherParts, SubscriberParts
from broker.pipelines.deliver import Disclosure, Reader
from broker.pipelines.gate import GateIdentity
from broker.ports import Message, Outgoing, Probe, no_probe
from broker.records.model import Addressee, Record
from broker.records.template import template
from broker.sandbox.agreements import REGIONS, regional_agreement, signatures
from broker.sandbox.cast import AGENCIES, EXCHANGE, member
from broker.sandbox.members import POST_QUANTUM, Member, listed
from broker.signing import VerificationCache
from broker.topics import QUARANTINE, decisions_topic
from broker.trust.build import (
    ParseCache,
    agreement_path,
    build_view,
    revocation_path,
    schema_targets,
    signatures_path,
)
from broker.trust.documents import write_agencies
from broker.trust.keeper import TrustKeeper
from broker.trust.view import Agency, TrustView
from consumers.client import Subscriber
from consumers.gate import Gate
from producers.client import Publisher
from schemas.reading import packaged

__all__ = ["NOON", "World"]

NOON = Micros(1_893_499_200_000_000)
"""2030-01-01T12:00:00Z: no test depends on the day it runs."""

HOUR = 3_600_000_000
_EXCHANGE_TOPICS = ("exchange.meldingen", "exchange.ontvangst")


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self, now: Micros) -> None:
        self.moment = now

    def now(self) -> Micros:
        return self.moment

    def monotonic(self) -> float:
        return self.moment / 1_000_000

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.moment = Micros(self.moment + int(seconds * 1_000_000))


@cache
def _members() -> dict[str, Member]:
    """Keys are made once per test run: they are expensive and no test changes them."""
    return {
        cast.name: Member(
            cast,
            KeyRing(_signers(cast.name), {u.key_id: u for u in (SoftwareUnwrapper.generate(),)}),
            (SoftwareSigner.generate(Algorithm.ED25519),) if cast is EXCHANGE else (),
        )
        for cast in (*AGENCIES, EXCHANGE)
    }


def _signers(name: str) -> tuple[SoftwareSigner, ...]:
    algorithms = (Algorithm.ES256, Algorithm.ML_DSA_44) if name in POST_QUANTUM else (Algorithm.ES256,)
    return tuple(SoftwareSigner.generate(algorithm) for algorithm in algorithms)


@dataclass
class World:
    """Agencies, registry, log and clock of one test.

    Attributes:
        missing: Agencies whose decisions topic does not exist.
        handled: What every subscriber's handler was given, by agency, in order.
    """

    clock: Clock = field(default_factory=lambda: Clock(NOON))
    members: dict[str, Member] = field(default_factory=lambda: dict(_members()))
    targets: dict[str, bytes] = field(default_factory=dict)
    log: MemoryLog = field(default_factory=MemoryLog)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="schakel-world-")))
    handled: dict[str, list[Disclosure]] = field(default_factory=dict)
    unkindness: Unkindness | None = None
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # With the world, or at the end of the run, its folder goes.
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self._versions = itertools.count(1)
        self._parsed = ParseCache()
        self.targets = {
            "agencies.json": write_agencies(listed(m, NOON) for m in self.members.values()),
            **schema_targets(packaged()),
        }
        for region in REGIONS:
            self.targets |= self._agreed(region)
        topics = dict.fromkeys(_EXCHANGE_TOPICS, 3)
        topics |= {decisions_topic(m.cast.oin): 2 for n, m in self.members.items() if n not in self.missing}
        topics[QUARANTINE] = 1
        for topic, partitions in topics.items():
            self.log.create(topic, partitions)
        self.republish()

    def republish(self) -> TrustView:
        """Publish the registry as it now is; keepers see it at their next refresh."""
        self.view = build_view(
            self.targets, next(self._versions), Micros(self.clock.now() + 24 * HOUR), self._parsed
        )
        return self.view

    def refresh(self, now: Micros) -> TrustView:
        """The registry as a source (`broker.trust.keeper.RegistrySource`)."""
        return self.view

    # Parties

    def oin(self, name: str) -> Oin:
        """The OIN of an agency."""
        return member(name).oin

    def publisher(self, name: str, sink: MemorySink | None = None) -> Publisher:
        """The real publisher of an agency, on the in-memory log."""
        return Publisher(
            PublisherParts(
                sink=sink or MemorySink(self.log, name),
                keeper=self.keeper(),
                sender=self.sender(name),
                signers=self.members[name].keys.signers,
                clock=self.clock,
                entropy=system_entropy,
            )
        )

    def subscriber(self, name: str, probe: Probe = no_probe) -> Subscriber:
        """The real subscriber of an agency; its handler appends to `handled`."""
        keys = self.members[name].keys
        topics = [decisions_topic(self.oin(name))]
        subscriber = Subscriber(
            SubscriberParts(
                source=MemorySource(self.log, topics, f"{name}.inbox", unkindness=self.unkindness),
                sink=MemorySink(self.log, f"{name}-receipts"),
                inbox=SqliteInbox(self.folder / f"{name}.sqlite"),
                keeper=self.keeper(),
                reader=Reader(self.oin(name), keys.unwrappers, VerificationCache()),
                sender=self.sender(name),
                signers=keys.signers,
                clock=self.clock,
                entropy=system_entropy,
                probe=probe,
            )
        )
        subscriber.on_any(lambda disclosure, _: self.handled.setdefault(name, []).append(disclosure))
        return subscriber

    def gate(self, probe: Probe = no_probe, sink: MemorySink | None = None) -> Gate:
        """The real gate, on the in-memory log."""
        return Gate(
            GateParts(
                source=MemorySource(self.log, _EXCHANGE_TOPICS, "gate", unkindness=self.unkindness),
                sink=sink or MemorySink(self.log, "gate"),
                keeper=self.keeper(),
                clock=self.clock,
                identity=self.gate_identity,
                signers=self.members["exchange"].keys.signers,
                probe=probe,
            )
        )

    def keeper(self) -> TrustKeeper:
        """A keeper of this world's registry."""
        return TrustKeeper(self, self.clock)

    def sender(self, name: str) -> Sender:
        """An agency as a sender."""
        return Sender(self.oin(name), member(name).roles[0], "zandbak")

    @property
    def gate_identity(self) -> GateIdentity:
        """Who the gate is."""
        return GateIdentity(EXCHANGE.oin, "gate")

    # Messages

    def record(self, type_: str, to: str = "amk-noord", **changes: Any) -> Record:
        """A record of this type that is allowed as it is, but for *changes*."""
        entry = self.view.catalogue.messages[MessageCode(type_)]
        record = Record(
            code=entry.code,
            to=(Addressee(self.oin(to), member(to).roles[0]),),
            case_ref=CaseRef(os.urandom(16)),
            purpose=entry.purposes[0],
            legal_basis=entry.legal_bases[0],
            regime=Regime.R1,
            groups=template(self.view.schemas[entry.schema_digest]),
            assertions={a.name: a.values[0] for a in entry.assertions if a.values},
        )
        return replace(record, **changes)

    # What goes wrong

    def revoke(self, agreement: str, party: str) -> None:
        """A party revokes an agreement, and the registry is published."""
        region = agreement.rsplit("-", 1)[1]
        agreed = regional_agreement(region, NOON).agreement
        statement = revoke_agreement(
            agreed,
            self.oin(party),
            self.members[party].keys.signers,
            self.clock.now(),
            RevocationReason.PARTY_REQUEST,
        )
        self.targets[revocation_path(agreed.id, agreed.version, self.oin(party))] = statement
        self.republish()

    def change_agency(self, name: str, change: Callable[[Agency], Agency]) -> None:
        """The registry lists an agency differently."""
        agencies = [listed(m, NOON) for m in self.members.values()]
        changed = [change(a) if a.short_name == name else a for a in agencies]
        self.targets["agencies.json"] = write_agencies(changed)
        self.republish()

    def tamper(self, message: Message, byte: int, mask: int = 1) -> None:
        """Write the record again with one byte altered, as someone with access to Kafka could."""
        value = bytearray(message.value or b"")
        value[byte] ^= mask
        self.log.append(Outgoing(message.position.topic, message.key or b"", bytes(value), message.headers))

    def _agreed(self, region: str) -> dict[str, bytes]:
        made = regional_agreement(region, NOON)
        ref = (made.agreement.id, made.agreement.version)
        bundle: bytes | None = None
        for signature in signatures(made, self.members, NOON):
            bundle = add_to_bundle(bundle, signature)
        return {agreement_path(*ref): made.document, signatures_path(*ref): bundle or b""}

    # Running

    def settle(self, *steppers: Gate | Subscriber, quiet_rounds: int = 3) -> None:
        """Step everybody until nothing has moved for *quiet_rounds* rounds of 0.3 s."""
        quiet = 0
        for _ in range(2000):
            moved = sum(stepper.step(0.0) for stepper in steppers)
            quiet = 0 if moved else quiet + 1
            if quiet >= quiet_rounds:
                return
            self.clock.forward(0.3)
        raise AssertionError("the exchange does not come to rest")
