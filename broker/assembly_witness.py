"""The composition root of a witness: it needs neither Kafka, nor a registry, nor the ledger's database.

Same rule as `broker.assembly`: a profile becomes the parts of a process, and nothing else wires anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.adapters.keyfiles import SIGNING_FILES, read_signer, write_secret
from broker.adapters.system import SandboxClock, SystemClock
from broker.adapters.witness_server import WitnessServer
from broker.adapters.witness_store import SqliteWitnessStore, StoredConflict, StoredLog
from broker.audit.checkpoint import check_key_name
from broker.audit.cosignature import CosignerKey
from broker.audit.policy import LogKeyOf, parse_log_key
from broker.crypto import SoftwareSigner
from broker.errors import ConfigurationError, MalformedError
from broker.names import Algorithm
from broker.pipelines.witness import SigningKey, Witness
from broker.self_test import run_self_test
from broker.settings import WitnessProfile

__all__ = ["WitnessState", "make_witness", "witness_keys", "witness_server", "witness_state"]


@dataclass(frozen=True, slots=True)
class WitnessState:
    """What a witness knows.

    Attributes:
        conflicts: What did not fit; each one is for people to look at.
    """

    logs: tuple[StoredLog, ...]
    conflicts: tuple[StoredConflict, ...]


def witness_server(profile: WitnessProfile) -> WitnessServer:
    """A witness that answers once it is started.

    Raises:
        ConfigurationError: A key, the store, a log's key or the address is unusable.
    """
    run_self_test()
    clock = SystemClock() if profile.clock is None else SandboxClock(profile.clock)
    keys = [SigningKey(s, _verifier(profile, s)) for s in map(read_signer, profile.keys)]
    witness = Witness(SqliteWitnessStore(profile.store), keys, _logs(profile))
    host, _, port = profile.listen.rpartition(":")
    return WitnessServer(host, int(port), lambda body: witness.add_checkpoint(body, clock.now()))


def witness_state(profile: WitnessProfile) -> WitnessState:
    """What the store of a witness holds.

    Raises:
        ConfigurationError: There is none.
    """
    store = SqliteWitnessStore(profile.store)
    try:
        return WitnessState(tuple(store.logs()), tuple(store.conflicts()))
    finally:
        store.close()


def witness_keys(profile: WitnessProfile) -> tuple[CosignerKey, ...]:
    """The verifier keys of a witness, for the policies of others.

    Raises:
        ConfigurationError: A key cannot be read or does not cosign.
    """
    return tuple(_verifier(profile, read_signer(path)) for path in profile.keys)


def make_witness(profile: WitnessProfile) -> tuple[CosignerKey, ...]:
    """Make the keys and the empty store that the profile names; returns the verifier keys.

    A key file ``...ed25519.pem`` gets an Ed25519 key, any other an ML-DSA-44 key.

    Raises:
        ConfigurationError: One of them is there already: neither is ever made twice.
    """
    SqliteWitnessStore.create(profile.store)
    for path in profile.keys:
        old = path.name.endswith(SIGNING_FILES[Algorithm.ED25519].removeprefix("sign-"))
        signer = SoftwareSigner.generate(Algorithm.ED25519 if old else Algorithm.ML_DSA_44)
        write_secret(path, signer.to_pem())
    return witness_keys(profile)


def _verifier(profile: WitnessProfile, signer: SoftwareSigner) -> CosignerKey:
    try:
        check_key_name(profile.name)
    except MalformedError as error:
        raise ConfigurationError(
            f"not the name of a witness: {profile.name}", why=error.what, remedy="Use example.nl/witness"
        ) from error
    if signer.algorithm is Algorithm.ES256:
        raise ConfigurationError(
            "an ES256 key does not cosign", remedy="Make keys with `schakel witness keys --new`"
        )
    return CosignerKey(profile.name, signer.verifying_key)


def _logs(profile: WitnessProfile) -> dict[str, list[LogKeyOf]]:
    logs: dict[str, list[LogKeyOf]] = {}
    for text in profile.logs:
        try:
            key = parse_log_key(text)
        except MalformedError as error:
            raise ConfigurationError(
                f"not the verifier key of a log: {text[:80]}",
                why=error.what,
                remedy="Take it from `schakel ledger show`, or from its operator",
            ) from error
        logs.setdefault(key.name, []).append(key)
    return logs
