"""The rules that a header's fields obey beyond their encoding (docs/spec/envelope.md 4.2, step 2).

1. 1 to 64 recipients, each OIN once.
2. Each recipient's groups are sections of this message, in their order, none twice.
3. Each section's group occurs once.
4. Assertions are sorted by name and no name occurs twice.
5. Moments lie in the years 1970 to 9999; `expires_at` comes after `created_at`, by seven days at most.
6. `sequence` starts at 1.
7. The record key has 1 to 64 bytes; wrapped keys have 1 to 4096 bytes.
8. Critical extensions are named once each.
"""

from __future__ import annotations

from broker.envelope import schema
from broker.envelope.model import EnvelopeHeader, Recipient, SectionRef
from broker.envelope.reasons import Reason
from broker.errors import MalformedError
from broker.moments import LAST_MOMENT

__all__ = ["check_header"]


def check_header(header: EnvelopeHeader) -> None:
    """Check rules 1 to 8.

    Raises:
        MalformedError: Reason ``header-rule``; which rule is in the text.
    """
    _check_recipients(header.recipients, header.sections)
    if len(header.assertions) > 1:
        names = [name for name, _ in header.assertions]
        if names != sorted(set(names)):
            raise _broken("assertions that are not sorted, or one twice")
    if header.created_at < 0 or header.expires_at > LAST_MOMENT:
        raise _broken("a moment outside the years 1970 to 9999")
    if not 0 < header.expires_at - header.created_at <= schema.MAX_LIFETIME:
        raise _broken("an expiry that is not within seven days")
    if header.sequence < 1:
        raise _broken("a sequence number below 1")
    if not 0 < len(header.record_key) <= schema.MAX_RECORD_KEY:
        raise _broken("a record key of a forbidden length")
    if header.critical and len(set(header.critical)) != len(header.critical):
        raise _broken("a critical extension twice")


def _check_recipients(recipients: tuple[Recipient, ...], sections: tuple[SectionRef, ...]) -> None:
    order = {section.group: index for index, section in enumerate(sections)}
    if len(order) != len(sections):
        raise _broken("a section twice")
    for recipient in recipients:
        if not 0 < len(recipient.wrapped) <= schema.MAX_WRAPPED:
            raise _broken("wrapped keys of a forbidden length")
        if not _in_order([order.get(group, -1) for group in recipient.groups]):
            raise _broken("groups of a recipient that are not sections, or not in their order")
    if len({recipient.oin for recipient in recipients}) != len(recipients) or not recipients:
        raise _broken("a recipient twice, or none")


def _in_order(indices: list[int]) -> bool:
    return not indices or (indices[0] >= 0 and indices == sorted(set(indices)))


def _broken(rule: str) -> MalformedError:
    return MalformedError(rule, reason=Reason.HEADER_RULE)
