"""Gate, subscriber and ledger writer, each killed at every kill point while messages flow: nothing is lost.

Each process is the real one on a real Kafka, told to SIGKILL itself at a point, started again with the
next point, and in the end without one.  What is left behind is judged by `tests.checker`.

`SCHAKEL_TEST_MESSAGES` (1,000) and `SCHAKEL_TEST_ROUNDS` (1) make it longer: `make faults`.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from broker.names import CaseRef
from broker.topics import DECISIONS_PREFIX, EXCHANGE_TOPICS
from producers.client import Published
from tests import checker
from tests.exchange import Child, RealExchange, eventually, report
from tests.programs.desk import HISTORY

pytestmark = pytest.mark.kafka

MESSAGES = int(os.environ.get("SCHAKEL_TEST_MESSAGES", "1000"))
ROUNDS = int(os.environ.get("SCHAKEL_TEST_ROUNDS", "1"))
CASES = 24
POINTS = {
    # G3 and D5 also a little later, when what was sent has left the process.
    "gate": ("G1:2", "G2:3", "G3:2", "G3:2:5", "G4:3", "G5:2"),
    "amk-noord": ("D1:2", "D2:20", "D3:2", "D4:2", "D5:3", "D5:3:5"),
    "ledger": ("L1:2", "L2:2", "A1:2"),
}
_EXCHANGE = tuple(str(topic) for topic in EXCHANGE_TOPICS)


@dataclass
class Flow:
    """Reports from the SHG to the AMK, a few at a time, until there are enough and nobody needs more."""

    exchange: RealExchange
    wanted: int
    stop: threading.Event = field(default_factory=threading.Event)
    sent: list[checker.Sent] = field(default_factory=list)
    failure: BaseException | None = None

    def run(self) -> None:
        """Publish."""
        cases = [CaseRef(os.urandom(16)) for _ in range(CASES)]
        try:
            with self.exchange.publisher() as publisher:
                while len(self.sent) < self.wanted or not self.stop.is_set():
                    begin = len(self.sent)
                    numbers = range(begin, begin + 8)
                    records = [
                        report(publisher.view, cases[n * 7 % CASES], f"ZAAK-TEST-{n:06d}") for n in numbers
                    ]
                    for number, done in zip(numbers, publisher.publish_all(records), strict=True):
                        assert isinstance(done, Published)
                        self.sent.append(_sent(done, f"ZAAK-TEST-{number:06d}"))
                    self.stop.wait(0.15 if len(self.sent) < self.wanted or not self.stop.is_set() else 0)
        except BaseException as error:
            self.failure = error
            raise


def _sent(done: Published, mark: str) -> checker.Sent:
    position = done.position
    place = (str(position.topic), position.partition, position.offset)
    return checker.Sent(str(done.message_id), str(done.case_ref), mark, place)


@dataclass(frozen=True)
class Aftermath:
    """What the run left behind.

    Attributes:
        deaths: The points at which a process died, by process.
        statuses: How each process ended when it was asked to, after all of it.
        repeats: How many decisions stand on Kafka more than once.
    """

    exchange: RealExchange
    evidence: checker.Evidence
    deaths: dict[str, list[str]]
    statuses: dict[str, int]
    repeats: int


@pytest.fixture(scope="module")
def aftermath(exchange: RealExchange) -> Aftermath:
    """One run with every kill, healed and drained."""
    exchange.run("shg-noord")
    flow = Flow(exchange, MESSAGES)
    killers = [Killer(exchange, name) for name in POINTS]
    killing = [threading.Thread(target=killer.run) for killer in killers]
    publishing = threading.Thread(target=flow.run)
    for thread in (*killing, publishing):
        thread.start()
    for thread in killing:
        thread.join()
    flow.stop.set()
    publishing.join()
    failures = [flow.failure, *(killer.failure for killer in killers)]
    assert [failure for failure in failures if failure is not None] == []
    exchange.run(*POINTS)
    _drain(exchange)
    statuses = exchange.stop()
    evidence = _evidence(exchange, flow)
    repeats = Counter(decision.decision_id for decision in evidence.decisions)
    deaths = {killer.name: killer.deaths for killer in killers}
    return Aftermath(exchange, evidence, deaths, statuses, sum(n > 1 for n in repeats.values()))


@dataclass
class Killer:
    """Starts a process with one kill point after the other, at which it has to die, and then without one.

    Attributes:
        deaths: The points at which it died.
    """

    exchange: RealExchange
    name: str
    deaths: list[str] = field(default_factory=list)
    failure: BaseException | None = None

    def run(self) -> None:
        """Kill it at all of them."""
        try:
            for point in POINTS[self.name] * ROUNDS:
                child = self.exchange.start(self.name, point=point)
                self._await_death(child, point)
                self.deaths.append(point)
            # The others may still have points to die at, and need its work for that.
            self.exchange.start(self.name)
        except BaseException as error:
            self.failure = error
            raise

    def _await_death(self, child: Child, point: str) -> None:
        where = point.partition(":")[0]
        eventually(lambda: child.died_at(where), f"{self.name} dies at {point}", 120)


def _drain(exchange: RealExchange) -> None:
    """Wait until nobody has anything left to do; what is missing then is for the checker to say.

    The order follows a message: who is done has written all that the next one reads.
    """
    amk, shg = exchange.decisions("amk-noord"), exchange.decisions("shg-noord")
    steps = (
        ("gate", "exchange.meldingen"),
        ("amk-noord.inbox", amk),
        ("gate", "exchange.ontvangst"),
        ("shg-noord.inbox", shg),
        ("ledger", amk),
        ("ledger", shg),
    )
    for group, topic in steps:
        eventually(lambda: not exchange.lag(group, topic), f"{group} has finished {topic}", 90)  # noqa: B023


def _decisions(exchange: RealExchange) -> list[checker.Decision]:
    topics = sorted({topic for topic, _ in exchange.marks() if topic.startswith(DECISIONS_PREFIX)})
    return checker.read_decisions(exchange.records(*topics))


def _evidence(exchange: RealExchange, flow: Flow) -> checker.Evidence:
    layout = exchange.layout
    exchanged = [m.position for m in exchange.records(*_EXCHANGE)]
    inbox = layout.agency("amk-noord") / "inbox.sqlite"
    ours = {one.message_id for one in flow.sent}
    return checker.Evidence(
        sent=flow.sent,
        exchanged=[(str(p.topic), p.partition, p.offset) for p in exchanged],
        decisions=_decisions(exchange),
        handed_over=checker.read_history(layout.agency("amk-noord") / HISTORY),
        intake=[row for row in checker.read_intake(inbox, ("E01",)) if row.message_id in ours],
        inbox=[row for row in checker.read_inbox(inbox) if row.message_id in ours],
        ledger=checker.read_ledger(layout.exchange / "ledger.sqlite"),
        checkpoint=checker.read_checkpoint(layout.exchange / "tlog" / "checkpoint"),
    )


def test_every_process_died_at_every_point(aftermath: Aftermath) -> None:
    """Each was ended by SIGKILL, said where, and each point was reached: the faults were real."""
    assert {name: tuple(points) for name, points in aftermath.deaths.items()} == {
        name: points * ROUNDS for name, points in POINTS.items()
    }


def test_no_promise_was_broken(aftermath: Aftermath) -> None:
    """None lost, twice or unaudited; order kept per case; receipts back; every decision entered once."""
    assert len(aftermath.evidence.sent) >= MESSAGES
    violations = checker.check(aftermath.evidence)
    assert Counter(violation.kind for violation in violations) == {}, violations[:20]


def test_the_kills_made_repeats(aftermath: Aftermath, figure: Callable[[str], None]) -> None:
    """Decisions stand on Kafka more than once: somebody had to drop them, and did."""
    figure(
        f"kill points: {sum(map(len, aftermath.deaths.values()))} kills, "
        f"{len(aftermath.evidence.sent)} messages, "
        f"{len(aftermath.evidence.decisions)} decisions, {aftermath.repeats} of them repeated"
    )
    assert aftermath.repeats > 0


def test_everybody_leaves_when_asked(aftermath: Aftermath) -> None:
    """After all that, SIGTERM ends each process with exit status 0."""
    assert set(aftermath.statuses.values()) == {0}


def test_the_ledger_checks_out(aftermath: Aftermath) -> None:
    """`schakel ledger fsck` finds nothing wrong."""
    done = aftermath.exchange.schakel(
        "ledger", "fsck", "--profile", str(aftermath.exchange.layout.ledger_profile)
    )
    assert done.returncode == 0, done.stderr
