"""What parties sign about an agreement: that they agree, and that they no longer do.

Both are DSSE envelopes in JSON: `payloadType`, `payload` (base64 of a JSON statement that names the
exact version by id, version and SHA-256), and one signature per key.  The bytes signed are
``PAE(payloadType, payload)`` (docs/spec/agreements.md 3).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from broker.agreements.model import Agreement
from broker.agreements.parsing import (
    AgreementIdText,
    DigestText,
    KeyIdText,
    OinText,
    StrictModel,
    read_json,
)
from broker.crypto import Signer, pae
from broker.errors import MalformedError, UntrustedError
from broker.names import KeyId, Micros, Oin
from broker.signing import MAX_SIGNATURES, KeyDirectory, VerificationCache

__all__ = [
    "AGREEMENT_TYPE",
    "REVOCATION_TYPE",
    "AgreementStatement",
    "RevocationReason",
    "RevocationStatement",
    "SignedStatement",
    "add_to_bundle",
    "read_bundle",
    "read_revocation",
    "read_signature",
    "revoke_agreement",
    "sign_agreement",
    "verify_agreement_signature",
    "verify_revocation",
]

AGREEMENT_TYPE = "application/vnd.schakel.agreement.v1+json"
REVOCATION_TYPE = "application/vnd.schakel.revocation.v1+json"
_MAX_ENVELOPE = 32 * 1024
_MAX_BUNDLE = 2 * 1024 * 1024

_Time = Annotated[int, Field(ge=0, le=1 << 62, strict=True)]
_Version = Annotated[int, Field(ge=1, le=9999, strict=True)]


class RevocationReason(StrEnum):
    """Why a party revokes.  Wire values: only ever added to."""

    PARTY_REQUEST = "party-request"
    SUPERSEDED = "superseded"
    BREACH = "breach"
    COURT_ORDER = "court-order"
    ERROR = "error"


class AgreementStatement(StrictModel):
    """This agency agrees to exactly this version."""

    agreement: AgreementIdText
    version: _Version
    digest: DigestText
    oin: OinText
    signed_at: _Time


class RevocationStatement(StrictModel):
    """This agency ends exactly this version from `revoked_at` on."""

    agreement: AgreementIdText
    version: _Version
    digest: DigestText
    oin: OinText
    revoked_at: _Time
    reason: RevocationReason


class _Signature(StrictModel):
    keyid: KeyIdText
    sig: Annotated[str, Field(max_length=8192)]


class _Envelope(StrictModel):
    payloadType: Annotated[str, Field(max_length=128)]  # noqa: N815  (DSSE's own name)
    payload: Annotated[str, Field(max_length=_MAX_ENVELOPE)]
    signatures: Annotated[tuple[_Signature, ...], Field(min_length=1, max_length=MAX_SIGNATURES)]


class _Bundle(StrictModel):
    envelopes: Annotated[tuple[_Envelope, ...], Field(max_length=256)]


_S = TypeVar("_S", AgreementStatement, RevocationStatement)


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


def sign_agreement(agreement: Agreement, oin: Oin, signers: Sequence[Signer], at: Micros) -> bytes:
    """The statement that *oin* agrees to this exact version, signed with each of *signers*.

    Raises:
        UntrustedError: *oin* is not a party.
    """
    return _sign(AGREEMENT_TYPE, {**_names(agreement, oin), "signed_at": at}, signers)


def revoke_agreement(
    agreement: Agreement, oin: Oin, signers: Sequence[Signer], at: Micros, reason: RevocationReason
) -> bytes:
    """The statement that *oin* ends this exact version from *at* on.

    Raises:
        UntrustedError: *oin* is not a party.
    """
    names = _names(agreement, oin)
    return _sign(REVOCATION_TYPE, {**names, "revoked_at": at, "reason": reason.value}, signers)


def read_signature(document: bytes) -> SignedStatement[AgreementStatement]:
    """A signature document, unverified.

    Raises:
        MalformedError: Not such a document.
    """
    envelope = read_json(document, _Envelope, "a signed statement", _MAX_ENVELOPE)
    return _open(envelope, AGREEMENT_TYPE, AgreementStatement)


def read_revocation(document: bytes) -> SignedStatement[RevocationStatement]:
    """A revocation document, unverified.

    Raises:
        MalformedError: Not such a document.
    """
    envelope = read_json(document, _Envelope, "a signed statement", _MAX_ENVELOPE)
    return _open(envelope, REVOCATION_TYPE, RevocationStatement)


def read_bundle(document: bytes) -> tuple[SignedStatement[AgreementStatement], ...]:
    """All signatures on one version, unverified: the content of its `.signatures.json`.

    Raises:
        MalformedError: Not a list of signature documents.
    """
    bundle = read_json(document, _Bundle, "a list of signatures", _MAX_BUNDLE)
    return tuple(_open(envelope, AGREEMENT_TYPE, AgreementStatement) for envelope in bundle.envelopes)


def add_to_bundle(bundle: bytes | None, signature: bytes) -> bytes:
    """The `.signatures.json` with one signature document more; a repeat changes nothing.

    Raises:
        MalformedError: One of the two is not what it should be.
    """
    added = read_json(signature, _Envelope, "a signed statement", _MAX_ENVELOPE)
    held = read_json(bundle, _Bundle, "a list of signatures", _MAX_BUNDLE).envelopes if bundle else ()
    envelopes = held if added in held else (*held, added)
    return json.dumps({"envelopes": [e.model_dump(mode="json") for e in envelopes]}, indent=1).encode()


def verify_agreement_signature(
    signed: SignedStatement[AgreementStatement],
    agreement: Agreement,
    keys: KeyDirectory,
    cache: VerificationCache,
) -> Oin:
    """The party that signed this exact version.

    Raises:
        UntrustedError: Of another version, by an agency that is no party, or not signed by it.
    """
    _require_same(agreement, signed.statement)
    signed.verify(Micros(signed.statement.signed_at), keys, cache)
    oin: Oin = signed.statement.oin
    return oin


def verify_revocation(
    signed: SignedStatement[RevocationStatement],
    agreement: Agreement,
    keys: KeyDirectory,
    cache: VerificationCache,
) -> RevocationStatement:
    """The revocation of this exact version by one of its parties.

    Raises:
        UntrustedError: Of another version, by an agency that is no party, or not signed by it.
    """
    _require_same(agreement, signed.statement)
    signed.verify(Micros(signed.statement.revoked_at), keys, cache)
    return signed.statement


def _require_same(agreement: Agreement, statement: AgreementStatement | RevocationStatement) -> None:
    named = (statement.agreement, statement.version, statement.digest)
    if named != (agreement.id, agreement.version, agreement.digest):
        raise UntrustedError("a statement about another version of an agreement", reason="agreement-digest")
    _require_party(agreement, statement.oin)


def _require_party(agreement: Agreement, oin: Oin) -> None:
    if oin not in {party.oin for party in agreement.parties}:
        raise UntrustedError("only a party signs or revokes an agreement", reason="not-a-party")


def _names(agreement: Agreement, oin: Oin) -> dict[str, object]:
    _require_party(agreement, oin)
    return {
        "agreement": agreement.id,
        "version": agreement.version,
        "digest": str(agreement.digest),
        "oin": oin,
    }


def _sign(type_: str, statement: dict[str, object], signers: Sequence[Signer]) -> bytes:
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


def _open(envelope: _Envelope, type_: str, statement: type[_S]) -> SignedStatement[_S]:
    if envelope.payloadType != type_:
        raise MalformedError("a signed statement of another type than its place asks for")
    payload = _octets(envelope.payload)
    signatures = [(signature.keyid, _octets(signature.sig)) for signature in envelope.signatures]
    content = read_json(payload, statement, "a signed statement's payload")
    return SignedStatement(content, pae(type_.encode(), payload), signatures)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _octets(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError("a signed statement holds something that is not base64") from error
