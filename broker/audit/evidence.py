"""The evidence bundle: one entry, its proof, and everything needed to check both, in one file.

Checking needs no network, no database and no trust in who made the bundle (docs/spec/audit.md 9):

1. the file is exactly what `build_bundle` makes of its own content, so no bit of it is free;
2. the log committed to the entry: Merkle path, checkpoint, signature of the log;
3. the gate made the decision: signature over entry and envelope digest, with a key valid at the time;
4. the entry has the id that follows from it.

Whether the log's key is the right one is for the reader to compare, or to pin.  What the bundle says of
the registry (names, and whose keys these are) is said by who made it; the log has signed the version.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from broker.audit.checkpoint import VerifierKey
from broker.audit.codec import expected_decision_id, read_event
from broker.audit.container import read_zip, write_zip
from broker.audit.decision_record import statement
from broker.audit.events import AuditEvent
from broker.audit.narrative import README, describe
from broker.audit.policy import Policy
from broker.audit.proof import parse_proof, verify_proof
from broker.avro_binary import Reader
from broker.crypto import VerifyingKey
from broker.errors import EvidenceError, IncompleteError, MalformedError, UntrustedError
from broker.names import Algorithm, Digest, KeyId, Micros, Oin
from broker.signing import Signature, VerificationCache, read_signatures, verify_signatures

__all__ = ["MAX_BUNDLE", "BundleReport", "Evidence", "GateFacts", "GateKey", "build_bundle", "verify_bundle"]

MAX_BUNDLE = 1 << 20
_FORMAT = "nl.schakel.evidence.v1"
_README, _ENTRY, _SHOWN, _PROOF = "LEESMIJ.txt", "entry.avro", "entry.json", "entry.tlog-proof"
_CHECKPOINT, _KEY, _DECISION, _SIGNATURES = "checkpoint", "log.vkey", "decision.json", "signatures.avro"
_NAMES = (_README, _ENTRY, _SHOWN, _PROOF, _CHECKPOINT, _KEY, _DECISION, _SIGNATURES)


@dataclass(frozen=True, slots=True)
class GateKey:
    """A public key of the gate, as the registry had it.

    Attributes:
        spki: SubjectPublicKeyInfo, DER.
        revoked_at: When it was revoked, or None.
    """

    spki: bytes
    valid_from: Micros
    valid_until: Micros
    revoked_at: Micros | None


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What the registry says of the gate, and of the agencies that the entry names.

    Attributes:
        registry_version: Version of the snapshot that this was read from.
        required: Algorithms that every decision of the gate must be signed with.
        agencies: OIN and name of the agencies in the entry.
    """

    registry_version: int
    oin: Oin
    required: tuple[Algorithm, ...]
    keys: tuple[GateKey, ...]
    agencies: tuple[tuple[Oin, str], ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What goes into a bundle.

    Attributes:
        entry: The audit event, as it stands in the log.
        proof: A tlog-proof of it.
        key: The log's key.
        signatures: The gate's, as the ledger keeps them.
        envelope_digest: SHA-256 of what was released with it.
    """

    entry: bytes
    proof: bytes
    key: VerifierKey
    signatures: bytes
    envelope_digest: Digest
    gate: GateFacts


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What a bundle proves.

    Attributes:
        seq: Place of the entry in the log.
        size: Number of entries that the checkpoint commits to.
        verifier_key: The log's key: compare it with what the log publishes.
        pinned: Whether it was compared with a key that the reader trusts.
        checked: What was checked, by name.
        cosigners: Names of the witnesses of the reader's policy whose cosignatures verified.
        anchored: Whether they are enough by that policy; None when the reader gave none.
    """

    event: AuditEvent
    seq: int
    size: int
    origin: str
    verifier_key: str
    pinned: bool
    gate: Oin
    checked: tuple[str, ...]
    cosigners: tuple[str, ...] = ()
    anchored: bool | None = None


def build_bundle(evidence: Evidence) -> bytes:
    """The bundle as a zip file; the same evidence gives the same bytes.

    Raises:
        MalformedError: Entry, proof or signatures are not what they should be.
    """
    proof = parse_proof(evidence.proof)
    shown = describe(read_event(evidence.entry))
    contents = {
        _README: README.encode("utf-8"),
        _ENTRY: evidence.entry,
        _SHOWN: _json(shown),
        _PROOF: evidence.proof,
        _CHECKPOINT: proof.checkpoint.note,
        _KEY: f"{evidence.key}\n".encode(),
        _DECISION: _json(_decision(evidence)),
        _SIGNATURES: evidence.signatures,
    }
    return write_zip([(name, contents[name]) for name in _NAMES])


def verify_bundle(
    data: bytes, trusted: VerifierKey | None = None, policy: Policy | None = None
) -> BundleReport:
    """Check a bundle.

    Args:
        trusted: The log's key, if the reader has it from elsewhere.
        policy: Whose cosignatures the reader counts; too few are told in the report, not refused.

    Raises:
        EvidenceError: Something in it is wrong.
        IncompleteError: Nothing is wrong, but something could not be checked.
    """
    evidence = _read(data)
    if trusted is not None and str(trusted) != str(evidence.key):
        raise EvidenceError("the bundle is of another log than the one trusted", why=str(evidence.key))
    proof = parse_proof(evidence.proof)
    verify_proof(proof, evidence.entry, evidence.key)
    event = read_event(evidence.entry)
    if expected_decision_id(event) not in (None, event.decision_id):
        raise EvidenceError("the entry carries the id of another decision")
    _verify_gate(evidence, event)
    checkpoint = proof.checkpoint.checkpoint
    verdict = None if policy is None else policy.judge(proof.checkpoint)
    return BundleReport(
        event=event,
        seq=proof.index,
        size=checkpoint.size,
        origin=checkpoint.origin,
        verifier_key=str(evidence.key),
        pinned=trusted is not None,
        gate=evidence.gate.oin,
        checked=("container", "inclusion", "checkpoint", "decision-id", "gate-signature"),
        cosigners=() if verdict is None else tuple(witness.name for witness, _ in verdict.cosigners),
        anchored=None if verdict is None else verdict.reached,
    )


def _verify_gate(evidence: Evidence, event: AuditEvent) -> None:
    signatures = _signatures(evidence)
    keys = _BundleKeys(evidence.gate)
    missing = [s.key_id for s in signatures if s.key_id not in keys.entries]
    if missing:
        raise IncompleteError(
            "the bundle lacks a public key of the gate",
            why=str(missing[0]),
            remedy="Ask for a bundle that holds every key the gate signed with",
        )
    signed = statement(evidence.entry, evidence.envelope_digest)
    try:
        verify_signatures(
            signatures,
            signed,
            sender=evidence.gate.oin,
            at=event.decided_at,
            keys=keys,
            cache=VerificationCache(),
        )
    except UntrustedError as error:
        raise EvidenceError("the gate does not vouch for the entry", why=error.what) from error
    if any(keys.entries[s.key_id].revoked_at is not None for s in signatures):
        raise IncompleteError(
            "a key of the gate was revoked later",
            why="the signatures verify, and the log holds the entry, but not when it was made",
            remedy="Compare the checkpoint with one that was witnessed before the revocation",
        )


class _BundleKeys:
    """The gate's keys in a bundle, as a `KeyDirectory`."""

    def __init__(self, gate: GateFacts) -> None:
        self._gate = gate
        keys = [VerifyingKey.from_spki(entry.spki) for entry in gate.keys]
        if [key.spki for key in keys] != [entry.spki for entry in gate.keys]:
            raise MalformedError("a public key is written in another form than the usual one")
        self._keys = {key.key_id: key for key in keys}
        self.entries = {key.key_id: entry for key, entry in zip(keys, gate.keys, strict=True)}

    def vouching_key(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:
        entry = self.entries[key_id]
        if oin != self._gate.oin or not entry.valid_from <= at < entry.valid_until:
            raise UntrustedError("a key outside its validity", reason="key-not-valid")
        return self._keys[key_id]

    def required_algorithms(self, oin: Oin) -> frozenset[Algorithm]:
        if oin != self._gate.oin:
            raise UntrustedError("a sender that the bundle does not know", reason="unknown-sender")
        return frozenset(self._gate.required)


def _read(data: bytes) -> Evidence:
    if len(data) > MAX_BUNDLE:
        raise EvidenceError("not an evidence bundle: larger than 1 MiB")
    try:
        return _parse(data)
    except MalformedError as error:
        raise EvidenceError("not an evidence bundle, or a damaged one", why=error.what) from error


def _parse(data: bytes) -> Evidence:
    files = dict(read_zip(data))
    if tuple(files) != _NAMES:
        raise MalformedError("other files than those of an evidence bundle")
    if not files[_KEY].isascii():
        raise MalformedError("the key is not text")
    gate, digest = _parse_decision(files[_DECISION])
    key = VerifierKey.parse(files[_KEY].decode("ascii").removesuffix("\n"))
    evidence = Evidence(files[_ENTRY], files[_PROOF], key, files[_SIGNATURES], digest, gate)
    if build_bundle(evidence) != data:
        raise MalformedError("its files do not belong together")
    _BundleKeys(gate)
    _signatures(evidence)
    return evidence


def _signatures(evidence: Evidence) -> tuple[Signature, ...]:
    reader = Reader(evidence.signatures)
    signatures = read_signatures(reader)
    reader.finish()
    return signatures


def _decision(evidence: Evidence) -> dict[str, object]:
    gate = evidence.gate
    return {
        "format": _FORMAT,
        "envelope_digest": evidence.envelope_digest.hex(),
        "gate": gate.oin,
        "required_algorithms": [int(algorithm) for algorithm in gate.required],
        "gate_keys": [
            {
                "spki": b64encode(key.spki).decode("ascii"),
                "valid_from": key.valid_from,
                "valid_until": key.valid_until,
                "revoked_at": key.revoked_at,
            }
            for key in gate.keys
        ],
        "registry": {
            "version": gate.registry_version,
            "agencies": [{"oin": oin, "name": name} for oin, name in gate.agencies],
        },
    }


def _parse_decision(data: bytes) -> tuple[GateFacts, Digest]:
    # Types are checked by writing the document again: a wrong one does not give the same bytes.
    try:
        document = json.loads(data)
        registry = document["registry"]
        keys = tuple(
            GateKey(
                b64decode(key["spki"], validate=True),
                Micros(int(key["valid_from"])),
                Micros(int(key["valid_until"])),
                None if key["revoked_at"] is None else Micros(int(key["revoked_at"])),
            )
            for key in document["gate_keys"]
        )
        facts = GateFacts(
            int(registry["version"]),
            Oin.parse(document["gate"]),
            tuple(Algorithm(number) for number in document["required_algorithms"]),
            keys,
            tuple((Oin.parse(one["oin"]), str(one["name"])) for one in registry["agencies"]),
        )
        return facts, Digest.parse(document["envelope_digest"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, Base64Error):
        raise MalformedError("the decision document is not one") from None


def _json(document: object) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "surrogatepass")
