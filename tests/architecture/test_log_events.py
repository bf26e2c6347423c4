"""Logs name their events in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker import logs
from tests.architecture.source import modules, named, parsed

_LEVELS = ("debug", "info", "warning", "error", "critical", "exception")


def events(path: Path) -> Iterator[str]:
    """The first argument of everything that *path* logs."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"_log.{level}" for level in _LEVELS}:
            yield ast.unparse(node.args[0])


LOGGING = [path for path in modules() if any(events(path))]


def test_something_is_logged() -> None:
    """Or the tests below would hold for nothing."""
    assert len(LOGGING) > 3


@pytest.mark.parametrize("path", LOGGING, ids=named)
def test_an_event_has_a_name_from_the_one_list(path: Path) -> None:
    """Who reads logs finds every event in `broker.logs`."""
    known = {f"logs.{name}" for name in logs.__all__ if name.isupper()}

    assert sorted(set(events(path)) - known) == []


def test_every_event_on_the_list_is_logged() -> None:
    """A name that nobody writes tells a reader to wait for nothing."""
    written = {event for path in LOGGING for event in events(path)}

    assert sorted({f"logs.{name}" for name in logs.__all__ if name.isupper()} - written) == []
