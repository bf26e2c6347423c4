"""Which real Kafka the tests run on: the first rung of a ladder that holds.

1. `SCHAKEL_TEST_BOOTSTRAP` names one, with `SCHAKEL_TEST_PKI` the directory of its test authority.
2. Apache Kafka from the jars, on Java 17 or later.
3. Apache Kafka in docker, through testcontainers.

None of them holds: the tests that need Kafka fail, and say why.
"""

from __future__ import annotations

import os
import shutil
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.adapters.kafka_connection import KafkaAccess, diagnose
from broker.errors import SchakelError
from broker.names import Oin
from broker.sandbox import pki
from broker.sandbox.jars import deployment_files
from broker.sandbox.kafka import ADMIN, KAFKA_VERSION, KafkaCluster, default_cache

__all__ = ["RealKafka", "climb"]


@dataclass(frozen=True)
class RealKafka:
    """A Kafka that runs, whoever started it.

    Args:
        how: Which rung, for the reader.
        bootstrap: Its addresses.
        pki: The directory of its test authority.
        cluster: The cluster, when we started its nodes and may stop them.
    """

    how: str
    bootstrap: tuple[str, ...]
    pki: Path
    cluster: KafkaCluster | None = None

    @property
    def admin_access(self) -> KafkaAccess:
        """The administrator's way in."""
        return self.access(ADMIN)

    def access(self, name: str, oin: Oin | None = None) -> KafkaAccess:
        """The way in of party *name*, its certificate made when needed."""
        path = self.pki / f"{name}.pem"
        if not path.exists():
            pki.issue(self.pki, name, oin, "client")
        return KafkaAccess(self.bootstrap, self.pki / "ca.pem", path)


@contextmanager
def climb(directory: Path) -> Iterator[RealKafka]:
    """The first Kafka that can be had, stopped at the end if we started it.

    Raises:
        RuntimeError: None can be had.
    """
    if addresses := os.environ.get("SCHAKEL_TEST_BOOTSTRAP"):
        authority = Path(os.environ["SCHAKEL_TEST_PKI"])
        given = RealKafka(f"given ({addresses})", tuple(addresses.split(",")), authority)
        if (failure := diagnose(given.admin_access)) is not None:
            raise RuntimeError(f"the Kafka that was named cannot be reached; {failure}")
        yield given
        return
    reasons = []
    for rung in (_from_jars, _from_docker):
        try:
            kafka, stop = rung(directory)
        except (SchakelError, OSError, RuntimeError) as error:
            reasons.append(f"{rung.__name__[6:]}: {error}")
            continue
        try:
            yield kafka
        finally:
            stop()
        return
    raise RuntimeError("no real Kafka can be had; " + "; ".join(reasons))


def _from_jars(directory: Path) -> tuple[RealKafka, Callable[[], object]]:
    cache = os.environ.get("SCHAKEL_CACHE")
    cluster = KafkaCluster(directory, 1, Path(cache) if cache else default_cache())
    try:
        cluster.up()
    except BaseException:
        cluster.down()
        raise
    how = (
        f"Apache Kafka {KAFKA_VERSION} from jars, {len(cluster.bootstrap)} node, mutual TLS 1.3, access lists"
    )
    return RealKafka(how, cluster.bootstrap, directory.resolve() / "pki", cluster), cluster.down


def _from_docker(directory: Path) -> tuple[RealKafka, Callable[[], object]]:
    if shutil.which("docker") is None:
        raise RuntimeError("docker is not installed")
    from docker.errors import DockerException

    try:
        container, port = _run_container(directory)
    except DockerException as error:
        raise RuntimeError(f"docker does not answer ({type(error).__name__})") from error
    how = f"Apache Kafka {KAFKA_VERSION} in docker, 1 node, mutual TLS 1.3, access lists"
    return RealKafka(how, (f"localhost:{port}",), directory / "pki"), container.stop


def _run_container(directory: Path) -> tuple[Any, int]:
    """One node in the official image, with the same settings as a node from jars."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.waiting_utils import wait_for_logs

    from broker.sandbox.kafka import free_ports

    authority = directory / "pki"
    pki.create_authority(authority)
    pki.issue(authority, "kafka-1", None, "broker")
    (port, controller_port) = free_ports(2)
    template = (deployment_files() / "node.properties.template").read_text(encoding="utf-8")
    settings = string.Template(template).substitute(
        node_id=1,
        port=port,
        controller_port=controller_port,
        voters=f"1@localhost:{controller_port}",
        data="/tmp/kafka",
        certificate="/pki/kafka-1.pem",
        ca="/pki/ca.pem",
        super_users=f"User:kafka-1;User:{ADMIN}",
        replication=1,
        min_insync=1,
    )
    # The listener must hear the port that docker passes on, not the container's loopback alone.
    settings = settings.replace(f"listeners=SSL://localhost:{port}", f"listeners=SSL://0.0.0.0:{port}", 1)
    (directory / "node.properties").write_text(settings, encoding="utf-8")
    bin_ = "/opt/kafka/bin"
    script = (
        f"{bin_}/kafka-storage.sh format -t $({bin_}/kafka-storage.sh random-uuid) -c /node.properties"
        f" && exec {bin_}/kafka-server-start.sh /node.properties"
    )
    container = (
        DockerContainer(f"apache/kafka:{KAFKA_VERSION}", entrypoint=["/bin/sh", "-c"], user="root")
        .with_bind_ports(port, port)
        .with_volume_mapping(str(authority.resolve()), "/pki", "ro")
        .with_volume_mapping(str((directory / "node.properties").resolve()), "/node.properties", "ro")
        .with_command([script])
    )
    container.start()
    try:
        wait_for_logs(container, "Kafka Server started", timeout=120)
    except BaseException:
        container.stop()
        raise
    return container, port
