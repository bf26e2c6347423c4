"""A second, independent reader of the envelope: it shares no code with the product.

Written from docs/spec/envelope.md alone, with fastavro for decoding (read, encode again, compare),
and with the primitives of `cryptography`: HPKE is put together here from ML-KEM, X25519, SHA3 and
HKDF, and Cobblestone from HKDF and AES-GCM.  Slow and plain on purpose.

``python -m tests.vectors.second_reader`` judges every vector and says where it disagrees.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import fastavro
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["cobblestone_open", "hpke_open", "judge", "parse"]

HERE = Path(__file__).parent
SCHEMAS = HERE.parents[1] / "schemas" / "envelope"
ENVELOPE = fastavro.parse_schema(json.loads((SCHEMAS / "envelope.avsc").read_text("utf-8")))
HEADER = fastavro.parse_schema(json.loads((SCHEMAS / "header.avsc").read_text("utf-8")))
PREFIX = bytes.fromhex("c3013d52ed75705c3bf8")
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

OIN = r"[0-9]{8}(?=.{12}$)[0-9A-Za-z]{8,9}0{3,4}"
CODE = r"[a-z0-9][a-z0-9-]{1,63}"
ROLE = r"[A-Z][A-Za-z]{1,11}"
GROUP = r"[A-Z]{2,4}"
TOPIC = r"[a-z0-9][a-z0-9.-]{2,120}"


class RefusedError(Exception):
    """Not acceptable: a reason and a step."""


def refuse(reason: str, step: int) -> None:
    """Stop judging."""
    raise RefusedError(f"{reason} at step {step}")


def need(holds: bool, reason: str, step: int) -> None:
    """Refuse unless *holds*."""
    if not holds:
        refuse(reason, step)


def parse(text: str) -> dict[str, Any]:
    """The fields of a vector file."""
    fields: dict[str, Any] = {"opens": {}, "recipient": None, "reader": None}
    for line in text.splitlines():
        name, _, value = line.partition(": ")
        if name == "opens":
            group, digest = value.split(" ")
            fields["opens"][group] = digest
        else:
            fields[name] = value.strip()
    fields["value"] = bytes.fromhex(fields["value"])
    fields["value"] = fields["value"].ljust(int(fields.get("fill", 0)), b"\x00")
    fields["key"] = None if fields["key"] == "none" else bytes.fromhex(fields["key"])
    fields["topic"] = bytes.fromhex(fields["topic"]).decode()
    fields["now"] = int(fields["now"])
    return fields


def judge(vector: Mapping[str, Any], world: Mapping[str, Any], seeds: Mapping[str, Any]) -> str:
    """``ok``, or the reason and the step at which the record is refused."""
    try:
        envelope, header = read(vector["value"])
        verify(envelope, header, vector, world)
        if vector["recipient"] is not None:
            opened = open_for(envelope, header, vector, seeds)
            assert not vector["opens"] or opened == vector["opens"], "another plaintext"
    except RefusedError as refused:
        return str(refused)
    return "ok"


def read(value: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Steps 1 to 3."""
    need(len(value) <= 1 << 20, "too-large", 1)
    need(value[:10] == PREFIX, "prefix", 1)
    envelope = strict(ENVELOPE, value[10:])
    check_container(envelope)
    header = strict(HEADER, envelope["header"])
    check_rules(header, envelope)
    need(header["version"] == 1, "version", 3)
    need(header["suite"] == 1, "suite", 3)
    need(not header["critical"], "critical", 3)
    return envelope, header


def strict(schema: Any, data: bytes) -> Any:
    """Decode, encode again, and insist on the same bytes."""
    try:
        decoded = fastavro.schemaless_reader(io.BytesIO(data), schema, None)
        again = io.BytesIO()
        fastavro.schemaless_writer(again, schema, decoded)
    except (ValueError, EOFError, IndexError, OverflowError, MemoryError, TypeError, OSError):
        refuse("malformed", 2)
    need(again.getvalue() == data, "malformed", 2)
    return decoded


def check_container(envelope: Mapping[str, Any]) -> None:
    """What the container's own grammar asks beyond Avro."""
    signatures = envelope["signatures"]
    sound = 1 <= len(signatures) <= 4 and len(envelope["sections"]) <= 64
    sound = sound and len({s["key_id"] for s in signatures}) == len(signatures)
    for signature in signatures:
        sound = sound and signature["alg"] in (1, 2, 3) and len(signature["signature"]) <= 4096
        batch = signature["batch"]
        if batch is not None:
            sound = sound and 0 <= batch["leaf_index"] < batch["tree_size"] <= 65_536
            sound = sound and len(batch["path"]) % 32 == 0 and len(batch["path"]) <= 16 * 32
    need(sound, "malformed", 2)


def check_rules(header: Mapping[str, Any], envelope: Mapping[str, Any]) -> None:
    """Limits of counts are grammar; everything else is a rule."""
    limits = {"recipients": 64, "subject_refs": 20, "assertions": 32, "sections": 64, "critical": 16}
    need(all(len(header[name]) <= most for name, most in limits.items()), "malformed", 2)
    need(all(-(2**31) <= header[name] < 2**31 for name in ("version", "suite")), "malformed", 2)
    need(rules_hold(header, envelope), "header-rule", 2)


def rules_hold(header: Mapping[str, Any], envelope: Mapping[str, Any]) -> bool:
    """Every rule of the specification's section 4."""
    sender, recipients = header["sender"], header["recipients"]
    groups = [section["group"] for section in header["sections"]]
    names = [made["name"] for made in header["assertions"]]
    texts = [
        (r"nl\.[a-z0-9.-]{3,120}\.v[0-9]{1,3}", header["message_type"]),
        (OIN, sender["oin"]),
        (ROLE, sender["role"]),
        (r"[a-z0-9][a-z0-9-]{0,62}", sender["system"]),
        (CODE, header["legal_basis"]),
        (CODE, header["purpose"]),
        (TOPIC, header["topic"]),
        *((GROUP, group) for group in groups),
        *((r"[a-z][a-z0-9_]{0,63}", name) for name in names),
        *((r"[a-z0-9][a-z0-9_.-]{0,63}", made["value"]) for made in header["assertions"]),
        *((r"[a-z0-9][a-z0-9.-]{0,63}", name) for name in header["critical"]),
        *((OIN, header["origin"]["oin"]) for _ in [0] if header["origin"]),
    ]
    for to in recipients:
        texts += [(OIN, to["oin"]), (ROLE, to["role"]), (r"[a-z0-9][a-z0-9-]{2,63}", to["agreement"]["id"])]
        texts += [(GROUP, group) for group in to["groups"]]
    return all(
        [
            *(re.fullmatch(pattern, text) for pattern, text in texts),
            recipients,
            len({to["oin"] for to in recipients}) == len(recipients),
            len(set(groups)) == len(groups) == len(envelope["sections"]),
            all(to["groups"] == [g for g in groups if g in to["groups"]] for to in recipients),
            all(1 <= len(to["wrapped"]) <= 4096 for to in recipients),
            names == sorted(set(names)),
            0 <= header["created_at"] < header["expires_at"] <= 253_402_300_799_999_999,
            header["expires_at"] - header["created_at"] <= 7 * 24 * 3600 * 1_000_000,
            header["sequence"] >= 1,
            1 <= len(header["record_key"]) <= 64,
            len(set(header["critical"])) == len(header["critical"]),
        ]
    )


def verify(
    envelope: Mapping[str, Any],
    header: Mapping[str, Any],
    vector: Mapping[str, Any],
    world: Mapping[str, Any],
) -> None:
    """Steps 4 to 9."""
    schema = {"type": header["message_type"], "digest": header["schema_digest"].hex()}
    need(schema in world["schemas"], "unknown-schema", 4)
    agency = next((a for a in world["agencies"] if a["oin"] == header["sender"]["oin"]), None)
    need(agency is not None, "unknown-sender", 5)
    assert agency is not None
    keys = [vouching(agency, signature, header["created_at"]) for signature in envelope["signatures"]]
    statement = pae(b"application/vnd.schakel.envelope.v1", envelope["header"])
    for signature, key in zip(envelope["signatures"], keys, strict=True):
        need(signature["alg"] == key["algorithm"], "algorithm", 6)
        signed = what_was_signed(signature["batch"], statement, agency["oin"])
        need(signature_valid(key, signature["signature"], signed), "signature", 6)
    need({key["algorithm"] for key in keys} >= set(agency["required"]), "signature-missing", 6)
    need(header["topic"] == vector["topic"], "topic", 7)
    need(header["record_key"] == vector["key"], "key", 7)
    need(vector["now"] < header["expires_at"], "expired", 8)
    need(header["created_at"] <= vector["now"] + 300_000_000, "from-the-future", 8)
    for section, sealed in zip(header["sections"], envelope["sections"], strict=True):
        whole = sealed is None or hashlib.sha256(sealed).digest() == section["digest"]
        need(whole, "section", 9)


def vouching(agency: Mapping[str, Any], signature: Mapping[str, Any], at: int) -> Mapping[str, Any]:
    """The sender's key behind a signature."""
    wanted = signature["key_id"].hex()
    key: Mapping[str, Any] = next((k for k in agency["keys"] if k["key_id"] == wanted), {})
    need(bool(key), "unknown-key", 5)
    need(not key["revoked"], "key-revoked", 5)
    need(key["valid_from"] <= at < key["valid_until"], "key-not-valid", 5)
    return key


def pae(kind: bytes, body: bytes) -> bytes:
    """DSSE v1 pre-authentication encoding."""
    return b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(body)).encode(), body])


def what_was_signed(batch: Mapping[str, Any] | None, statement: bytes, sender: str) -> bytes:
    """The statement, or the signed tree that holds it."""
    if batch is None:
        return statement
    path = [batch["path"][i : i + 32] for i in range(0, len(batch["path"]), 32)]
    leaf = hashlib.sha256(b"\x00" + statement).digest()
    root = climb(leaf, batch["leaf_index"], batch["tree_size"], path)
    size = batch["tree_size"].to_bytes(8, "big")
    return pae(b"application/vnd.schakel.batch.v1", sender.encode() + size + root)


def climb(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Root of the subtree of *size* leaves, by the recursive definition of RFC 9162 2.1."""
    if size == 1:
        need(not path, "batch", 6)
        return leaf
    need(bool(path), "batch", 6)
    left = 1
    while left * 2 < size:
        left *= 2
    *below, sibling = path
    if index < left:
        return hashlib.sha256(b"\x01" + climb(leaf, index, left, below) + sibling).digest()
    return hashlib.sha256(b"\x01" + sibling + climb(leaf, index - left, size - left, below)).digest()


def signature_valid(key: Mapping[str, Any], signature: bytes, signed: bytes) -> bool:
    """Whether the registered key made this signature."""
    public = serialization.load_der_public_key(bytes.fromhex(key["spki"]))
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            if len(signature) != 64 or not (0 < r < ORDER and 0 < s < ORDER):
                return False
            public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
        else:
            assert isinstance(public, ed25519.Ed25519PublicKey | mldsa.MLDSA44PublicKey)
            public.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def open_for(
    envelope: Mapping[str, Any],
    header: Mapping[str, Any],
    vector: Mapping[str, Any],
    seeds: Mapping[str, Any],
) -> dict[str, str]:
    """Steps 13 to 15; SHA-256 of each group record."""
    to = next(entry for entry in header["recipients"] if entry["oin"] == vector["recipient"])
    by_oin = {agency["oin"]: name for name, agency in seeds.items()}
    seed = bytes.fromhex(seeds[vector["reader"] or by_oin[to["oin"]]]["x_wing"])
    need(hashlib.sha256(x_wing_public(seed)).digest() == to["key_id"], "sealing-key", 13)
    sender = header["sender"]["oin"].encode()
    info = b"schakel/v1/wrap\x00\x01" + sender + to["oin"].encode() + to["agreement"]["digest"]
    secret = attempt(
        lambda: hpke_open(seed, info + header["message_id"] + header["topic"].encode(), to["wrapped"]),
        "unwrap",
        13,
    )
    groups = [section["group"] for section in header["sections"]]
    indices = [groups.index(group) for group in to["groups"]]
    pairs = [secret[i : i + 33] for i in range(0, len(secret), 33)]
    need([(p[:1], len(p)) for p in pairs] == [(bytes([i]), 33) for i in indices], "wrapped-groups", 13)
    opened = {}
    for index, pair in zip(indices, pairs, strict=True):
        sealed = envelope["sections"][index]
        need(sealed is not None, "section-withheld", 14)
        bound = b"schakel/v1/section\x00" + header["message_id"] + sender + groups[index].encode()
        opened[groups[index]] = attempt(
            partial(cobblestone_open, pair[1:], hashlib.sha256(bound).digest(), sealed), "open", 14
        )
    return {group: hashlib.sha256(unpadded(padded)).hexdigest() for group, padded in opened.items()}


def attempt(opening: Callable[[], bytes], reason: str, step: int) -> bytes:
    """What opens, or a refusal."""
    try:
        return opening()
    except (InvalidTag, ValueError):
        refuse(reason, step)
        raise


def unpadded(padded: bytes) -> bytes:
    """Step 15: the only padded form of the content must be the one given."""
    length = int.from_bytes(padded[:4], "big")
    plain = padded[4 : 4 + length]
    again = len(plain).to_bytes(4, "big") + plain
    again += b"\x00" * ((256 - len(again) % 256) % 256)
    need(again == padded, "padding", 15)
    return plain


def x_wing_halves(seed: bytes) -> tuple[mlkem.MLKEM768PrivateKey, x25519.X25519PrivateKey]:
    """The two private keys that grow from an X-Wing seed."""
    expanded = hashlib.shake_256(seed).digest(96)
    return (
        mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
        x25519.X25519PrivateKey.from_private_bytes(expanded[64:]),
    )


def x_wing_public(seed: bytes) -> bytes:
    """The 1,216 raw bytes of the public key."""
    first, second = x_wing_halves(seed)
    return first.public_key().public_bytes_raw() + second.public_key().public_bytes_raw()


def hpke_open(seed: bytes, info: bytes, wrapped: bytes) -> bytes:
    """HPKE base mode: X-Wing (0x647A), HKDF-SHA256 (1), AES-256-GCM (2), no associated data."""
    if len(wrapped) < 1120 + 16:
        raise ValueError("too short")
    first, second = x_wing_halves(seed)
    ours = second.public_key().public_bytes_raw()
    theirs = wrapped[1088:1120]
    shared = first.decapsulate(wrapped[:1088])
    agreed = second.exchange(x25519.X25519PublicKey.from_public_bytes(theirs))
    secret = hashlib.sha3_256(shared + agreed + theirs + ours + b"\\.//^\\").digest()
    suite = b"HPKE" + (0x647A).to_bytes(2, "big") + (1).to_bytes(2, "big") + (2).to_bytes(2, "big")

    def extract(salt: bytes, label: bytes, material: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + material, "sha256")

    def expand(prk: bytes, label: bytes, context: bytes, size: int) -> bytes:
        labelled = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return hkdf_expand(prk, labelled, size, "sha256")

    context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    schedule = extract(secret, b"secret", b"")
    key, nonce = expand(schedule, b"key", context, 32), expand(schedule, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, wrapped[1120:], b"")


def hkdf_expand(prk: bytes, info: bytes, size: int, digest: str) -> bytes:
    """RFC 5869 2.3."""
    made, block, counter = b"", b"", 1
    while len(made) < size:
        block = hmac.digest(prk, block + info + bytes([counter]), digest)
        made += block
        counter += 1
    return made[:size]


def cobblestone_open(key: bytes, context: bytes, sealed: bytes) -> bytes:
    """C2SP chunked-encryption v1 with SHA-512 and AES-256-GCM."""
    if len(sealed) < 72:
        raise ValueError("too short")
    salt, commitment, chunks = sealed[:24], sealed[24:56], sealed[56:]
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00" + salt + context
    derived = hkdf_expand(key, info, 32 + 12 + 32, "sha512")
    if not hmac.compare_digest(derived[44:], commitment):
        raise ValueError("another key or context")
    plain, base = b"", int.from_bytes(derived[32:44], "big")
    for number in range(len(chunks) // 16_400 + 1):
        nonce = (base ^ number).to_bytes(12, "big")
        chunk = chunks[number * 16_400 : (number + 1) * 16_400]
        plain += AESGCM(derived[:32]).decrypt(nonce, chunk, b"")
    return plain


def main() -> int:
    """Judge every vector; the number of disagreements."""
    world = json.loads((HERE / "world.json").read_text("utf-8"))
    seeds = json.loads((HERE / "test_keys.json").read_text("utf-8"))["agencies"]
    wrong = 0
    for path in sorted((HERE / "envelope").glob("*.vector")):
        vector = parse(path.read_text("utf-8"))
        verdict = judge(vector, world, seeds)
        if verdict != vector["expect"]:
            wrong += 1
            sys.stdout.write(f"{path.stem}: expected {vector['expect']}, found {verdict}\n")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
