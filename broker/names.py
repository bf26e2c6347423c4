"""The small values everybody speaks of: who, what, which, when.

Each is a thin subclass of `str` or `bytes`, so it hashes, compares and encodes as its wire form and
costs nothing on the way through.  `X.parse` validates what comes from outside and raises
`MalformedError`; the plain constructor trusts its caller and is for values already parsed.
"""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from typing import ClassVar, NewType, Self

from broker.errors import MalformedError

__all__ = [
    "MAX_ENVELOPE_BYTES",
    "AgreementId",
    "Algorithm",
    "CaseRef",
    "Digest",
    "GroupName",
    "KeyId",
    "LegalBasis",
    "MessageCode",
    "MessageId",
    "MessageType",
    "Micros",
    "Oin",
    "ProducerId",
    "Purpose",
    "Regime",
    "Role",
    "SubjectRef",
    "TopicName",
    "Urgency",
]

MAX_ENVELOPE_BYTES = 1_048_576
"""The largest envelope: 1 MiB.  The limits of records, batches and decisions follow from it."""

Micros = NewType("Micros", int)
"""A moment: microseconds since 1970-01-01T00:00:00Z."""


class _Text(str):
    """A string that matches one pattern."""

    __slots__ = ()
    _pattern: ClassVar[re.Pattern[str]]
    _what: ClassVar[str]

    @classmethod
    def parse(cls, text: object) -> Self:
        """Validate *text*.

        Raises:
            MalformedError: It is not a string of this form.
        """
        if not isinstance(text, str) or not cls._pattern.fullmatch(text):
            raise MalformedError(f"not {cls._what}")
        return cls(text)


class _Octets(bytes):
    """A byte string of one fixed length; `str()` is its lower-case hexadecimal form."""

    __slots__ = ()
    size: ClassVar[int]
    _what: ClassVar[str]

    @classmethod
    def parse(cls, value: object) -> Self:
        """Validate *value*: the bytes themselves, or their hexadecimal form.

        Raises:
            MalformedError: It is neither.
        """
        if isinstance(value, str) and re.fullmatch(rf"[0-9a-f]{{{cls.size * 2}}}", value):
            return cls(bytes.fromhex(value))
        if isinstance(value, bytes) and len(value) == cls.size:
            return cls(value)
        raise MalformedError(f"not {cls._what} ({cls.size} bytes)")

    def __str__(self) -> str:
        return self.hex()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.hex()})"


class Oin(_Text):
    """Organisatie-identificatienummer: 20 positions, the main number may be alphanumeric (sources.md 9.1)."""

    _pattern = re.compile(r"[0-9]{8}[0-9A-Za-z]{8,9}0{3,4}")
    _what = "an OIN (20 positions: prefix, main number, zeroes)"

    @classmethod
    def parse(cls, text: object) -> Self:
        """Validate *text* as an OIN.

        Raises:
            MalformedError: It is not 20 positions of the right form.
        """
        oin = super().parse(text)
        if len(oin) != 20:
            raise MalformedError(f"not {cls._what}")
        return oin

    @property
    def is_test(self) -> bool:
        """Whether this is a test number (prefix 00000099), which production refuses."""
        return self.startswith("00000099")


class Role(_Text):
    """The capacity in which an agency acts: AMK, SHG, BJZ, RvdK ... (sources.md 2)."""

    _pattern = re.compile(r"[A-Z][A-Za-z]{1,11}")
    _what = "a role code"


class MessageCode(_Text):
    """The catalogue's short code of a message type: E01, E17R, E18A (sources.md 4.3)."""

    _pattern = re.compile(r"E[0-9]{2}[A-Z]?")
    _what = "a message code"


class MessageType(_Text):
    """CloudEvents type in reverse-domain notation, without an organisation's name (sources.md 9.2)."""

    _pattern = re.compile(r"nl\.[a-z0-9.-]{3,120}\.v[0-9]{1,3}")
    _what = "a message type"


class GroupName(_Text):
    """A field group of the dictionary: CH, GU, CO (sources.md 4.2)."""

    _pattern = re.compile(r"[A-Z]{2,4}")
    _what = "a field group"


class Purpose(_Text):
    """A coded purpose limitation (doelbinding), for instance ``amk-taak``."""

    _pattern = re.compile(r"[a-z0-9][a-z0-9-]{1,63}")
    _what = "a purpose code"


class LegalBasis(_Text):
    """A coded ground, for instance ``wmo-21b-2d`` (sources.md 3)."""

    _pattern = re.compile(r"[a-z0-9][a-z0-9-]{1,63}")
    _what = "a legal-basis code"


class AgreementId(_Text):
    """Identifier of a data-sharing agreement (convenant); its version is part of the document."""

    _pattern = re.compile(r"[a-z0-9][a-z0-9-]{2,63}")
    _what = "an agreement id"


class TopicName(_Text):
    """A logical Kafka topic name."""

    _pattern = re.compile(r"[a-z0-9][a-z0-9.-]{2,120}")
    _what = "a topic name"


class MessageId(_Octets):
    """UUIDv7 of one message, made by the sender, 16 bytes."""

    size = 16
    _what = "a message id"


class CaseRef(_Octets):
    """Pseudonymous case reference: 16 random bytes, also the Kafka record key."""

    size = 16
    _what = "a case reference"


class SubjectRef(_Octets):
    """Pseudonymous reference to one person concerned, meaningful to the agencies only: 16 random bytes."""

    size = 16
    _what = "a subject reference"


class ProducerId(_Octets):
    """One start of one producer: 8 random bytes."""

    size = 8
    _what = "a producer id"


class KeyId(_Octets):
    """SHA-256 of a public key (SubjectPublicKeyInfo DER; of the raw 1,216 bytes for X-Wing)."""

    size = 32
    _what = "a key id"


class Digest(_Octets):
    """A SHA-256 digest."""

    size = 32
    _what = "a SHA-256 digest"


class Algorithm(IntEnum):
    """Signature algorithms by registry number; the algorithm belongs to the key, never to the message."""

    ES256 = 1
    ED25519 = 2
    ML_DSA_44 = 3


class Regime(StrEnum):
    """Legal regime in which a message is sent (sources.md 1)."""

    R0 = "R0"
    R1 = "R1"
    R2 = "R2"


class Urgency(StrEnum):
    """How soon the recipient must look; `acute` may invoke an emergency clause."""

    NORMAL = "normal"
    ACUTE = "acute"
