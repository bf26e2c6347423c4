"""`broker.agreements.signatures`: only a party, only this version, only its own keys."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.agreements.signatures import (
    RevocationReason,
    add_to_bundle,
    read_bundle,
    read_revocation,
    read_signature,
    revoke_agreement,
    sign_agreement,
    verify_agreement_signature,
    verify_revocation,
)
from broker.crypto import SoftwareSigner, VerifyingKey, sha256
from broker.errors import MalformedError, UntrustedError
from broker.names import Algorithm, KeyId, Micros, Oin
from broker.signing import VerificationCache
from tests.agreement_world import AGREEMENT, AMK, NOW, SHG, oin

SIGNER = SoftwareSigner.generate(Algorithm.ES256)
SECOND = SoftwareSigner.generate(Algorithm.ML_DSA_44)
OTHER = SoftwareSigner.generate(Algorithm.ES256)


class Keys:
    """A key directory of one agency."""

    def __init__(self, *required: Algorithm) -> None:
        self._required = frozenset(required or {Algorithm.ES256})

    def vouching_key(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:
        """The keys of the first party."""
        known = {signer.key_id: signer.verifying_key for signer in (SIGNER, SECOND)}
        if oin != SHG.oin or key_id not in known:
            raise UntrustedError("unknown", reason="unknown-key")
        return known[key_id]

    def required_algorithms(self, oin: Oin) -> frozenset[Algorithm]:
        """What this directory asks for."""
        return self._required


def signed(*signers: SoftwareSigner, by: Oin = SHG.oin) -> bytes:
    """The agreement signed with *signers*."""
    return sign_agreement(AGREEMENT, by, signers or [SIGNER], NOW)


def test_a_signature_names_its_party() -> None:
    """A party's signature over this version counts for that party."""
    found = verify_agreement_signature(read_signature(signed()), AGREEMENT, Keys(), VerificationCache())

    assert found == SHG.oin


def test_both_required_signatures_count() -> None:
    """Where the registry asks for two algorithms, both are in one envelope."""
    document = read_signature(signed(SIGNER, SECOND))
    keys = Keys(Algorithm.ES256, Algorithm.ML_DSA_44)

    assert verify_agreement_signature(document, AGREEMENT, keys, VerificationCache()) == SHG.oin


@pytest.mark.parametrize(
    ("document", "keys", "reason"),
    [
        pytest.param(signed(OTHER), Keys(), "unknown-key", id="key-of-another"),
        pytest.param(signed(by=AMK.oin), Keys(), "unknown-key", id="in-the-name-of-another"),
        pytest.param(
            signed(SIGNER), Keys(Algorithm.ES256, Algorithm.ML_DSA_44), "signature-missing", id="one-of-two"
        ),
    ],
)
def test_an_untrusted_signature_does_not_count(document: bytes, keys: Keys, reason: str) -> None:
    """Whose key it is, and which set is asked for, comes from the registry."""
    with pytest.raises(UntrustedError) as caught:
        verify_agreement_signature(read_signature(document), AGREEMENT, keys, VerificationCache())

    assert caught.value.reason == reason


def test_a_signature_on_another_version_does_not_count() -> None:
    """One byte of difference in the document is another digest."""
    other = replace(AGREEMENT, digest=sha256(b"other"))
    with pytest.raises(UntrustedError) as caught:
        verify_agreement_signature(read_signature(signed()), other, Keys(), VerificationCache())

    assert caught.value.reason == "agreement-digest"


def test_only_a_party_signs() -> None:
    """Who is no party cannot even make the statement."""
    with pytest.raises(UntrustedError):
        signed(by=oin(9))


def test_a_changed_statement_does_not_verify() -> None:
    """The signature covers the payload as it stands."""
    envelope = json.loads(signed())
    later = json.loads(sign_agreement(AGREEMENT, SHG.oin, [SIGNER], Micros(NOW + 1)))
    envelope["payload"] = later["payload"]
    with pytest.raises(UntrustedError):
        verify_agreement_signature(
            read_signature(json.dumps(envelope).encode()), AGREEMENT, Keys(), VerificationCache()
        )


def test_a_revocation_is_not_a_signature() -> None:
    """The type is part of what is signed and of what is asked."""
    revocation = revoke_agreement(AGREEMENT, SHG.oin, [SIGNER], NOW, RevocationReason.BREACH)
    with pytest.raises(MalformedError):
        read_signature(revocation)


def test_a_revocation_says_when_and_why() -> None:
    """A verified revocation carries its moment and its reason code."""
    revocation = revoke_agreement(AGREEMENT, SHG.oin, [SIGNER], NOW, RevocationReason.BREACH)
    statement = verify_revocation(read_revocation(revocation), AGREEMENT, Keys(), VerificationCache())

    assert (statement.revoked_at, statement.reason) == (NOW, RevocationReason.BREACH)


def test_a_bundle_holds_each_signature_once() -> None:
    """Adding the same signature again changes nothing."""
    once = add_to_bundle(None, signed())

    assert add_to_bundle(once, json.dumps(json.loads(read_first(once))).encode()) == once
    assert [s.statement.oin for s in read_bundle(once)] == [SHG.oin]


def read_first(bundle: bytes) -> bytes:
    """The first envelope of a bundle."""
    return json.dumps(json.loads(bundle)["envelopes"][0]).encode()


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_noise_is_malformed(noise: bytes) -> None:
    """Whatever the bytes, the only error is `MalformedError`."""
    for read in (read_signature, read_revocation, read_bundle):
        with pytest.raises(MalformedError):
            read(noise)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"a": 1, "a": 2}', id="key-twice"),
        pytest.param(b'{"payloadType": NaN}', id="not-a-number"),
        pytest.param(signed().replace(b'"payload": "', b'"payload": "*'), id="not-base64"),
        pytest.param(b" " * 100_000, id="too-large"),
    ],
)
def test_refuses(document: bytes) -> None:
    """What is not a signed statement is malformed."""
    with pytest.raises(MalformedError):
        read_signature(document)
