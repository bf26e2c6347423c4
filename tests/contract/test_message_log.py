"""The contract of `MessageSource` and `MessageSink`, the same for Kafka and for its twin in memory.

Kafka and the unkind twin may hand a record over more than once and mix partitions; what is asserted here is
what holds all the same.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import pytest

from broker.adapters.kafka_admin import KafkaAdmin, Topic
from broker.adapters.kafka_connection import KafkaAccess
from broker.adapters.kafka_sink import KafkaSink
from broker.adapters.kafka_source import KafkaSource
from broker.adapters.memory import MemoryLog, MemorySink, MemorySource, Unkindness
from broker.adapters.sizes import LARGEST_RECORD
from broker.errors import RejectedError, UnavailableError
from broker.names import TopicName
from broker.ports import Message, MessageSink, MessageSource, Offsets, Outgoing, Position, next_offsets

_SECONDS = 30.0
_numbers = itertools.count()


class Log(Protocol):
    """A log under test."""

    def create(self, topic: str) -> TopicName:
        """Make a topic of three partitions."""
        ...

    def sink(self) -> MessageSink:
        """A writer."""
        ...

    def source(self, topics: Sequence[str], group: str) -> MessageSource:
        """A member of a group."""
        ...

    def reader(self, topics: Sequence[str] | re.Pattern[str], start: Offsets) -> MessageSource:
        """A reader without a group."""
        ...


class _Memory:
    def __init__(self, unkindness: Unkindness | None) -> None:
        self._log = MemoryLog()
        self._unkindness = unkindness

    def create(self, topic: str) -> TopicName:
        self._log.create(topic, 3)
        return TopicName(topic)

    def sink(self) -> MessageSink:
        return MemorySink(self._log)

    def source(self, topics: Sequence[str], group: str) -> MessageSource:
        return MemorySource(self._log, topics, group, f"member-{next(_numbers)}", self._unkindness)

    def reader(self, topics: Sequence[str] | re.Pattern[str], start: Offsets) -> MessageSource:
        return MemorySource.assigned(self._log, topics, start, self._unkindness)


class _Kafka:
    def __init__(self, access_admin: KafkaAdmin, access: KafkaAccess) -> None:
        self._admin = access_admin
        self._access = access

    def create(self, topic: str) -> TopicName:
        self._admin.create([Topic(topic, 3, 1)])
        return TopicName(topic)

    def sink(self) -> MessageSink:
        return KafkaSink(self._access, "contract")

    def source(self, topics: Sequence[str], group: str) -> MessageSource:
        return KafkaSource(self._access, topics, group)

    def reader(self, topics: Sequence[str] | re.Pattern[str], start: Offsets) -> MessageSource:
        return KafkaSource.assigned(self._access, topics, start)


@pytest.fixture(
    params=[
        pytest.param("memory"),
        *[pytest.param(f"unkind-{seed}") for seed in range(3)],
        pytest.param("kafka", marks=pytest.mark.kafka),
    ]
)
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """Each log in turn."""
    if request.param == "kafka":
        access = request.getfixturevalue("kafka_cluster").admin_access
        with KafkaAdmin(access) as admin:
            yield _Kafka(admin, access)
        return
    seed = request.param.partition("-")[2]
    yield _Memory(Unkindness(int(seed)) if seed else None)


@pytest.fixture
def topic(log: Log) -> TopicName:
    """A new topic of three partitions."""
    return log.create(f"contract.t{next(_numbers)}.{time.time_ns()}")


@pytest.fixture
def opened() -> Iterator[Callable[[MessageSource | MessageSink], None]]:
    """Sources and sinks to close at the end."""
    things: list[MessageSource | MessageSink] = []
    yield things.append
    for thing in things:
        thing.close()


def _records(topic: TopicName, count: int, keys: int = 4) -> list[Outgoing]:
    return [
        Outgoing(topic, b"key-%d" % (n % keys), b"value-%d" % n, (("n", b"%d" % n),)) for n in range(count)
    ]


def _write(log: Log, records: Sequence[Outgoing]) -> Sequence[Position]:
    sink = log.sink()
    try:
        return sink.write(records)
    finally:
        sink.close()


def _read_until(
    source: MessageSource, done: Callable[[list[Message]], bool], limit: int = 50
) -> list[Message]:
    """Poll until *done*, or fail after a while."""
    seen: list[Message] = []
    deadline = time.monotonic() + _SECONDS
    while not done(seen):
        assert time.monotonic() < deadline, f"only {len(seen)} records came"
        seen.extend(source.poll(0.2, limit))
    return seen


def _values(messages: Sequence[Message]) -> set[bytes]:
    return {message.value for message in messages if message.value is not None}


def _all_of(records: Sequence[Outgoing]) -> Callable[[list[Message]], bool]:
    wanted = {record.value for record in records}
    return lambda seen: _values(seen) >= wanted


def test_what_is_written_is_read_as_it_was(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """Key, value and headers come back octet for octet, repeated and empty headers too."""
    record = Outgoing(topic, b"\x00\xff", b"\x80" * 10, (("a", b"1"), ("a", b""), ("b", b"\xff")))
    _write(log, [record])
    opened(source := log.source([topic], f"{topic}.g"))
    (message, *_) = _read_until(source, bool)
    assert (message.key, message.value, message.headers) == (record.key, record.value, record.headers)


def test_positions_are_where_the_records_are(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """The position that `write` returns is the one at which the record is read."""
    records = _records(topic, 12)
    positions = _write(log, records)
    opened(source := log.source([topic], f"{topic}.g"))
    seen = _read_until(source, _all_of(records))
    read = {message.value: message.position for message in seen}
    assert [read[record.value] for record in records] == list(positions)


def test_order_within_a_key(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """The first time that each record of a key is handed over follows the order of writing."""
    records = _records(topic, 60)
    _write(log, records[:30])
    _write(log, records[30:])
    opened(source := log.source([topic], f"{topic}.g"))
    seen = _read_until(source, _all_of(records), limit=7)
    keys = {record.key for record in records}
    assert len(keys) > 1
    for key in keys:
        first = list(dict.fromkeys(message.value for message in seen if message.key == key))
        assert first == [record.value for record in records if record.key == key]


def test_a_key_keeps_its_partition(log: Log, topic: TopicName) -> None:
    """All records of one key stand in one partition, whoever writes them."""
    first, second = (_write(log, [Outgoing(topic, b"one key", b"%d" % n)])[0] for n in range(2))
    assert (first.partition, first.offset + 1) == (second.partition, second.offset)


def test_a_poll_is_never_larger_than_asked(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """`poll` returns at most as many records as its limit."""
    records = _records(topic, 20)
    _write(log, records)
    opened(source := log.source([topic], f"{topic}.g"))
    sizes: list[int] = []

    def counted(timeout: float, limit: int) -> Sequence[Message]:
        messages = source.poll(timeout, limit)
        sizes.append(len(messages))
        return messages

    seen: list[Message] = []
    deadline = time.monotonic() + _SECONDS
    while not _all_of(records)(seen) and time.monotonic() < deadline:
        seen.extend(counted(0.2, 3))
    assert max(sizes) <= 3


def test_an_empty_log_answers_in_time(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """`poll` returns nothing after its time-out when there is nothing."""
    opened(source := log.source([topic], f"{topic}.g"))
    source.poll(1.0, 10)
    begin = time.monotonic()
    assert (list(source.poll(0.3, 10)), time.monotonic() - begin < 3.0) == ([], True)


def test_the_next_member_begins_at_the_commit(
    log: Log, topic: TopicName, opened: Callable[..., None]
) -> None:
    """What was committed is not handed to the next member; what came later is."""
    old, new = _records(topic, 9), [Outgoing(topic, b"key-1", b"later")]
    _write(log, old)
    source = log.source([topic], f"{topic}.g")
    source.commit(next_offsets(_read_until(source, _all_of(old))))
    source.close()
    _write(log, new)
    opened(following := log.source([topic], f"{topic}.g"))
    assert _values(_read_until(following, _all_of(new))) == {b"later"}


def test_what_was_not_committed_comes_again(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """A member that left without a commit loses nothing: the next one is handed everything."""
    records = _records(topic, 9)
    _write(log, records)
    source = log.source([topic], f"{topic}.g")
    _read_until(source, _all_of(records))
    source.close()
    opened(following := log.source([topic], f"{topic}.g"))
    assert _values(_read_until(following, _all_of(records))) == {record.value for record in records}


def test_rewind_reads_again(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """After `rewind` the same records are handed over once more."""
    records = _records(topic, 9)
    positions = _write(log, records)
    opened(source := log.source([topic], f"{topic}.g"))
    _read_until(source, _all_of(records))
    source.rewind({(position.topic, position.partition): 0 for position in positions})
    assert _values(_read_until(source, _all_of(records))) == {record.value for record in records}


def test_members_share_and_lose_nothing(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """Two members of one group together are handed everything, also when one leaves half-way."""
    records = _records(topic, 40, keys=12)
    _write(log, records)
    first, second = (log.source([topic], f"{topic}.g") for _ in range(2))
    opened(second)
    seen: list[Message] = list(first.poll(2.0, 5))
    seen.extend(second.poll(0.5, 5))
    first.close()
    seen.extend(_read_until(second, lambda more: _all_of(records)([*seen, *more])))
    assert _values(seen) == {record.value for record in records}


def test_groups_do_not_share(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """Each group is handed everything, whatever another group committed."""
    records = _records(topic, 6)
    _write(log, records)
    opened(one := log.source([topic], f"{topic}.one"))
    one.commit(next_offsets(_read_until(one, _all_of(records))))
    opened(other := log.source([topic], f"{topic}.other"))
    assert _values(_read_until(other, _all_of(records))) == {record.value for record in records}


def test_a_reader_begins_where_it_is_told(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """A reader without a group begins at its own offsets, elsewhere at the beginning."""
    positions = _write(log, [Outgoing(topic, b"key", b"%d" % n) for n in range(5)])
    start = {(topic, positions[0].partition): positions[3].offset}
    opened(reader := log.reader([topic], start))
    seen = _read_until(reader, lambda seen: b"4" in _values(seen))
    assert _values(seen) == {b"3", b"4"}


def test_a_reader_finds_new_topics(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """A topic made later that fits the pattern is read from its beginning."""
    opened(reader := log.reader(re.compile(re.escape(topic) + r"(\.[a-z]+)?"), {}))
    _write(log, [Outgoing(topic, b"k", b"old")])
    _read_until(reader, lambda seen: b"old" in _values(seen))
    _write(log, [Outgoing(log.create(f"{topic}.new"), b"k", b"new")])
    assert b"new" in _values(_read_until(reader, lambda seen: b"new" in _values(seen)))


def test_the_largest_record_fits(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """A record of exactly the largest size is written and read."""
    value = bytes(LARGEST_RECORD - 3)
    _write(log, [Outgoing(topic, b"key", value)])
    opened(source := log.source([topic], f"{topic}.g"))
    assert _read_until(source, bool)[0].value == value


def test_a_record_too_large_stops_its_whole_batch(
    log: Log, topic: TopicName, opened: Callable[..., None]
) -> None:
    """One record that can never be written is refused, and nothing of its batch was written."""
    sink = log.sink()
    opened(sink)
    with pytest.raises(RejectedError) as refusal:
        sink.write([Outgoing(topic, b"key", b"small"), Outgoing(topic, b"key", bytes(LARGEST_RECORD))])
    sink.write([Outgoing(topic, b"key", b"next")])
    opened(source := log.source([topic], f"{topic}.g"))
    seen = _values(_read_until(source, lambda seen: b"next" in _values(seen)))
    assert (refusal.value.reason, seen) == ("too-large", {b"next"})


def test_writing_makes_no_topic(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """A record for a topic that does not exist is not written, and the topic still does not exist."""
    opened(sink := log.sink())
    with pytest.raises(UnavailableError):
        sink.write([Outgoing(TopicName(f"{topic}.absent"), b"key", b"value")])


def test_a_sink_works_on_after_a_failure(log: Log, topic: TopicName, opened: Callable[..., None]) -> None:
    """After a failed write the next one succeeds."""
    opened(sink := log.sink())
    with pytest.raises(UnavailableError):
        sink.write([Outgoing(TopicName(f"{topic}.absent"), b"key", b"value")])
    assert len(sink.write([Outgoing(topic, b"key", b"value")])) == 1
