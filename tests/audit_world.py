"""A gate, its decisions and a ledger for tests of the audit trail: fixed test keys, no registry, no Kafka."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import shake_256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from sqlalchemy import Engine

from broker.adapters.database import migrate, open_engine
from broker.adapters.ledger_store import SqlLedgerStore
from broker.adapters.memory import MemoryLog, MemorySource
from broker.adapters.tiles import TileDirectory
from broker.audit.checkpoint import LogKey, VerifierKey
from broker.audit.codec import message_decision_id, record_decision_id
from broker.audit.decision_record import read_record, verify_record, write_records
from broker.audit.events import AuditEvent, AuditParty, MessageFacts, Outcome, Source
from broker.audit.evidence import GateFacts, GateKey
from broker.audit.ledger import LedgerEntry, entry_of
from broker.catalogue.load import load_catalogue
from broker.catalogue.model import Catalogue
from broker.crypto import SoftwareSigner, VerifyingKey, sha256
from broker.errors import UntrustedError
from broker.names import (
    AgreementId,
    Algorithm,
    CaseRef,
    Digest,
    GroupName,
    KeyId,
    LegalBasis,
    MessageId,
    MessageType,
    Micros,
    Oin,
    ProducerId,
    Purpose,
    Regime,
    Role,
    SubjectRef,
    TopicName,
    Urgency,
)
from broker.obligations.model import Succession
from broker.parts import LedgerParts
from broker.ports import Outgoing, Position, Probe, no_probe
from broker.signing import VerificationCache
from broker.topics import decisions_topic
from consumers.ledger_writer import LedgerWriter
from schemas.reading import packaged

__all__ = [
    "DAY",
    "DECIDED",
    "GATE",
    "LOG_KEY",
    "ORIGIN",
    "TOPIC",
    "FixedClock",
    "Gates",
    "TestLedger",
    "decisions",
    "entries",
    "event",
    "gate_facts",
    "gates",
    "quarantined",
    "records",
    "refused",
]

GATE = Oin("00000099000000090000")
AMK, SHG = Oin("00000099000000001000"), Oin("00000099000000002000")
TOPIC = decisions_topic(SHG)
ORIGIN = "example.invalid/schakel"
DECIDED = Micros(1_780_000_000_000_000)
DAY = 24 * 3600 * 1_000_000

_GATE_SIGNER = SoftwareSigner(ec.derive_private_key(0x5EED_0001, ec.SECP256R1()))
_STRANGER = SoftwareSigner(ec.derive_private_key(0x5EED_0002, ec.SECP256R1()))
_LOG_SIGNER = SoftwareSigner(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
LOG_KEY = LogKey(_LOG_SIGNER, VerifierKey(ORIGIN, _LOG_SIGNER.verifying_key))


@cache
def _installed() -> Catalogue:
    return load_catalogue(packaged())


def drawn(seed: str, size: int) -> bytes:
    """Bytes that are the same each time."""
    return shake_256(seed.encode()).digest(size)


def event(number: int = 1) -> AuditEvent:
    """The release of message *number*."""
    facts = MessageFacts(
        message_id=MessageId(drawn(f"message {number}", 16)),
        message_type=MessageType("nl.beschermingszaken.melding.doorgezonden.v1"),
        sender=AuditParty(AMK, Role("AMK")),
        recipient=AuditParty(SHG, Role("SHG")),
        case_ref=CaseRef(drawn(f"case {number // 3}", 16)),
        correlation_id=MessageId(drawn(f"message {number}", 16)),
        causation_id=None,
        subject_refs=(SubjectRef(drawn(f"subject {number}", 16)),),
        released=(GroupName("CH"), GroupName("GU")),
        withheld=(GroupName("CO"),),
        legal_basis=LegalBasis("wmo-21b-2d"),
        purpose=Purpose("amk-taak"),
        regime=Regime.R1,
        urgency=Urgency.NORMAL,
        assertions=(("children_in_family", "true"), ("consent", "none")),
        agreement_id=AgreementId("convenant-noord"),
        agreement_digest=Digest(drawn("agreement", 32)),
        schema_digest=Digest(drawn("schema", 32)),
        statement_hash=Digest(drawn(f"statement {number}", 32)),
        producer_id=ProducerId(drawn("producer", 8)),
        sequence=number,
        created_at=Micros(DECIDED + number * 1000),
    )
    return AuditEvent(
        decision_id=_id(facts, Outcome.RELEASED, "grant-1"),
        outcome=Outcome.RELEASED,
        reason="",
        rule="grant-1",
        step=0,
        offending=(),
        emergency=False,
        message=facts,
        source=Source(TopicName("exchange.meldingen"), 0, number),
        record_digest=Digest(drawn(f"record {number}", 32)),
        registry_version=7,
        decided_at=Micros(DECIDED + number * 1000 + 5),
        gate="gate-1",
        trace_id=drawn(f"trace {number}", 16),
    )


def refused(number: int = 1, reason: str = "no-agreement") -> AuditEvent:
    """The refusal of message *number*."""
    released = event(number)
    assert released.message is not None
    facts = replace(released.message, assertions=(), released=(), withheld=(GroupName("CH"), GroupName("GU")))
    return replace(
        released,
        decision_id=_id(facts, Outcome.REFUSED, reason),
        outcome=Outcome.REFUSED,
        reason=reason,
        rule="",
        step=11,
        offending=("CH",),
        message=facts,
    )


def quarantined(number: int = 1) -> AuditEvent:
    """The quarantine of record *number*."""
    released = event(number)
    return replace(
        released,
        decision_id=record_decision_id(released.source, released.record_digest),
        outcome=Outcome.QUARANTINED,
        reason="malformed",
        rule="",
        step=2,
        message=None,
    )


def _id(facts: MessageFacts, outcome: Outcome, ground: str) -> Digest:
    return message_decision_id(
        facts.statement_hash, facts.recipient.oin, facts.agreement_digest, outcome, ground
    )


@dataclass(slots=True)
class Gates:
    """Stands for the trust view: one gate with one key."""

    keys: dict[KeyId, VerifyingKey]
    revoked: set[KeyId] = field(default_factory=set)
    succeeded: tuple[Succession, ...] = ()

    def gate_of(self, key_id: KeyId) -> Oin:
        """As `broker.audit.decision_record.GateDirectory` promises."""
        if key_id not in self.keys:
            raise UntrustedError("no gate", step=12, reason="unknown-gate")
        return GATE

    def vouching_key(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:
        """As `broker.signing.KeyDirectory` promises."""
        if oin != GATE or key_id not in self.keys:
            raise UntrustedError("not its key", reason="unknown-key")
        if key_id in self.revoked:
            raise UntrustedError("revoked", reason="key-revoked")
        if not DECIDED - DAY <= at < DECIDED + DAY:
            raise UntrustedError("not then", reason="key-not-valid")
        return self.keys[key_id]

    def once_vouching_key(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:
        """As `broker.audit.decision_record.GateDirectory` promises."""
        return self.keys[key_id]

    def required_algorithms(self, oin: Oin) -> frozenset[Algorithm]:
        """As `broker.signing.KeyDirectory` promises."""
        return frozenset({Algorithm.ES256})

    @property
    def catalogue(self) -> Catalogue:
        """As `broker.pipelines.obligations.RegisteredRules` promises: the catalogue that is installed."""
        return _installed()

    @property
    def successions(self) -> tuple[Succession, ...]:
        """As `broker.pipelines.obligations.RegisteredRules` promises."""
        return self.succeeded

    def current(self) -> Gates:
        """As `broker.parts.GateKeeper` promises."""
        return self

    def recheck(self) -> Gates:
        """As `broker.parts.GateKeeper` promises."""
        return self


def gates() -> Gates:
    """The registry with its one gate."""
    return Gates({_GATE_SIGNER.key_id: _GATE_SIGNER.verifying_key})


def gate_facts() -> GateFacts:
    """What evidence says of the gate."""
    key = GateKey(_GATE_SIGNER.verifying_key.spki, Micros(DECIDED - DAY), Micros(DECIDED + DAY), None)
    return GateFacts(7, GATE, (Algorithm.ES256,), (key,), ((AMK, "amk-noord"), (SHG, "shg-noord")))


def records(events: Sequence[AuditEvent], *, by_stranger: bool = False, batch: int = 64) -> list[bytes]:
    """Decision record values; releases carry a few bytes that stand for an envelope."""
    signer = _STRANGER if by_stranger else _GATE_SIGNER
    pairs = [(e, b"envelope" if e.outcome is Outcome.RELEASED else None) for e in events]
    return [
        value
        for start in range(0, len(pairs), batch)
        for value in write_records(pairs[start : start + batch], GATE, [signer])
    ]


def decisions(count: int, start: int = 1) -> list[AuditEvent]:
    """Releases, refusals and quarantines, mixed."""
    kinds: tuple[Callable[[int], AuditEvent], ...] = (event, refused, event, quarantined, event)
    return [kinds[n % len(kinds)](n) for n in range(start, start + count)]


def entries(events: Sequence[AuditEvent]) -> list[LedgerEntry]:
    """Ledger entries of these events."""
    known, cache = gates(), VerificationCache()
    return [
        entry_of(verify_record(read_record(value), GATE, known, cache), Position(TOPIC, 0, number))
        for number, value in enumerate(records(events))
    ]


class FixedClock:
    """A clock that stands still."""

    def now(self) -> Micros:
        """As `broker.ports.Clock` promises."""
        return DECIDED

    def monotonic(self) -> float:
        """As `broker.ports.Clock` promises."""
        return 0.0


class TestLedger:
    """A ledger writer on a real database and folder, fed from memory.

    Attributes:
        log: Where decision records are put.
    """

    __test__ = False

    def __init__(self, folder: Path, url: str = "", probe: Probe = no_probe) -> None:
        self.engine: Engine = open_engine(url or f"sqlite:///{folder / 'ledger.sqlite'}")
        migrate(self.engine)
        self.folder = folder / "tlog"
        self.log = MemoryLog({TOPIC: 1})
        self.store = SqlLedgerStore(self.engine, ORIGIN, probe)
        self.tiles = TileDirectory(self.folder).acquire()
        self.registry = gates()
        self._probe = probe
        self.writer = self.started()

    def started(self) -> LedgerWriter:
        """A new writer, as after a restart: it reads on from the offsets in the database."""
        source = MemorySource.assigned(self.log, [TOPIC], self.store.next_offsets())
        return LedgerWriter(
            LedgerParts(
                source, self.store, self.tiles, LOG_KEY, self.registry, FixedClock(), probe=self._probe
            )
        )

    def put(self, values: Sequence[bytes]) -> None:
        """Put record values on the decisions topic."""
        for value in values:
            self.log.append(Outgoing(TOPIC, sha256(value), value))

    def write(self, events: Sequence[AuditEvent]) -> None:
        """Put the decisions on the topic and write them all into the ledger."""
        self.put(records(events))
        self.drain()

    def drain(self) -> None:
        """Step until nothing is left to read."""
        while self.writer.step(0.0):
            pass

    def close(self) -> None:
        """Let go of everything."""
        self.writer.close()
        self.tiles.close()
        self.engine.dispose()
