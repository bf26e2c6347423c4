"""Checkpoints: C2SP tlog-checkpoint 1.0 in a C2SP signed note (docs/spec/audit.md 6).

```
<origin>
<size>
<base64 of the root>

— <key name> <base64 of key id and signature>
```

Tools that were not written by us read these.  Our own parser is stricter than the specifications:

1. exactly three lines of text, no extension lines; one form of every number and of all base64;
2. at most 64 signature lines and 64 KiB;
3. signatures by unknown keys are ignored, one by a known key must verify.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from broker.crypto import Signer, VerifyingKey, sha256
from broker.errors import ConfigurationError, EvidenceError, MalformedError, UntrustedError
from broker.names import Algorithm, Digest

__all__ = [
    "Checkpoint",
    "LogKey",
    "NoteSignature",
    "SecondKey",
    "SignedCheckpoint",
    "VerifierKey",
    "check_key_name",
    "decode_base64",
    "decode_number",
    "parse_checkpoint",
    "parse_signature_lines",
    "sign_checkpoint",
    "verify_checkpoint",
]

_ED25519 = b"\x01"
_SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")
_MAX_NOTE = 65_536
_MAX_SIGNATURES = 64
_MAX_SIZE = (1 << 63) - 1
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public Ed25519 key of a log, under the name that stands in its notes.

    Attributes:
        name: Origin of the log; neither spaces nor a plus sign.
    """

    name: str
    public: VerifyingKey

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read ``name+hash+base64``, the form in which tools exchange verifier keys.

        Raises:
            MalformedError: Not that, or a hash that is not the key's.
        """
        name, _, rest = text.partition("+")
        check_key_name(name)
        raw = decode_base64(rest.partition("+")[2])
        if len(raw) != 33 or raw[:1] != _ED25519:
            raise MalformedError("not an Ed25519 verifier key")
        key = cls(name, VerifyingKey.from_spki(_SPKI_PREFIX + raw[1:]))
        if str(key) != text:
            raise MalformedError("a verifier key does not match its own hash")
        return key

    @property
    def id(self) -> bytes:
        """The four bytes that name this key in a signature line."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public.raw())[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(_ED25519 + self.public.raw())}"


@dataclass(frozen=True, slots=True)
class SecondKey:
    """An ML-DSA-44 key of a log: signs its checkpoints too, in the form of a cosignature (audit.md 6.1)."""

    signer: Signer
    public: VerifyingKey


@dataclass(frozen=True, slots=True)
class LogKey:
    """The key that signs checkpoints, and its public half under the log's name.

    Attributes:
        second: The key that signs them as well, or None.
    """

    signer: Signer
    verifier: VerifierKey
    second: SecondKey | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits to: everything up to *size* has this *root*."""

    origin: str
    size: int
    root: Digest

    def body(self) -> bytes:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n".encode()


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line.

    Attributes:
        key_id: The first four bytes.
        value: The rest.
    """

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint that parses; nobody has verified it yet.

    Attributes:
        note: The exact bytes of the note.
    """

    checkpoint: Checkpoint
    signatures: tuple[NoteSignature, ...]
    note: bytes


def parse_checkpoint(note: bytes) -> SignedCheckpoint:
    """Parse a signed note that holds a checkpoint.

    Raises:
        MalformedError: Not that; nothing else is ever raised.
    """
    body, separator, lines = _text(note).rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise MalformedError("a note has no signatures")
    fields = body.split("\n")
    if len(fields) != 3:
        raise MalformedError("a checkpoint does not have three lines")
    origin, size, root = fields
    check_key_name(origin)
    checkpoint = Checkpoint(origin, decode_number(size), Digest.parse(decode_base64(root)))
    return SignedCheckpoint(checkpoint, parse_signature_lines(lines), note)


def parse_signature_lines(text: str) -> tuple[NoteSignature, ...]:
    """The signature lines of a note.

    Args:
        text: Ends in a newline.

    Raises:
        MalformedError: Not 1 to 64 such lines.
    """
    lines = text[:-1].split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise MalformedError("a note has too many signatures")
    return tuple(_signature(line) for line in lines)


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer, key: VerifierKey) -> bytes:
    """A note with one signature, by the log's own key.

    Args:
        key: The public half of *signer*, under the log's name.

    Raises:
        ConfigurationError: The two are not one key, it is not Ed25519, or it has another name.
        UnavailableError: The key store did not answer.
    """
    if signer.key_id != key.public.key_id or signer.algorithm is not Algorithm.ED25519:
        raise ConfigurationError(
            "the log's signing key is not the Ed25519 key that others verify with",
            remedy="Name the private half of the Ed25519 key that the registry lists for this log",
        )
    if key.name != checkpoint.origin:
        raise ConfigurationError(
            "a log signs under its own origin only", remedy="Use the origin that the log was made with"
        )
    body = checkpoint.body()
    line = f"{_DASH}{key.name} {_base64(key.id + signer.sign(body))}\n"
    return body + b"\n" + line.encode()


def verify_checkpoint(signed: SignedCheckpoint, key: VerifierKey) -> Checkpoint:
    """The checkpoint, once the log of this *key* is known to have signed it.

    Raises:
        EvidenceError: Another log's, not signed by this key, or a signature that does not verify.
    """
    if signed.checkpoint.origin != key.name:
        raise EvidenceError(
            "a checkpoint of another log", why=f"{signed.checkpoint.origin} instead of {key.name}"
        )
    ours = [s for s in signed.signatures if s.name == key.name and s.key_id == key.id]
    if not ours:
        raise EvidenceError("a checkpoint without the signature of its log")
    for signature in ours:
        try:
            key.public.verify(signature.value, signed.checkpoint.body())
        except UntrustedError as error:
            raise EvidenceError("the signature of a checkpoint does not verify") from error
    return signed.checkpoint


def check_key_name(name: str) -> None:
    """Insist on a name that a key may have in a note: printable, neither spaces nor a plus sign.

    Raises:
        MalformedError: Another name.
    """
    unfit = not name or "+" in name or not name.isprintable()
    if unfit or any(character.isspace() for character in name):
        raise MalformedError("not the name of a key")


def decode_base64(text: str) -> bytes:
    """The bytes of *text*, if it is their one base64 form.

    Raises:
        MalformedError: It is not.
    """
    try:
        value = b64decode(text.encode("ascii"), validate=True)
    except (Base64Error, UnicodeEncodeError, ValueError):
        raise MalformedError("not base64") from None
    if _base64(value) != text:
        raise MalformedError("base64 in another form than the usual one")
    return value


def decode_number(text: str) -> int:
    """A decimal number below 2^63 without leading zeroes.

    Raises:
        MalformedError: It is not.
    """
    if not _NUMBER.fullmatch(text) or int(text) > _MAX_SIZE:
        raise MalformedError("not a number of entries")
    return int(text)


def _text(note: bytes) -> str:
    if len(note) > _MAX_NOTE:
        raise MalformedError("a note is too large")
    try:
        text = note.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("a note is not UTF-8") from None
    if any(character < " " and character != "\n" for character in text):
        raise MalformedError("a note holds control characters")
    return text


def _signature(line: str) -> NoteSignature:
    name, separator, value = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator:
        raise MalformedError("not a signature line")
    check_key_name(name)
    raw = decode_base64(value)
    if len(raw) < 5:
        raise MalformedError("a signature in a note is too short")
    return NoteSignature(name, raw[:4], raw[4:])


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")
