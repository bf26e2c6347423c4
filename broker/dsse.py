"""DSSE envelopes: JSON that says what it is, what is said, and by which keys it is signed.

1. `payloadType` says what the statement is about, `payload` is its JSON in base64, and there is one
   signature per key over ``PAE(payloadType, payload)``.
2. What is read is not believed: whoever reads checks the signatures over `Opened.signed`.
3. Whatever is wrong, `MalformedError` is raised, in words that begin with what it should have been.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from broker.crypto import Signer, pae
from broker.errors import MalformedError
from broker.names import KeyId
from broker.signing import MAX_SIGNATURES
from broker.strict_json import KeyIdText, StrictModel, read_json

__all__ = ["Envelope", "Opened", "decode", "encode", "open_envelope", "read_envelope", "write_envelope"]


class _Signature(StrictModel):
    keyid: KeyIdText
    sig: Annotated[str, Field(max_length=8192)]


class Envelope(StrictModel):
    """An envelope as written."""

    payloadType: Annotated[str, Field(max_length=128)]  # noqa: N815  (DSSE's own name)
    payload: str
    signatures: Annotated[tuple[_Signature, ...], Field(min_length=1, max_length=MAX_SIGNATURES)]


@dataclass(frozen=True, slots=True)
class Opened:
    """What an envelope holds, unverified.

    Attributes:
        payload: The statement: JSON.
        signed: The bytes that every signature is over.
        signatures: Key and signature, in the order in which they stand.
    """

    payload: bytes
    signed: bytes
    signatures: tuple[tuple[KeyId, bytes], ...]


def write_envelope(type_: str, statement: Mapping[str, object], signers: Sequence[Signer]) -> bytes:
    """*statement* as an envelope of *type_*, signed with each of *signers*."""
    payload = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    signed = pae(type_.encode(), payload)
    envelope = {
        "payloadType": type_,
        "payload": encode(payload),
        "signatures": [
            {"keyid": str(signer.key_id), "sig": encode(signer.sign(signed))} for signer in signers
        ],
    }
    return json.dumps(envelope, indent=1).encode() + b"\n"


def read_envelope(document: bytes, noun: str, limit: int) -> Envelope:
    """One envelope as written, unverified.

    Args:
        noun: What it should be, such as "a signed statement", for the error.
        limit: Bytes of the largest document that may be one.

    Raises:
        MalformedError: It is not that.
    """
    return read_json(document, Envelope, noun, limit)


def open_envelope(envelope: Envelope, type_: str, noun: str, limit: int) -> Opened:
    """What *envelope* holds, if it is one of *type_*.

    Raises:
        MalformedError: It is of another type, has a larger payload than *limit*, or is not base64.
    """
    if envelope.payloadType != type_:
        raise MalformedError(f"{noun} of another type than its place asks for")
    if len(envelope.payload) > limit:
        raise MalformedError(f"{noun} has a payload larger than {limit} characters")
    payload = decode(envelope.payload, noun)
    signatures = tuple((each.keyid, decode(each.sig, noun)) for each in envelope.signatures)
    return Opened(payload, pae(type_.encode(), payload), signatures)


def encode(data: bytes) -> str:
    """*data* in base64."""
    return base64.b64encode(data).decode("ascii")


def decode(text: str, noun: str) -> bytes:
    """The bytes of *text*, which is base64.

    Raises:
        MalformedError: It is not.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(f"{noun} holds something that is not base64") from error
