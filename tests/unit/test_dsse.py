"""`broker.dsse`: one envelope for everything that is signed in JSON."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.crypto import SoftwareSigner, pae
from broker.dsse import Envelope, Opened, encode, open_envelope, read_envelope, write_envelope
from broker.errors import MalformedError
from broker.names import Algorithm
from tests.architecture.source import PACKAGES, modules, named

SIGNER = SoftwareSigner.generate(Algorithm.ES256)
TYPE = "application/vnd.schakel.test+json"
LIMIT = 4096
WRITTEN = write_envelope(TYPE, {"b": 1, "a": "é"}, [SIGNER])


def opened(document: bytes, type_: str = TYPE) -> Opened:
    """What the envelope holds."""
    return open_envelope(read_envelope(document, "a note", LIMIT), type_, "a note", LIMIT)


def changed(**fields: Any) -> bytes:
    """The envelope with other fields."""
    return json.dumps({**json.loads(WRITTEN), **fields}).encode()


def test_what_is_written_is_read() -> None:
    """Payload, and signatures over its pre-authentication encoding."""
    found = opened(WRITTEN)
    ((key_id, signature),) = found.signatures

    assert (json.loads(found.payload), key_id) == ({"a": "é", "b": 1}, SIGNER.key_id)
    assert found.signed == pae(TYPE.encode(), found.payload)
    SIGNER.verifying_key.verify(signature, found.signed)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param(changed(payloadType="text/plain"), "of another type", id="type"),
        pytest.param(changed(payload="*"), "not base64", id="payload"),
        pytest.param(
            changed(signatures=[{"keyid": str(SIGNER.key_id), "sig": "*"}]), "not base64", id="signature"
        ),
        pytest.param(changed(signatures=[]), "wrong at signatures", id="unsigned"),
        pytest.param(
            changed(signatures=[{"keyid": str(SIGNER.key_id), "sig": ""}] * 5), "wrong at", id="five"
        ),
        pytest.param(changed(colour="red"), "wrong at colour", id="unknown-field"),
        pytest.param(b'{"payload": "", "payload": ""}', "twice", id="key-twice"),
        pytest.param(changed(payload=encode(bytes(LIMIT))), "larger than", id="large"),
    ],
)
def test_what_is_no_envelope_is_malformed(document: bytes, said: str) -> None:
    """Each thing that it may not be; the error says what it should have been, and never a value."""
    with pytest.raises(MalformedError, match=said):
        opened(document)


def test_a_payload_has_a_limit_of_its_own() -> None:
    """An envelope in a list is read before its place says how large it may be."""
    envelope = Envelope.model_validate(json.loads(changed(payload="A" * (LIMIT + 4))))

    with pytest.raises(MalformedError, match="a note has a payload larger"):
        open_envelope(envelope, TYPE, "a note", LIMIT)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_malformed(noise: bytes) -> None:
    """Whatever the bytes, an envelope or `MalformedError`."""
    with suppress(MalformedError):
        opened(noise)


def test_nobody_else_writes_or_reads_one() -> None:
    """An envelope has one form, and that form has one place."""
    places = [named(path) for path in modules(*PACKAGES) if "payloadType" in path.read_text(encoding="utf-8")]

    assert places == ["broker/dsse.py"]
