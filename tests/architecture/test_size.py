"""Nothing grows beyond what a reader can hold in mind."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

import pytest

from tests.architecture.source import PACKAGES, modules, named, parsed

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
MEDIAN_BODY = 10
MOST_PARAMETERS = 6

VAGUE_FILES = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "tools", "base"})
VAGUE_CLASSES = ("Manager", "Helper", "Service", "Util", "Utils")

ALL = modules(*PACKAGES, "tests")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> list[Function]:
    """Every function and method in *path*."""
    return [node for node in ast.walk(parsed(path)) if isinstance(node, Function)]


def body_lines(function: Function) -> int:
    """Lines of the body, without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def parameters(function: Function) -> int:
    """How many arguments a caller has to think of."""
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return len([argument for argument in given if argument.arg not in {"self", "cls"}])


@pytest.mark.parametrize("path", ALL, ids=named)
def test_a_file_is_short(path: Path) -> None:
    """A file has at most 400 lines."""
    assert len(path.read_bytes().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", ALL, ids=named)
def test_a_function_is_short(path: Path) -> None:
    """A function has at most 60 lines."""
    assert [f"{f.name}: {n}" for f in functions(path) if (n := body_lines(f)) > LONGEST_FUNCTION] == []


@pytest.mark.parametrize("path", [p for p in modules() if "broker/cli/" not in named(p)], ids=named)
def test_a_function_asks_for_few_things(path: Path) -> None:
    """At most six parameters, then a dataclass; a command's options are its parameters and do not count."""
    assert [f"{f.name}: {n}" for f in functions(path) if (n := parameters(f)) > MOST_PARAMETERS] == []


def test_most_functions_are_very_short() -> None:
    """The median body in broker/ is under ten lines."""
    assert median(body_lines(f) for path in modules("broker") for f in functions(path)) < MEDIAN_BODY


@pytest.mark.parametrize("path", ALL, ids=named)
def test_a_name_says_what_the_thing_is(path: Path) -> None:
    """No drawer for unrelated things, and no class that manages or helps."""
    classes = [node.name for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef)]

    assert VAGUE_FILES.isdisjoint(Path(named(path)).with_suffix("").parts)
    assert [name for name in classes if name.endswith(VAGUE_CLASSES)] == []
