"""Content with one thing changed, and what its publisher says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.agreements.model import AgreementParty
from broker.errors import RefusedError
from broker.names import GroupName
from broker.records.model import GroupValue
from broker.records.template import template
from tests.open_world import entry_of, prepared_by, record_of, view

__all__ = ["changed", "refusal"]


def changed(code: str, group: str, **fields: object) -> dict[GroupName, GroupValue]:
    """The groups of an allowed message of this type, with other fields in one of them."""
    name = GroupName(group)
    full = template(view().schemas[entry_of(code).schema_digest], everything=True)[name]
    record = full[0] if isinstance(full, list) else full
    assert isinstance(record, dict)
    record |= fields
    return {**record_of(code).groups, name: [record] if isinstance(full, list) else record}


def refusal(
    code: str,
    sender: AgreementParty,
    to: AgreementParty | None = None,
    *,
    groups: Mapping[GroupName, GroupValue] | None = None,
    **changes: Any,
) -> tuple[str, ...]:
    """The names with which the publisher of *sender* refuses a message; empty: it is allowed."""
    record = record_of(code, to, **changes)
    if groups is not None:
        record = record_of(code, to, groups=groups, **changes)
    try:
        prepared_by(sender, record)
    except RefusedError as error:
        return error.offending or (error.reason,)
    return ()
