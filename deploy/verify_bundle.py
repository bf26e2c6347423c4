#!/usr/bin/env python3
"""Verify an evidence bundle of `schakel audit prove` without Schakel: one file, Python 3.11, `cryptography`.

    python3 verify_bundle.py BUNDLE.zip [--log-key NAME+HASH+KEY]

Written from the specification (docs/spec/audit.md 3, 4, 6, 8, 9); it shares no code with what makes bundles.
In this order it checks: the container; the log's key, if given; the inclusion of the entry in the signed
checkpoint (RFC 9162, Ed25519; lines of other keys are ignored); the decision id; the gate's signatures, with
keys that were valid when it decided.  Exit codes: 0 holds; 7 wrong; 8 not fully checked; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import re
import struct
import sys
import zlib
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

JUDGED = ("entry.avro", "entry.tlog-proof", "checkpoint", "log.vkey", "decision.json", "signatures.avro")
ES256, ED25519, ML_DSA_44 = 1, 2, 3
OID_ML_DSA_44 = bytes.fromhex("0609608648016503040311")
OUTCOMES = "released refused quarantined receipt read exported erased key_destroyed admin".split()  # noqa: SIM905
# schemas/audit/event.avsc and decision.avsc.
LAYOUTS = {
    "Event": """version:n id:32 outcome:n reason:s rule:s step:n offending:*s emergency:1 message:?Message
        topic:s partition:n offset:n record_digest:32 registry_version:n decided_at:n gate:s trace_id:16""",
    "Message": """message_id:16 type:s sender_oin:s sender_role:s recipient_oin:s recipient_role:s
        case_ref:16 correlation_id:16 causation_id:?16 subject_refs:*16 released:*s withheld:*s legal_basis:s
        purpose:s regime:n urgency:n assertions:*Assertion agreement:s agreement_digest:32 schema_digest:32
        statement_hash:32 producer_id:8 sequence:n created_at:n""",
    "Assertion": "name:s value:s",
    "Signature": "algorithm:n key_id:32 batch:?Batch value:b",
    "Batch": "size:n index:n path:b",
}


class VerdictError(Exception):
    """First argument 7: the evidence is wrong; 8: not everything could be checked.  Second: why."""


def insist(holds: object, otherwise: str) -> None:
    """Stop with exit 7 unless it holds."""
    if not holds:
        raise VerdictError(7, otherwise)


class Bytes:
    """Avro's binary encoding, read from the front, by kind.

    `n` number, `s` text, `b` bytes, a number of bytes, `?kind` it or null, `*kind` an array, or a layout.
    """

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def take(self, size: int) -> bytes:
        """The next *size* bytes."""
        insist(0 <= size <= len(self.rest), "bytes end too early")
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def long(self) -> int:
        """A zig-zag integer, in its shortest form."""
        value = shift = 0
        while (byte := self.take(1)[0]) > 0x7F:
            value |= (byte & 0x7F) << shift
            shift += 7
            insist(shift < 70, "an integer is too long")
        value |= byte << shift
        insist((byte or not shift) and value < 1 << 64, "an integer in another form")
        return (value >> 1) ^ -(value & 1)

    def one(self, kind: str) -> object:
        """A value of this kind."""
        if kind[0] in "?*":
            count = self.long()
            insist(0 <= count <= (1 if kind[0] == "?" else 128), "a branch or length that is impossible")
            items = [self.one(kind[1:]) for _ in range(count)]
            if kind[0] == "?":
                return items[0] if items else None
            insist(not items or self.long() == 0, "an array in more than one block")
            return items
        if kind in LAYOUTS:
            fields = (word.split(":") for word in LAYOUTS[kind].split())
            return {name: self.one(field) for name, field in fields}
        taken = self.long() if kind == "n" else self.take(self.long() if kind in "sb" else int(kind))
        return taken.decode("utf-8") if kind == "s" else taken


def read(data: bytes, kind: str) -> object:
    """All of *data*, as one value of this kind."""
    source = Bytes(data)
    found = source.one(kind)
    insist(not source.rest, "bytes are left over")
    return found


def decision_id(event: dict) -> bytes | None:
    """The id that follows from the event (audit.md 3); None for an event that is no decision of a gate."""
    facts, outcome = event["message"], OUTCOMES[event["outcome"]]
    to = [facts["recipient_oin"].encode()] if facts else []
    if outcome == "quarantined":
        place = struct.pack(">IQ", event["partition"], event["offset"])
        kind, parts = b"record", [event["topic"].encode(), place, event["record_digest"], *to]
    elif facts and outcome in ("released", "refused", "receipt"):
        ground = (event["rule"] or event["reason"]).encode()
        kind = b"message"
        parts = [facts["statement_hash"], *to, facts["agreement_digest"], outcome.encode(), ground]
    else:
        return None
    framed = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    return sha256(b"schakel/v1/decision\0" + kind + b"\0" + framed).digest()


def read_container(data: bytes) -> dict[str, bytes]:
    """The files of a zip file that is stored, undated, and says nothing twice or besides."""
    files, at, local, central = [], 0, b"", b""
    while data[at : at + 4] == b"PK\3\4" and len(files) < 64:
        size, length = struct.unpack_from("<IH", data, at + 22)
        start = at + 30 + length
        files.append((data[at + 30 : start].decode("ascii"), data[start : start + size]))
        at = start + size
    for name, content in files:
        sizes = (len(content), len(content), len(name), 0)
        about = struct.pack("<5HIIIHH", 20, 0, 0, 0, 0x21, zlib.crc32(content), *sizes)
        central += b"PK\1\2" + struct.pack("<H", 3 << 8 | 20) + about
        central += struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, len(local)) + name.encode()
        local += b"PK\3\4" + about + name.encode() + content
    end = struct.pack("<4HIIH", 0, 0, len(files), len(files), len(central), len(local), 0)
    insist(local + central + b"PK\5\6" + end == data, "the container is damaged, or holds something besides")
    insist(
        len(dict(files)) == len(files) and set(JUDGED) <= {*dict(files)}, "a file is missing, or there twice"
    )
    return dict(files)


def base64(text: str) -> bytes:
    """The bytes of *text*, if it is their one base64 form."""
    value = b64decode(text, validate=True)
    insist(b64encode(value).decode() == text, "base64 in another form")
    return value


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root of the tree of *size* that has *leaf* at *index* (RFC 9162 2.1.3.2)."""
    insist(0 <= index < size, "an index outside the tree")
    result, last = sha256(b"\0" + leaf).digest(), size - 1
    for sibling in path:
        insist(last and len(sibling) == 32, "the path is too long, or not one of hashes")
        if index & 1 or index == last:
            result = sha256(b"\1" + sibling + result).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            result = sha256(b"\1" + result + sibling).digest()
        index, last = index >> 1, last >> 1
    insist(not last, "the path is too short")
    return result


def check_log(files: dict[str, bytes]) -> str:
    """Inclusion and checkpoint; returns which entry of which log it is."""
    vkey = re.fullmatch(r"([^+\s]+)\+([0-9a-f]{8})\+(\S+)\n", files["log.vkey"].decode("utf-8"))
    name, key_hash, raw = vkey.groups()
    public = base64(raw)
    key_id = sha256(name.encode() + b"\n" + public).digest()[:4]
    insist(len(public) == 33 and public[0] == 1 and key_hash == key_id.hex(), "not an Ed25519 verifier key")
    head, _, note = files["entry.tlog-proof"].partition(b"\n\n")
    insist(note == files["checkpoint"], "the proof is of another checkpoint")
    header, index, *path = head.decode("ascii").split("\n")
    insist(header == "c2sp.org/tlog-proof@v1" and index.startswith("index "), "not a tlog-proof")
    text, _, lines = note.decode("utf-8").rpartition("\n\n")
    (origin, size, root), ours = text.split("\n"), 0
    insist(origin == name and lines.endswith("\n"), "a checkpoint of another log, or without signatures")
    for line in lines[:-1].split("\n"):
        dash, signer, signature = line.split(" ")
        insist(dash == "\u2014" and len(value := base64(signature)) > 4, "not a signature line")
        if signer == name and value[:4] == key_id:
            ed25519.Ed25519PublicKey.from_public_bytes(public[1:]).verify(value[4:], f"{text}\n".encode())
            ours += 1
    insist(ours, "the log did not sign the checkpoint")
    insist(all(re.fullmatch("0|[1-9][0-9]{0,18}", one) for one in (index[6:], size)), "not a number")
    found = root_of(files["entry.avro"], int(index[6:]), int(size), [base64(line) for line in path])
    insist(found == base64(root), "the path does not lead to the signed root")
    return f"entry {int(index[6:])} of {size} in the log {origin}"


def pae(kind: bytes, body: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def load(spki: bytes) -> object:
    """A public key, which stands in its one DER form."""
    try:
        public = serialization.load_der_public_key(spki)
    except UnsupportedAlgorithm:
        insist(OID_ML_DSA_44 in spki, "a key of an algorithm outside suite 1")
        raise VerdictError(8, "this version of `cryptography` does not know ML-DSA-44") from None
    again = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    insist(again == spki, "a public key in another form")
    return public


def verify_one(public: object, one: dict, statement: bytes, gate: str) -> None:
    """One signature over the statement, or over the tree of the batch that has it as a leaf."""
    value, signed = one["value"], statement
    if one["batch"]:
        size, index, path = one["batch"].values()
        insist(0 <= index < size <= 65_536 and len(path) % 32 == 0, "a batch that is not one")
        root = root_of(statement, index, size, [path[at : at + 32] for at in range(0, len(path), 32)])
        signed = pae(b"application/vnd.schakel.batch.v1", gate.encode() + struct.pack(">Q", size) + root)
    ecdsa = isinstance(public, ec.EllipticCurvePublicKey)
    own = ES256 if ecdsa else ED25519 if isinstance(public, ed25519.Ed25519PublicKey) else ML_DSA_44
    insist(one["algorithm"] == own and (not ecdsa or len(value) == 64), "not of this key's algorithm")
    if ecdsa:
        numbers = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
        public.verify(encode_dss_signature(*numbers), signed, ec.ECDSA(hashes.SHA256()))
    else:
        public.verify(value, signed)


def check_gate(files: dict[str, bytes], event: dict) -> str:
    """The gate's signatures, as decision.json gives its keys; returns the gate's OIN."""
    document = json.loads(files["decision.json"])
    again = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    insist(again.encode() == files["decision.json"], "decision.json is written in another form")
    registry = document["registry"]
    insist(document["format"] == "nl.schakel.evidence.v1", "not of this version")
    insist(list(registry) == ["version", "agencies"], "no registry")
    insist(all(list(one) == ["oin", "name"] for one in registry["agencies"]), "not a list of agencies")
    gate, digest = document["gate"], document["envelope_digest"]
    insist(re.fullmatch("[0-9]{8}[0-9A-Za-z]{8,9}0{3,4}", gate) and len(gate) == 20, "not an OIN")
    insist(re.fullmatch("[0-9a-f]{64}", digest), "not a digest")
    keys = {sha256(spki := base64(key["spki"])).digest(): (load(spki), key) for key in document["gate_keys"]}
    signatures = read(files["signatures.avro"], "*Signature")
    insist(0 < len({one["key_id"] for one in signatures}) == len(signatures) < 5, "none, or two by one key")
    if any(one["key_id"] not in keys for one in signatures):
        raise VerdictError(8, "a public key of the gate is missing")
    statement = pae(b"application/vnd.schakel.decision.v1", files["entry.avro"] + bytes.fromhex(digest))
    for one in signatures:
        public, key = keys[one["key_id"]]
        insist(key["valid_from"] <= event["decided_at"] < key["valid_until"], "a key outside its validity")
        verify_one(public, one, statement, gate)
    made = {one["algorithm"] for one in signatures}
    insist(set(document["required_algorithms"]) <= made <= {1, 2, 3}, "a signature is missing")
    if any(keys[one["key_id"]][1]["revoked_at"] is not None for one in signatures):
        raise VerdictError(8, "a key of the gate was revoked later, and nothing here proves the time")
    return gate


def verify(data: bytes, trusted: str | None = None) -> list[str]:
    """Check a bundle, and tell what it proves, in lines; or raise a VerdictError."""
    try:
        files = read_container(data)
        insist(trusted in (None, files["log.vkey"].decode().strip()), "another log than that of --log-key")
        place, event = check_log(files), read(files["entry.avro"], "Event")
        insist(event["version"] == 1, "an event of another version")
        insist(decision_id(event) in (None, event["id"]), "the entry carries the id of another decision")
        gate = check_gate(files, event)
    except InvalidSignature as error:
        raise VerdictError(7, "a signature does not verify") from error
    except (ValueError, LookupError, TypeError, AttributeError, struct.error, RecursionError) as error:
        raise VerdictError(7, "not an evidence bundle, or a damaged one") from error
    left = ", ".join(name for name in files if name not in JUDGED)
    key = "of the key given" if trusted else "of the key in log.vkey: compare it with what the log publishes"
    verdict = f"holds: {place}, {key}; decided by gate {gate}: {OUTCOMES[event['outcome']]}"
    return [verdict, json.dumps(event, default=bytes.hex, indent=1), f"not judged by this program: {left}"]


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description="Verify an evidence bundle of the audit trail.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--log-key", help="verifier key of the log, from elsewhere than the bundle")
    given = parser.parse_args()
    try:
        lines = verify(given.bundle.read_bytes(), given.log_key)
    except OSError as error:
        parser.error(f"cannot read {given.bundle}: {error.strerror}")
    except VerdictError as error:
        sys.stderr.write(f"{'wrong' if error.args[0] == 7 else 'not fully checked'}: {error.args[1]}\n")
        return error.args[0]
    sys.stdout.write("\n".join([*lines, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
