"""Signatures alone and in batches: every statement verifies, and only as what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.avro_binary import Reader, Writer
from broker.crypto import SoftwareSigner, VerifyingKey
from broker.errors import MalformedError, UntrustedError
from broker.names import Algorithm, KeyId
from broker.signing import (
    MAX_BATCH,
    BatchProof,
    Signature,
    VerificationCache,
    read_signatures,
    sign_batch,
    sign_each,
    verify_signatures,
    write_signatures,
)
from tests.envelope_world import AMK, CREATED, RAAD, SHG, TestDirectory, directory

STATEMENTS = [b"statement %d" % n for n in range(70)]
DIRECTORY = directory(hybrid=(SHG,))


def check(
    signatures: Sequence[Signature],
    statement: bytes,
    known: TestDirectory = DIRECTORY,
    cache: VerificationCache | None = None,
) -> None:
    """Verify as coming from AMK."""
    verify_signatures(
        signatures,
        statement,
        sender=AMK.oin,
        at=CREATED,
        keys=known,
        cache=cache or VerificationCache(),
    )


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 64, 70])
def test_every_statement_of_a_batch_verifies(count: int) -> None:
    """One signature call for the whole batch, one path each."""
    batch = sign_batch(STATEMENTS[:count], AMK.oin, (AMK.es256, AMK.ml_dsa))

    assert len(batch) == count
    for statement, signatures in zip(STATEMENTS, batch, strict=False):
        check(signatures, statement)


def test_a_batch_is_signed_once() -> None:
    """All statements carry the same signature value; a single statement carries no proof."""
    batch = sign_batch(STATEMENTS[:5], AMK.oin, (AMK.es256,))
    (alone,) = sign_batch(STATEMENTS[:1], AMK.oin, (AMK.es256,))

    assert len({signatures[0].value for signatures in batch}) == 1
    assert alone[0].batch is None


@pytest.mark.parametrize("count", [1, 2, 5])
def test_no_statement_verifies_as_another(count: int) -> None:
    """Each with each other's signatures is refused."""
    batch = sign_batch(STATEMENTS[:count], AMK.oin, (AMK.es256,))
    for n, signatures in enumerate(batch):
        for other in STATEMENTS[:n] + STATEMENTS[n + 1 :]:
            with pytest.raises(UntrustedError):
                check(signatures, other)


def test_a_batch_belongs_to_its_sender() -> None:
    """The same tree signed for another agency does not verify for this one."""
    (first, _) = sign_batch(STATEMENTS[:2], RAAD.oin, (AMK.es256,))
    with pytest.raises(UntrustedError, match="does not verify"):
        check(first, STATEMENTS[0])


def reasons() -> dict[str, tuple[str, tuple[Signature, ...]]]:
    """What must be refused, and why."""
    ((es, ml),) = sign_each(STATEMENTS[:1], (AMK.es256, AMK.ml_dsa))
    first, _ = sign_batch(STATEMENTS[:2], AMK.oin, (AMK.es256,))
    in_batch = first[0]
    (foreign,) = sign_each(STATEMENTS[:1], (SHG.es256,))
    return {
        "required one missing": ("signature-missing", (ml,)),
        "second one wrong": ("signature", (es, replace(ml, value=ml.value[::-1]))),
        "algorithm of another key": ("algorithm", (replace(es, algorithm=Algorithm.ML_DSA_44),)),
        "algorithm nobody registered": ("algorithm", (replace(es, algorithm=Algorithm.ED25519),)),
        "unknown key": ("unknown-key", (replace(es, key_id=KeyId(bytes(32))),)),
        "foreign key": ("unknown-key", foreign),
        "proof removed": ("signature", (replace(in_batch, batch=None),)),
        "proof added": ("signature", (replace(es, batch=BatchProof(1, 0, b"")),)),
        "index outside": ("batch", (replace(in_batch, batch=BatchProof(2, 2, bytes(32))),)),
        "path too short": ("batch", (replace(in_batch, batch=BatchProof(2, 0, b"")),)),
        "other index": ("signature", (replace(in_batch, batch=BatchProof(2, 1, in_batch.batch.path)),))
        if in_batch.batch
        else ("", ()),
    }


@pytest.mark.parametrize(("reason", "signatures"), reasons().values(), ids=list(reasons()))
def test_a_refusal_has_its_reason(reason: str, signatures: tuple[Signature, ...]) -> None:
    """Every way to be untrusted has one stable code."""
    with pytest.raises(UntrustedError) as caught:
        check(signatures, STATEMENTS[0])

    assert caught.value.reason == reason


def test_all_keys_are_asked_before_any_signature() -> None:
    """An unknown second key is reported, even when the first signature is wrong too."""
    ((es,),) = sign_each(STATEMENTS[:1], (AMK.es256,))
    wrong = replace(es, value=bytes(64))
    with pytest.raises(UntrustedError) as caught:
        check((wrong, replace(es, key_id=KeyId(bytes(32)))), STATEMENTS[0])

    assert caught.value.reason == "unknown-key"


class CountingKey(VerifyingKey):
    """A key that counts how often it really verifies."""

    __slots__ = ("count",)

    def __init__(self, signer: SoftwareSigner) -> None:
        original = signer.verifying_key
        for name in VerifyingKey.__slots__:
            setattr(self, name, getattr(original, name))
        self.count = 0

    def verify(self, signature: bytes, data: bytes) -> None:
        """Count, and verify."""
        self.count += 1
        super().verify(signature, data)


def counting() -> tuple[CountingKey, TestDirectory]:
    """A directory whose key of AMK counts."""
    key = CountingKey(AMK.es256)
    known = directory()
    known.keys[key.key_id] = replace(known.keys[key.key_id], key=key)
    return key, known


def test_a_batch_is_verified_once() -> None:
    """The second statement of a batch costs a path check."""
    key, known = counting()
    cache = VerificationCache()
    for statement, signatures in zip(STATEMENTS, sign_batch(STATEMENTS, AMK.oin, (AMK.es256,)), strict=True):
        check(signatures, statement, known, cache)

    assert key.count == 1


def test_a_failure_is_not_remembered_as_success() -> None:
    """A wrong signature is verified, and refused, each time."""
    key, known = counting()
    cache = VerificationCache()
    ((es,),) = sign_each(STATEMENTS[:1], (AMK.es256,))
    for _ in range(2):
        with pytest.raises(UntrustedError):
            check((replace(es, value=bytes(64)),), STATEMENTS[0], known, cache)

    assert key.count == 2


def test_a_remembered_signature_still_needs_a_trusted_key() -> None:
    """Revocation is asked every time: the cache holds arithmetic, not trust."""
    known = directory()
    cache = VerificationCache()
    ((es,),) = sign_each(STATEMENTS[:1], (AMK.es256,))
    check((es,), STATEMENTS[0], known, cache)
    known.keys[es.key_id] = replace(known.keys[es.key_id], revoked=True)
    with pytest.raises(UntrustedError) as caught:
        check((es,), STATEMENTS[0], known, cache)

    assert caught.value.reason == "key-revoked"


def test_the_memory_is_bounded() -> None:
    """The oldest entry goes first."""
    key, known = counting()
    cache = VerificationCache(limit=2)
    signed = sign_each(STATEMENTS[:3], (AMK.es256,))
    for n in (0, 1, 2, 0):
        check(signed[n], STATEMENTS[n], known, cache)

    assert key.count == 4


def written(signatures: tuple[Signature, ...]) -> bytes:
    """The encoded array."""
    writer = Writer()
    write_signatures(writer, signatures)
    return writer.done()


@given(st.binary(max_size=200))
def test_noise_is_no_list_of_signatures(noise: bytes) -> None:
    """Random bytes are malformed, or exactly what would be written."""
    reader = Reader(noise)
    try:
        signatures = read_signatures(reader)
        reader.finish()
    except MalformedError:
        return
    assert written(signatures) == noise


@given(
    st.sampled_from(Algorithm),
    st.binary(max_size=4096),
    st.integers(1, MAX_BATCH),
    st.integers(0, 16),
    st.booleans(),
)
def test_a_list_of_signatures_survives(
    algorithm: Algorithm, value: bytes, size: int, nodes: int, direct: bool
) -> None:
    """What is written is read back."""
    proof = None if direct else BatchProof(size, size - 1, bytes(32 * nodes))
    signatures = (Signature(algorithm, KeyId(bytes(32)), proof, value),)
    reader = Reader(written(signatures))

    assert read_signatures(reader) == signatures
    reader.finish()


def test_two_signatures_by_one_key_are_malformed() -> None:
    """Repeating a signature proves nothing more."""
    signature = Signature(Algorithm.ES256, KeyId(bytes(32)), None, bytes(64))
    with pytest.raises(MalformedError):
        read_signatures(Reader(written((signature, signature))))
