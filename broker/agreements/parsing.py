"""Reads the signed documents of the registry: strict YAML into validated models, and their values.

1. A size limit first; then no anchors, aliases or tags, no duplicate keys, a bound on depth and nodes.
2. In YAML every scalar is the text that stands there: an OIN keeps its zeroes and `no` is not false.
3. Unknown keys are refused: a misspelt condition must not be silent.
4. Whatever is wrong, `MalformedError` is raised, with the place and never the value.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Protocol, TypeVar

import yaml
from pydantic import PlainSerializer

from broker.dutch_time import midnight
from broker.errors import MalformedError
from broker.moments import from_text
from broker.names import (
    AgreementId,
    Digest,
    GroupName,
    LegalBasis,
    MessageCode,
    Micros,
    Purpose,
    Role,
)
from broker.strict_json import StrictModel, checked, validate

__all__ = [
    "MAX_DOCUMENT",
    "AgreementIdText",
    "DigestText",
    "GroupText",
    "LegalBasisText",
    "MessageCodeText",
    "Moment",
    "PurposeText",
    "RoleText",
    "moment",
    "read_yaml",
]

MAX_DOCUMENT = 256 * 1024
"""Largest agreement document in bytes."""

_MAX_DEPTH = 12
_MAX_NODES = 20_000
_Loader: type[yaml.BaseLoader] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


_M = TypeVar("_M", bound=StrictModel)
_T = TypeVar("_T", covariant=True)


class _Parsed(Protocol[_T]):
    def parse(self, value: object, /) -> _T: ...


def moment(text: object) -> Micros:
    """A date (midnight in Europe/Amsterdam) or a UTC timestamp that ends in ``Z``, as microseconds.

    Raises:
        MalformedError: Neither of the two.
    """
    if not isinstance(text, str) or not text.isascii():
        raise MalformedError("not a date or UTC timestamp")
    if len(text) != len("2026-01-01"):
        if not text.endswith("Z"):
            raise MalformedError("not a date or UTC timestamp: a time needs the zone Z")
        return from_text(text)
    try:
        return midnight(date.fromisoformat(text))
    except (ValueError, OverflowError):
        raise MalformedError("not a date or UTC timestamp") from None


AgreementIdText = Annotated[AgreementId, checked(AgreementId.parse)]
DigestText = Annotated[Digest, checked(Digest.parse), PlainSerializer(str)]
GroupText = Annotated[GroupName, checked(GroupName.parse)]
LegalBasisText = Annotated[LegalBasis, checked(LegalBasis.parse)]
MessageCodeText = Annotated[MessageCode, checked(MessageCode.parse)]
PurposeText = Annotated[Purpose, checked(Purpose.parse)]
RoleText = Annotated[Role, checked(Role.parse)]
Moment = Annotated[Micros, checked(moment)]


def read_yaml(document: bytes, model: type[_M], what: str) -> _M:
    """Read a YAML *document* of at most `MAX_DOCUMENT` bytes as *model*.

    Args:
        what: What it should be, for the error.

    Raises:
        MalformedError: It is not that.
    """
    if len(document) > MAX_DOCUMENT:
        raise MalformedError(f"{what} is larger than {MAX_DOCUMENT} bytes")
    try:
        text = document.decode("utf-8")
        _bound(text, what)
        content: object = yaml.load(text, Loader=_UniqueKeys)  # noqa: S506  (a base loader: text only)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise MalformedError(f"{what} is not plain YAML") from error
    return validate(content, model, what)


def _bound(text: str, what: str) -> None:
    """Refuse what could grow or recurse, before any of it is built."""
    depth = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise MalformedError(f"{what} has an anchor or alias")
        if getattr(event, "tag", None) is not None:
            raise MalformedError(f"{what} has a tag")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH or nodes > _MAX_NODES:
            raise MalformedError(f"{what} is too deep or has too many nodes")


class _UniqueKeys(_Loader):  # type: ignore[misc, valid-type]
    """Everything is text, and a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        keys = [key.value for key, _ in node.value]
        if not all(isinstance(key, str) for key in keys) or len(set(keys)) != len(keys):
            raise MalformedError("a key that is not text, or that stands twice")
        mapping: dict[object, object] = super().construct_mapping(node, deep)
        return mapping
