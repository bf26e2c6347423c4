"""`broker.trust.edit` and `possession`: how keys come into the registry, and out of use."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.crypto import SoftwareSigner, SoftwareUnwrapper
from broker.errors import MalformedError, UntrustedError, UsageError
from broker.names import Algorithm, KeyId, Micros, Oin, Role
from broker.trust.edit import OVERLAP, NewAgency, add_agency, revoke_key, rotate_keys, succeed
from broker.trust.possession import Possession, check_possession, prove_possession
from tests.registry_world import NOW, RegistryWorld, member

OIN = Oin.parse("00000099000000007000")
NEW = NewAgency("ggz-noord", "GGZ Noord", frozenset({Role("GGZ")}))
SIGNER = SoftwareSigner.generate(Algorithm.ES256)
SEAL = SoftwareUnwrapper.generate().sealing_key
PROOF = prove_possession(OIN, [(SIGNER, SIGNER.verifying_key)], [SEAL], NOW)


def possession(*algorithms: Algorithm, oin: Oin = OIN) -> Possession:
    """Fresh keys."""
    keys = tuple(SoftwareSigner.generate(algorithm).verifying_key for algorithm in algorithms)
    return Possession(oin, keys, (SoftwareUnwrapper.generate().sealing_key,))


def test_a_proof_shows_its_keys() -> None:
    """Whoever checks the proof gets the OIN and the keys."""
    found = check_possession(PROOF)

    assert (found.oin, found.signing_keys[0].key_id, found.sealing_keys[0].raw) == (
        OIN,
        SIGNER.key_id,
        SEAL.raw,
    )


def test_a_ledger_key_stands_apart() -> None:
    """An Ed25519 key in the proof is a ledger key."""
    log = SoftwareSigner.generate(Algorithm.ED25519)
    proof = prove_possession(OIN, [(SIGNER, SIGNER.verifying_key), (log, log.verifying_key)], [], NOW)

    assert [key.key_id for key in check_possession(proof).log_keys] == [log.key_id]


def test_a_proof_without_the_private_key_fails() -> None:
    """Somebody else's public key cannot be registered."""
    stranger = SoftwareSigner.generate(Algorithm.ES256)
    forged = json.loads(prove_possession(OIN, [(stranger, SIGNER.verifying_key)], [], NOW))
    forged["signatures"][0]["keyid"] = str(SIGNER.key_id)
    with pytest.raises(UntrustedError):
        check_possession(json.dumps(forged).encode())


def test_a_proof_signed_by_half_its_keys_fails() -> None:
    """Every signing key must sign."""
    second = SoftwareSigner.generate(Algorithm.ML_DSA_44)
    proof = json.loads(
        prove_possession(OIN, [(SIGNER, SIGNER.verifying_key), (second, second.verifying_key)], [], NOW)
    )
    proof["signatures"].pop()
    with pytest.raises(UntrustedError):
        check_possession(json.dumps(proof).encode())


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_malformed(noise: bytes) -> None:
    """Whatever the bytes, the only error is `MalformedError`."""
    with pytest.raises(MalformedError):
        check_possession(noise)


def test_a_new_agency_must_sign_with_every_key_it_brings() -> None:
    """Who brings an ML-DSA-44 key is held to it."""
    agencies = add_agency({}, NEW, possession(Algorithm.ES256, Algorithm.ML_DSA_44), NOW)

    assert agencies[OIN].required_algorithms == {Algorithm.ES256, Algorithm.ML_DSA_44}
    assert agencies[OIN].is_active(NOW)


def test_refuses_an_agency_that_is_there() -> None:
    """Neither OIN, short name nor key comes twice."""
    keys = possession(Algorithm.ES256)
    agencies = add_agency({}, NEW, keys, NOW)
    other = Oin.parse("00000099000000008000")
    for new, offered in (
        (NEW, possession(Algorithm.ES256)),
        (NEW, possession(Algorithm.ES256, oin=other)),
        (replace(NEW, short_name="other"), replace(keys, oin=other)),
    ):
        with pytest.raises(UsageError):
            add_agency(agencies, new, offered, NOW)


def test_an_agency_needs_an_es256_key() -> None:
    """The post-quantum key is a second signature, never the only one."""
    with pytest.raises(UsageError):
        add_agency({}, NEW, possession(Algorithm.ML_DSA_44), NOW)


def test_a_rotation_overlaps() -> None:
    """The older key of that algorithm counts for 30 days more, and no longer."""
    agencies = add_agency({}, NEW, possession(Algorithm.ES256), NOW)
    old, new = rotate_keys(agencies, possession(Algorithm.ES256), NOW)[OIN].signing_keys

    assert old.valid_until == NOW + OVERLAP
    assert new.valid_until > old.valid_until


def test_a_rotation_needs_a_new_key() -> None:
    """A proof of the keys that are there changes nothing."""
    keys = possession(Algorithm.ES256)
    with pytest.raises(UsageError):
        rotate_keys(add_agency({}, NEW, keys, NOW), keys, NOW)


def test_a_revoked_key_stays_in_the_list() -> None:
    """It is marked, so that it can never be registered again; a second revocation changes nothing."""
    keys = possession(Algorithm.ES256)
    agencies = revoke_key(add_agency({}, NEW, keys, NOW), keys.signing_keys[0].key_id, NOW)
    again = revoke_key(agencies, keys.signing_keys[0].key_id, Micros(NOW + 9))

    assert again[OIN].signing_keys[0].revoked_at == NOW
    with pytest.raises(UsageError):
        add_agency(again, NEW, keys, NOW)


def test_an_unknown_key_cannot_be_revoked() -> None:
    """A misspelt key id is not silently accepted."""
    with pytest.raises(UsageError):
        revoke_key({}, KeyId(bytes(32)), NOW)


def test_a_merged_agency_points_to_its_successor() -> None:
    """From the moment of the merger the old agency is no longer active, and its cases have an owner."""
    world = RegistryWorld()
    agencies = {m.oin: m.agency for m in (world.shg, world.amk)}
    merged = succeed(agencies, world.shg.oin, [world.amk.oin], NOW)[world.shg.oin]

    assert merged.succeeded_by == (world.amk.oin,)
    assert not merged.is_active(NOW)


def test_a_split_agency_points_to_all_its_successors() -> None:
    """Also when one is published after the other; the end does not move by that."""
    world, heir = RegistryWorld(), member(3, "amk-zuid", "AMK")
    agencies = {m.oin: m.agency for m in (world.shg, world.amk, heir)}
    first = succeed(agencies, world.shg.oin, [heir.oin], NOW)
    split = succeed(first, world.shg.oin, [world.amk.oin], Micros(NOW + 9))[world.shg.oin]

    assert split.succeeded_by == (world.amk.oin, heir.oin)
    assert split.active_until == NOW
