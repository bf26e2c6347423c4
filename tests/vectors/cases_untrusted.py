"""Vectors that fail in steps 4 to 9: well-formed, but not to be believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from broker.crypto import Signer
from broker.envelope.codec import read_envelope, write_envelope
from broker.envelope.model import Sender
from broker.envelope.seal import Unsigned, sign_all
from broker.names import Algorithm, Digest, KeyId, MessageType, TopicName
from broker.signing import BatchProof, Signature
from tests.envelope_world import AMK, CREATED, DAY, NEW, OLD, RAAD, REVOKED, SHG, STRANGER
from tests.vectors.forge import Case, case, changed, message, sign, signatures

__all__ = ["untrusted"]

SIGNATURE = "signature at step 6"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def untrusted() -> Iterator[Case]:
    """Every vector of steps 4 to 9."""
    yield from _schemas()
    yield from _keys()
    yield from _values()
    yield from _required()
    yield from _batches()
    yield from _stolen()
    yield from _record()
    yield from _time()
    yield from _sections()


def _schemas() -> Iterator[Case]:
    other_type = MessageType("nl.beschermingszaken.melding-kindermishandeling.doorgezonden.v1")
    for name, made in {
        "digest": sign(changed(message("CH"), schema_digest=Digest(bytes(32)))),
        "type": sign(changed(message("CH"), message_type=other_type)),
    }.items():
        yield case(
            f"schema-unknown-{name}", "unknown-schema at step 4", f"no such schema: other {name}", made
        )


def _keys() -> Iterator[Case]:
    unsigned = message("CH")
    stranger = message("CH", sender=STRANGER)
    rows: tuple[tuple[str, str, str, Unsigned, tuple[Signer, ...]], ...] = (
        ("stranger", "unknown-sender", "a sender outside the registry", stranger, (STRANGER.es256,)),
        ("nobody", "unknown-key", "a key that nobody registered", unsigned, (STRANGER.es256,)),
        ("other-agency", "unknown-key", "a key of another agency", unsigned, (SHG.es256,)),
        ("revoked", "key-revoked", "a revoked key, whatever time is claimed", unsigned, (REVOKED,)),
        ("old", "key-not-valid", "a key whose validity ends at created_at", unsigned, (OLD,)),
        ("early", "key-not-valid", "a key whose validity begins after created_at", unsigned, (NEW,)),
        ("second", "unknown-key", "the second key is not trusted", unsigned, (AMK.es256, RAAD.es256)),
    )
    for name, reason, comment, what, signers in rows:
        yield case(f"key-{name}", f"{reason} at step 5", comment, sign(what, *signers))


def _values() -> Iterator[Case]:
    unsigned = message("CH")
    (good,) = signatures(unsigned.header_bytes, (AMK.es256,))
    (other,) = signatures(message("CH", number=2).header_bytes, (AMK.es256,))
    value = good.value
    r, s = (int.from_bytes(value[i : i + 32], "big") for i in (0, 32))
    order = P256_ORDER.to_bytes(32, "big")
    for name, data in {
        "flipped-first": bytes([value[0] ^ 1]) + value[1:],
        "flipped-last": value[:-1] + bytes([value[-1] ^ 1]),
        "of-another-message": other.value,
        "63-bytes": value[:63],
        "65-bytes": value + b"\x00",
        "65-bytes-leading-zero": b"\x00" + value,
        "der": encode_dss_signature(r, s),
        "empty": b"",
        "zero": bytes(64),
        "r-zero": bytes(32) + value[32:],
        "s-zero": value[:32] + bytes(32),
        "s-order": value[:32] + order,
        "swapped-halves": value[32:] + value[:32],
    }.items():
        yield case(
            f"signature-{name}", SIGNATURE, f"ES256: {name}", _with(unsigned, replace(good, value=data))
        )
    for number in (Algorithm.ED25519, Algorithm.ML_DSA_44):
        confused = replace(good, algorithm=number)
        yield case(
            f"algorithm-{number.name.lower()}",
            "algorithm at step 6",
            "the algorithm belongs to the key",
            _with(unsigned, confused),
        )


def _with(unsigned: Unsigned, *signed: Signature) -> tuple[bytes, bytes]:
    value = write_envelope(unsigned.header_bytes, unsigned.sections, signed)
    return value, unsigned.header.record_key


def _required() -> Iterator[Case]:
    unsigned = message("CH", sender=SHG, to=(AMK,))
    first, second = signatures(unsigned.header_bytes, (SHG.es256, SHG.ml_dsa), SHG)
    missing = "signature-missing at step 6"
    yield case("required-ml-dsa-stripped", missing, "SHG must sign with both", _with(unsigned, first))
    yield case("required-es256-stripped", missing, "SHG must sign with both", _with(unsigned, second))
    broken = replace(second, value=second.value[:-1] + bytes([second.value[-1] ^ 1]))
    yield case(
        "required-ml-dsa-broken", SIGNATURE, "one of two does not verify", _with(unsigned, first, broken)
    )
    renamed = replace(first, key_id=second.key_id, algorithm=second.algorithm)
    yield case("required-renamed", SIGNATURE, "an ES256 value under the ML-DSA key", _with(unsigned, renamed))
    lone = message("CH")
    yield case("required-only-ml-dsa", missing, "AMK must sign with ES256", sign(lone, AMK.ml_dsa))


def _batches() -> Iterator[Case]:
    batch = [message("CH", number=n) for n in range(1, 8)]
    values = sign_all(batch, (AMK.es256,))
    ours, (signature,) = batch[2], read_envelope(values[2]).signatures
    (neighbour,) = read_envelope(values[3]).signatures
    assert signature.batch is not None
    path = signature.batch.path
    for name, expect, proof in (
        ("index", SIGNATURE, BatchProof(7, 3, path)),
        ("index-far", "batch at step 6", BatchProof(7, 6, path)),
        ("size", SIGNATURE, BatchProof(8, 2, path)),
        ("size-larger", "batch at step 6", BatchProof(9, 2, path)),
        ("path-short", "batch at step 6", BatchProof(7, 2, path[:-32])),
        ("path-long", "batch at step 6", BatchProof(7, 2, path + bytes(32))),
        ("path-empty", "batch at step 6", BatchProof(7, 2, b"")),
        ("path-altered", SIGNATURE, BatchProof(7, 2, bytes(32) + path[32:])),
        ("path-swapped", SIGNATURE, BatchProof(7, 2, path[32:64] + path[:32] + path[64:])),
        ("size-1", SIGNATURE, BatchProof(1, 0, b"")),
    ):
        yield case(f"batch-{name}", expect, f"a wrong {name}", _with(ours, replace(signature, batch=proof)))
    direct = replace(signature, batch=None)
    yield case("batch-turned-direct", SIGNATURE, "the proof taken away", _with(ours, direct))
    yield case("batch-neighbour", SIGNATURE, "the proof of the next message", _with(ours, neighbour))
    outside = message("CH", number=99)
    yield case("batch-not-a-member", SIGNATURE, "a message outside the batch", _with(outside, signature))
    (alone,) = signatures(ours.header_bytes, (AMK.es256,))
    joined = replace(alone, batch=BatchProof(2, 0, bytes(32)))
    yield case("batch-made-of-direct", SIGNATURE, "a proof added to a direct signature", _with(ours, joined))


def _stolen() -> Iterator[Case]:
    victim = message("CH")
    thief = Sender(RAAD.oin, RAAD.role, "zaaksysteem")
    renamed = changed(victim, sender=thief)
    (good,) = signatures(victim.header_bytes, (AMK.es256,))
    yield case("stolen-header", "unknown-key at step 5", "another sender's name on it", _with(renamed, good))
    foreign = signatures(victim.header_bytes, (RAAD.es256,), RAAD)
    yield case(
        "stolen-signature", "unknown-key at step 5", "signed by another agency", _with(victim, *foreign)
    )
    yield case(
        "stolen-and-opened",
        "unwrap at step 13",
        "another agency signs our ciphertext as its own: it verifies and never opens",
        sign(renamed, RAAD.es256),
        recipient=SHG.oin,
    )
    relabelled = replace(good, key_id=KeyId(SHG.es256.key_id))
    yield case("stolen-key-id", "unknown-key at step 5", "another key id on it", _with(victim, relabelled))
    touched = changed(victim, sequence=2)
    yield case("altered-header", SIGNATURE, "one field altered after signing", _with(touched, good))


def _record() -> Iterator[Case]:
    value, key = sign(message("CH"))
    topic = TopicName("exchange.informatie")
    yield case("record-topic", "topic at step 7", "moved to another topic", (value, key), topic=topic)
    for name, wrong in {"other": bytes(16), "longer": key + b"\x00", "empty": b"", "none": None}.items():
        yield case(f"record-key-{name}", "key at step 7", f"another key: {name}", (value, key), key=wrong)


def _time() -> Iterator[Case]:
    made = sign(message("CH"))
    expiry = CREATED + 7 * DAY
    early = CREATED - 5 * 60 * 1_000_000 - 1
    yield case("time-at-expiry", "expired at step 8", "the moment of expiry is too late", made, now=expiry)
    yield case("time-long-after", "expired at step 8", "a year later", made, now=expiry + 365 * DAY)
    yield case("time-ahead", "from-the-future at step 8", "more than 5 minutes ahead", made, now=early)


def _sections() -> Iterator[Case]:
    unsigned, other = message("CH", "GU"), message("CH", "GU", number=2)
    first, second = unsigned.sections
    for name, sections in {
        "flipped-first": (bytes([first[0] ^ 1]) + first[1:], second),
        "flipped-last": (first, second[:-1] + bytes([second[-1] ^ 1])),
        "swapped": (second, first),
        "doubled": (first, first),
        "empty": (b"", second),
        "cut": (first[:-1], second),
        "longer": (first + b"\x00", second),
        "of-another-message": (other.sections[0], second),
        "present-though-wrong-and-one-withheld": (None, first),
    }.items():
        signed = signatures(unsigned.header_bytes, (AMK.es256,))
        made = write_envelope(unsigned.header_bytes, sections, signed), unsigned.header.record_key
        yield case(f"section-{name}", "section at step 9", f"a section is not the signed one: {name}", made)
