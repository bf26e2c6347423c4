"""Everything public says what it promises."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import modules, named, parsed

Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, Documented]]:
    """Public functions, classes and methods, with their dotted names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Documented) and not child.name.startswith("_"):
            yield f"{prefix}{child.name}", child
            if isinstance(child, ast.ClassDef):
                yield from public(child, f"{prefix}{child.name}.")


def is_override(node: Documented) -> bool:
    """Whether the promise is written where the method is first declared."""
    return any(ast.unparse(decorator).endswith(("override", "overload")) for decorator in node.decorator_list)


@pytest.mark.parametrize("path", modules(), ids=named)
def test_a_module_has_a_header(path: Path) -> None:
    """The header tells what the module is."""
    assert ast.get_docstring(parsed(path))


@pytest.mark.parametrize("path", modules(), ids=named)
def test_a_public_object_has_a_docstring(path: Path) -> None:
    """A caller need not read the body."""
    assert [
        name
        for name, node in public(parsed(path))
        if ast.get_docstring(node) is None and not is_override(node)
    ] == []


@pytest.mark.parametrize("path", [p for p in modules("tests") if p.name.startswith("test_")], ids=named)
def test_a_test_states_its_claim(path: Path) -> None:
    """The docstring of a test is the claim it proves."""
    assert [
        node.name
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ] == []
