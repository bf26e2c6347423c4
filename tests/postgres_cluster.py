"""A private PostgreSQL for tests: made by initdb, reached over a socket in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PostgresCluster", "find_programs", "postgres_cluster"]

_USER = "schakel"
_SECONDS = 60


class PostgresCluster:
    """A running server.

    Attributes:
        folder: Its socket is here.
    """

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self._programs = programs

    def url(self, database: str = "postgres") -> str:
        """Address of a database, over the socket."""
        return f"postgresql://{_USER}@/{database}?host={self.folder}"

    def create(self, database: str) -> str:
        """Make a database; its address."""
        words = ["-h", str(self.folder), "-U", _USER, database]
        subprocess.run([self._programs / "createdb", *words], check=True, timeout=_SECONDS)
        return self.url(database)


def find_programs() -> Path | None:
    """Folder with initdb and pg_ctl, or None if PostgreSQL's server is not installed."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        candidates.append(Path(on_path).resolve().parent)
    return next((folder for folder in candidates if (folder / "initdb").exists()), None)


@contextmanager
def postgres_cluster(programs: Path) -> Iterator[PostgresCluster]:
    """A server that lives as long as the block."""
    # A socket's path may have 107 bytes only: pytest's own folders are too deep.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        data = folder / "data"
        _run([programs / "initdb", "-D", data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync"])
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        log = folder / "log"
        _run([programs / "pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start"])
        try:
            yield PostgresCluster(folder, programs)
        finally:
            _run([programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"])
            _run(["rm", "-rf", data, log])


def _run(words: list[object]) -> None:
    """Run a program as somebody who is not root: PostgreSQL refuses root."""
    command = [str(word) for word in words]
    if os.geteuid() == 0:
        command = ["runuser", "-u", _unprivileged(), "--", *command]
    subprocess.run(
        command,
        check=True,
        timeout=_SECONDS,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/tmp",
    )


def _unprivileged() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
