"""An error that somebody must act on says what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import modules, named, parsed

# The others are about records, evidence or the world: what to do stands with their reason or cause.
NEEDS_A_REMEDY = frozenset(
    {"ConfigurationError", "IncompleteError", "RefusedError", "UnauthorisedError", "UsageError"}
)
SOURCES = modules("broker", "consumers", "producers")


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in SOURCES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield f"{named(path)}:{node.lineno}", node


def _remedies() -> Iterator[tuple[str, str]]:
    """Where a remedy is written out, and how it begins and ends."""
    for where, call in _calls():
        for keyword in call.keywords:
            if keyword.arg == "remedy" and isinstance(keyword.value, ast.Constant | ast.JoinedStr):
                yield where, _text(keyword.value)


def _text(value: ast.expr) -> str:
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)


def test_errors_to_act_on_have_a_remedy() -> None:
    """Wrong usage, configuration, rights, refusals and gaps are never reported without what to do next."""
    raised = [(where, call) for where, call in _calls() if ast.unparse(call.func) in NEEDS_A_REMEDY]

    assert len(raised) > 100
    assert [where for where, call in raised if "remedy" not in {k.arg for k in call.keywords}] == []


@pytest.mark.parametrize("end", [".", " ", "\n"], ids=["stop", "space", "line"])
def test_a_remedy_has_no_loose_end(end: str) -> None:
    """It becomes the last sentence of a line, and the error puts the stop."""
    assert [where for where, text in _remedies() if text.endswith(end)] == []


def test_a_remedy_is_a_sentence() -> None:
    """It begins with a capital, or with the command to run."""
    assert [
        (where, text) for where, text in _remedies() if text and not (text[0].isupper() or text[0] == "`")
    ] == []
