"""A party revokes an agreement while messages flow: within 5 seconds nothing is released or handed over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from broker.assembly import publisher_parts
from broker.audit.decision_record import read_record
from broker.audit.events import AuditEvent
from broker.errors import RefusedError
from broker.names import CaseRef, MessageCode, Micros
from broker.sandbox.careless import CarelessSender
from broker.sandbox.registry import revoke
from broker.settings import AgencyProfile, load_profile
from producers.client import Publisher
from tests import checker
from tests.exchange import RealExchange, eventually, report
from tests.programs.desk import HISTORY

pytestmark = pytest.mark.kafka

_LIMIT = 5_000_000
_PACE = 0.05
_BEFORE, _AFTER = 3.0, 8.0


@dataclass
class Traffic:
    """About 20 messages a second from a sender that never looks at the registry again."""

    exchange: RealExchange
    stop: threading.Event = field(default_factory=threading.Event)
    sent: dict[str, int] = field(default_factory=dict)
    failure: BaseException | None = None

    def run(self) -> None:
        """Send, and remember when."""
        try:
            parts = publisher_parts(load_profile(self.exchange.layout.profile("shg-zuid"), AgencyProfile))
            careless = CarelessSender(parts, parts.keeper.current())
            while not self.stop.wait(_PACE):
                record = report(parts.keeper.current(), CaseRef(parts.entropy(16)), "ZAAK-TEST-1", "amk-zuid")
                sent = careless.compose(record)
                careless.send([sent])
                self.sent[sent.message_id.hex()] = time.time_ns() // 1000
            careless.close()
        except BaseException as error:
            self.failure = error
            raise


@dataclass(frozen=True)
class Revoked:
    """What happened around one revocation; moments in microseconds.

    Attributes:
        begun: When the party began to publish the revocation.
        published: When it was published.
        refused_at: When a publisher that keeps to its own checks first refused.
    """

    begun: int
    published: int
    sent: dict[str, int]
    events: list[AuditEvent]
    handed_over: list[checker.HandedOver]
    refused_at: int


@pytest.fixture(scope="module")
def revoked(exchange: RealExchange) -> Revoked:
    """Traffic between SHG and AMK Zuid, a revocation in the middle of it, and what came of each message."""
    exchange.run("gate", "amk-zuid")
    traffic = Traffic(exchange)
    thread = threading.Thread(target=traffic.run)
    thread.start()
    try:
        eventually(lambda: traffic.failure or len(traffic.sent) > _BEFORE / _PACE, "messages flow")
        begun = time.time_ns() // 1000
        revoke(exchange.layout, "amk-shg-zuid", "amk-zuid", Micros(begun))
        published = time.time_ns() // 1000
        refused_at = _first_refusal(exchange)
        traffic.stop.wait(max(0.0, _AFTER - (time.time_ns() // 1000 - published) / 1e6))
    finally:
        traffic.stop.set()
        thread.join()
    assert traffic.failure is None
    topics = (exchange.decisions("amk-zuid"), exchange.decisions("shg-zuid"))
    eventually(lambda: not exchange.lag("gate", "exchange.meldingen"), "the gate has decided")
    eventually(lambda: not exchange.lag("amk-zuid.inbox", topics[0]), "the recipient is done")
    events = [read_record(m.value or b"").event for m in exchange.records(*topics)]
    ours = [e for e in events if e.message is not None and e.message.message_id.hex() in traffic.sent]
    handed = checker.read_history(exchange.layout.agency("amk-zuid") / HISTORY)
    return Revoked(begun, published, traffic.sent, ours, handed, refused_at)


def _first_refusal(exchange: RealExchange) -> int:
    """When a publisher first refuses; it was made before and refreshes as it always does."""
    publisher = Publisher.from_profile(exchange.layout.profile("shg-zuid"))
    record = report(publisher.view, CaseRef(bytes(16)), "ZAAK-TEST-2", "amk-zuid")

    def refuses() -> bool:
        try:
            publisher.publish(record)
        except RefusedError:
            return True
        return False

    try:
        eventually(refuses, "the publisher refuses", 10)
    finally:
        publisher.close()
    return time.time_ns() // 1000


def test_messages_were_released_before(revoked: Revoked) -> None:
    """Until then the same traffic was allowed, about 20 a second: there was something to stop."""
    before = [e for e in revoked.events if e.outcome.value == "released" and e.decided_at < revoked.begun]
    assert len(before) >= 20


def test_nothing_is_released_5_seconds_after(revoked: Revoked, figure: Callable[[str], None]) -> None:
    """The last release was decided within 5 seconds of the revocation's publication."""
    last = max(e.decided_at for e in revoked.events if e.outcome.value == "released")
    figure(
        f"revocation: published in {(revoked.published - revoked.begun) / 1000:.0f} ms; "
        f"last release {(last - revoked.published) / 1000:.0f} ms after that"
    )
    assert last - revoked.published < _LIMIT


def test_nothing_is_handed_over_5_seconds_after(revoked: Revoked, figure: Callable[[str], None]) -> None:
    """Nor was anything handed over later than that, whenever it had been released."""
    last = max(one.at for one in revoked.handed_over) * 1000
    figure(f"revocation: last hand-over {(last - revoked.published) / 1000:.0f} ms after publication")
    assert last - revoked.published < _LIMIT


def test_everything_after_is_refused_with_the_reason(revoked: Revoked) -> None:
    """Every message sent later than that was refused to its sender as ``agreement-revoked``."""
    late = {id_ for id_, at in revoked.sent.items() if at > revoked.published + _LIMIT}
    found = {
        e.message.message_id.hex(): (e.outcome.value, e.reason)
        for e in revoked.events
        if e.message is not None
    }
    assert len(late) > 20
    assert {found.get(id_) for id_ in late} == {("refused", "agreement-revoked")}


def test_every_message_was_decided(revoked: Revoked) -> None:
    """Each has an outcome: a revocation loses nothing."""
    decided = {e.message.message_id.hex() for e in revoked.events if e.message is not None}
    assert decided == revoked.sent.keys()


def test_the_publisher_refuses_too(revoked: Revoked, figure: Callable[[str], None]) -> None:
    """A sender that keeps to the rules learns within 5 seconds, before anything leaves the house."""
    figure(f"revocation: a publisher refuses {(revoked.refused_at - revoked.published) / 1000:.0f} ms after")
    assert revoked.refused_at - revoked.published < _LIMIT


def test_another_agreement_is_not_touched(exchange: RealExchange, revoked: Revoked) -> None:
    """The other region goes on as if nothing had happened."""
    assert revoked.published
    with exchange.publisher("shg-noord") as publisher:
        code = MessageCode("E01")
        assert code in publisher.view.catalogue.messages
        done = publisher.publish(report(publisher.view, CaseRef(bytes(16)), "ZAAK-TEST-3"))
    assert done.position.topic == "exchange.meldingen"
