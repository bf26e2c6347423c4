"""The twin of Kafka: unkind by its seed alone, and never worse than Kafka."""

from __future__ import annotations

from broker.adapters.memory import MemoryLog, MemorySink, MemorySource, Unkindness
from broker.errors import UnavailableError
from broker.names import TopicName
from broker.ports import Outgoing

_TOPIC = TopicName("exchange.meldingen")


def _read(seed: int) -> list[bytes | None]:
    log = MemoryLog({_TOPIC: 3})
    MemorySink(log).write([Outgoing(_TOPIC, b"%d" % (n % 5), b"%d" % n) for n in range(30)])
    source = MemorySource(log, [_TOPIC], "group", unkindness=Unkindness(seed))
    return [message.value for _ in range(60) for message in source.poll(0, 3)]


def test_the_same_seed_gives_the_same_run() -> None:
    """A failing test can be repeated."""
    assert _read(7) == _read(7)


def test_another_seed_gives_another_run() -> None:
    """Seeds explore."""
    assert _read(7) != _read(8)


def test_it_repeats_and_loses_nothing() -> None:
    """Under unkindness records come more than once, and all of them come."""
    values = _read(7)
    assert (len(values) > 30, len(set(values))) == (True, 30)


def test_a_failed_write_may_have_happened() -> None:
    """A failure is unknown: over many writes some failed ones are in the log and some are not."""
    log = MemoryLog({_TOPIC: 1})
    sink = MemorySink(log, unkindness=Unkindness(1, fail_before=0.3, fail_after=0.3))
    failed = set()
    for number in range(60):
        try:
            sink.write([Outgoing(_TOPIC, b"key", b"%d" % number)])
        except UnavailableError:
            failed.add(b"%d" % number)
    written = {message.value for message in log.records(_TOPIC)}
    assert (bool(failed & written), bool(failed - written)) == (True, True)
