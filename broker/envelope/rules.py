"""The rules that a header's fields obey beyond their encoding (docs/spec/envelope.md 4.2, step 2).

1. 1 to 64 recipients, each OIN once.
2. Each recipient's groups are sections of this message, in their order, none twice.
3. Each section's group occurs once.
4. Assertions are sorted by name and no name occurs twice.
5. `created_at` is not negative; `expires_at` comes after it, by seven days at most.
6. `sequence` starts at 1.
7. The record key has 1 to 64 bytes; wrapped keys have 1 to 4096 bytes.
8. Critical extensions are named once each.
"""

from __future__ import annotations

from broker.envelope import schema
from broker.envelope.model import EnvelopeHeader, Recipient
from broker.envelope.reasons import Reason
from broker.errors import MalformedError
from broker.names import GroupName

__all__ = ["check_header"]


def check_header(header: EnvelopeHeader) -> None:
    """Check rules 1 to 8.

    Raises:
        MalformedError: Reason ``header-rule``; which rule is in the text.
    """
    recipients = header.recipients
    _rule(bool(recipients), "a message without recipients")
    _rule(len(recipients) == 1 or len({r.oin for r in recipients}) == len(recipients), "a recipient twice")
    _check_groups(recipients, [section.group for section in header.sections])
    names = [name for name, _ in header.assertions]
    _rule(names == sorted(set(names)), "assertions that are not sorted, or one twice")
    _check_moments(header.created_at, header.expires_at)
    _rule(header.sequence >= 1, "a sequence number below 1")
    _rule(0 < len(header.record_key) <= schema.MAX_RECORD_KEY, "a record key of a forbidden length")
    _rule(len(set(header.critical)) == len(header.critical), "a critical extension twice")


def _check_groups(recipients: tuple[Recipient, ...], sections: list[GroupName]) -> None:
    order = {group: index for index, group in enumerate(sections)}
    _rule(len(order) == len(sections), "a section twice")
    for recipient in recipients:
        last = -1
        for group in recipient.groups:
            index = order.get(group, -1)
            _rule(index > last, "groups of a recipient that are not sections, or not in their order")
            last = index
        _rule(0 < len(recipient.wrapped) <= schema.MAX_WRAPPED, "wrapped keys of a forbidden length")


def _check_moments(created_at: int, expires_at: int) -> None:
    _rule(created_at >= 0, "a moment before 1970")
    _rule(0 < expires_at - created_at <= schema.MAX_LIFETIME, "an expiry that is not within seven days")


def _rule(holds: bool, otherwise: str) -> None:
    if not holds:
        raise MalformedError(otherwise, reason=Reason.HEADER_RULE)
