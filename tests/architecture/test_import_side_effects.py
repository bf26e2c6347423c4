"""Nothing happens at import."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT, modules, named

# Entry points do their work when run, and the environment of migrations belongs to Alembic.
NOT_IMPORTED = ("__main__", "migrations.env", "migrations.versions")

PROBE = """
import importlib, json, logging, os, signal, sys, threading

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FORBIDDEN = {
    "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "subprocess.Popen", "os.system",
    "os.exec", "os.fork", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.putenv", "os.unsetenv",
    "os.chdir", "sqlite3.connect", "shutil.rmtree", "tempfile.mkstemp", "tempfile.mkdtemp",
}
current, seen, watching = "", [], False

def watch(event, arguments):
    if not watching:
        return
    writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
    if event in FORBIDDEN or writing:
        seen.append([current, event, str(arguments[0])[:80]])
        raise PermissionError("not at import")

sys.addaudithook(watch)
before = signal.getsignal(signal.SIGTERM), logging.getLogger().handlers[:], logging.getLogger().level
watching = True
for current in json.loads(sys.argv[1]):
    try:
        importlib.import_module(current)
    except BaseException as error:
        seen.append([current, type(error).__name__, str(error)[:200]])
watching = False
if threading.active_count() != 1:
    seen.append(["a module", "started a thread", ""])
if before != (signal.getsignal(signal.SIGTERM), logging.getLogger().handlers[:], logging.getLogger().level):
    seen.append(["a module", "changed signals or logging", ""])
print(json.dumps(seen))
"""


def importable() -> list[str]:
    """Dotted names of all our modules."""
    names = [
        named(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in modules()
    ]
    return [name for name in names if not name.endswith(NOT_IMPORTED) and "migrations.versions" not in name]


@pytest.fixture(scope="module")
def seen() -> list[list[str]]:
    """What happened while a fresh interpreter imported every module."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", PROBE, json.dumps(importable())],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found


def test_importing_touches_nothing(seen: list[list[str]]) -> None:
    """No socket, no file written, no process, no thread, no signal, no logging set up, no error."""
    assert seen == []
