"""A real Apache Kafka on this machine: one or three nodes, mutual TLS 1.3, access lists, nothing else open.

1. Everything is under DIR: `kafka/cluster.json` (ports, cluster id), `kafka/<n>/` (settings, data, log, pid)
   and `pki/` (the test authority, a certificate a node, and the administrator's).
2. Nodes are detached: they outlive this process, and a later one finds them again from DIR.
3. Ports are chosen once, free ones, and kept: clients and nodes find each other after a restart.
4. A principal is `User:<CN>`: the short name of the party.  Nodes and `admin` are super users; all others
   may do only what an access list says.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import string
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from broker.adapters.kafka_connection import KafkaAccess, diagnose
from broker.errors import ConfigurationError, DeadlineError, UsageError
from broker.names import Oin
from broker.sandbox import jars, pki
from broker.sandbox.java import find_java
from broker.sandbox.node import NodeProcess

__all__ = ["ADMIN", "KAFKA_VERSION", "KafkaCluster", "NodeStatus", "default_cache", "free_ports"]

KAFKA_VERSION: Final = "4.3.1"
ADMIN: Final = "admin"
"""Short name of the administrator, a super user."""

_STARTED: Final = "Kafka Server started"
_HEAP: Final = "-Xmx384m"
_START_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 20.0
_FORMAT_SECONDS: Final = 120
_LOWEST_PORT: Final = 20_000
_PORTS: Final = 12_000


@dataclass(frozen=True, slots=True)
class _Node:
    id: int
    port: int
    controller_port: int


@dataclass(frozen=True, slots=True)
class _Layout:
    cluster_id: str
    nodes: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """One node as it is now."""

    id: int
    address: str
    pid: int | None

    @property
    def running(self) -> bool:
        """Whether its process is there; it may not be ready yet."""
        return self.pid is not None


class KafkaCluster:
    """One or three nodes under *directory*; nothing happens before `up`."""

    def __init__(self, directory: Path, nodes: int = 1, cache: Path | None = None) -> None:
        """Name the cluster.

        Args:
            directory: The sandbox directory; an existing cluster there keeps its own number of nodes.
            nodes: 1 or 3.
            cache: Where the jars are kept; `default_cache()` if None.

        Raises:
            UsageError: Not 1 or 3 nodes.
        """
        if nodes not in {1, 3}:
            raise UsageError("a cluster has one node or three", remedy="Use --nodes 1 or --nodes 3")
        self._home = directory.resolve() / "kafka"
        self._pki = directory.resolve() / "pki"
        self._wanted = nodes
        self._cache = cache or default_cache()

    @property
    def bootstrap(self) -> tuple[str, ...]:
        """The addresses of the nodes.

        Raises:
            ConfigurationError: The cluster was never up.
        """
        return tuple(f"localhost:{node.port}" for node in self._layout().nodes)

    @property
    def admin_access(self) -> KafkaAccess:
        """The administrator's way in: may do everything."""
        return KafkaAccess(self.bootstrap, self._pki / "ca.pem", self._pki / f"{ADMIN}.pem")

    def access(self, name: str, oin: Oin | None = None) -> KafkaAccess:
        """The way in of party *name*; its certificate is made if there is none."""
        path = self._pki / f"{name}.pem"
        if not path.exists():
            pki.issue(self._pki, name, oin, "client")
        return KafkaAccess(self.bootstrap, self._pki / "ca.pem", path)

    def up(self) -> None:
        """Make the cluster if it is new, start what does not run, and wait until it answers.

        Raises:
            ConfigurationError: Java, Maven or the right jars are missing.
            UnavailableError: A node ended while it started.
            DeadlineError: It was not ready in time.
        """
        java = find_java()
        classpath = jars.resolve(self._cache)
        layout = self._made()
        self._format(java, classpath, layout)
        pending = [node for node in layout.nodes if self._process(node.id).pid() is None]
        begins = {node.id: self._launch(java, classpath, node) for node in pending}
        for node_id, begin in begins.items():
            self._process(node_id).await_line(_STARTED, begin, _START_SECONDS)
        self._await_answer()

    def down(self) -> None:
        """Stop every node: politely, and after a while by force.

        Raises:
            DeadlineError: A node cannot be ended.
        """
        if not self._file.exists():
            return
        processes = [self._process(node.id) for node in self._layout().nodes]
        with ExitStack() as stack:
            # All are asked before any is waited for: a controller that stays behind alone stops slowly.
            for process in processes:
                if (pid := process.pid()) is not None:
                    os.kill(pid, 15)
                    stack.callback(process.stop, _STOP_SECONDS)

    def status(self) -> tuple[NodeStatus, ...]:
        """Every node as it is now; none if the cluster was never up."""
        if not self._file.exists():
            return ()
        nodes = self._layout().nodes
        return tuple(NodeStatus(n.id, f"localhost:{n.port}", self._process(n.id).pid()) for n in nodes)

    def stop_node(self, node_id: int, *, kill: bool = False) -> None:
        """Stop one node, or with *kill* end it as a power cut would."""
        process = self._process(self._node(node_id).id)
        if kill:
            process.kill()
        else:
            process.stop(_STOP_SECONDS)

    def start_node(self, node_id: int) -> None:
        """Start one node of a cluster that was up before, and wait until it says that it is ready.

        Raises:
            UnavailableError: It ended while it started.
            DeadlineError: It was not ready in time.
        """
        process = self._process(node_id)
        if process.pid() is None:
            begin = self._launch(find_java(), jars.resolve(self._cache), self._node(node_id))
            process.await_line(_STARTED, begin, _START_SECONDS)

    @property
    def _file(self) -> Path:
        return self._home / "cluster.json"

    def _layout(self) -> _Layout:
        try:
            document = json.loads(self._file.read_text(encoding="utf-8"))
            return _Layout(document["cluster_id"], tuple(_Node(**node) for node in document["nodes"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"there is no Kafka cluster in {self._home}", remedy="Start one: schakel kafka up"
            ) from error

    def _node(self, node_id: int) -> _Node:
        for node in self._layout().nodes:
            if node.id == node_id:
                return node
        raise UsageError(
            f"this cluster has no node {node_id}",
            remedy="Choose one of the nodes that `schakel kafka status` lists",
        )

    def _process(self, node_id: int) -> NodeProcess:
        directory = self._home / str(node_id)
        return NodeProcess(directory, str(directory / "node.properties"))

    def _made(self) -> _Layout:
        """The layout, certificates and settings, made once."""
        if not self._file.exists():
            self._home.mkdir(parents=True, exist_ok=True)
            layout = _Layout(_new_cluster_id(), _choose_ports(self._wanted))
            self._issue_certificates(layout)
            for node in layout.nodes:
                self._write_settings(layout, node)
            self._file.write_text(json.dumps(asdict(layout), indent=2) + "\n", encoding="utf-8")
        return self._layout()

    def _issue_certificates(self, layout: _Layout) -> None:
        pki.create_authority(self._pki)
        for node in layout.nodes:
            pki.issue(self._pki, _principal(node), None, "broker")
        pki.issue(self._pki, ADMIN, None, "client")

    def _write_settings(self, layout: _Layout, node: _Node) -> None:
        directory = self._home / str(node.id)
        directory.mkdir(exist_ok=True)
        template = (jars.deployment_files() / "node.properties.template").read_text(encoding="utf-8")
        three = len(layout.nodes) == 3
        text = string.Template(template).substitute(
            node_id=node.id,
            port=node.port,
            controller_port=node.controller_port,
            voters=",".join(f"{n.id}@localhost:{n.controller_port}" for n in layout.nodes),
            data=directory / "data",
            certificate=self._pki / f"{_principal(node)}.pem",
            ca=self._pki / "ca.pem",
            super_users=";".join(f"User:{name}" for name in [*map(_principal, layout.nodes), ADMIN]),
            replication=3 if three else 1,
            min_insync=2 if three else 1,
        )
        (directory / "node.properties").write_text(text, encoding="utf-8")

    def _format(self, java: Path, classpath: Path, layout: _Layout) -> None:
        """Write the first metadata of every node that has none; side by side, because Java starts slowly."""
        fresh = [
            n for n in layout.nodes if not (self._home / str(n.id) / "data" / "meta.properties").exists()
        ]
        tool = [
            str(java),
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            *_common(classpath),
            "kafka.tools.StorageTool",
        ]
        running = []
        for node in fresh:
            settings = str(self._home / str(node.id) / "node.properties")
            command = [*tool, "format", "--ignore-formatted", "-t", layout.cluster_id, "-c", settings]
            running.append(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            )
        outputs = [(process, *process.communicate(timeout=_FORMAT_SECONDS)) for process in running]
        for process, output, _ in outputs:
            if process.returncode != 0:
                raise ConfigurationError(
                    "Kafka could not format its storage",
                    why=output.strip()[-300:],
                    remedy="Remove the directory and start again",
                )

    def _launch(self, java: Path, classpath: Path, node: _Node) -> int:
        settings = str(self._home / str(node.id) / "node.properties")
        tuning = [_HEAP, "-XX:+UseSerialGC", "-Xshare:auto"]
        return self._process(node.id).start(
            [str(java), *tuning, *_common(classpath), "kafka.Kafka", settings]
        )

    def _await_answer(self) -> None:
        """Until every node answers the administrator over TLS."""
        access = self.admin_access
        deadline = time.monotonic() + _START_SECONDS
        for address in access.bootstrap:
            one = KafkaAccess((address,), access.ca, access.certificate)
            while (failure := diagnose(one)) is not None:
                if isinstance(failure, ConfigurationError):
                    raise failure
                if time.monotonic() > deadline:
                    raise DeadlineError("Kafka started but does not answer", why=failure.why) from failure
                time.sleep(0.05)


def default_cache() -> Path:
    """Where the jars are kept unless the caller says otherwise."""
    return Path.home() / ".cache" / "schakel"


def _principal(node: _Node) -> str:
    return f"kafka-{node.id}"


def _common(classpath: Path) -> Iterator[str]:
    yield f"-Dlog4j2.configurationFile={jars.deployment_files() / 'log4j2.xml'}"
    yield "-Djava.net.preferIPv4Stack=true"
    yield from ("-cp", f"{classpath}/*")


def _new_cluster_id() -> str:
    # Kafka refuses an id that begins with a hyphen.
    return base64.urlsafe_b64encode(b"\x53" + secrets.token_bytes(15)).decode("ascii").rstrip("=")


def _choose_ports(nodes: int) -> tuple[_Node, ...]:
    ports = free_ports(2 * nodes)
    return tuple(_Node(i + 1, ports[2 * i], ports[2 * i + 1]) for i in range(nodes))


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that are free now; held open together so that no two are the same.

    They lie below the range from which systems take the ports of outgoing connections, so that nobody has
    taken one when a node starts again.
    """
    ports: list[int] = []
    with ExitStack() as stack:
        while len(ports) < count:
            port = _LOWEST_PORT + secrets.randbelow(_PORTS)
            one = stack.enter_context(socket.socket())
            with suppress(OSError):
                one.bind(("127.0.0.1", port))
                ports.append(port)
    return tuple(ports)
