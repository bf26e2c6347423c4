"""Witnesses for tests: fixed keys, real stores, and a way to reach them without HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock

from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from broker.adapters.witness_store import SqliteWitnessStore
from broker.audit.checkpoint import Checkpoint, SignedCheckpoint, parse_checkpoint, sign_checkpoint
from broker.audit.cosignature import CosignerKey
from broker.audit.policy import LogKeyOf, Policy, parse_policy
from broker.crypto import SoftwareSigner
from broker.errors import UnavailableError
from broker.merkle import consistency_path, leaf_hash, tree_root
from broker.names import Digest, Micros
from broker.parts import Witnesses
from broker.pipelines.witness import SigningKey, Witness
from tests.audit_world import DECIDED, LOG_KEY, ORIGIN

__all__ = [
    "INSPECTORATE",
    "LOGS",
    "PEER",
    "Calls",
    "Leaves",
    "both",
    "new_witness",
    "policy_text",
]


def _signing(name: str, signer: SoftwareSigner) -> SigningKey:
    return SigningKey(signer, CosignerKey(name, signer.verifying_key))


INSPECTORATE = _signing(
    "inspectie.invalid/w1", SoftwareSigner(mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(range(32))))
)
PEER = _signing(
    "raad.invalid/w2",
    SoftwareSigner(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))),
)
LOGS: dict[str, Sequence[LogKeyOf]] = {ORIGIN: (LOG_KEY.verifier,)}


class Leaves:
    """A log of so many made-up entries; another *history* differs from entry *fork* on."""

    def __init__(self, size: int, history: str = "", fork: int = 0) -> None:
        self.hashes = [leaf_hash(f"{history if n >= fork else ''}{n}".encode()) for n in range(size)]

    @property
    def checkpoint(self) -> Checkpoint:
        """What the log commits to."""
        return Checkpoint(ORIGIN, len(self.hashes), Digest(tree_root(self.hashes)))

    @property
    def note(self) -> bytes:
        """The same, signed by the log."""
        return sign_checkpoint(self.checkpoint, LOG_KEY.signer, LOG_KEY.verifier)

    @property
    def signed(self) -> SignedCheckpoint:
        """The same, parsed."""
        return parse_checkpoint(self.note)

    def proof(self, old: int) -> list[bytes]:
        """That the first *old* entries are unchanged."""
        return consistency_path(self.hashes, old) if 0 < old < len(self.hashes) else []


def new_witness(folder: Path, key: SigningKey = PEER) -> tuple[Witness, SqliteWitnessStore]:
    """A witness of the test log with a store of its own."""
    path = folder / f"{key.verifier.name.partition('.')[0]}.sqlite"
    if not path.exists():
        SqliteWitnessStore.create(path)
    store = SqliteWitnessStore(path)
    return Witness(store, [key], LOGS), store


class Calls:
    """A `broker.audit.witness.WitnessCall` to witnesses in this process.

    Attributes:
        down: Addresses that do not answer now.
        asked: How often each was asked.
    """

    def __init__(self, witnesses: Mapping[str, Witness], now: Callable[[], Micros] = lambda: DECIDED) -> None:
        self._witnesses = witnesses
        self._now = now
        self._lock = Lock()
        self.down: set[str] = set()
        self.asked: dict[str, int] = {}

    def add_checkpoint(self, url: str, body: bytes) -> tuple[int, bytes]:
        """As the port promises."""
        with self._lock:
            self.asked[url] = self.asked.get(url, 0) + 1
        if url in self.down:
            raise UnavailableError("a witness did not answer", why="it is down")
        answer = self._witnesses[url].add_checkpoint(body, self._now())
        return answer.status, answer.body


def policy_text(quorum: str = "all") -> str:
    """The inspectorate and a peer, and how many of them it takes."""
    return (
        f"log {LOG_KEY.verifier}\n"
        f"witness inspectie {INSPECTORATE.verifier} http://w1\n"
        f"witness raad {PEER.verifier} http://w2\n"
        f"group beide {quorum} inspectie raad\n"
        "quorum beide\n"
    )


def both(folder: Path, quorum: str = "all", every: float = 0.01) -> tuple[Witnesses, Calls]:
    """Two witnesses, and the policy that asks them."""
    calls = Calls(
        {"http://w1": new_witness(folder, INSPECTORATE)[0], "http://w2": new_witness(folder, PEER)[0]}
    )
    policy: Policy = parse_policy(policy_text(quorum).encode())
    return Witnesses(policy, calls, every), calls
