"""What signatures and seals are bound to: three byte strings, each unambiguous (envelope.md 5).

All parts have a fixed length, except the last, so no two different inputs give the same bytes.
"""

from __future__ import annotations

from broker.crypto import pae, sha256
from broker.envelope.model import EnvelopeHeader, Recipient
from broker.names import GroupName

__all__ = ["section_context", "statement", "wrap_info"]

_STATEMENT_TYPE = b"application/vnd.schakel.envelope.v1"
_SECTION = b"schakel/v1/section\x00"
_WRAP = b"schakel/v1/wrap\x00"


def statement(header_bytes: bytes) -> bytes:
    """What a signature covers: the pre-authentication encoding of the header exactly as sent."""
    return pae(_STATEMENT_TYPE, header_bytes)


def section_context(header: EnvelopeHeader, group: GroupName) -> bytes:
    """Cobblestone context of one section: SHA-256 over message, sender and group, 32 bytes."""
    sender = header.sender.oin.encode("ascii")
    return sha256(_SECTION + header.message_id + sender + group.encode("ascii"))


def wrap_info(header: EnvelopeHeader, recipient: Recipient) -> bytes:
    """HPKE info of one recipient's wrapped keys."""
    return b"".join(
        (
            _WRAP,
            header.suite.to_bytes(1, "big"),
            header.sender.oin.encode("ascii"),
            recipient.oin.encode("ascii"),
            recipient.agreement.digest,
            header.message_id,
            header.topic.encode("ascii"),
        )
    )
