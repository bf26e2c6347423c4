"""Evidence of one decision: what the ledger, the published log and the registry say of it, in one bundle."""

from __future__ import annotations

from collections.abc import Iterable

from broker.audit.checkpoint import SignedCheckpoint, VerifierKey, parse_checkpoint, verify_checkpoint
from broker.audit.codec import read_event
from broker.audit.cosignature import CosignerKey, cosignatures
from broker.audit.cosigned import newest_cosigned
from broker.audit.events import AuditEvent
from broker.audit.evidence import Evidence, GateFacts, GateKey, build_bundle, verify_bundle
from broker.audit.proof import TileTree, write_proof
from broker.audit.store import LedgerRow
from broker.audit.tiles import Fetch
from broker.errors import EvidenceError, IncompleteError, MalformedError
from broker.names import Algorithm, Digest, Oin
from broker.trust.view import GATE, TrustView

__all__ = ["gate_facts", "log_key", "prove", "signed_checkpoint"]


def signed_checkpoint(note: bytes | None) -> SignedCheckpoint:
    """The published checkpoint, parsed.

    Raises:
        IncompleteError: There is none yet.
        EvidenceError: It is damaged.
    """
    if note is None:
        raise IncompleteError("nothing has been published yet", remedy="Wait for the ledger writer")
    try:
        return parse_checkpoint(note)
    except MalformedError as error:
        raise EvidenceError("the published checkpoint is damaged", why=error.what) from error


def log_key(view: TrustView, checkpoint: SignedCheckpoint) -> VerifierKey:
    """The registered key of the log that signed this checkpoint.

    Raises:
        EvidenceError: No Ed25519 key that the registry gives a log signed it, or a signature does not verify.
    """
    name = checkpoint.checkpoint.origin
    registered = [
        entry.key
        for agency in view.agencies.values()
        for entry in agency.log_keys
        if entry.revoked_at is None
    ]
    # Whoever trusts ML-DSA-44 alone must not be told another story than whoever reads Ed25519.
    second = [CosignerKey(name, key) for key in registered if key.algorithm is Algorithm.ML_DSA_44]
    cosignatures(checkpoint, second)
    for key in (VerifierKey(name, key) for key in registered if key.algorithm is Algorithm.ED25519):
        if any(signature.key_id == key.id for signature in checkpoint.signatures):
            verify_checkpoint(checkpoint, key)
            return key
    raise EvidenceError("no log of the registry signed the published checkpoint")


def prove(row: LedgerRow, fetch: Fetch, note: bytes | None, view: TrustView) -> bytes:
    """The evidence bundle of one entry; verified before it is given out.

    Args:
        fetch: Content of a file of the published log, or None.
        note: The published checkpoint.

    Raises:
        IncompleteError: The entry is not published yet.
        EvidenceError: Ledger, published log and registry do not agree.
    """
    # A cosigned one is worth more, and as good as the newest wherever it has the entry.
    checkpoint = signed_checkpoint(newest_cosigned(fetch, row.seq) or note)
    key, size = log_key(view, checkpoint), checkpoint.checkpoint.size
    if row.seq >= size:
        raise IncompleteError("the entry is recorded and not yet published", remedy="Try again in a moment")
    proof = write_proof(row.seq, TileTree(size, fetch).inclusion_path(row.seq), checkpoint.note)
    event = _event(row)
    evidence = Evidence(
        entry=row.event_bytes,
        proof=proof,
        key=key,
        signatures=row.signatures,
        envelope_digest=Digest(row.envelope_digest),
        gate=gate_facts(view, row.gate, event),
    )
    bundle = build_bundle(evidence)
    verify_bundle(bundle, key)
    return bundle


def gate_facts(view: TrustView, gate: Oin, event: AuditEvent) -> GateFacts:
    """What the registry says of the gate, and of the agencies that the event names."""
    agency = view.agency(gate)
    if GATE not in agency.roles:
        raise EvidenceError("the ledger names a gate that the registry does not know as one", why=gate)
    keys = tuple(
        GateKey(entry.key.spki, entry.valid_from, entry.valid_until, entry.revoked_at)
        for entry in agency.signing_keys
    )
    named = [gate]
    if event.message is not None:
        named += [event.message.sender.oin, event.message.recipient.oin]
    return GateFacts(view.version, gate, tuple(sorted(agency.required_algorithms)), keys, _names(view, named))


def _names(view: TrustView, oins: Iterable[Oin]) -> tuple[tuple[Oin, str], ...]:
    known = dict.fromkeys(oin for oin in oins if oin in view.agencies)
    return tuple((oin, view.agencies[oin].short_name) for oin in known)


def _event(row: LedgerRow) -> AuditEvent:
    try:
        return read_event(row.event_bytes)
    except MalformedError as error:
        raise EvidenceError(f"entry {row.seq} of the ledger is damaged", why=error.what) from error
