"""Evidence bundles: checked without network, database, or trust in who made them."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.audit.checkpoint import Checkpoint, VerifierKey, sign_checkpoint
from broker.audit.container import read_zip, write_zip
from broker.audit.cosignature import cosign
from broker.audit.evidence import Evidence, build_bundle, verify_bundle
from broker.audit.ledger import LedgerEntry
from broker.audit.policy import parse_policy
from broker.audit.proof import TileTree, parse_proof, write_proof
from broker.audit.tiles import TiledLog
from broker.crypto import SoftwareSigner
from broker.errors import EvidenceError, IncompleteError, MalformedError
from broker.names import Algorithm, Digest, Micros
from broker.pipelines.witness import SigningKey
from tests.audit_world import DECIDED, GATE, LOG_KEY, ORIGIN, decisions, entries, gate_facts
from tests.witness_world import INSPECTORATE, PEER, policy_text


@cache
def made_entries(size: int) -> list[LedgerEntry]:
    """The same entries each time: the gate's signatures are made by chance."""
    return entries(decisions(size))


def evidence(index: int = 1, size: int = 3) -> Evidence:
    """Evidence of one entry of a small log."""
    made = made_entries(size)
    log = TiledLog()
    growth = log.extend([e.event_bytes for e in made], [e.leaf_hash for e in made])
    files = dict((*growth.bundles, *growth.tiles))
    note = sign_checkpoint(Checkpoint(ORIGIN, size, log.root()), LOG_KEY.signer, LOG_KEY.verifier)
    proof = write_proof(index, TileTree(size, files.get).inclusion_path(index), note)
    entry = made[index]
    return Evidence(
        entry.event_bytes, proof, LOG_KEY.verifier, entry.signatures, entry.envelope_digest, gate_facts()
    )


BUNDLE = build_bundle(evidence())


def repacked(**changed: bytes) -> bytes:
    """The bundle with other content under these names (dots written as underscores)."""
    files = read_zip(BUNDLE)
    return write_zip([(name, changed.get(name.replace(".", "_"), content)) for name, content in files])


def cosigned(*keys: SigningKey, at: Checkpoint | None = None) -> bytes:
    """The bundle, its checkpoint cosigned by these; or with lines that they made for another."""
    made = evidence()
    checkpoint = parse_proof(made.proof).checkpoint.checkpoint
    lines = b"".join(cosign(at or checkpoint, key.signer, key.verifier, 1) for key in keys)
    return build_bundle(replace(made, proof=made.proof + lines))


@pytest.mark.parametrize(
    ("keys", "names", "anchored"),
    [
        pytest.param((), (), False, id="nobody"),
        pytest.param((PEER,), ("raad",), False, id="one of two"),
        pytest.param((INSPECTORATE, PEER), ("inspectie", "raad"), True, id="both"),
    ],
)
def test_the_report_says_who_cosigned(
    keys: tuple[SigningKey, ...], names: tuple[str, ...], anchored: bool
) -> None:
    """By the reader's own policy; without one, nothing is said."""
    policy = parse_policy(policy_text().encode())

    report = verify_bundle(cosigned(*keys), LOG_KEY.verifier, policy)
    assert (report.cosigners, report.anchored) == (names, anchored)
    assert verify_bundle(cosigned(*keys)).anchored is None


def test_a_false_cosignature_is_wrong() -> None:
    """A line of a witness of the policy that was made for another checkpoint."""
    bundle = cosigned(PEER, at=Checkpoint(ORIGIN, 3, Digest(bytes(32))))

    with pytest.raises(EvidenceError):
        verify_bundle(bundle, LOG_KEY.verifier, parse_policy(policy_text().encode()))


def test_a_bundle_verifies() -> None:
    """Everything in it is checked, and the report says what it proves."""
    report = verify_bundle(BUNDLE, LOG_KEY.verifier)

    assert (report.seq, report.size, report.origin, report.gate) == (1, 3, ORIGIN, GATE)
    assert report.pinned
    assert set(report.checked) == {"container", "inclusion", "checkpoint", "decision-id", "gate-signature"}


def test_a_bundle_is_the_same_bytes_each_time() -> None:
    """No clock and no chance is in it."""
    assert build_bundle(evidence()) == BUNDLE


def test_any_zip_tool_opens_it() -> None:
    """The container is an ordinary zip file, and the entry in it can be read by people."""
    with zipfile.ZipFile(io.BytesIO(BUNDLE)) as opened:
        assert opened.testzip() is None
        assert "schakel audit verify" in opened.read("LEESMIJ.txt").decode()
        assert json.loads(opened.read("entry.json"))["outcome"] == "released"


def test_every_flipped_bit_is_refused() -> None:
    """No bit of a bundle is free."""
    for index in range(len(BUNDLE) * 8):
        copy = bytearray(BUNDLE)
        copy[index // 8] ^= 1 << index % 8
        with pytest.raises(EvidenceError):
            verify_bundle(bytes(copy))


@pytest.mark.parametrize("name", [name for name, _ in read_zip(BUNDLE)])
def test_a_flipped_bit_of_a_file_is_refused_though_the_container_fits(name: str) -> None:
    """Also when the checksums of the container are made right again, no byte of a file is free.

    Free are only what the exporter says of the registry: names, version, and how long a key is valid.
    """
    content = dict(read_zip(BUNDLE))[name]
    said = content.find(b'"valid_from"') if name == "decision.json" else len(content)
    for index in range(said):
        copy = bytearray(content)
        copy[index] ^= 1 << index % 8
        with pytest.raises((EvidenceError, IncompleteError)):
            verify_bundle(repacked(**{name.replace(".", "_"): bytes(copy)}))


def test_a_pinned_key_must_be_the_bundles() -> None:
    """A perfect bundle of another log is wrong evidence for who trusts this one."""
    other = VerifierKey(ORIGIN, SoftwareSigner.generate(Algorithm.ED25519).verifying_key)
    with pytest.raises(EvidenceError, match="another log"):
        verify_bundle(BUNDLE, other)


def test_a_bundle_of_a_forged_log_verifies_only_unpinned() -> None:
    """Without a pinned key, comparing the key is left to the reader, and the report says so."""
    assert not verify_bundle(BUNDLE).pinned


def test_a_missing_gate_key_is_incomplete_and_not_wrong() -> None:
    """Exit 8, never 7: nothing that was looked at is wrong."""
    lacking = replace(evidence(), gate=replace(gate_facts(), keys=()))
    with pytest.raises(IncompleteError):
        verify_bundle(build_bundle(lacking))


def test_a_key_that_was_revoked_later_is_incomplete() -> None:
    """The signature verifies, but whoever holds a stolen key chooses the time."""
    facts = gate_facts()
    revoked = replace(facts, keys=(replace(facts.keys[0], revoked_at=Micros(DECIDED + 9)),))
    with pytest.raises(IncompleteError, match="revoked"):
        verify_bundle(build_bundle(replace(evidence(), gate=revoked)))


@pytest.mark.parametrize(
    "changed",
    [
        {"envelope_digest": Digest(bytes(32))},
        {"signatures": evidence(0).signatures},
        {"entry": evidence(0).entry},
        {"proof": evidence(2).proof},
        {"gate": replace(gate_facts(), required=(Algorithm.ES256, Algorithm.ML_DSA_44))},
        {"gate": replace(gate_facts(), keys=(replace(gate_facts().keys[0], valid_until=DECIDED),))},
    ],
    ids=["envelope", "signatures", "entry", "proof", "required", "validity"],
)
def test_parts_that_do_not_belong_together_are_wrong(changed: dict[str, object]) -> None:
    """Each part is bound to the others."""
    with pytest.raises(EvidenceError):
        verify_bundle(build_bundle(replace(evidence(), **changed)))  # type: ignore[arg-type]


@given(st.binary(max_size=400))
def test_noise_is_wrong_evidence_and_nothing_else(noise: bytes) -> None:
    """Whatever the bytes, the only error is EvidenceError."""
    with pytest.raises(EvidenceError):
        verify_bundle(noise)


@given(st.binary(max_size=200) | st.sampled_from([b"[]", b"{}", b'"x"', b"1e999", b"[" * 5000, b"null"]))
def test_noise_in_the_decision_document_is_wrong_evidence(noise: bytes) -> None:
    """A document that is no document raises nothing else."""
    with pytest.raises(EvidenceError):
        verify_bundle(repacked(decision_json=noise))


@given(st.binary(max_size=300))
def test_noise_is_no_zip_file(noise: bytes) -> None:
    """Whatever the bytes, the only error is MalformedError."""
    for data in (noise, b"PK\x03\x04" + noise):
        with pytest.raises(MalformedError):
            read_zip(data)
