"""Access lists in our words, and how they read in the client library's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.protocol.admin import DescribeAclsRequest

__all__ = ["Grant", "Operation", "Resource", "acl_of", "any_acl", "every_acl", "grant_of"]

Resource = Literal["topic", "group", "cluster"]
Operation = Literal["read", "write", "describe", "describe_configs"]

_CLUSTER: Final = "kafka-cluster"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One line of an access list: *principal* may do *operation*, from any host.

    Args:
        principal: ``User:<short name>``.
        operation: What it may do.
        resource: To what kind of thing.
        name: The thing's name, or with *prefix* how its name begins.
        prefix: Whether *name* is a beginning.
    """

    principal: str
    operation: Operation
    resource: Resource
    name: str
    prefix: bool = False


def acl_of(grant: Grant) -> Any:
    """The library's form of *grant*."""
    name = _CLUSTER if grant.resource == "cluster" else grant.name
    pattern = ACLResourcePatternType.PREFIXED if grant.prefix else ACLResourcePatternType.LITERAL
    return ACL(
        principal=grant.principal,
        host="*",
        operation=ACLOperation[grant.operation.upper()],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(ResourceType[grant.resource.upper()], name, pattern),
    )


def grant_of(acl: Any) -> Grant | None:
    """A line of an access list as a `Grant`, or None when it is of a kind that a `Grant` cannot say."""
    operation, resource = acl.operation.name.lower(), acl.resource_pattern.resource_type.name.lower()
    sayable = operation in {"read", "write", "describe", "describe_configs"} and resource in {
        "topic",
        "group",
        "cluster",
    }
    if not sayable or acl.host != "*" or acl.permission_type is not ACLPermissionType.ALLOW:
        return None
    prefix = acl.resource_pattern.pattern_type is ACLResourcePatternType.PREFIXED
    return Grant(acl.principal, operation, resource, acl.resource_pattern.resource_name, prefix)


def any_acl() -> Any:
    """The filter that every line passes."""
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, anything)


def every_acl() -> Any:
    """The request for every line, to be sent to a node of our choice."""
    return DescribeAclsRequest(
        resource_type_filter=ResourceType.ANY,
        resource_name_filter=None,
        pattern_type_filter=ACLResourcePatternType.ANY,
        principal_filter=None,
        host_filter=None,
        operation=ACLOperation.ANY,
        permission_type=ACLPermissionType.ANY,
    )
