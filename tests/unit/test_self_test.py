"""The start-up self-test: it passes here, and fails for each primitive that is wrong."""

from __future__ import annotations

import time

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa

from broker import known_answers, self_test
from broker.crypto import VerifyingKey
from broker.errors import ConfigurationError
from broker.self_test import run_self_test
from tests.vectors.second_reader import cobblestone_open, hpke_open


def test_it_passes_quickly() -> None:
    """All primitives of the locked requirements give their known answers, in milliseconds."""
    run_self_test()
    started = time.perf_counter()
    run_self_test()

    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("constant", "names"),
    [
        ("ES256_SIGNATURE", "ES256"),
        ("ED25519_SIGNATURE", "Ed25519"),
        ("ML_DSA_44_SIGNATURE", "ML-DSA-44"),
        ("X_WING_WRAPPED", "HPKE"),
        ("COBBLESTONE_SEALED", "Cobblestone"),
        ("COBBLESTONE_PLAIN", "Cobblestone"),
        ("TREE_ROOT", "tree"),
    ],
)
def test_it_names_the_primitive_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, constant: str, names: str
) -> None:
    """An answer that does not come out stops the process and says which."""
    good: bytes = getattr(known_answers, constant)
    monkeypatch.setattr(known_answers, constant, good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(ConfigurationError, match=names) as caught:
        run_self_test()

    assert caught.value.code == "self-test"


def test_a_primitive_that_accepts_everything_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verification that never refuses does not pass."""
    monkeypatch.setattr(VerifyingKey, "verify", lambda *_: None)
    with pytest.raises(ConfigurationError, match="ES256"):
        run_self_test()


def test_a_primitive_that_crashes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing function is a failed test, not a crash."""

    def missing(data: bytes) -> bytes:
        raise AttributeError("no such algorithm")

    monkeypatch.setattr(self_test, "sha256", missing)
    with pytest.raises(ConfigurationError, match="SHA-256"):
        run_self_test()


def test_the_wrap_is_confirmed_by_a_second_computation() -> None:
    """HPKE put together from ML-KEM, X25519, SHA3 and HKDF opens the frozen wrap."""
    opened = hpke_open(known_answers.X_WING_SEED, known_answers.X_WING_INFO, known_answers.X_WING_WRAPPED)

    assert opened == known_answers.X_WING_SECRET


def test_the_section_is_confirmed_by_a_second_computation() -> None:
    """Cobblestone put together from HKDF and AES-GCM opens the public vector."""
    opened = cobblestone_open(known_answers.COBBLESTONE_KEY, b"", known_answers.COBBLESTONE_SEALED)

    assert opened == known_answers.COBBLESTONE_PLAIN


def test_the_ml_dsa_key_grows_from_its_seed() -> None:
    """The frozen public key belongs to the seed that its documentation names."""
    key = VerifyingKey(mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(range(32))).public_key())

    assert key.spki == known_answers.ML_DSA_44_SPKI
