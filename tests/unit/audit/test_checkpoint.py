"""Checkpoints as signed notes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.audit.checkpoint import (
    Checkpoint,
    VerifierKey,
    parse_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from broker.crypto import SoftwareSigner
from broker.errors import ConfigurationError, EvidenceError, MalformedError
from broker.names import Algorithm, Digest
from tests.audit_world import LOG_KEY, ORIGIN

CHECKPOINT = Checkpoint(ORIGIN, 20852163, Digest(bytes(range(32))))
NOTE = sign_checkpoint(CHECKPOINT, LOG_KEY.signer, LOG_KEY.verifier)


def test_a_signed_checkpoint_verifies() -> None:
    """What the log signed is what its readers get."""
    assert verify_checkpoint(parse_checkpoint(NOTE), LOG_KEY.verifier) == CHECKPOINT


def test_the_verifier_key_of_the_go_checksum_database_is_understood() -> None:
    """A well-known key of the same format: its hash is that of name, type and key."""
    text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

    assert str(VerifierKey.parse(text)) == text


def test_a_key_reads_back_from_its_text() -> None:
    """`name+hash+base64` is a whole key."""
    assert str(VerifierKey.parse(str(LOG_KEY.verifier))) == str(LOG_KEY.verifier)


def test_every_flipped_bit_is_refused() -> None:
    """No bit of a note is free."""
    for index in range(len(NOTE) * 8):
        copy = bytearray(NOTE)
        copy[index // 8] ^= 1 << index % 8
        with pytest.raises((MalformedError, EvidenceError)):
            verify_checkpoint(parse_checkpoint(bytes(copy)), LOG_KEY.verifier)


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_noise_is_malformed_and_nothing_else(noise: bytes) -> None:
    """Whatever the bytes, the only error is MalformedError."""
    with pytest.raises(MalformedError):
        parse_checkpoint(noise)


@given(st.text(max_size=100))
def test_noise_is_no_verifier_key(noise: str) -> None:
    """Whatever the text, the only error is MalformedError."""
    with pytest.raises(MalformedError):
        VerifierKey.parse(noise)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"20852163", b"020852163"),
        (b"20852163", b"+20852163"),
        (b"20852163", b"9223372036854775808"),
        (b"\n20852163\n", b"\n20852163\nextension\n"),
        (b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9="),
        ("\u2014 ".encode(), b"- "),
        (b"example.invalid/schakel\n20", b"example.invalid/scha kel\n20"),
        (b"\n\n", b"\n\r\n"),
        (b"\n\n", b"\n"),
    ],
    ids=["zero", "sign", "large", "line", "base64", "dash", "origin", "return", "blank"],
)
def test_another_form_of_the_same_is_refused(old: bytes, new: bytes) -> None:
    """There is one way to write a checkpoint."""
    with pytest.raises(MalformedError):
        parse_checkpoint(NOTE.replace(old, new, 1))


def test_signatures_by_others_are_ignored() -> None:
    """A witness may add its line; the log's own still counts, and must be there."""
    other = "\u2014 witness.invalid AAAAAAECAwQ=\n".encode()

    assert verify_checkpoint(parse_checkpoint(NOTE + other), LOG_KEY.verifier) == CHECKPOINT
    with pytest.raises(EvidenceError):
        verify_checkpoint(parse_checkpoint(CHECKPOINT.body() + b"\n" + other), LOG_KEY.verifier)


def test_a_log_signs_with_its_own_key_and_name_only() -> None:
    """A wrong key or origin is a wrong configuration, before anything is signed."""
    stranger = SoftwareSigner.generate(Algorithm.ED25519)
    with pytest.raises(ConfigurationError):
        sign_checkpoint(CHECKPOINT, stranger, LOG_KEY.verifier)
    with pytest.raises(ConfigurationError):
        sign_checkpoint(Checkpoint("other.invalid", 0, CHECKPOINT.root), LOG_KEY.signer, LOG_KEY.verifier)


def test_a_checkpoint_of_another_log_is_wrong_evidence() -> None:
    """The origin is part of what a key vouches for."""
    key = VerifierKey("other.invalid", LOG_KEY.verifier.public)
    with pytest.raises(EvidenceError, match="another log"):
        verify_checkpoint(parse_checkpoint(NOTE), key)
