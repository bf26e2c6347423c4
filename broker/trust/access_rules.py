"""Who may ask what of the audit trail, from its document `schemas/access.yaml` (docs/spec/audit.md 12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from broker.catalogue.yaml_reading import read_yaml
from broker.document_faults import say_faults
from broker.errors import ConfigurationError
from broker.names import Role

__all__ = ["ACCESS_RULES", "AccessRules", "RoleRules", "Title", "parse_access_rules"]

ACCESS_RULES = "access.yaml"
"""Name of the document among the schemas."""

_Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
_Command = Annotated[str, StringConstraints(pattern=r"^[a-z]+( [a-z]+)?$")]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class Title:
    """What people call something."""

    nl: str
    en: str


@dataclass(frozen=True, slots=True)
class RoleRules:
    """What persons in one role may do.

    Attributes:
        agencies: Roles in the registry of an agency whose persons may have this one; empty for any.
        grounds: Codes of the grounds they may have.
        default: The ground when none is given; None when a ground and a reference are required.
        fields: The only fields of a question; empty for all.
        own: Whether they see only entries to which their agency is a party.
        own_accesses: Whether they see only who of their own agency looked.
        second: Whether a question that finds very much needs a second ground.
    """

    title: Title
    agencies: frozenset[Role]
    grounds: frozenset[str]
    commands: frozenset[str]
    default: str | None
    fields: frozenset[str]
    own: bool
    own_accesses: bool
    second: bool


@dataclass(frozen=True, slots=True)
class AccessRules:
    """Grounds and roles.

    Attributes:
        wide: So many entries may answer one ground.
    """

    wide: int
    grounds: Mapping[str, Title]
    roles: Mapping[str, RoleRules]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _TitleDocument(_Part):
    nl: _Text
    en: _Text


class _RoleDocument(_TitleDocument):
    agencies: list[Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]{1,11}$")]]
    grounds: Annotated[list[_Code], Field(min_length=1)]
    commands: Annotated[list[_Command], Field(min_length=1)]
    default: _Code | None = None
    fields_: Annotated[list[_Code], Field(alias="fields")] = []
    own: bool = False
    own_accesses: bool = False
    second: bool = False


class _Document(_Part):
    version: Annotated[int, Field(ge=1, le=1)]
    wide: Annotated[int, Field(ge=1)]
    grounds: dict[_Code, _TitleDocument]
    roles: dict[_Code, _RoleDocument]


def parse_access_rules(document: bytes) -> AccessRules:
    """The rules that *document* holds.

    Raises:
        ConfigurationError: It is not such a document, or names a ground that it does not have.
    """
    content = read_yaml(document, ACCESS_RULES)
    try:
        parsed = _Document.model_validate(content)
    except ValidationError as error:
        faults = say_faults(error, content)
        raise _unusable("; ".join(f"{place}: {said}" for place, said in faults.items())) from error
    for name, role in parsed.roles.items():
        strange = {*role.grounds, *([] if role.default is None else [role.default])} - parsed.grounds.keys()
        if strange or (role.default is not None and role.default not in role.grounds):
            raise _unusable(f"roles.{name}: a ground that is not listed")
    return AccessRules(
        parsed.wide,
        {code: Title(title.nl, title.en) for code, title in parsed.grounds.items()},
        {name: _role(role) for name, role in parsed.roles.items()},
    )


def _role(role: _RoleDocument) -> RoleRules:
    return RoleRules(
        title=Title(role.nl, role.en),
        agencies=frozenset(map(Role, role.agencies)),
        grounds=frozenset(role.grounds),
        commands=frozenset(role.commands),
        default=role.default,
        fields=frozenset(role.fields_),
        own=role.own,
        own_accesses=role.own_accesses,
        second=role.second,
    )


def _unusable(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{ACCESS_RULES} is not usable", why=why, remedy="Restore the document of this installation"
    )
