"""Signed statements in JSON: DSSE envelopes, alone or in a list (docs/spec/agreements.md 3).

1. `payloadType` says what the statement is about, `payload` is its JSON in base64, and there is one
   signature per key over ``PAE(payloadType, payload)``.
2. Each statement names the agency that makes it; it is believed once that agency's keys have signed it.
3. What is read is not believed: `SignedStatement.verify` says whether the agency signed it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from broker.agreements.parsing import KeyIdText, OinText, StrictModel, read_json
from broker.crypto import Signer, pae
from broker.errors import MalformedError, UntrustedError
from broker.names import KeyId, Micros
from broker.signing import MAX_SIGNATURES, KeyDirectory, VerificationCache

__all__ = [
    "SignedStatement",
    "Statement",
    "add_to_bundle",
    "read_statement",
    "read_statements",
    "sign_statement",
]

_MAX_ENVELOPE = 32 * 1024
_MAX_BUNDLE = 2 * 1024 * 1024


class Statement(StrictModel):
    """What an agency says, by its number."""

    oin: OinText


class _Signature(StrictModel):
    keyid: KeyIdText
    sig: Annotated[str, Field(max_length=8192)]


class _Envelope(StrictModel):
    payloadType: Annotated[str, Field(max_length=128)]  # noqa: N815  (DSSE's own name)
    payload: str
    signatures: Annotated[tuple[_Signature, ...], Field(min_length=1, max_length=MAX_SIGNATURES)]


class _Bundle(StrictModel):
    envelopes: Annotated[tuple[_Envelope, ...], Field(max_length=256)]


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


def sign_statement(type_: str, statement: Mapping[str, object], signers: Sequence[Signer]) -> bytes:
    """*statement* as an envelope of *type_*, signed with each of *signers*."""
    payload = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    signed = pae(type_.encode(), payload)
    envelope = {
        "payloadType": type_,
        "payload": _text(payload),
        "signatures": [
            {"keyid": str(signer.key_id), "sig": _text(signer.sign(signed))} for signer in signers
        ],
    }
    return json.dumps(envelope, indent=1).encode() + b"\n"


def read_statement(
    document: bytes, type_: str, statement: type[_S], limit: int = _MAX_ENVELOPE
) -> SignedStatement[_S]:
    """One envelope of *type_*, unverified.

    Args:
        limit: Bytes of the largest document that may be one.

    Raises:
        MalformedError: Not such a document.
    """
    envelope = read_json(document, _Envelope, "a signed statement", limit)
    return _open(envelope, type_, statement, limit)


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
    added = read_json(signature, _Envelope, "a signed statement", _MAX_ENVELOPE)
    held = read_json(bundle, _Bundle, "a list of signatures", _MAX_BUNDLE).envelopes if bundle else ()
    envelopes = held if added in held else (*held, added)
    return json.dumps({"envelopes": [e.model_dump(mode="json") for e in envelopes]}, indent=1).encode()


def _open(
    envelope: _Envelope, type_: str, statement: type[_S], limit: int = _MAX_ENVELOPE
) -> SignedStatement[_S]:
    if envelope.payloadType != type_:
        raise MalformedError("a signed statement of another type than its place asks for")
    if len(envelope.payload) > limit:
        raise MalformedError(f"a signed statement's payload is larger than {limit} characters")
    payload = _octets(envelope.payload)
    signatures = [(signature.keyid, _octets(signature.sig)) for signature in envelope.signatures]
    content = read_json(payload, statement, "a signed statement's payload", limit)
    return SignedStatement(content, pae(type_.encode(), payload), signatures)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _octets(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError("a signed statement holds something that is not base64") from error
