"""A real Kafka that goes away and comes back: what a party sees meanwhile, and after."""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Iterator

import pytest

from broker.adapters.kafka_admin import KafkaAdmin, Topic
from broker.adapters.kafka_sink import KafkaSink, SinkLimits
from broker.adapters.kafka_source import KafkaSource, SourceTuning
from broker.errors import UnavailableError
from broker.names import TopicName
from broker.ports import Message, Outgoing
from tests.kafka_ladder import RealKafka

pytestmark = [
    pytest.mark.kafka,
    # The client library leaves sockets of failed connections to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

_SECONDS = 60.0
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Collect such sockets here, where that is known, and not in the next module."""
    yield
    gc.collect()


@pytest.fixture
def topic(kafka_cluster: RealKafka) -> TopicName:
    """A new topic that only the administrator may use."""
    name = f"test.restart{next(_numbers)}.{time.time_ns()}"
    with KafkaAdmin(kafka_cluster.admin_access) as admin:
        admin.create([Topic(name, 6, 1)])
    return TopicName(name)


def _poll_on(source: KafkaSource) -> None:
    """Poll until it raises, or for a while."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        source.poll(0.5, 1)


class TestAwayAndBack:
    """What a party sees while its Kafka is away, and after."""

    @pytest.fixture
    def own(self, kafka_cluster: RealKafka) -> Iterator[RealKafka]:
        """A Kafka whose node we may stop; it runs again afterwards."""
        if kafka_cluster.cluster is None:
            pytest.skip("the nodes of this Kafka are not ours to stop")
        yield kafka_cluster
        kafka_cluster.cluster.start_node(1)

    def test_a_sink_works_on_after_a_restart(self, own: RealKafka, topic: TopicName) -> None:
        """While Kafka is away a write fails with the cause; when it is back the same sink writes."""
        assert own.cluster is not None
        sink = KafkaSink(own.admin_access, "test", SinkLimits(deadline=2.0))
        record = Outgoing(topic, b"k", b"v")
        sink.write([record])
        own.cluster.stop_node(1)
        with pytest.raises(UnavailableError, match="nobody listens there"):
            sink.write([record])
        own.cluster.start_node(1)
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                (position,) = sink.write([record])
                break
            except UnavailableError:
                assert time.monotonic() < deadline
        sink.close()
        assert position.offset >= 1

    def test_a_source_says_so_and_reads_on(self, own: RealKafka, topic: TopicName) -> None:
        """A source whose Kafka is away raises the cause, and reads on when it is back."""
        assert own.cluster is not None
        source = KafkaSource(own.admin_access, [topic], f"{topic}.g", tuning=SourceTuning(idle=1.0))
        source.poll(2.0, 1)
        own.cluster.stop_node(1, kill=True)
        with pytest.raises(UnavailableError, match="nobody listens there"):
            _poll_on(source)
        own.cluster.start_node(1)
        sink = KafkaSink(own.admin_access, "test")
        sink.write([Outgoing(topic, b"k", b"after")])
        sink.close()
        seen: list[Message] = []
        deadline = time.monotonic() + _SECONDS
        while not seen and time.monotonic() < deadline:
            try:
                seen.extend(source.poll(0.5, 1))
            except UnavailableError:
                continue
        source.close()
        assert [message.value for message in seen] == [b"after"]
