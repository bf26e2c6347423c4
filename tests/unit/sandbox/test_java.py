"""Finding Java: new enough, or an error that says what to install."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.errors import ConfigurationError
from broker.sandbox.java import find_java


def _java(directory: Path, banner: str) -> None:
    program = directory / "java"
    program.write_text(f"#!/bin/sh\necho '{banner}' >&2\n", encoding="ascii")
    program.chmod(0o755)


@pytest.mark.parametrize(
    "banner", ['openjdk version "17.0.15" 2025-04-15', 'openjdk version "25" 2025-09-16']
)
def test_a_java_that_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, banner: str) -> None:
    """Version 17 and later is taken."""
    _java(tmp_path, banner)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find_java() == tmp_path / "java"


@pytest.mark.parametrize("banner", ['java version "1.8.0_292"', 'openjdk version "11.0.2"', "nonsense"])
def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, banner: str) -> None:
    """An older one is refused, and the remedy names the package."""
    _java(tmp_path, banner)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("broker.sandbox.java._of_wheel", lambda: None)
    with pytest.raises(ConfigurationError, match="openjdk-17-jre-headless"):
        find_java()
