"""Signatures on statements, alone or in Merkle batches (docs/spec/envelope.md 5).

A statement is a pre-authentication encoding (`crypto.pae`).  Alone, the signature covers the
statement.  In a batch it covers ``PAE(batch type, sender || tree size || root)`` of the RFC 9162
tree over the statements, and each statement carries its own path.  One verified (key, root,
signature) makes the rest of the batch cost a path check.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from broker import avro_binary, merkle
from broker.crypto import Signer, VerifyingKey, pae, sha256
from broker.errors import EvidenceError, MalformedError, UntrustedError
from broker.names import Algorithm, KeyId, Micros, Oin

__all__ = [
    "MAX_BATCH",
    "MAX_SIGNATURES",
    "BatchProof",
    "KeyDirectory",
    "Signature",
    "VerificationCache",
    "check_signatures",
    "read_signatures",
    "sign_batch",
    "sign_each",
    "verify_signatures",
    "vouching_keys",
    "write_signatures",
]

MAX_SIGNATURES = 4
MAX_BATCH = 65_536
_MAX_PATH = 16 * 32
_MAX_SIGNATURE = 4096
_ALGORITHMS: dict[int, Algorithm] = {int(algorithm): algorithm for algorithm in Algorithm}
_BATCH_TYPE = b"application/vnd.schakel.batch.v1"


@dataclass(frozen=True, slots=True)
class BatchProof:
    """Inclusion of one statement in a signed RFC 9162 tree.

    Attributes:
        path: Sibling hashes from leaf to root, 32 bytes each, concatenated.
    """

    tree_size: int
    leaf_index: int
    path: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature over the statement, or over the batch that holds it."""

    algorithm: Algorithm
    key_id: KeyId
    batch: BatchProof | None
    value: bytes


class KeyDirectory(Protocol):
    """Whose keys vouched for what, and when; the trust view answers."""

    def vouching_key(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:
        """The key, if it belonged to this agency at *at* and has not been revoked.

        Raises:
            UntrustedError: Unknown sender (reason ``unknown-sender``), unknown or foreign key
                (``unknown-key``), outside its validity (``key-not-valid``), revoked (``key-revoked``).
        """
        ...

    def required_algorithms(self, oin: Oin) -> frozenset[Algorithm]:
        """The set of signatures that everything from this agency must carry."""
        ...


class VerificationCache:
    """Remembers the last few thousand signatures that verified, so a batch is verified once.

    Keyed by the key, what was signed, and the signature: a hit proves exactly what a fresh
    verification would.  Whether the key is still trusted is asked every time, never cached.
    """

    __slots__ = ("_limit", "_seen")

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._seen: OrderedDict[tuple[KeyId, bytes, bytes], None] = OrderedDict()

    def check(self, key: VerifyingKey, signature: bytes, signed: bytes) -> None:
        """Verify, or recall that this very signature verified.

        Raises:
            UntrustedError: The signature does not verify.
        """
        # Digests: a signature of ML-DSA-44 is 2,420 bytes, and thousands are remembered.
        entry = (key.key_id, sha256(signed), sha256(signature))
        if entry in self._seen:
            self._seen.move_to_end(entry)
            return
        key.verify(signature, signed)
        self._seen[entry] = None
        if len(self._seen) > self._limit:
            self._seen.popitem(last=False)


def sign_each(statements: Sequence[bytes], signers: Sequence[Signer]) -> list[tuple[Signature, ...]]:
    """Sign every statement on its own with every signer."""
    return [
        tuple(Signature(s.algorithm, s.key_id, None, s.sign(statement)) for s in signers)
        for statement in statements
    ]


def sign_batch(
    statements: Sequence[bytes], sender: Oin, signers: Sequence[Signer]
) -> list[tuple[Signature, ...]]:
    """Sign all *statements* with one signature per signer; a single one is signed directly."""
    if len(statements) < 2:
        return sign_each(statements, signers)
    root, paths = merkle.inclusion_paths([merkle.leaf_hash(statement) for statement in statements])
    size = len(statements)
    signed = _batch_statement(sender, size, root)
    values = [(s.algorithm, s.key_id, s.sign(signed)) for s in signers]
    return [
        tuple(
            Signature(algorithm, key_id, BatchProof(size, index, b"".join(path)), value)
            for algorithm, key_id, value in values
        )
        for index, path in enumerate(paths)
    ]


def verify_signatures(
    signatures: Sequence[Signature],
    statement: bytes,
    *,
    sender: Oin,
    at: Micros,
    keys: KeyDirectory,
    cache: VerificationCache,
) -> None:
    """Check every signature, and that the set the registry requires of *sender* is complete.

    Args:
        at: The moment the statement claims to be made: its keys must have been valid then.

    Raises:
        UntrustedError: A key is not trusted (reasons of `KeyDirectory`), a signature does not verify
            (``algorithm``, ``batch``, ``signature``), or one is missing (``signature-missing``).
    """
    vouching = vouching_keys(signatures, sender=sender, at=at, keys=keys)
    required = keys.required_algorithms(sender)
    check_signatures(signatures, statement, sender=sender, vouching=vouching, required=required, cache=cache)


def vouching_keys(
    signatures: Sequence[Signature], *, sender: Oin, at: Micros, keys: KeyDirectory
) -> list[VerifyingKey]:
    """The key behind each signature, every one of them trusted for *sender* at *at*.

    Raises:
        UntrustedError: One is not; no signature has been looked at yet.
    """
    return [keys.vouching_key(sender, signature.key_id, at) for signature in signatures]


def check_signatures(
    signatures: Sequence[Signature],
    statement: bytes,
    *,
    sender: Oin,
    vouching: Sequence[VerifyingKey],
    required: frozenset[Algorithm],
    cache: VerificationCache,
) -> None:
    """Check every signature with its key, and that all *required* algorithms are there.

    Args:
        vouching: What `vouching_keys` gave for these signatures.

    Raises:
        UntrustedError: Reason ``algorithm``, ``batch``, ``signature`` or ``signature-missing``.
    """
    for signature, key in zip(signatures, vouching, strict=True):
        if key.algorithm is not signature.algorithm:
            raise UntrustedError("a signature names an algorithm that is not its key's", reason="algorithm")
        cache.check(key, signature.value, _what_was_signed(signature, statement, sender))
    if not required <= {key.algorithm for key in vouching}:
        raise UntrustedError("a signature that the registry requires is missing", reason="signature-missing")


def read_signatures(reader: avro_binary.Reader) -> tuple[Signature, ...]:
    """Read ``array<Signature>``: 1 to 4 of them, each by another key.

    Raises:
        MalformedError: Not that.
    """
    signatures = reader.array(lambda: _read_signature(reader), at_most=MAX_SIGNATURES)
    if not signatures:
        raise MalformedError("there is no signature")
    if len({signature.key_id for signature in signatures}) != len(signatures):
        raise MalformedError("two signatures by one key")
    return signatures


def write_signatures(writer: avro_binary.Writer, signatures: tuple[Signature, ...]) -> None:
    """Write ``array<Signature>``."""
    writer.array(signatures, lambda signature: _write_signature(writer, signature))


def _what_was_signed(signature: Signature, statement: bytes, sender: Oin) -> bytes:
    batch = signature.batch
    if batch is None:
        return statement
    path = [batch.path[i : i + 32] for i in range(0, len(batch.path), 32)]
    try:
        root = merkle.root_from_inclusion(
            merkle.leaf_hash(statement), batch.leaf_index, batch.tree_size, path
        )
    except EvidenceError as error:
        raise UntrustedError("a batch path does not fit its tree", reason="batch") from error
    return _batch_statement(sender, batch.tree_size, root)


def _batch_statement(sender: Oin, size: int, root: bytes) -> bytes:
    return pae(_BATCH_TYPE, sender.encode("ascii") + size.to_bytes(8, "big") + root)


def _read_signature(reader: avro_binary.Reader) -> Signature:
    algorithm = _ALGORITHMS.get(reader.int32())
    if algorithm is None:
        raise MalformedError("a signature of an unknown algorithm")
    key_id = KeyId(reader.fixed(32))
    batch = reader.optional(lambda: _read_batch(reader))
    value = reader.octets()
    if len(value) > _MAX_SIGNATURE:
        raise MalformedError("a signature is too long")
    return Signature(algorithm, key_id, batch, value)


def _read_batch(reader: avro_binary.Reader) -> BatchProof:
    proof = BatchProof(reader.long(), reader.long(), reader.octets())
    if not 0 <= proof.leaf_index < proof.tree_size <= MAX_BATCH:
        raise MalformedError("a batch proof names a leaf outside its tree")
    if len(proof.path) % 32 or len(proof.path) > _MAX_PATH:
        raise MalformedError("a batch path is not a row of hashes")
    return proof


def _write_signature(writer: avro_binary.Writer, signature: Signature) -> None:
    writer.long(signature.algorithm)
    writer.fixed(signature.key_id)
    writer.optional(signature.batch, lambda batch: _write_batch(writer, batch))
    writer.octets(signature.value)


def _write_batch(writer: avro_binary.Writer, batch: BatchProof) -> None:
    writer.long(batch.tree_size)
    writer.long(batch.leaf_index)
    writer.octets(batch.path)
