"""Kafka's twin in memory: the same two ports, the same promises, and every unkindness that Kafka allows.

1. `MemoryLog` is the log: topics, partitions, groups, committed offsets.  Sources and sinks share one.
2. With a seed, a source is unkind: it answers empty, hands records over again, mixes partitions, and goes
   back to the last commit as after a rebalance; a sink may fail before or after it wrote.  All of it from
   the seed alone, so a failing test can be repeated.
3. What Kafka promises holds all the same: order within a key, nothing lost, nothing made up.
"""

from __future__ import annotations

import random
import re
import threading
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broker.adapters.sizes import LARGEST_RECORD, record_size
from broker.errors import RejectedError, UnavailableError
from broker.names import Micros, TopicName
from broker.ports import Message, Offsets, Outgoing, Position

__all__ = ["MemoryLog", "MemorySink", "MemorySource", "Unkindness"]

_Partition = tuple[TopicName, int]


@dataclass(frozen=True, slots=True)
class Unkindness:
    """How often, from 0 to 1, a source or a sink does what Kafka might."""

    seed: int
    empty: float = 0.2
    again: float = 0.15
    rebalance: float = 0.05
    fail_before: float = 0.1
    fail_after: float = 0.1

    def dice(self, who: str) -> random.Random:
        """The dice of one source or sink: their own, so that they do not depend on each other's turns."""
        return random.Random(f"{self.seed}/{who}")  # noqa: S311


class MemoryLog:
    """Topics and groups, shared by any number of sources, sinks and threads."""

    def __init__(self, topics: Mapping[str, int] | None = None) -> None:
        """Make a log with *topics*: name to number of partitions."""
        self._lock = threading.Condition(threading.RLock())
        self._records: dict[_Partition, list[Message]] = {}
        self._sizes: dict[TopicName, int] = {}
        self._committed: dict[tuple[str, _Partition], int] = {}
        self._members: dict[str, list[MemorySource]] = {}
        for name, partitions in (topics or {}).items():
            self.create(name, partitions)

    def create(self, topic: str, partitions: int) -> None:
        """Add a topic; one that exists is left alone."""
        with self._lock:
            name = TopicName(topic)
            self._sizes.setdefault(name, partitions)
            for partition in range(self._sizes[name]):
                self._records.setdefault((name, partition), [])

    def has(self, topic: str) -> bool:
        """Whether *topic* exists."""
        with self._lock:
            return topic in self._sizes

    def append(self, record: Outgoing) -> Position:
        """Add one record to its key's partition.

        Raises:
            UnavailableError: There is no such topic; topics are never made by writing.
        """
        with self._lock:
            if record.topic not in self._sizes:
                raise UnavailableError(f"could not write to {record.topic}", why="there is no such topic")
            partition = zlib.crc32(record.key) % self._sizes[record.topic]
            records = self._records[record.topic, partition]
            position = Position(record.topic, partition, len(records))
            moment = Micros(time.time_ns() // 1000)
            records.append(Message(position, record.key, record.value, record.headers, moment))
            self._lock.notify_all()
            return position

    def records(self, topic: str) -> tuple[Message, ...]:
        """All records of *topic*, partition by partition, for assertions."""
        with self._lock:
            return tuple(
                message
                for (name, _), messages in sorted(self._records.items())
                if name == topic
                for message in messages
            )

    def committed(self, group: str) -> Mapping[tuple[str, int], int]:
        """What *group* committed, for assertions."""
        with self._lock:
            return {place: offset for (name, place), offset in self._committed.items() if name == group}

    def _matching(self, topics: Sequence[str] | re.Pattern[str]) -> list[_Partition]:
        if isinstance(topics, re.Pattern):
            return sorted(place for place in self._records if topics.fullmatch(place[0]))
        return sorted(place for place in self._records if place[0] in topics)


class MemorySource:
    """A `MessageSource` over a `MemoryLog`."""

    def __init__(
        self,
        log: MemoryLog,
        topics: Sequence[str] | re.Pattern[str],
        group: str | None,
        instance: str = "one",
        unkindness: Unkindness | None = None,
    ) -> None:
        """Join *group*, or with None read everything as a reader without a group."""
        self._log = log
        self._topics = topics
        self._group = group
        self._unkindness = unkindness or Unkindness(0, 0, 0, 0, 0, 0)
        self._dice = self._unkindness.dice(instance)
        self._starts: dict[_Partition, int] = {}
        self._next: dict[_Partition, int] = {}
        if group is not None:
            self._join(group)

    @classmethod
    def assigned(
        cls,
        log: MemoryLog,
        topics: Sequence[str] | re.Pattern[str],
        start_offsets: Offsets,
        unkindness: Unkindness | None = None,
    ) -> MemorySource:
        """A reader without a group, of every partition of *topics*, from *start_offsets*."""
        source = cls(log, topics, None, unkindness=unkindness)
        source._starts = dict(start_offsets)
        return source

    def poll(self, timeout: float, limit: int) -> Sequence[Message]:
        """Up to *limit* records, waiting at most *timeout* seconds."""
        deadline = time.monotonic() + timeout
        with self._log._lock:
            if self._dice.random() < self._unkindness.empty:
                return ()
            self._be_unkind()
            while not (messages := self._take(limit)):
                if (left := deadline - time.monotonic()) <= 0:
                    return ()
                self._log._lock.wait(left)
            return messages

    def commit(self, next_offsets: Offsets) -> None:
        """Record that everything below these offsets is finished, for partitions that are ours."""
        with self._log._lock:
            for place in self._held():
                if place in next_offsets and self._group is not None:
                    self._log._committed[self._group, place] = next_offsets[place]

    def rewind(self, next_offsets: Offsets) -> None:
        """Read again from these offsets."""
        with self._log._lock:
            self._next.update({place: next_offsets[place] for place in self._held() if place in next_offsets})

    def close(self) -> None:
        """Leave the group."""
        with self._log._lock:
            if self._group is not None:
                self._log._members[self._group] = [
                    m for m in self._log._members[self._group] if m is not self
                ]
                self._rebalance(self._group)

    def _join(self, group: str) -> None:
        with self._log._lock:
            self._log._members.setdefault(group, []).append(self)
            self._rebalance(group)

    def _rebalance(self, group: str) -> None:
        for member in self._log._members[group]:
            member._next.clear()

    def _held(self) -> list[_Partition]:
        places = self._log._matching(self._topics)
        if self._group is None:
            return places
        members = self._log._members[self._group]
        if self not in members:
            return []
        return places[members.index(self) :: len(members)]

    def _start(self, place: _Partition) -> int:
        if self._group is None:
            return self._starts.get(place, 0)
        return self._log._committed.get((self._group, place), 0)

    def _be_unkind(self) -> None:
        """Go back: everywhere to the last commit, or in some places by a few records."""
        if self._dice.random() < self._unkindness.rebalance:
            self._next.clear()
        for place, offset in self._next.items():
            if self._dice.random() < self._unkindness.again:
                self._next[place] = max(self._start(place), offset - self._dice.randint(1, 3))

    def _take(self, limit: int) -> list[Message]:
        places = self._held()
        if self._unkindness.again:
            self._dice.shuffle(places)
        messages: list[Message] = []
        for place in places:
            begin = self._next.get(place, self._start(place))
            part = self._log._records[place][begin : begin + limit - len(messages)]
            self._next[place] = begin + len(part)
            messages.extend(part)
        return messages


class MemorySink:
    """A `MessageSink` over a `MemoryLog`."""

    def __init__(self, log: MemoryLog, name: str = "sink", unkindness: Unkindness | None = None) -> None:
        """Write to *log*; with *unkindness* sometimes fail, before or after the records are written."""
        self._log = log
        self._unkindness = unkindness or Unkindness(0, 0, 0, 0, 0, 0)
        self._dice = self._unkindness.dice(name)

    def write(self, records: Sequence[Outgoing]) -> Sequence[Position]:
        """Write all *records* in order.

        Raises:
            UnavailableError: Unknown whether they were written; write all of them again.
            RejectedError: A record is too large; nothing was written.
        """
        for record in records:
            if record_size(record) > LARGEST_RECORD:
                raise RejectedError(f"a record for {record.topic} is too large", reason="too-large")
        if self._dice.random() < self._unkindness.fail_before:
            raise UnavailableError("could not write", why="the twin is unkind: nothing was written")
        positions = [self._log.append(record) for record in records]
        if self._dice.random() < self._unkindness.fail_after:
            raise UnavailableError("could not write", why="the twin is unkind: everything was written")
        return positions

    def knows(self, topic: TopicName) -> bool:
        """Whether this topic exists."""
        return self._log.has(topic)

    def close(self) -> None:
        """Nothing to let go of."""
