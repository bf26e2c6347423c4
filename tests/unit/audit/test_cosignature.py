"""Cosignatures: both forms, byte for byte, and what is refused."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa
from hypothesis import given
from hypothesis import strategies as st

from broker.audit.checkpoint import parse_checkpoint
from broker.audit.cosignature import (
    CosignerKey,
    cosign,
    cosignatures,
    known_lines,
    parse_lines,
    with_lines,
)
from broker.crypto import SoftwareSigner
from broker.errors import ConfigurationError, EvidenceError, MalformedError
from broker.pipelines.witness import SigningKey
from tests.architecture.source import ROOT
from tests.witness_world import INSPECTORATE, PEER, Leaves

SECONDS = 1_780_000_000
LOG = Leaves(5)
BOTH = [INSPECTORATE, PEER]
IDS = ["ml-dsa-44", "ed25519"]
VECTORS = json.loads((ROOT / "tests/vectors/cosignature.json").read_text(encoding="utf-8"))


def line_of(key: SigningKey, seconds: int = SECONDS) -> bytes:
    """What *key* adds to the note."""
    return cosign(LOG.checkpoint, key.signer, key.verifier, seconds)


@pytest.mark.parametrize("key", BOTH, ids=IDS)
def test_a_line_verifies_and_says_when(key: SigningKey) -> None:
    """What was cosigned is found by its key, with its time."""
    signed = parse_checkpoint(LOG.note + line_of(key))

    (found,) = cosignatures(signed, [key.verifier])
    assert (found.key, found.seconds) == (key.verifier, SECONDS)


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=lambda vector: vector["name"])
def test_a_vector_is_accepted(vector: dict[str, Any]) -> None:
    """Notes that other programs made verify here."""
    key = CosignerKey.parse(vector["key"])

    (found,) = cosignatures(parse_checkpoint(vector["note"].encode()), [key])
    assert found.seconds == vector["seconds"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_a_vector_is_refused(vector: dict[str, Any]) -> None:
    """Each differs from a good note in one place."""
    key = CosignerKey.parse(vector["key"])

    with pytest.raises(EvidenceError):
        cosignatures(parse_checkpoint(vector["note"].encode()), [key])


def test_an_ed25519_line_signs_the_text_of_the_specification() -> None:
    """Built here by hand from C2SP tlog-cosignature."""
    value = b64decode(line_of(PEER).decode().split(" ")[2])
    message = f"cosignature/v1\ntime {SECONDS}\n".encode() + LOG.checkpoint.body()

    assert value[4:12] == SECONDS.to_bytes(8, "big")
    ed25519.Ed25519PublicKey.from_public_bytes(PEER.verifier.public.raw()).verify(value[12:], message)


def test_an_ml_dsa_line_signs_the_structure_of_the_specification() -> None:
    """Built here by hand from C2SP tlog-cosignature."""
    value = b64decode(line_of(INSPECTORATE).decode().split(" ")[2])
    name, origin = INSPECTORATE.verifier.name.encode(), LOG.checkpoint.origin.encode()
    message = b"subtree/v1\n\x00" + bytes([len(name)]) + name + SECONDS.to_bytes(8, "big")
    message += bytes([len(origin)]) + origin + bytes(8) + (5).to_bytes(8, "big") + LOG.checkpoint.root
    public = mldsa.MLDSA44PublicKey.from_public_bytes(INSPECTORATE.verifier.public.raw())

    assert len(value) == 4 + 8 + 2420
    public.verify(value[12:], message)


@pytest.mark.parametrize("key", BOTH, ids=IDS)
@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Leaves(6), id="size"),
        pytest.param(Leaves(5, "other"), id="root"),
    ],
)
def test_a_line_counts_for_its_own_checkpoint_only(key: SigningKey, other: Leaves) -> None:
    """Moved to another note, it is wrong and not merely ignored."""
    with pytest.raises(EvidenceError):
        cosignatures(parse_checkpoint(other.note + line_of(key)), [key.verifier])


@pytest.mark.parametrize("key", BOTH, ids=IDS)
def test_every_bit_of_a_line_counts(key: SigningKey) -> None:
    """Of the time and of the signature."""
    (line,) = parse_lines(line_of(key))
    for place in (0, 7, 8, len(line.value) - 1):
        value = bytearray(line.value)
        value[place] ^= 1
        altered = type(line)(line.name, line.key_id, bytes(value))
        with pytest.raises(EvidenceError):
            known_lines(LOG.checkpoint, [altered], [key.verifier])


def test_lines_of_strangers_are_ignored() -> None:
    """Anybody may add a line to a note."""
    signed = parse_checkpoint(LOG.note + line_of(INSPECTORATE) + line_of(PEER))

    assert [found.key for found in cosignatures(signed, [PEER.verifier])] == [PEER.verifier]
    assert known_lines(LOG.checkpoint, signed.signatures, []) == ()


def test_a_cosigner_who_signed_twice_counts_once() -> None:
    """With the later time."""
    signed = parse_checkpoint(LOG.note + line_of(PEER) + line_of(PEER, SECONDS + 60))

    assert [found.seconds for found in cosignatures(signed, [PEER.verifier])] == [SECONDS + 60]


@pytest.mark.parametrize("key", BOTH, ids=IDS)
def test_a_verifier_key_is_read_as_it_is_written(key: SigningKey) -> None:
    """Name, hash and key, and nothing else."""
    text = str(key.verifier)

    assert CosignerKey.parse(text) == key.verifier or str(CosignerKey.parse(text)) == text
    for wrong in (text[:-4], f"x{text}", text.replace("+", "-", 1), text + "AAAA"):
        with pytest.raises(MalformedError):
            CosignerKey.parse(wrong)


def test_the_key_of_a_log_is_no_cosigner() -> None:
    """Type 01 signs the bare text of a note: it must not pass for a cosignature."""
    with pytest.raises(MalformedError):
        CosignerKey.parse("example.invalid/schakel+12460dfa+AQ" + "A" * 42)


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("with space", SECONDS), ("with+plus", SECONDS), ("x" * 256, SECONDS), ("x", 1 << 63), ("x", -1)],
)
def test_what_cannot_be_said_is_not_signed(name: str, seconds: int) -> None:
    """A name or time outside the form is an error of whoever set it up."""
    signer = SoftwareSigner(mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(32)))
    with pytest.raises(ConfigurationError):
        cosign(LOG.checkpoint, signer, CosignerKey(name, signer.verifying_key), seconds)


def test_a_key_signs_under_its_own_public_half_only() -> None:
    """Or nobody could verify the line."""
    with pytest.raises(ConfigurationError):
        cosign(LOG.checkpoint, PEER.signer, INSPECTORATE.verifier, SECONDS)


def test_lines_are_added_as_they_came() -> None:
    """A note with gathered lines is the note and the lines."""
    lines = line_of(INSPECTORATE) + line_of(PEER)

    assert with_lines(LOG.note, parse_lines(lines)) == LOG.note + lines


@given(st.binary(max_size=300))
def test_noise_is_malformed(data: bytes) -> None:
    """Whatever a witness answers, nothing else is raised."""
    for parse in (parse_lines, lambda data: CosignerKey.parse(data.decode("utf-8", "replace"))):
        try:
            parse(data)
        except MalformedError:
            continue
