"""Cosignatures: C2SP tlog-cosignature, Ed25519 and ML-DSA-44 (docs/spec/audit.md 6.1).

A cosigner says: of this log, I have seen nothing that contradicts this checkpoint, and nothing larger.  It is
a signature line in the note of the checkpoint, beside the log's own.

1. Type 04, Ed25519: signs ``cosignature/v1``, the time, and the body of the checkpoint.
2. Type 06, ML-DSA-44: signs a structure of names, time, size and root.  A log signs its own checkpoints in
   this form too, under its origin and without a time, beside its Ed25519 line.
3. Lines of unknown keys are ignored; a line of a known key must verify.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from broker.audit.checkpoint import (
    Checkpoint,
    NoteSignature,
    SignedCheckpoint,
    check_key_name,
    decode_base64,
    parse_signature_lines,
)
from broker.crypto import Signer, VerifyingKey, sha256
from broker.errors import ConfigurationError, EvidenceError, MalformedError, UntrustedError
from broker.names import Algorithm

__all__ = [
    "COSIGNED_FILE",
    "MAX_LINES",
    "Cosignature",
    "CosignerKey",
    "cosign",
    "cosignatures",
    "known_lines",
    "parse_lines",
    "with_lines",
]

COSIGNED_FILE = "checkpoint.cosigned"
"""In the published log: the newest checkpoint for which the quorum of cosigners was reached."""

MAX_LINES = 65_536
"""Bytes of signature lines that a witness may answer."""

_TYPES = {Algorithm.ED25519: b"\x04", Algorithm.ML_DSA_44: b"\x06"}
_SPKI = {
    b"\x04": (32, bytes.fromhex("302a300506032b6570032100")),
    b"\x06": (1312, bytes.fromhex("30820532300b060960864801650304031103820521" + "00")),
}
_TIME = 8
_MAX_TIME = (1 << 63) - 1
_MAX_OPAQUE = 255


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """The public key of a cosigner, under the name that stands in its lines.

    Attributes:
        name: Of the cosigner; neither spaces nor a plus sign.
        public: Ed25519 or ML-DSA-44.
    """

    name: str
    public: VerifyingKey

    @classmethod
    def parse(cls, text: str) -> CosignerKey:
        """Read ``name+hash+base64``, the form in which tools exchange verifier keys.

        Raises:
            MalformedError: Not that, a hash that is not the key's, or a key that does not cosign.
        """
        name, _, rest = text.partition("+")
        check_key_name(name)
        raw = decode_base64(rest.partition("+")[2])
        size, prefix = _SPKI.get(raw[:1], (-1, b""))
        if len(raw) != size + 1:
            raise MalformedError("not the verifier key of a cosigner")
        key = cls(name, VerifyingKey.from_spki(prefix + raw[1:]))
        if str(key) != text:
            raise MalformedError("a verifier key does not match its own hash")
        return key

    @property
    def id(self) -> bytes:
        """The four bytes that name this key in a signature line."""
        return sha256(self.name.encode() + b"\n" + self._typed())[:4]

    def _typed(self) -> bytes:
        return _TYPES[self.public.algorithm] + self.public.raw()

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(self._typed()).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A cosignature that verified.

    Attributes:
        seconds: When it was made, as POSIX time; 0 when it says nothing about time.
    """

    key: CosignerKey
    seconds: int


def cosign(checkpoint: Checkpoint, signer: Signer, key: CosignerKey, seconds: int) -> bytes:
    """A signature line, ending in a newline.

    Args:
        key: The public half of *signer*, under the cosigner's name.
        seconds: POSIX time; 0 where nothing is said about time, which ML-DSA-44 alone allows.

    Raises:
        ConfigurationError: The two are not one key, or names or time do not fit the form.
        UnavailableError: The key store did not answer.
    """
    if signer.key_id != key.public.key_id or signer.algorithm not in _TYPES:
        raise ConfigurationError(
            "the cosigner's signing key is not the one that others verify with",
            remedy="Name the private half of an Ed25519 or ML-DSA-44 key",
        )
    try:
        check_key_name(key.name)
        message = _message(checkpoint, key, seconds)
    except MalformedError as error:
        raise ConfigurationError(
            "this checkpoint cannot be cosigned",
            why=error.what,
            remedy="Use a name without spaces or plus, of at most 255 bytes, and a clock that is right",
        ) from error
    value = key.id + seconds.to_bytes(_TIME, "big") + signer.sign(message)
    return f"\u2014 {key.name} {b64encode(value).decode('ascii')}\n".encode()


def cosignatures(signed: SignedCheckpoint, keys: Iterable[CosignerKey]) -> tuple[Cosignature, ...]:
    """Those of *keys* that cosigned, each once, in their order.

    Raises:
        EvidenceError: A line of one of these keys does not verify.
    """
    found = []
    for key in keys:
        lines = [line for line in signed.signatures if _is_of(line, key)]
        times = [_verified(signed.checkpoint, line, key) for line in lines]
        if times:
            found.append(Cosignature(key, max(times)))
    return tuple(found)


def parse_lines(data: bytes) -> tuple[NoteSignature, ...]:
    """The signature lines that a witness answered.

    Raises:
        MalformedError: Not 1 to 64 such lines, or more than 64 KiB.
    """
    if len(data) > MAX_LINES:
        raise MalformedError("signature lines that are too large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("signature lines that are not UTF-8") from None
    if not text.endswith("\n"):
        raise MalformedError("a signature line does not end")
    return parse_signature_lines(text)


def known_lines(
    checkpoint: Checkpoint, lines: Iterable[NoteSignature], keys: Iterable[CosignerKey]
) -> tuple[NoteSignature, ...]:
    """Those of *lines* that one of *keys* made over *checkpoint*: the others are ignored.

    Raises:
        EvidenceError: A line of one of these keys does not verify.
    """
    keys = tuple(keys)
    known = []
    for line in lines:
        for key in (key for key in keys if _is_of(line, key)):
            _verified(checkpoint, line, key)
            known.append(line)
    return tuple(known)


def with_lines(note: bytes, lines: Iterable[NoteSignature]) -> bytes:
    """The note with these signature lines at its end."""
    return (
        note
        + "".join(
            f"\u2014 {line.name} {b64encode(line.key_id + line.value).decode('ascii')}\n" for line in lines
        ).encode()
    )


def _is_of(line: NoteSignature, key: CosignerKey) -> bool:
    return line.name == key.name and line.key_id == key.id


def _verified(checkpoint: Checkpoint, line: NoteSignature, key: CosignerKey) -> int:
    """The time of a line of *key*."""
    seconds = int.from_bytes(line.value[:_TIME], "big")
    try:
        key.public.verify(line.value[_TIME:], _message(checkpoint, key, seconds))
    except (UntrustedError, MalformedError) as error:
        raise EvidenceError("a cosignature does not verify", why=key.name) from error
    return seconds


def _message(checkpoint: Checkpoint, key: CosignerKey, seconds: int) -> bytes:
    """What is signed."""
    if not 0 <= seconds <= _MAX_TIME:
        raise MalformedError("a time outside what a cosignature can say")
    if key.public.algorithm is Algorithm.ED25519:
        return b"cosignature/v1\ntime %d\n" % seconds + checkpoint.body()
    return b"".join(
        (
            b"subtree/v1\n\0",
            _opaque(key.name),
            seconds.to_bytes(_TIME, "big"),
            _opaque(checkpoint.origin),
            bytes(_TIME),
            checkpoint.size.to_bytes(_TIME, "big"),
            checkpoint.root,
        )
    )


def _opaque(text: str) -> bytes:
    data = text.encode()
    if not 1 <= len(data) <= _MAX_OPAQUE:
        raise MalformedError("a name that is too long to be cosigned")
    return len(data).to_bytes(1, "big") + data
