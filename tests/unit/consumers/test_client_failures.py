"""The Subscriber when its own database fails: nothing is finished that did not take effect."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from broker.errors import UnavailableError
from broker.pipelines.deliver import Notice
from broker.ports import Inbox, InboxTransaction
from consumers.client import Subscriber
from consumers.handlers import Reject, Retry
from tests.world import World


class Failing:
    """An inbox whose database does not commit while it is told not to."""

    def __init__(self, inner: Inbox) -> None:
        self._inner = inner
        self.broken = True

    @contextmanager
    def transaction(self) -> Iterator[InboxTransaction]:
        """Roll back and raise at the end, while broken."""
        with self._inner.transaction() as tx:
            yield tx
            if self.broken:
                raise UnavailableError("the disk is full")

    def close(self) -> None:
        """Let go of the real one."""
        self._inner.close()


def broken_subscriber(world: World) -> tuple[Subscriber, Failing]:
    """The AMK's subscriber on such an inbox, with one released message before it."""
    world.publisher("shg-noord").publish(world.record("E01"))
    gate = world.gate()
    world.settle(gate)
    gate.close()
    parts = world.subscriber("amk-noord")._parts
    inbox = Failing(parts.inbox)
    subscriber = Subscriber(replace(parts, inbox=inbox))
    subscriber.on_any(lambda disclosure, _: world.handled.setdefault("amk-noord", []).append(disclosure))
    return subscriber, inbox


def fail(subscriber: Subscriber, times: int) -> None:
    """Step until the inbox failed so often."""
    failed = 0
    while failed < times:
        try:
            subscriber.step(0.0)
        except UnavailableError:
            failed += 1


def test_what_the_database_did_not_commit_is_not_committed_on_kafka() -> None:
    """A process that ends after such a failure finds the message again: it is not lost."""
    world = World()
    subscriber, _ = broken_subscriber(world)

    fail(subscriber, 3)
    subscriber.close()

    assert sum(world.log.committed("amk-noord.inbox").values()) == 0


def test_it_goes_on_when_the_database_does() -> None:
    """When the database commits again, the message takes effect and its receipt goes back."""
    world = World()
    subscriber, inbox = broken_subscriber(world)
    fail(subscriber, 2)
    inbox.broken = False

    shg, gate = world.subscriber("shg-noord"), world.gate()
    world.settle(subscriber, gate, shg)

    assert [d.entry.code for d in world.handled["shg-noord"]] == ["E03"]
    assert sum(world.log.committed("amk-noord.inbox").values()) == 1


def test_nothing_is_answered_before_the_effect_is_durable() -> None:
    """A receipt that says ``handled`` is never sent for what was rolled back."""
    world = World()
    subscriber, _ = broken_subscriber(world)

    fail(subscriber, 3)

    assert world.log.records("exchange.ontvangst") == ()
    with pytest.raises(UnavailableError):
        subscriber.step(0.0)


@pytest.mark.parametrize(
    ("fault", "calls", "kept"),
    [
        pytest.param(RuntimeError("a defect"), 5, [("handler_failed",)], id="a defect"),
        pytest.param(Retry(0.1), 5, [("handler_failed",)], id="retry"),
        pytest.param(Reject("unwanted"), 1, [("handler_failed",)], id="reject"),
    ],
)
def test_a_refusal_whose_handler_fails_stops_nobody(
    fault: Exception, calls: int, kept: list[tuple[str]]
) -> None:
    """It is tried five times and then kept aside; messages after it arrive."""
    world = World()
    publisher = world.publisher("shg-noord")
    publisher.publish(world.record("E01"))
    world.revoke("amk-shg-noord", "amk-noord")
    shg, gate = world.subscriber("shg-noord"), world.gate()
    tried: list[Notice] = []

    def fail_always(notice: Notice, connection: object) -> None:
        tried.append(notice)
        raise fault

    shg.on_refusal(fail_always)
    world.settle(gate, shg, quiet_rounds=60)

    with sqlite3.connect(world.folder / "shg-noord.sqlite") as database:
        rows = database.execute("SELECT reason FROM schakel_quarantine").fetchall()
    assert (len(tried), rows) == (calls, kept)
