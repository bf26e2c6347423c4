"""Retention on a real Kafka: what was answered a day ago is gone, and who is behind loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from broker.adapters.database import open_engine
from broker.adapters.kafka_retention import KafkaRetention
from broker.adapters.kafka_source import KafkaSource
from broker.adapters.ledger_reader import SqlLedgerReader
from broker.adapters.retention_store import SqlRetention
from broker.assembly import publisher_parts
from broker.audit.retention import RetentionKind
from broker.moments import HOUR
from broker.names import CaseRef, Micros
from broker.operations.lag import readers
from broker.operations.parties import parties_of
from broker.operations.retention import Retention, Why, planned, run
from broker.pipelines.retention import BodyPlan, Kept
from broker.ports import Message
from broker.settings import AgencyProfile, LedgerProfile, load_profile
from broker.topics import DECISIONS, EXCHANGE_TOPICS
from tests.exchange import RealExchange, eventually, report

pytestmark = pytest.mark.kafka

FEW, LATE = 5, 3
WHY = Why("test of retention")


@dataclass
class Later:
    """A clock that shows another time than the machine's."""

    at: Micros

    def now(self) -> Micros:
        """As `broker.ports.Clock` promises."""
        return self.at

    def monotonic(self) -> float:
        """As `broker.ports.Clock` promises."""
        return 0.0


@dataclass
class Cleared:
    """An exchange whose ledger holds everything: AMK Noord answered, AMK Zuid never ran."""

    exchange: RealExchange
    ledger: LedgerProfile
    store: SqlRetention
    kafka: KafkaRetention

    def at(self, hours: float) -> Retention:
        """Retention so many hours after the last decision."""
        entries = self.store.recorded(Micros(0), ())
        last = max(one.event.decided_at for one in entries)
        return Retention(self.store, Later(Micros(last + int(hours * HOUR))), "tester")

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Who reads what."""
        profile = load_profile(self.exchange.layout.profile("shg-noord"), AgencyProfile)
        return readers(parties_of(publisher_parts(profile).keeper.current()))  # type: ignore[return-value]

    def plan(self, hours: float) -> BodyPlan:
        """What would go then."""
        return planned(self.at(hours), self.kafka, self.groups)  # type: ignore[arg-type]

    def run(self, hours: float) -> BodyPlan:
        """Clear what goes then."""
        return run(self.at(hours), self.kafka, self.groups, WHY)  # type: ignore[arg-type]

    def read(self, *topics: str) -> list[Message]:
        """What somebody gets who reads these topics from their beginning for the first time."""
        starts = self.kafka.start_offsets(topics)
        due = sum(end - starts[place] for place, end in self.exchange.marks(*topics).items())
        source = KafkaSource.assigned(self.exchange.kafka.admin_access, topics, {})
        found: list[Message] = []

        def quiet() -> bool:
            got = source.poll(1.0, 5000)
            found.extend(got)
            return not got and len(found) >= due

        try:
            eventually(quiet, "everything is read, and nothing more comes")
        finally:
            source.close()
        return found

    def size(self) -> int:
        """How many entries the ledger has."""
        return len(self.store.recorded(Micros(0), ()))

    def caught_up(self) -> bool:
        """Whether the ledger has read everything."""
        decisions = [topic for topic in self.kafka.topics() if DECISIONS.fullmatch(topic)]
        read = {(str(topic), number): at for (topic, number), at in self.store.next_offsets().items()}
        return all(read.get(place, 0) >= end for place, end in self.kafka.end_offsets(decisions).items())


@pytest.fixture(scope="module")
def cleared(spoiled_exchange: RealExchange) -> Iterator[Cleared]:
    """Messages to an agency that answers and to one that is not there, all in the ledger."""
    exchange = spoiled_exchange
    exchange.run("gate", "ledger", "amk-noord", "shg-noord")
    with exchange.publisher() as publisher:
        view = publisher.view
        for number in range(FEW):
            publisher.publish(report(view, CaseRef(bytes([1, number]) * 8), f"ZAAK-{number}"))
    with exchange.publisher("shg-zuid") as publisher:
        for number in range(LATE):
            publisher.publish(report(view, CaseRef(bytes([2, number]) * 8), f"ZAAK-{number}", "amk-zuid"))
    ledger = load_profile(exchange.layout.ledger_profile, LedgerProfile)
    with ExitStack() as stack:
        engine = open_engine(ledger.database)
        stack.callback(engine.dispose)
        kafka = KafkaRetention(exchange.kafka.admin_access)
        stack.callback(kafka.close)
        found = Cleared(exchange, ledger, SqlRetention(engine), kafka)
        eventually(lambda: found.size() >= 2 * FEW + LATE and found.caught_up(), "the ledger holds all")
        eventually(lambda: exchange.lag("shg-noord.inbox", exchange.decisions("shg-noord")) == 0, "read")
        yield found


def test_a_day_after_the_answers_their_bodies_are_gone(cleared: Cleared) -> None:
    """The log start moved, and who reads from the beginning gets none of the old bodies."""
    exchange = cleared.exchange
    topics = (exchange.decisions("amk-noord"), exchange.decisions("shg-noord"))
    before = cleared.read(*topics)
    assert len(before) == 2 * FEW
    assert not [part for part in cleared.plan(23).partitions if part.count]
    plan = cleared.run(25)
    starts = cleared.kafka.start_offsets([*EXCHANGE_TOPICS, *topics])
    assert {place: starts[place] for place in plan.limits if place in starts} == {
        place: upto for place, upto in plan.limits.items() if place in starts
    }
    assert sum(starts[place] for place in starts if place[0] in topics) == 2 * FEW
    assert cleared.read(*topics) == []


def test_who_is_behind_loses_nothing(cleared: Cleared) -> None:
    """What AMK Zuid has not answered stays, with its originals, until seven days are over."""
    late = cleared.exchange.decisions("amk-zuid")
    plan = cleared.run(6 * 24 - 1)
    assert {part.kept for part in plan.partitions if part.topic == late and part.kept} == {Kept.UNCONFIRMED}
    assert len(cleared.read(late)) == LATE
    assert len(cleared.plan(6 * 24 + 1).unconfirmed) == LATE


def test_the_ledger_misses_nothing(cleared: Cleared) -> None:
    """It is sound, has no gap, and goes on after a restart and a new message."""
    exchange = cleared.exchange
    exchange.stop("ledger")
    exchange.run("ledger")
    size = cleared.size()
    with exchange.publisher() as publisher:
        publisher.publish(report(publisher.view, CaseRef(bytes([3]) * 16), "ZAAK-9"))
    eventually(lambda: cleared.size() >= size + 2, "the ledger goes on")
    engine = open_engine(cleared.ledger.database)
    assert SqlLedgerReader(engine).problems() == 0
    engine.dispose()
    checked = exchange.schakel("ledger", "fsck", "--dir", str(exchange.layout.directory), "--quiet")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_was_cleared_is_recorded(cleared: Cleared) -> None:
    """By whom, why, and up to where; before and after."""
    kinds = [record.deed.kind for record in cleared.at(0).log()]
    assert kinds[:2] == [RetentionKind.BEGUN, RetentionKind.CLEARED]
    assert cleared.store.log()[0].deed.person == "tester"


def test_the_command_plans_holds_and_runs(cleared: Cleared) -> None:
    """As an operator calls it: a case is put on hold, a plan is shown, the log tells both."""
    directory = ("--dir", str(cleared.exchange.layout.directory))
    why = ("--reason", "procedure", "--reference", "bevel-1")
    case = "02" * 16
    told = cleared.exchange.schakel("retention", "hold", "add", case, *why, *directory)
    assert told.returncode == 0, told.stderr
    assert cleared.exchange.schakel("retention", "hold", "add", case, *why, *directory).returncode == 2
    plan = cleared.exchange.schakel("retention", "plan", "--json", *directory)
    assert plan.returncode == 0, plan.stderr
    assert {one["kept"] for one in json.loads(plan.stdout)["partitions"]} >= {"confirmed-lately"}
    done = cleared.exchange.schakel("retention", "run", "--reason", "daily", *directory)
    assert done.returncode == 0, done.stderr
    listed = json.loads(cleared.exchange.schakel("retention", "hold", "list", "--json", *directory).stdout)
    assert [one["facts"] for one in listed["holds"]] == [{"case": case}]
    assert cleared.exchange.schakel("retention", "hold", "release", case, *why, *directory).returncode == 0


def test_after_seven_days_everything_goes(cleared: Cleared) -> None:
    """At the cap also what nobody answered goes, and its sender is named."""
    plan = cleared.run(7 * 24 + 1)
    assert [one.lapsed for one in plan.unconfirmed] == [True] * LATE
    assert cleared.read(cleared.exchange.decisions("amk-zuid")) == []
