"""Three nodes: one may be away and nothing changes; two away and nothing is acknowledged, nor lost."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.adapters.kafka_admin import KafkaAdmin
from broker.adapters.kafka_sink import KafkaSink, SinkLimits
from broker.adapters.kafka_source import KafkaSource
from broker.errors import SchakelError, UnavailableError
from broker.names import Oin, TopicName
from broker.operations.topics import Party, apply, plan
from broker.ports import Outgoing
from broker.sandbox.java import find_java
from broker.sandbox.kafka import KafkaCluster, default_cache
from broker.topics import CHECKPOINTS, QUARANTINE

pytestmark = [
    pytest.mark.kafka,
    # The client library leaves sockets of failed connections to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

_TOPIC = TopicName("exchange.meldingen")
_SECONDS = 90.0


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """A cluster of three nodes with the topics of one agency."""
    try:
        find_java()
    except SchakelError as error:
        pytest.skip(f"three nodes run from jars alone: {error}")
    cache = os.environ.get("SCHAKEL_CACHE")
    cluster = KafkaCluster(tmp_path_factory.mktemp("three"), 3, Path(cache) if cache else default_cache())
    try:
        cluster.up()
        with KafkaAdmin(cluster.admin_access) as admin:
            apply(plan([Party("amk-noord", Oin("00000099000000001000"))], 3, 3), admin)
        yield cluster
    finally:
        cluster.down()
        gc.collect()


def _write_at_last(sink: KafkaSink, value: bytes) -> None:
    """Write as a publisher does: again and again with the same record until it is acknowledged."""
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            sink.write([Outgoing(_TOPIC, b"key", value)])
        except UnavailableError:
            assert time.monotonic() < deadline
        else:
            return


def test_it_keeps_every_promise(three: KafkaCluster) -> None:
    """The start-up guards of gate and ledger writer find nothing weaker than promised."""
    with KafkaAdmin(three.access("gate")) as gate, KafkaAdmin(three.access("ledger")) as ledger:
        weaker = [
            *gate.check_settings([_TOPIC, QUARANTINE]),
            *ledger.check_settings([QUARANTINE, CHECKPOINTS]),
        ]
    assert weaker == []


def test_nothing_acknowledged_is_lost(three: KafkaCluster) -> None:
    """One node killed: writes go on.  Two away: they fail.  All back: the same sink writes, all is there."""
    sink = KafkaSink(three.admin_access, "test", SinkLimits(deadline=5.0))
    _write_at_last(sink, b"three nodes")
    three.stop_node(2, kill=True)
    _write_at_last(sink, b"two nodes")
    three.stop_node(3, kill=True)
    with pytest.raises(UnavailableError):
        sink.write([Outgoing(_TOPIC, b"key", b"one node")])
    for node in (2, 3):
        three.start_node(node)
    _write_at_last(sink, b"three again")
    sink.close()
    wanted = {b"three nodes", b"two nodes", b"three again"}
    source = KafkaSource(three.admin_access, [_TOPIC], "check")
    seen: set[bytes | None] = set()
    deadline = time.monotonic() + _SECONDS
    while not wanted <= seen and time.monotonic() < deadline:
        seen |= {message.value for message in source.poll(0.5, 10)}
    source.close()
    assert wanted <= seen
