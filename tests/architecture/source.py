"""The source tree as the architecture tests see it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["PACKAGES", "ROOT", "calls", "imports", "modules", "named", "parsed", "starts_with", "top_level"]

ROOT = Path(__file__).parents[2]
PACKAGES = ("broker", "schemas", "producers", "consumers")


def modules(*tops: str) -> list[Path]:
    """Every Python file below *tops*; below the four packages by default."""
    return sorted(path for top in tops or PACKAGES for path in (ROOT / top).rglob("*.py"))


def named(path: Path) -> str:
    """The path from the root, as rules and test names write it."""
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of *path*."""
    return ast.parse(path.read_bytes(), filename=str(path))


def imports(path: Path) -> Iterator[str]:
    """Full names of everything *path* imports, anywhere in it, for types only included."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[str]:
    """Dotted names of everything *path* calls."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield ast.unparse(node.func)


def starts_with(name: str, *prefixes: str) -> bool:
    """Whether dotted *name* is one of *prefixes* or lies inside one."""
    return any(f"{name}.".startswith(f"{prefix}.") for prefix in prefixes)


def top_level(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """Names defined, not imported, at the top of *path*."""
    for node in parsed(path).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((target.id, node) for target in targets if isinstance(target, ast.Name))
