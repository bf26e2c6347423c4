"""Sealing and signing: from padded groups to record values (docs/spec/envelope.md 5 and 6).

1. Each group gets a random content key of its own and becomes one section.
2. Each recipient gets the content keys of its granted groups, wrapped for it alone.
3. The header lists the digests of the sections; it is encoded once, and those bytes are signed.
4. A whole batch of one sender is signed with one Merkle signature per key.

Content keys come from the *entropy* given; HPKE, Cobblestone and ECDSA draw their own randomness
from the operating system inside `cryptography`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from broker.crypto import SUITE, SealingKey, Signer, seal_section, sha256
from broker.envelope import schema
from broker.envelope.binding import section_context, statement, wrap_info
from broker.envelope.codec import read_header, write_envelope, write_header
from broker.envelope.model import EnvelopeHeader, Recipient, SectionRef
from broker.errors import MalformedError, UsageError
from broker.names import GroupName, KeyId
from broker.ports import Entropy
from broker.signing import sign_batch

__all__ = ["Draft", "Unsigned", "seal", "sign_all"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A message ready to be sealed.

    Attributes:
        header: Complete but for its sections and the recipients' wrapped keys.
        groups: Padded group records in the order of the message's schema.
        sealing_keys: The key that each recipient's `key_id` names.
    """

    header: EnvelopeHeader
    groups: tuple[tuple[GroupName, bytes], ...]
    sealing_keys: Mapping[KeyId, SealingKey]


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A sealed message, not yet signed."""

    header: EnvelopeHeader
    header_bytes: bytes
    sections: tuple[bytes, ...]


def seal(draft: Draft, entropy: Entropy) -> Unsigned:
    """Seal every group, wrap the content keys, and encode the header.

    Raises:
        UsageError: The draft breaks a rule of the format (a group that is not padded, a recipient whose
            sealing key is missing, a header that no reader would accept).
    """
    header = draft.header
    if (header.version, header.suite, header.critical) != (schema.VERSION, SUITE, ()):
        raise UsageError(
            "only version 1 and suite 1 without extensions can be sealed",
            remedy="Leave version, suite and critical as they are by default",
        )
    _require_padded(draft.groups)
    keys = [entropy(schema.CONTENT_KEY_SIZE) for _ in draft.groups]
    sections = tuple(
        seal_section(key, section_context(header, name), padded)
        for key, (name, padded) in zip(keys, draft.groups, strict=True)
    )
    refs = tuple(
        SectionRef(name, sha256(sealed)) for (name, _), sealed in zip(draft.groups, sections, strict=True)
    )
    pairs = {
        name: bytes([i]) + key for i, ((name, _), key) in enumerate(zip(draft.groups, keys, strict=True))
    }
    recipients = tuple(_wrapped(draft, recipient, pairs) for recipient in header.recipients)
    header = replace(header, sections=refs, recipients=recipients)
    return Unsigned(header, _encoded(header), sections)


def sign_all(unsigned: Sequence[Unsigned], signers: Sequence[Signer]) -> list[bytes]:
    """Sign a batch of one sender; the record values, in order.

    Raises:
        UsageError: Messages of several senders: a batch is signed by one.
        UnavailableError: A key store did not answer.
    """
    senders = {item.header.sender.oin for item in unsigned}
    if not senders:
        return []
    if len(senders) > 1 or not signers:
        raise UsageError(
            "a batch is signed by one sender, with at least one key",
            remedy="Make one batch for each sender, and give its keys",
        )
    signatures = sign_batch([statement(item.header_bytes) for item in unsigned], senders.pop(), signers)
    return [
        write_envelope(item.header_bytes, item.sections, signed)
        for item, signed in zip(unsigned, signatures, strict=True)
    ]


def _require_padded(groups: tuple[tuple[GroupName, bytes], ...]) -> None:
    if any(not padded or len(padded) % schema.BUCKET for _, padded in groups):
        raise UsageError("a group is not padded", remedy="Pad it with broker.envelope.padding.pad")


def _wrapped(draft: Draft, recipient: Recipient, pairs: Mapping[GroupName, bytes]) -> Recipient:
    key = draft.sealing_keys.get(recipient.key_id)
    if key is None or not pairs.keys() >= set(recipient.groups):
        raise UsageError(
            "a recipient's sealing key or one of its groups is not in the draft",
            remedy="Add the key to `sealing_keys` and every granted group to `groups`",
        )
    secret = b"".join(pairs[group] for group in recipient.groups)
    return replace(recipient, wrapped=key.wrap(wrap_info(draft.header, recipient), secret))


def _encoded(header: EnvelopeHeader) -> bytes:
    # Reading back costs a tenth of the sealing, and an agency learns here, not from the gate, that
    # its header breaks a rule.
    encoded = write_header(header)
    try:
        if read_header(encoded) == header:
            return encoded
        why = "it does not read back as itself"
    except MalformedError as error:
        why = error.what
    raise UsageError(
        "the header is not one that readers accept", why=why, remedy="Correct the field that is named"
    )
