"""One flow of messages through a line, from the first publish call to the last receipt and ledger entry."""

from __future__ import annotations

import time
from dataclasses import dataclass

from broker.errors import DeadlineError, IncompleteError
from broker.sandbox.bench.line import Line
from broker.sandbox.bench.model import Arrivals, Counted, Progress, Send, Sent, Stage
from broker.sandbox.bench.statistics import Times, times
from broker.sandbox.bench.usage import Usage

__all__ = ["Burst", "Flow", "Latency", "Throughput", "run"]

_CONSUMERS = (Stage.GATE, Stage.SUBSCRIBER, Stage.RECEIPTS, Stage.LEDGER)
_PAUSE = 0.05
_PATIENCE = 60.0
_SLOWEST = 20
"""Messages a second that even a smoke test on a busy machine manages."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """As many messages as the line carries.

    Attributes:
        messages_per_s: From the first publish call to the last receipt.
        cpu_us_per_message: Processor time of all processes and the Kafka node.
        stages: The same by process.
    """

    messages_per_s: float
    cpu_us_per_message: float
    stages: dict[str, float]


@dataclass(frozen=True, slots=True)
class Latency:
    """From the moment a message was due to its handler, and to its receipt at the sender."""

    deliver: Times
    receipt: Times


@dataclass(frozen=True, slots=True)
class Burst:
    """Seconds from the first publish call until all were delivered, receipted and in the ledger."""

    messages: int
    delivered_s: float
    receipts_s: float
    ledger_s: float

    @property
    def drained_s(self) -> float:
        """When nothing was under way any more."""
        return max(self.receipts_s, self.ledger_s)


@dataclass(frozen=True, slots=True)
class Flow:
    """What became of the messages that were sent.

    Attributes:
        due, delivered, receipted: Message id to moment (monotonic nanoseconds).
        ledger: The moment at which the ledger had all decisions.
        used: Processor seconds by process.
    """

    due: dict[bytes, int]
    delivered: dict[bytes, int]
    receipted: dict[bytes, int]
    ledger: int
    used: dict[str, float]

    @property
    def throughput(self) -> Throughput:
        """The flow as a throughput."""
        count = len(self.due)
        seconds = (max(self.receipted.values()) - min(self.due.values())) / 1e9
        stages = {name: used / count * 1e6 for name, used in self.used.items()}
        return Throughput(count / seconds, sum(stages.values()), stages)

    @property
    def latency(self) -> Latency:
        """The flow as latencies."""
        return Latency(
            times([self.delivered[id_] - due for id_, due in self.due.items()]),
            times([self.receipted[id_] - due for id_, due in self.due.items()]),
        )

    @property
    def burst(self) -> Burst:
        """The flow as a burst."""
        begin = min(self.due.values())
        moments = (max(self.delivered.values()), max(self.receipted.values()), self.ledger)
        delivered, receipts, ledger = ((moment - begin) / 1e9 for moment in moments)
        return Burst(len(self.due), delivered, receipts, ledger)


def run(line: Line, command: Send) -> Flow:
    """Send what *command* says, and wait until all of it is delivered, receipted and in the ledger.

    Raises:
        DeadlineError: It did not all arrive.
        IncompleteError: Something else arrived instead.
    """
    _collect(line)
    begun = {stage: _finished(line, stage) for stage in (Stage.RECEIPTS, Stage.LEDGER)}
    before = line.usages()
    patience = _PATIENCE + command.count / (command.rate or _SLOWEST)
    sent = line.children[Stage.PUBLISHER].ask(command, Sent, patience)
    _await(line, Stage.RECEIPTS, begun[Stage.RECEIPTS] + command.count, patience)
    # Of each message a decision about itself, and one about its receipt.
    _await(line, Stage.LEDGER, begun[Stage.LEDGER] + 2 * command.count, patience)
    after = line.usages()
    arrivals = _collect(line)
    flow = Flow(
        due=sent.due,
        delivered=arrivals[Stage.SUBSCRIBER].seen,
        receipted=arrivals[Stage.RECEIPTS].seen,
        ledger=_reached(arrivals[Stage.LEDGER].steps, 2 * command.count),
        used=_difference(before, after),
    )
    missing = [id_ for id_ in flow.due if id_ not in flow.delivered or id_ not in flow.receipted]
    if missing:
        raise IncompleteError(
            f"{len(missing)} of {len(flow.due)} messages have no delivery or receipt",
            remedy="Measure again with fewer messages, and read the logs of the parts",
        )
    return flow


def _collect(line: Line) -> dict[Stage, Arrivals]:
    for stage in _CONSUMERS:
        line.children[stage].tell(Arrivals())
    return {stage: line.children[stage].answer(Arrivals, _PATIENCE) for stage in _CONSUMERS}


def _finished(line: Line, stage: Stage) -> int:
    return line.children[stage].ask(Progress(), Counted, _PATIENCE).finished


def _await(line: Line, stage: Stage, count: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (finished := _finished(line, stage)) < count:
        if time.monotonic() > deadline:
            raise DeadlineError(f"{count - finished} of {count} records did not reach the {stage} in time")
        time.sleep(_PAUSE)


def _reached(steps: list[tuple[int, int]], count: int) -> int:
    """The moment at which *count* records were finished."""
    total = 0
    for moment, number in steps:
        total += number
        if total >= count:
            return moment
    raise IncompleteError(
        "the ledger counted other records than it finished",
        remedy="Measure again; if it happens again, report it",
    )


def _difference(before: dict[str, Usage], after: dict[str, Usage]) -> dict[str, float]:
    return {name: after[name].cpu_seconds - before[name].cpu_seconds for name in after}
