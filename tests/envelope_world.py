"""Agencies, keys and messages for tests of the envelope: fixed test keys, no registry, no Kafka."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256, shake_256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, mldsa

from broker.crypto import Signer, SoftwareSigner, SoftwareUnwrapper, VerifyingKey
from broker.envelope.model import AgreementRef, Envelope, EnvelopeHeader, Recipient, Sender, VerifiedEnvelope
from broker.envelope.padding import pad
from broker.envelope.seal import Draft, Unsigned, seal, sign_all
from broker.envelope.verify import authenticate, require_intact, require_timely
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
    TopicName,
    Urgency,
)
from broker.ports import Entropy, Position
from broker.receipts import AuditReceipt
from broker.signing import VerificationCache

__all__ = [
    "AGREEMENT",
    "AMK",
    "BJZ",
    "CREATED",
    "DAY",
    "NEW",
    "NOW",
    "OLD",
    "RAAD",
    "RECEIPT",
    "REVOKED",
    "SCHEMA",
    "SHG",
    "STRANGER",
    "TOPIC",
    "TYPE",
    "KeyEntry",
    "TestAgency",
    "TestDirectory",
    "batch",
    "directory",
    "draft",
    "group_names",
    "header",
    "recipient",
    "seeded",
    "signed",
    "tampered_bits",
    "verify",
]

KEYS = Path(__file__).parent / "vectors" / "test_keys.json"
SEEDS = json.loads(KEYS.read_text("utf-8"))["agencies"]

CREATED = Micros(1_790_000_000_000_000)
NOW = Micros(CREATED + 60_000_000)
DAY = 24 * 3600 * 1_000_000
FROM, UNTIL = Micros(CREATED - 30 * DAY), Micros(CREATED + 30 * DAY)
TOPIC = TopicName("exchange.meldingen")
TYPE = MessageType("nl.beschermingszaken.melding-huiselijk-geweld.doorgezonden.v1")
SCHEMA = Digest(sha256(b"a schema document").digest())
AGREEMENT = AgreementRef(AgreementId("convenant-test"), Digest(sha256(b"an agreement").digest()))
RECEIPT = AuditReceipt(Position(TopicName("decisions.test"), 0, 0), Digest(bytes(32)))


@dataclass(frozen=True, slots=True)
class TestAgency:
    """One agency with its private test keys."""

    __test__ = False

    name: str
    oin: Oin
    role: Role
    es256: SoftwareSigner
    ml_dsa: SoftwareSigner
    unwrapper: SoftwareUnwrapper


def signer_of(seed: str, algorithm: Algorithm) -> SoftwareSigner:
    """The signer whose key grows from a 32-byte seed."""
    if algorithm is Algorithm.ES256:
        return SoftwareSigner(ec.derive_private_key(int(seed, 16), ec.SECP256R1()))
    return SoftwareSigner(mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes.fromhex(seed)))


def agency(name: str, role: str) -> TestAgency:
    """The agency of this name in `test_keys.json`."""
    seeds = SEEDS[name]
    return TestAgency(
        name,
        Oin.parse(seeds["oin"]),
        Role(role),
        signer_of(seeds["es256"], Algorithm.ES256),
        signer_of(seeds["ml_dsa_44"], Algorithm.ML_DSA_44),
        SoftwareUnwrapper.from_seed(bytes.fromhex(seeds["x_wing"])),
    )


AMK, SHG = agency("amk", "AMK"), agency("shg", "SHG")
RAAD, BJZ = agency("raad", "RvdK"), agency("bjz", "BJZ")
STRANGER = agency("stranger", "AMK")
REVOKED = signer_of(SEEDS["amk"]["es256_revoked"], Algorithm.ES256)
OLD = signer_of(SEEDS["amk"]["es256_old"], Algorithm.ES256)
NEW = signer_of(SEEDS["amk"]["es256_new"], Algorithm.ES256)


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One registered signing key."""

    owner: Oin
    key: VerifyingKey
    valid_from: Micros = FROM
    valid_until: Micros = UNTIL
    revoked: bool = False


@dataclass(slots=True)
class TestDirectory:
    """Stands for the trust view: who owns which key, which signatures are required, which schemas exist."""

    __test__ = False

    keys: dict[KeyId, KeyEntry] = field(default_factory=dict)
    required: dict[Oin, frozenset[Algorithm]] = field(default_factory=dict)
    schemas: set[tuple[MessageType, Digest]] = field(default_factory=set)

    def vouching_key(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:
        """As `broker.signing.KeyDirectory` promises."""
        entry = self.keys.get(key_id)
        if oin not in self.required:
            raise UntrustedError("no such agency", reason="unknown-sender")
        if entry is None or entry.owner != oin:
            raise UntrustedError("not its key", reason="unknown-key")
        if entry.revoked:
            raise UntrustedError("revoked", reason="key-revoked")
        if not entry.valid_from <= at < entry.valid_until:
            raise UntrustedError("not then", reason="key-not-valid")
        return entry.key

    def required_algorithms(self, oin: Oin) -> frozenset[Algorithm]:
        """As `broker.signing.KeyDirectory` promises."""
        return self.required[oin]

    def knows(self, message_type: MessageType, schema_digest: Digest) -> bool:
        """As `broker.envelope.verify.SchemaDirectory` promises."""
        return (message_type, schema_digest) in self.schemas


def directory(*, hybrid: Sequence[TestAgency] = ()) -> TestDirectory:
    """All agencies but the stranger; those in *hybrid* must sign with ML-DSA-44 as well."""
    known = (AMK, SHG, RAAD, BJZ)
    entries = [KeyEntry(a.oin, s.verifying_key) for a in known for s in (a.es256, a.ml_dsa)]
    entries += [
        KeyEntry(AMK.oin, REVOKED.verifying_key, revoked=True),
        KeyEntry(AMK.oin, OLD.verifying_key, valid_until=CREATED),
        KeyEntry(AMK.oin, NEW.verifying_key, valid_from=Micros(CREATED + 1)),
    ]
    both = frozenset({Algorithm.ES256, Algorithm.ML_DSA_44})
    return TestDirectory(
        {entry.key.key_id: entry for entry in entries},
        {a.oin: both if a in hybrid else frozenset({Algorithm.ES256}) for a in known},
        {(TYPE, SCHEMA)},
    )


def seeded(seed: str) -> Entropy:
    """Randomness that is the same each time: SHAKE-256 of the seed and a counter."""
    state = {"count": 0}

    def draw(size: int) -> bytes:
        state["count"] += 1
        return shake_256(f"{seed} {state['count']}".encode()).digest(size)

    return draw


def group_names(*names: str) -> tuple[GroupName, ...]:
    """Group names."""
    return tuple(GroupName(name) for name in names)


def recipient(to: TestAgency, *groups: str) -> Recipient:
    """An entry for *to*, not yet wrapped."""
    return Recipient(to.oin, to.role, to.unwrapper.key_id, AGREEMENT, group_names(*groups), b"")


def header(*recipients: Recipient, sender: TestAgency = AMK, number: int = 1) -> EnvelopeHeader:
    """A plausible header without sections."""
    draw = seeded(f"header {number}")
    case = CaseRef(draw(16))
    message_id = MessageId(draw(6) + b"\x70\x01\x80" + draw(7))
    return EnvelopeHeader(
        version=1,
        message_id=message_id,
        message_type=TYPE,
        sender=Sender(sender.oin, sender.role, "zaaksysteem"),
        recipients=recipients,
        case_ref=case,
        subject_refs=(),
        correlation_id=message_id,
        causation_id=None,
        origin=None,
        created_at=CREATED,
        expires_at=Micros(CREATED + 7 * DAY),
        urgency=Urgency.NORMAL,
        regime=Regime.R1,
        legal_basis=LegalBasis("wmo-21b-2d"),
        purpose=Purpose("amk-taak"),
        schema_digest=SCHEMA,
        assertions=(("child_abuse_report", "true"), ("children_in_family", "true")),
        sections=(),
        producer_id=ProducerId(draw(8)),
        sequence=number,
        topic=TOPIC,
        record_key=bytes(case),
        suite=1,
        critical=(),
    )


def draft(head: EnvelopeHeader, *groups: str, size: int = 100) -> Draft:
    """A draft with these groups, each of *size* bytes of its own name before padding."""
    plain = tuple((GroupName(name), pad((name.encode() * size)[:size])) for name in groups)
    everyone = (AMK, SHG, RAAD, BJZ, STRANGER)
    return Draft(head, plain, {a.unwrapper.key_id: a.unwrapper.sealing_key for a in everyone})


def batch(count: int, *groups: str, size: int = 100) -> list[Unsigned]:
    """*count* sealed messages from AMK to SHG."""
    return [
        seal(draft(header(recipient(SHG, *groups), number=n), *groups, size=size), seeded(f"seal {n}"))
        for n in range(1, count + 1)
    ]


def signed(head: EnvelopeHeader, *groups: str, signers: Sequence[Signer] = (AMK.es256,)) -> bytes:
    """One message, sealed and signed on its own."""
    return sign_all([seal(draft(head, *groups), seeded("seal"))], signers)[0]


def tampered_bits(value: bytes) -> Iterator[bytes]:
    """Every copy of *value* with exactly one bit flipped."""
    for index in range(len(value) * 8):
        copy = bytearray(value)
        copy[index // 8] ^= 1 << index % 8
        yield bytes(copy)


def verify(
    envelope: Envelope,
    *,
    topic: TopicName,
    key: bytes | None,
    directory: TestDirectory,
    now: Micros,
    cache: VerificationCache,
) -> VerifiedEnvelope:
    """Steps 4 to 9 in one call, for a reader that treats every failure alike.

    Raises:
        RejectedError: With `step` 4 to 9 and the reason.
    """
    authentic = authenticate(envelope, topic=topic, key=key, keys=directory, schemas=directory, cache=cache)
    require_timely(authentic.header, now)
    return require_intact(authentic)
