"""The real thing, process by process: exactly what `broker.assembly` makes of the sandbox's profiles.

The bench adds one thing: handlers that note when they were called.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from broker.assembly import gate_parts, publisher_parts, subscriber_parts
from broker.pipelines.deliver import Disclosure
from broker.sandbox.bench.model import RECIPIENT, SENDER, Order, Stage
from broker.sandbox.bench.payload import Letter, letter
from broker.sandbox.layout import Layout
from broker.settings import AgencyProfile, GateProfile, LedgerProfile, load_profile
from consumers.client import Subscriber
from consumers.gate import Gate
from producers.client import Published, Publisher

__all__ = ["FullConsumer", "FullPublisher", "full_consumer", "full_publisher"]


class FullPublisher:
    """An agency that sends; what is refused ends the measurement."""

    def __init__(self, publisher: Publisher, content: Letter) -> None:
        self._publisher = publisher
        self._content = content

    def publish(self, count: int) -> Sequence[bytes]:
        """See `broker.sandbox.bench.pace.Publishing`."""
        outcomes = self._publisher.publish_all([self._content.record() for _ in range(count)])
        return [_id(outcome) for outcome in outcomes]

    def close(self) -> None:
        """Let go of Kafka."""
        self._publisher.close()


class FullConsumer:
    """A consumer of ours, and what its handler saw."""

    def __init__(
        self, step: Callable[[float], int], close: Callable[[], None], seen: dict[bytes, int] | None = None
    ) -> None:
        self.seen: dict[bytes, int] = {} if seen is None else seen
        self._step = step
        self._close = close

    def step(self, timeout: float) -> int:
        """Do one batch."""
        return self._step(timeout)

    def close(self) -> None:
        """Finish and let go of Kafka."""
        self._close()


def full_publisher(order: Order) -> FullPublisher:
    """The sending agency."""
    publisher = Publisher(publisher_parts(_agency(order, SENDER)))
    return FullPublisher(publisher, letter(publisher.view, RECIPIENT, order.payload))


def full_consumer(order: Order) -> FullConsumer:
    """The gate, the receiving agency, the sender's receiver of receipts, or the ledger writer."""
    make = {
        Stage.GATE: _gate,
        Stage.SUBSCRIBER: _subscriber,
        Stage.RECEIPTS: _receipts,
        Stage.LEDGER: _ledger,
    }
    return make[order.stage](order)


def _gate(order: Order) -> FullConsumer:
    gate = Gate(gate_parts(load_profile(Layout(order.directory).gate_profile, GateProfile)))
    return FullConsumer(gate.step, gate.close)


def _subscriber(order: Order) -> FullConsumer:
    return _agency_inbox(order, RECIPIENT, lambda disclosure: disclosure.header.message_id)


def _receipts(order: Order) -> FullConsumer:
    return _agency_inbox(order, SENDER, lambda disclosure: disclosure.header.causation_id or b"")


def _agency_inbox(order: Order, name: str, noted: Callable[[Disclosure], bytes]) -> FullConsumer:
    subscriber = Subscriber(subscriber_parts(_agency(order, name)))
    seen: dict[bytes, int] = {}

    @subscriber.on_any
    def note(disclosure: Disclosure, connection: object) -> None:  # noqa: ARG001
        seen[bytes(noted(disclosure))] = time.monotonic_ns()

    return FullConsumer(subscriber.step, subscriber.close, seen)


def _ledger(order: Order) -> FullConsumer:
    # Here, so that the other stages do not load a database and are measured as they run in production.
    from broker.assembly_ledger import ledger_parts
    from consumers.ledger_writer import LedgerWriter

    writer = LedgerWriter(ledger_parts(load_profile(Layout(order.directory).ledger_profile, LedgerProfile)))
    return FullConsumer(writer.step, writer.close)


def _agency(order: Order, name: str) -> AgencyProfile:
    return load_profile(Layout(order.directory).profile(name), AgencyProfile)


def _id(outcome: object) -> bytes:
    if isinstance(outcome, Published):
        return bytes(outcome.message_id)
    assert isinstance(outcome, Exception), "published or refused"
    raise outcome
