"""A sandbox as a whole: laid out, started, watched and stopped."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from broker.errors import ConfigurationError, UnavailableError
from broker.sandbox.cast import AGENCIES
from broker.sandbox.exchange import build, make_topics
from broker.sandbox.kafka import KAFKA_VERSION, KafkaCluster, default_cache
from broker.sandbox.layout import Layout
from broker.sandbox.processes import start_all, status_of, stop_all

__all__ = ["KafkaLine", "ProcessLine", "Sandbox", "SandboxStatus"]


@dataclass(frozen=True, slots=True)
class ProcessLine:
    """One process.

    Attributes:
        at: Its address, or where it logs.
    """

    name: str
    running: bool
    pid: int | None
    at: str


@dataclass(frozen=True, slots=True)
class KafkaLine:
    """The Kafka of a sandbox.

    Attributes:
        how: Where it comes from.
    """

    version: str
    nodes: int
    how: str
    bootstrap: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SandboxStatus:
    """What runs, and what is needed to use it: profiles by agency.

    Attributes:
        running: Whether all of it runs.
    """

    directory: Path
    running: bool
    kafka: KafkaLine
    processes: tuple[ProcessLine, ...]
    profiles: dict[str, Path]


class Sandbox:
    """An exchange in one directory; nothing happens before `up`.

    Args:
        directory: Everything is kept here; made when it does not exist.
        nodes: Kafka nodes, 1 or 3; an existing sandbox keeps its own number.
        database: Of the ledger: a PostgreSQL URL, or None for SQLite in the directory.

    Raises:
        UsageError: Not 1 or 3 nodes.
    """

    def __init__(self, directory: Path, nodes: int = 1, database: str | None = None) -> None:
        self.layout = Layout(directory.resolve())
        cache = os.environ.get("SCHAKEL_CACHE")
        self.cluster = KafkaCluster(self.layout.directory, nodes, Path(cache) if cache else default_cache())
        self._database = database

    def up(self, tell: Callable[[str], None] = lambda _: None) -> None:
        """Make what is missing, start what does not run, and wait until all of it is ready.

        Args:
            tell: Told what is being done.

        Raises:
            ConfigurationError: Java, Maven or the right jars are missing.
            UnavailableError: A process ended while it started.
            DeadlineError: One was not ready in time.
        """
        tell("starting Kafka")
        self.cluster.up()
        bootstrap = self.cluster.bootstrap
        tell("making keys, certificates, registry and agreements")
        build(self.layout.directory, bootstrap, self._database)
        tell("making topics and access lists")
        make_topics(self.layout, bootstrap)
        tell("starting the gate, the ledger writer and its witnesses")
        start_all(self.layout)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Only one process at a time brings this sandbox up; the second hears so and touches nothing.

        Raises:
            ConfigurationError: Another one does, or the directory cannot be made.
        """
        try:
            self.layout.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.layout.directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(
                f"cannot use {self.layout.directory}",
                why=error.strerror or "",
                remedy="Give --dir a folder that may be written",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise ConfigurationError(
                f"another command is starting the sandbox in {self.layout.directory}", remedy="Wait for it"
            ) from error
        try:
            yield
        finally:
            os.close(lock)

    @property
    def exists(self) -> bool:
        """Whether anything was ever started here, whole or not."""
        return self.layout.is_built or bool(self.cluster.status())

    def down(self) -> None:
        """Stop all of it; what it holds stays.

        Raises:
            DeadlineError: A process cannot be ended; the others were.
        """
        with ExitStack() as stack:
            stack.callback(self.cluster.down)
            stack.callback(stop_all, self.layout)

    def require_running(self) -> None:
        """Insist that all of it runs.

        Raises:
            UnavailableError: Something ended by itself.
        """
        for process in self.status().processes:
            if not process.running:
                raise UnavailableError(f"{process.name} ended by itself", remedy=f"Look into {process.at}")

    def status(self) -> SandboxStatus:
        """What runs at this moment."""
        nodes = self.cluster.status()
        lines = [ProcessLine(f"kafka-{node.id}", node.running, node.pid, node.address) for node in nodes]
        lines += [ProcessLine(p.name, p.running, p.pid, str(p.log)) for p in status_of(self.layout)]
        kafka = KafkaLine(KAFKA_VERSION, len(nodes), "jars", tuple(node.address for node in nodes))
        profiles = {cast.name: self.layout.profile(cast.name) for cast in AGENCIES}
        running = bool(nodes) and all(line.running for line in lines)
        return SandboxStatus(self.layout.directory, running, kafka, tuple(lines), profiles)
