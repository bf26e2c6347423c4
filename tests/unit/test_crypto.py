"""Suite 1: what was signed and sealed comes back, and nothing else does."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.crypto import (
    SealingKey,
    SoftwareSigner,
    SoftwareUnwrapper,
    VerifyingKey,
    open_section,
    pae,
    seal_section,
    sha256,
)
from broker.errors import ConfigurationError, MalformedError, UntrustedError
from broker.names import Algorithm
from tests.envelope_world import AMK, RAAD, SHG
from tests.vectors.second_reader import cobblestone_open, hpke_open

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SIGNERS = {algorithm.name: SoftwareSigner.generate(algorithm) for algorithm in Algorithm}
KEY = bytes(range(32))


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=list(SIGNERS))
def test_a_signature_verifies_over_its_data_only(signer: SoftwareSigner) -> None:
    """The right data passes; other data, another key and no signature are untrusted."""
    signature = signer.sign(b"data")
    key = VerifyingKey.from_spki(signer.verifying_key.spki)

    key.verify(signature, b"data")
    other = SoftwareSigner.generate(signer.algorithm).verifying_key
    for k, s, d in ((key, signature, b"date"), (other, signature, b"data"), (key, b"", b"data")):
        with pytest.raises(UntrustedError):
            k.verify(s, d)


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=list(SIGNERS))
def test_a_signing_key_survives_its_file(signer: SoftwareSigner) -> None:
    """PKCS#8 PEM and back is the same key."""
    again = SoftwareSigner.from_pem(signer.to_pem())

    assert (again.key_id, again.algorithm) == (signer.key_id, signer.algorithm)


def test_a_key_id_is_the_digest_of_the_public_key() -> None:
    """SHA-256 of SubjectPublicKeyInfo; of the raw bytes for a sealing key."""
    assert AMK.es256.key_id == hashlib.sha256(AMK.es256.verifying_key.spki).digest()
    assert AMK.unwrapper.key_id == hashlib.sha256(AMK.unwrapper.sealing_key.raw).digest()


def test_both_forms_of_an_es256_signature_verify() -> None:
    """(r, s) and (r, n-s) are both valid: a signature never identifies a message."""
    signature = AMK.es256.sign(b"data")
    s = int.from_bytes(signature[32:], "big")
    twin = signature[:32] + (P256_ORDER - s).to_bytes(32, "big")

    AMK.es256.verifying_key.verify(signature, b"data")
    AMK.es256.verifying_key.verify(twin, b"data")


@pytest.mark.parametrize("size", [0, 32, 63, 65, 72])
def test_an_es256_signature_has_64_bytes(size: int) -> None:
    """Any other length would be a second encoding of a valid signature."""
    signature = AMK.es256.sign(b"data")
    with pytest.raises(UntrustedError):
        AMK.es256.verifying_key.verify(signature[:size].ljust(size, b"\x00"), b"data")


def test_a_shifted_es256_signature_is_refused() -> None:
    """A zero byte moved across the middle or put in front is refused."""
    signature = AMK.es256.sign(b"data")
    for wrong in (b"\x00" + signature, signature[1:] + b"\x00", b"\x00" + signature[:63]):
        with pytest.raises(UntrustedError):
            AMK.es256.verifying_key.verify(wrong, b"data")


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=list(SIGNERS))
@settings(max_examples=30)
@given(noise=st.binary(max_size=100))
def test_noise_is_no_signature(signer: SoftwareSigner, noise: bytes) -> None:
    """Random bytes are untrusted and raise nothing else."""
    with pytest.raises(UntrustedError):
        signer.verifying_key.verify(noise, b"data")


def test_only_keys_of_the_suite_are_read() -> None:
    """RSA, other curves and noise are malformed."""
    foreign = (
        rsa.generate_private_key(65537, 2048).public_key(),
        ec.generate_private_key(ec.SECP384R1()).public_key(),
    )
    der = [
        key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        for key in foreign
    ]
    for wrong in (*der, b"", b"noise", AMK.es256.verifying_key.spki[:-1]):
        with pytest.raises(MalformedError):
            VerifyingKey.from_spki(wrong)


@given(st.binary(max_size=200))
def test_noise_is_no_public_key(noise: bytes) -> None:
    """Random bytes are malformed and raise nothing else."""
    with pytest.raises(MalformedError):
        VerifyingKey.from_spki(noise)


def test_an_es256_key_has_no_raw_form() -> None:
    """Signed notes carry Ed25519 and ML-DSA keys only."""
    assert len(SIGNERS["ED25519"].verifying_key.raw()) == 32
    assert len(SIGNERS["ML_DSA_44"].verifying_key.raw()) == 1312
    with pytest.raises(MalformedError):
        AMK.es256.verifying_key.raw()


def test_the_pre_authentication_encoding_is_unambiguous() -> None:
    """Type and body cannot be shifted into each other."""
    assert pae(b"a", b"b c") == b"DSSEv1 1 a 3 b c"
    assert pae(b"a 1", b"b") != pae(b"a", b"1 b")


def test_a_wrapped_secret_opens_for_its_owner_and_info() -> None:
    """Another key, another info and altered bytes are untrusted."""
    wrapped = SHG.unwrapper.sealing_key.wrap(b"info", b"secret")

    assert SHG.unwrapper.unwrap(b"info", wrapped) == b"secret"
    altered = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    for who, info, data in (
        (RAAD.unwrapper, b"info", wrapped),
        (SHG.unwrapper, b"other", wrapped),
        (SHG.unwrapper, b"info", altered),
        (SHG.unwrapper, b"info", b""),
        (SHG.unwrapper, b"info", wrapped[:1119]),
    ):
        with pytest.raises(UntrustedError):
            who.unwrap(info, data)


def test_a_wrap_is_hpke_put_together_by_hand() -> None:
    """A second computation from ML-KEM, X25519, SHA3 and HKDF opens it too."""
    seed = bytes(range(32))
    wrapped = SoftwareUnwrapper.from_seed(seed).sealing_key.wrap(b"info", b"secret")

    assert hpke_open(seed, b"info", wrapped) == b"secret"


def test_a_sealing_key_survives_its_file() -> None:
    """Two PKCS#8 blocks and back is the same key."""
    assert SoftwareUnwrapper.from_pem(SHG.unwrapper.to_pem()).key_id == SHG.unwrapper.key_id


def test_a_sealing_key_is_1216_sound_bytes() -> None:
    """Another length, and coefficients outside the field, are malformed."""
    raw = SHG.unwrapper.sealing_key.raw

    assert SealingKey(raw).key_id == SHG.unwrapper.key_id
    for wrong in (b"", raw[:-1], raw + b"\x00", b"\xff" * 1216):
        with pytest.raises(MalformedError):
            SealingKey(wrong)


@pytest.mark.parametrize("pem", [b"", b"noise", AMK.es256.to_pem()], ids=["empty", "noise", "signing key"])
def test_a_wrong_sealing_key_file_stops_the_process(pem: bytes) -> None:
    """It is a matter of configuration."""
    with pytest.raises(ConfigurationError):
        SoftwareUnwrapper.from_pem(pem)


@pytest.mark.parametrize(
    "pem", [b"", b"noise", SHG.unwrapper.to_pem()], ids=["empty", "noise", "sealing key"]
)
def test_a_wrong_signing_key_file_stops_the_process(pem: bytes) -> None:
    """It is a matter of configuration."""
    with pytest.raises(ConfigurationError):
        SoftwareSigner.from_pem(pem)


@pytest.mark.parametrize("size", [0, 1, 256, 16_383, 16_384, 16_385, 40_000])
def test_a_section_opens_with_its_key_and_context(size: int) -> None:
    """At every chunk boundary, here and by a second computation from HKDF and AES-GCM."""
    sealed = seal_section(KEY, b"context", bytes(size))

    assert open_section(KEY, b"context", sealed) == bytes(size)
    assert cobblestone_open(KEY, b"context", sealed) == bytes(size)


def test_a_section_opens_with_nothing_else() -> None:
    """Another key, another context, a cut, an addition: untrusted."""
    sealed = seal_section(KEY, b"context", b"plain")
    for key, context, data in (
        (bytes(32), b"context", sealed),
        (KEY, b"other", sealed),
        (KEY, b"context", sealed[:-1]),
        (KEY, b"context", sealed + b"\x00"),
        (KEY, b"context", sealed[:71]),
        (KEY, b"context", b""),
    ):
        with pytest.raises(UntrustedError):
            open_section(key, context, data)


def test_every_flipped_bit_of_a_section_is_found() -> None:
    """All bits of salt, commitment, ciphertext and tag."""
    sealed = seal_section(KEY, b"", b"plain")
    for bit in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(UntrustedError):
            open_section(KEY, b"", bytes(altered))


def test_private_keys_do_not_show_themselves() -> None:
    """What is printed or logged names the public key only."""
    shown = f"{AMK.es256!r} {AMK.unwrapper!r} {AMK.es256.verifying_key!r} {AMK.unwrapper.sealing_key!r}"

    assert shown == (
        f"SoftwareSigner(ES256, {AMK.es256.key_id}) SoftwareUnwrapper({AMK.unwrapper.key_id}) "
        f"VerifyingKey(ES256, {AMK.es256.key_id}) SealingKey({AMK.unwrapper.key_id})"
    )


def test_a_digest_is_sha_256() -> None:
    """The standard's own example."""
    assert str(sha256(b"abc")).startswith("ba7816bf8f01cfea")
