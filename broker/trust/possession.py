"""Proof of possession: an agency shows that it holds the keys it wants registered (docs/spec/registry.md 5).

The proof is a DSSE envelope over the OIN and all public keys, signed with each of the signing keys.  A
sealing key cannot sign; it is vouched for by the signing keys beside it, and tried out by its owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from broker.crypto import SealingKey, Signer, VerifyingKey
from broker.dsse import decode, encode, open_envelope, read_envelope, write_envelope
from broker.errors import UntrustedError
from broker.names import Algorithm, Micros, Oin
from broker.strict_json import OinText, StrictModel, read_json

__all__ = ["POSSESSION_TYPE", "Possession", "check_possession", "prove_possession"]

POSSESSION_TYPE = "application/vnd.schakel.possession.v1+json"
_NOUN = "a proof of possession"
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
        "signing_keys": [encode(key.spki) for _, key in signers],
        "sealing_keys": [encode(key.raw) for key in sealing_keys],
    }
    return write_envelope(POSSESSION_TYPE, statement, [signer for signer, _ in signers])


def check_possession(document: bytes) -> Possession:
    """The keys that *document* proves.

    Raises:
        MalformedError: Not such a document, or a key in it is none.
        UntrustedError: A signing key has not signed it.
    """
    opened = open_envelope(read_envelope(document, _NOUN, _LIMIT), POSSESSION_TYPE, _NOUN, _LIMIT)
    statement = read_json(opened.payload, _Statement, _NOUN, _LIMIT)
    keys = [VerifyingKey.from_spki(decode(text, _NOUN)) for text in statement.signing_keys]
    signatures = dict(opened.signatures)
    if {key.key_id for key in keys} != signatures.keys() or len(keys) != len(opened.signatures):
        raise UntrustedError(
            "not every key of a proof of possession has signed it", reason="signature-missing"
        )
    for key in keys:
        key.verify(signatures[key.key_id], opened.signed)
    return Possession(
        oin=statement.oin,
        signing_keys=tuple(key for key in keys if key.algorithm is not Algorithm.ED25519),
        sealing_keys=tuple(SealingKey(decode(text, _NOUN)) for text in statement.sealing_keys),
        log_keys=tuple(key for key in keys if key.algorithm is Algorithm.ED25519),
    )
