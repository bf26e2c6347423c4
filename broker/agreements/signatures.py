"""What parties sign about an agreement: that they agree, and that they no longer do.

Both are signed statements (`broker.agreements.statements`) that name the exact version by id, version
and SHA-256 (docs/spec/agreements.md 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from broker.agreements.model import Agreement
from broker.agreements.parsing import AgreementIdText, DigestText
from broker.agreements.statements import (
    SignedStatement,
    Statement,
    add_to_bundle,
    read_statement,
    read_statements,
)
from broker.crypto import Signer
from broker.dsse import write_envelope
from broker.errors import UntrustedError
from broker.names import Micros, Oin
from broker.signing import KeyDirectory, VerificationCache

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

_Time = Annotated[int, Field(ge=0, le=1 << 62, strict=True)]
_Version = Annotated[int, Field(ge=1, le=9999, strict=True)]


class RevocationReason(StrEnum):
    """Why a party revokes.  Wire values: only ever added to."""

    PARTY_REQUEST = "party-request"
    SUPERSEDED = "superseded"
    BREACH = "breach"
    COURT_ORDER = "court-order"
    ERROR = "error"


class AgreementStatement(Statement):
    """This agency agrees to exactly this version."""

    agreement: AgreementIdText
    version: _Version
    digest: DigestText
    signed_at: _Time


class RevocationStatement(Statement):
    """This agency ends exactly this version from `revoked_at` on."""

    agreement: AgreementIdText
    version: _Version
    digest: DigestText
    revoked_at: _Time
    reason: RevocationReason


def sign_agreement(agreement: Agreement, oin: Oin, signers: Sequence[Signer], at: Micros) -> bytes:
    """The statement that *oin* agrees to this exact version, signed with each of *signers*.

    Raises:
        UntrustedError: *oin* is not a party.
    """
    return write_envelope(AGREEMENT_TYPE, {**_names(agreement, oin), "signed_at": at}, signers)


def revoke_agreement(
    agreement: Agreement, oin: Oin, signers: Sequence[Signer], at: Micros, reason: RevocationReason
) -> bytes:
    """The statement that *oin* ends this exact version from *at* on.

    Raises:
        UntrustedError: *oin* is not a party.
    """
    names = _names(agreement, oin)
    return write_envelope(REVOCATION_TYPE, {**names, "revoked_at": at, "reason": reason.value}, signers)


def read_signature(document: bytes) -> SignedStatement[AgreementStatement]:
    """A signature document, unverified.

    Raises:
        MalformedError: Not such a document.
    """
    return read_statement(document, AGREEMENT_TYPE, AgreementStatement)


def read_revocation(document: bytes) -> SignedStatement[RevocationStatement]:
    """A revocation document, unverified.

    Raises:
        MalformedError: Not such a document.
    """
    return read_statement(document, REVOCATION_TYPE, RevocationStatement)


def read_bundle(document: bytes) -> tuple[SignedStatement[AgreementStatement], ...]:
    """All signatures on one version, unverified: the content of its `.signatures.json`.

    Raises:
        MalformedError: Not a list of signature documents.
    """
    return read_statements(document, AGREEMENT_TYPE, AgreementStatement)


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
