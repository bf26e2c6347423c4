"""Signed statements in JSON: DSSE envelopes, alone or in a list (docs/spec/agreements.md 3).

1. Each is an envelope of `broker.dsse`: its type, its JSON, and one signature per key.
2. Each statement names the agency that makes it; it is believed once that agency's keys have signed it.
3. What is read is not believed: `SignedStatement.verify` says whether the agency signed it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from broker.dsse import Envelope, open_envelope, read_envelope
from broker.errors import UntrustedError
from broker.names import KeyId, Micros
from broker.signing import KeyDirectory, VerificationCache
from broker.strict_json import OinText, StrictModel, read_json

__all__ = [
    "SignedStatement",
    "Statement",
    "add_to_bundle",
    "read_statement",
    "read_statements",
]

_NOUN = "a signed statement"
_MAX_ENVELOPE = 32 * 1024
_MAX_BUNDLE = 2 * 1024 * 1024


class Statement(StrictModel):
    """What an agency says, by its number."""

    oin: OinText


class _Bundle(StrictModel):
    envelopes: Annotated[tuple[Envelope, ...], Field(max_length=256)]


_S = TypeVar("_S", bound=Statement)


class SignedStatement(Generic[_S]):
    """A DSSE envelope that parses, and is **not** yet believed.

    Attributes:
        statement: What it claims.
    """

    __slots__ = ("_signatures", "_signed", "statement")

    def __init__(self, statement: _S, signed: bytes, signatures: Sequence[tuple[KeyId, bytes]]) -> None:
        self.statement: _S = statement
        self._signed = signed
        self._signatures = tuple(signatures)

    def verify(self, at: Micros, keys: KeyDirectory, cache: VerificationCache) -> None:
        """Check that the agency it names signed it at *at*, with every algorithm required of it.

        Raises:
            UntrustedError: It did not, or with a key that is not trusted.
        """
        oin = self.statement.oin
        seen = set()
        for key_id, signature in self._signatures:
            key = keys.vouching_key(oin, key_id, at)
            cache.check(key, signature, self._signed)
            seen.add(key.algorithm)
        if not keys.required_algorithms(oin) <= seen:
            raise UntrustedError(
                "a signature that the registry requires is missing", reason="signature-missing"
            )


def read_statement(
    document: bytes, type_: str, statement: type[_S], limit: int = _MAX_ENVELOPE
) -> SignedStatement[_S]:
    """One envelope of *type_*, unverified.

    Args:
        limit: Bytes of the largest document that may be one.

    Raises:
        MalformedError: Not such a document.
    """
    return _open(read_envelope(document, _NOUN, limit), type_, statement, limit)


def read_statements(document: bytes, type_: str, statement: type[_S]) -> tuple[SignedStatement[_S], ...]:
    """A list of envelopes of *type_*, unverified.

    Raises:
        MalformedError: Not such a list.
    """
    bundle = read_json(document, _Bundle, "a list of signatures", _MAX_BUNDLE)
    return tuple(_open(envelope, type_, statement) for envelope in bundle.envelopes)


def add_to_bundle(bundle: bytes | None, signature: bytes) -> bytes:
    """The list with one envelope more; a repeat changes nothing.

    Raises:
        MalformedError: One of the two is not what it should be.
    """
    added = read_envelope(signature, _NOUN, _MAX_ENVELOPE)
    held = read_json(bundle, _Bundle, "a list of signatures", _MAX_BUNDLE).envelopes if bundle else ()
    envelopes = held if added in held else (*held, added)
    return json.dumps({"envelopes": [e.model_dump(mode="json") for e in envelopes]}, indent=1).encode()


def _open(
    envelope: Envelope, type_: str, statement: type[_S], limit: int = _MAX_ENVELOPE
) -> SignedStatement[_S]:
    opened = open_envelope(envelope, type_, _NOUN, limit)
    content = read_json(opened.payload, statement, f"{_NOUN}'s payload", limit)
    return SignedStatement(content, opened.signed, opened.signatures)
