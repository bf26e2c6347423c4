"""Where it is measured: a Kafka node and a laid-out exchange in one directory, and nothing else running."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from broker.errors import UnavailableError
from broker.sandbox import exchange
from broker.sandbox.bench.topics import make_bare_topics
from broker.sandbox.kafka import KafkaCluster, default_cache
from broker.sandbox.layout import Layout

__all__ = ["Site", "open_site"]


@dataclass(frozen=True, slots=True)
class Site:
    """A running Kafka node with the topics of both variants, and the profiles of everybody."""

    layout: Layout
    kafka_pid: int


@contextmanager
def open_site(directory: Path) -> Iterator[Site]:
    """Build it in *directory*; the node is stopped at the end.

    Raises:
        ConfigurationError: Java or the jars are missing.
        UnavailableError: Kafka did not start.
    """
    cache = os.environ.get("SCHAKEL_CACHE")
    cluster = KafkaCluster(directory, 1, Path(cache) if cache else default_cache())
    try:
        cluster.up()
        layout = exchange.build(directory, cluster.bootstrap).layout
        exchange.make_topics(layout, cluster.bootstrap)
        make_bare_topics(cluster.admin_access)
        (node,) = cluster.status()
        if node.pid is None:
            raise UnavailableError("the Kafka node ended")
        yield Site(layout, node.pid)
    finally:
        cluster.down()
