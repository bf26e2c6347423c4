"""Proof of possession: an agency shows that it holds the keys it wants registered (docs/spec/registry.md 5).

The proof is a DSSE envelope over the OIN and all public keys, signed with each of the signing keys.  A
sealing key cannot sign; it is vouched for by the signing keys beside it, and tried out by its owner.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from broker.agreements.parsing import KeyIdText, OinText, StrictModel, read_json
from broker.crypto import SealingKey, Signer, VerifyingKey, pae
from broker.errors import MalformedError, UntrustedError
from broker.names import Algorithm, Micros, Oin

__all__ = ["POSSESSION_TYPE", "Possession", "check_possession", "prove_possession"]

POSSESSION_TYPE = "application/vnd.schakel.possession.v1+json"
_LIMIT = 64 * 1024
_Text = Annotated[str, Field(max_length=8192)]


@dataclass(frozen=True, slots=True)
class Possession:
    """Keys that an agency has shown to hold.

    Attributes:
        log_keys: Ed25519 keys: only the exchange has any.
    """

    oin: Oin
    signing_keys: tuple[VerifyingKey, ...]
    sealing_keys: tuple[SealingKey, ...]
    log_keys: tuple[VerifyingKey, ...] = ()


class _Statement(StrictModel):
    oin: OinText
    made_at: Annotated[int, Field(ge=0, strict=True)]
    signing_keys: Annotated[tuple[_Text, ...], Field(min_length=1, max_length=4)]
    sealing_keys: Annotated[tuple[_Text, ...], Field(max_length=8)]


class _Signature(StrictModel):
    keyid: KeyIdText
    sig: _Text


class _Envelope(StrictModel):
    payloadType: _Text  # noqa: N815  (DSSE's own name)
    payload: Annotated[str, Field(max_length=_LIMIT)]
    signatures: Annotated[tuple[_Signature, ...], Field(min_length=1, max_length=4)]


def prove_possession(
    oin: Oin, signers: Sequence[tuple[Signer, VerifyingKey]], sealing_keys: Sequence[SealingKey], at: Micros
) -> bytes:
    """The proof, as a JSON document.

    Args:
        signers: Each signing key with its public half.
        at: The moment it is made, for whoever reads it.
    """
    statement = {
        "oin": oin,
        "made_at": at,
        "signing_keys": [_text(key.spki) for _, key in signers],
        "sealing_keys": [_text(key.raw) for key in sealing_keys],
    }
    payload = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    signed = pae(POSSESSION_TYPE.encode(), payload)
    envelope = {
        "payloadType": POSSESSION_TYPE,
        "payload": _text(payload),
        "signatures": [
            {"keyid": str(key.key_id), "sig": _text(signer.sign(signed))} for signer, key in signers
        ],
    }
    return json.dumps(envelope, indent=1).encode() + b"\n"


def check_possession(document: bytes) -> Possession:
    """The keys that *document* proves.

    Raises:
        MalformedError: Not such a document, or a key in it is none.
        UntrustedError: A signing key has not signed it.
    """
    envelope = read_json(document, _Envelope, "a proof of possession", _LIMIT)
    if envelope.payloadType != POSSESSION_TYPE:
        raise MalformedError("not a proof of possession")
    payload = _octets(envelope.payload)
    statement = read_json(payload, _Statement, "a proof of possession", _LIMIT)
    keys = [VerifyingKey.from_spki(_octets(text)) for text in statement.signing_keys]
    signatures = {signature.keyid: _octets(signature.sig) for signature in envelope.signatures}
    if {key.key_id for key in keys} != signatures.keys() or len(keys) != len(envelope.signatures):
        raise UntrustedError(
            "not every key of a proof of possession has signed it", reason="signature-missing"
        )
    for key in keys:
        key.verify(signatures[key.key_id], pae(POSSESSION_TYPE.encode(), payload))
    return Possession(
        oin=statement.oin,
        signing_keys=tuple(key for key in keys if key.algorithm is not Algorithm.ED25519),
        sealing_keys=tuple(SealingKey(_octets(text)) for text in statement.sealing_keys),
        log_keys=tuple(key for key in keys if key.algorithm is Algorithm.ED25519),
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _octets(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError("a proof of possession holds something that is not base64") from error
