"""`__all__` is what a module offers: sorted, complete, and true."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.source import imports, modules, named, parsed, top_level

SOURCES = modules()


def declared(path: Path) -> list[str] | None:
    """The value of `__all__`, or None if there is none."""
    for name, node in top_level(path):
        if name == "__all__" and isinstance(node, ast.Assign):
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def defined(path: Path) -> set[str]:
    """The public names that *path* defines."""
    return {name for name, _ in top_level(path) if not name.startswith("_")}


def imported(path: Path) -> set[str]:
    """The last part of everything that *path* imports."""
    return {name.rpartition(".")[2] for name in imports(path)}


def by_kind(name: str) -> tuple[int, str]:
    """Constants, then types, then the rest; each in alphabetical order."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_all_lists_what_the_module_defines(path: Path) -> None:
    """Every public name is declared, and every declared name exists."""
    names = set(declared(path) or ())

    # The commands of a noun are reached through its `app`.
    offered = set() if names == {"app"} else defined(path)

    assert sorted(offered - names) == []
    assert sorted(names - defined(path) - imported(path)) == []


@pytest.mark.parametrize("path", [path for path in SOURCES if declared(path)], ids=named)
def test_all_is_sorted(path: Path) -> None:
    """A reader finds a name without searching, and none twice."""
    names = declared(path) or []

    assert names == sorted(set(names), key=by_kind)


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name == "__init__.py"], ids=named)
def test_a_package_re_exports_on_purpose(path: Path) -> None:
    """What a package imports to offer, it declares."""
    offered = {name for name in imported(path) if name != "annotations"}

    assert sorted(offered - set(declared(path) or ())) == []
    assert isinstance(parsed(path).body[0], ast.Expr)
