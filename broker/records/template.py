"""Invented test data for any message type, from its schema alone.

Every field of a published schema has an example: invented names, BSNs that start with 9999, addresses
in ``.invalid``.  The same schema always gives the same document.
"""

from __future__ import annotations

import copy
from collections.abc import Collection

from broker.names import GroupName
from broker.records.model import GroupValue
from broker.records.schema import MessageSchema

__all__ = ["template"]


def template(
    schema: MessageSchema, *, everything: bool = False, also: Collection[GroupName] = ()
) -> dict[GroupName, GroupValue]:
    """Groups filled with test data.

    Args:
        schema: The message type.
        everything: Also the groups that are only allowed.
        also: Groups besides the required ones, such as those that a rule across groups needs.
    """
    groups: dict[GroupName, GroupValue] = {}
    for name, group in schema.schemas.items():
        if group.required or everything or name in also:
            record = {member.name: copy.deepcopy(member.example) for member in group.record.members}
            groups[name] = [record] if group.repeated else record
    return groups
