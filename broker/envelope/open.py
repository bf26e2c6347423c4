"""Steps 13 and 14: a recipient unwraps its content keys and opens its sections (envelope.md 8).

13. The wrapped keys open with this recipient's key and context, and hold exactly one (index, content
    key) pair for each group that the header grants it, in the order of the sections.
14. Each of those sections is present and opens with its content key and context.

It takes an `AuditReceipt`: without a durable decision record there is none, and without it this does
not type-check.
"""

from __future__ import annotations

from collections.abc import Mapping

from broker.crypto import Unwrapper, open_section
from broker.envelope.binding import section_context, wrap_info
from broker.envelope.model import EnvelopeHeader, Recipient, VerifiedEnvelope
from broker.envelope.reasons import Reason
from broker.envelope.schema import CONTENT_KEY_SIZE
from broker.errors import RejectedError, UntrustedError, UsageError
from broker.names import GroupName
from broker.receipts import AuditReceipt

__all__ = ["open_sections"]

_PAIR_SIZE = 1 + CONTENT_KEY_SIZE


def open_sections(
    verified: VerifiedEnvelope, recipient: Recipient, unwrapper: Unwrapper, receipt: AuditReceipt
) -> Mapping[GroupName, bytes]:
    """Open every group that the header grants *recipient*.

    Args:
        recipient: An entry of the verified header.
        receipt: Proof that the decision to release is durable.

    Returns:
        The padded group records, in the order of the sections.

    Raises:
        UntrustedError: Step 13 or 14 with its reason.
        UsageError: *recipient* is not an entry of this header.
        UnavailableError: The key store did not answer.
    """
    del receipt  # Its existence is what is asked for.
    if recipient not in verified.header.recipients:
        raise UsageError(
            "the recipient is not one of this envelope's", remedy="Take the recipient from the header itself"
        )
    keys = _content_keys(verified.header, recipient, unwrapper)
    return {group: _opened(verified, index, key) for group, (index, key) in keys.items()}


def _content_keys(
    header: EnvelopeHeader, recipient: Recipient, unwrapper: Unwrapper
) -> Mapping[GroupName, tuple[int, bytes]]:
    if unwrapper.key_id != recipient.key_id:
        raise UntrustedError("sealed to another key", step=13, reason=Reason.SEALING_KEY)
    try:
        secret = unwrapper.unwrap(wrap_info(header, recipient), recipient.wrapped)
    except RejectedError as error:
        error.at(13)
        raise
    order = {section.group: index for index, section in enumerate(header.sections)}
    wanted = [order[group] for group in recipient.groups]
    if list(secret[::_PAIR_SIZE]) != wanted or len(secret) != _PAIR_SIZE * len(wanted):
        raise UntrustedError(
            "the wrapped keys are not those of the declared groups", step=13, reason=Reason.WRAPPED_GROUPS
        )
    starts = range(1, len(secret), _PAIR_SIZE)
    keys = [secret[start : start + CONTENT_KEY_SIZE] for start in starts]
    return dict(zip(recipient.groups, zip(wanted, keys, strict=True), strict=True))


def _opened(verified: VerifiedEnvelope, index: int, key: bytes) -> bytes:
    group = verified.header.sections[index].group
    sealed = verified.envelope.sections[index]
    if sealed is None:
        raise UntrustedError(
            "a granted section is absent", step=14, reason=Reason.SECTION_WITHHELD, offending=(group,)
        )
    try:
        return open_section(key, section_context(verified.header, group), sealed)
    except RejectedError as error:
        error.at(14)
        raise
