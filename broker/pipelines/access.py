"""Whether a person may ask something of the audit trail, and how far (docs/spec/audit.md 12).

Default deny, in this order: the role is one that the registry lets persons of the agency have; the role
may give the command; it may have the grounds; its question has only fields that it may ask for; what
finds very much has a second ground.  Pure: rules, registry and counts are arguments.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from broker.audit.access import AccessRole, Ground
from broker.audit.events import AuditEvent
from broker.audit.query import Column, Condition, Query
from broker.names import Oin, Role
from broker.trust.access_rules import AccessRules, RoleRules

__all__ = ["Asked", "Denied", "Permit", "Viewer", "grounds_of", "is_party", "narrowed", "permitted"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks.

    Attributes:
        party: The agency whose person it is.
        on_behalf: The agency that answers for it.
        person: As the access log names them.
    """

    party: Oin
    on_behalf: Oin
    person: str
    role: AccessRole


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to do.

    Attributes:
        command: As in `schemas/access.yaml`.
        grounds: One, or two.
        query: The question, or None when it is about one thing.
        total: How many entries answer the question; None when that was not counted.
    """

    command: str
    grounds: tuple[Ground, ...]
    query: Query | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """That it may be shown.

    Attributes:
        own: Only entries to which this agency is a party; None for all.
        accesses_of: Only who looked for this agency; None for all.
    """

    own: Oin | None
    accesses_of: Oin | None


@dataclass(frozen=True, slots=True)
class Denied:
    """That it may not be shown; all of it can be said to whoever asked.

    Attributes:
        reason: Code, as the access log keeps it.
    """

    reason: str
    what: str
    remedy: str


def permitted(
    rules: AccessRules, role: AccessRole, asked: Asked, own_oin: Oin, agency_roles: Collection[Role]
) -> Permit | Denied:
    """Whether a person of the agency *own_oin* in this role may do what is asked.

    Args:
        agency_roles: The agency's roles in the registry; none when it is not there.
    """
    known = rules.roles.get(role.value)
    if known is None or (known.agencies and known.agencies.isdisjoint(agency_roles)) or not agency_roles:
        return Denied(
            "role-not-of-agency",
            f"the registry lets no person of this agency be {role}",
            "Look with a profile of an agency that may have the role",
        )
    if asked.command not in known.commands:
        return Denied(
            "command-not-of-role",
            f"role {role} may not use {asked.command}",
            f"It may use {', '.join(sorted(known.commands))}; see docs/how-to/inspect.md",
        )
    return _grounded(rules, known, asked) or Permit(
        own_oin if known.own else None, own_oin if known.own_accesses else None
    )


def grounds_of(rules: AccessRules, role: AccessRole, given: tuple[Ground, ...]) -> tuple[Ground, ...]:
    """The grounds as given, or the one that the role has by itself when none is."""
    known = rules.roles.get(role.value)
    if not given and known is not None and known.default is not None:
        return (Ground(known.default, ""),)
    return given


def narrowed(query: Query, own: Oin | None) -> Query:
    """The question, about entries to which *own* is a party alone; as it is for None."""
    if own is None:
        return query
    party = (Condition(Column.SENDER, str(own)), Condition(Column.RECIPIENT, str(own)))
    return replace(query, required=(*query.required, party))


def is_party(event: AuditEvent, own: Oin | None) -> bool:
    """Whether *own* sent or was to receive the message; for None, everything counts."""
    facts = event.message
    return own is None or (facts is not None and own in (facts.sender.oin, facts.recipient.oin))


def _grounded(rules: AccessRules, role: RoleRules, asked: Asked) -> Denied | None:
    strange = [ground.code for ground in asked.grounds if ground.code not in role.grounds]
    if strange:
        return Denied(
            "ground-not-of-role",
            f"{strange[0]} is no ground of this role",
            f"Give one of {', '.join(sorted(role.grounds))}",
        )
    if not asked.grounds or (role.default is None and not all(one.reference for one in asked.grounds)):
        return Denied(
            "no-ground", "it is not said why you look", "Give --purpose GROUND and --reference CASE"
        )
    if asked.query is not None and role.fields:
        return _fields(role, asked.query)
    if role.second and _is_wide(rules, asked) and len({one.code for one in asked.grounds}) < 2:
        return Denied(
            "second-ground",
            f"a question for everything, or that over {rules.wide} entries answer, needs a second ground",
            "Ask for less, or give --second-ground CODE:REFERENCE",
        )
    return None


def _fields(role: RoleRules, query: Query) -> Denied | None:
    asked = {word.removeprefix("-").partition(":")[0] for word in query.text.split()}
    if asked <= role.fields:
        return None
    return Denied(
        "field-not-of-role",
        f"this role may not ask for {sorted(asked - role.fields)[0]}",
        f"Ask for {', '.join(sorted(role.fields))} alone",
    )


def _is_wide(rules: AccessRules, asked: Asked) -> bool:
    if asked.query is None:
        return False
    everything = not (asked.query.required or asked.query.excluded or asked.query.period)
    return everything or (asked.total is not None and asked.total > rules.wide)
