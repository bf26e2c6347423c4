"""Reads the YAML of the schemas: no aliases, and no key given twice."""

from __future__ import annotations

import yaml

from broker.errors import ConfigurationError

__all__ = ["read_yaml"]

# The loader in C, where PyYAML was built with it, is eight times faster; every process and command waits.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(document: bytes, name: str) -> object:
    """The content of a YAML document without aliases and without a key given twice.

    Raises:
        ConfigurationError: It is none; *name* says which, and the place is told.
    """
    try:
        _refuse_aliases(document)
        return yaml.load(document, Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(
            f"{name} is not YAML", why=_position(error), remedy="Correct the document at that place"
        ) from error


def _refuse_aliases(document: bytes) -> None:
    """They can make a small document huge; the loader in C does not let us look while it loads."""
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(document, Loader=_Loader)):
        raise yaml.YAMLError("an alias is not allowed")


class _UniqueKeys(_Loader):  # type: ignore[misc, valid-type]
    """A safe loader that refuses a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        mapping: dict[object, object] = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            raise yaml.YAMLError(f"a key is given twice in the mapping at line {node.start_mark.line + 1}")
        return mapping


def _position(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark else str(error)[:200]
