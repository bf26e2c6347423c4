"""What searching the ledger promises, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, update

from broker.adapters.database import migrate, writing
from broker.adapters.ledger_reader import SqlLedgerReader
from broker.adapters.ledger_store import SqlLedgerStore
from broker.adapters.ledger_tables import SUBJECTS, TALLIES
from broker.audit.events import AuditEvent
from broker.audit.query import Query, QueryNames, parse_query
from broker.audit.search import Granularity, histogram
from broker.audit.store import Batch
from broker.dutch_time import local
from broker.moments import DAY, HOUR
from broker.names import Micros, SubjectRef
from tests.audit_world import DECIDED, ORIGIN, decisions, drawn, entries
from tests.contract.older import make_older

_COUNT = 60
_SUBJECT = SubjectRef(drawn("a person", 16))


def _spread() -> list[AuditEvent]:
    """Decisions over some days; every tenth is about one person."""
    found = []
    for number, event in enumerate(decisions(_COUNT)):
        facts = event.message
        if facts is not None and number % 10 == 0:
            facts = replace(facts, subject_refs=(_SUBJECT,))
        found.append(replace(event, message=facts, decided_at=Micros(DECIDED + number * 7 * HOUR // 60)))
    return found


@pytest.fixture
def reader(engine: Engine) -> SqlLedgerReader:
    """A ledger of such decisions, written in batches."""
    store = SqlLedgerStore(engine, ORIGIN)
    state, stored = store.acquire(), entries(_spread())
    for low in range(0, len(stored), 25):
        state = store.append(state, Batch(tuple(stored[low : low + 25]), (), {})).state
    return SqlLedgerReader(engine)


def _query(question: str) -> Query:
    return parse_query(question, QueryNames())


def test_an_entry_is_found_by_a_person_concerned(reader: SqlLedgerReader) -> None:
    """Exactly the entries that hold the reference; excluding it gives the others."""
    mine = reader.search(_query(f"subject:{_SUBJECT.hex()}"), 100)
    others = reader.search(_query(f"-subject:{_SUBJECT.hex()}"), 100)

    assert [row.seq for row in mine] == [seq for seq in range(_COUNT - 1, -1, -1) if seq % 10 == 0]
    assert len(mine) + len(others) == _COUNT


def test_a_range_of_steps_is_searched(reader: SqlLedgerReader) -> None:
    """Both ends belong to it."""
    steps = Counter(row.columns["step"] for row in reader.search(_query(""), 100))

    assert len(reader.search(_query("step:2..11"), 100)) == steps[2] + steps[11] > steps[11] > 0


@pytest.mark.parametrize(
    "question",
    [
        *("", "decision:refused", "-decision:released", "step:1..11", "decision:released decision:refused"),
        *(
            "reason:no-agreement",
            "from:shg",
            "-to:amk",
            f"subject:{_SUBJECT.hex()}",
            "type:nl.beschermingszaken.x.v1",
        ),
    ],
)
def test_numbers_are_those_of_the_entries(reader: SqlLedgerReader, question: str) -> None:
    """Total, facets and histogram count exactly what the search gives, tallied or not."""
    query = _query(question)
    rows, summary = reader.search(query, 1000), reader.summary(query)

    assert summary.total == len(rows) == sum(bucket.count for bucket in summary.histogram)
    for name, column in (("decision", "outcome"), ("from", "sender"), ("step", "step")):
        counted = Counter(row.columns[column] for row in rows if row.columns[column] not in (None, ""))
        assert {facet.value: facet.count for facet in summary.facets[name]} == counted


def test_a_period_is_counted_to_the_hour(reader: SqlLedgerReader) -> None:
    """What is decided in the last hour of a period counts, what comes after does not."""
    hours = sorted({row.columns["decided_at"] // HOUR for row in reader.search(_query(""), 100)})  # type: ignore[operator]
    first = local(Micros(hours[1] * HOUR)).strftime("%Y-%m-%dT%H")
    query = _query(f"period:{first}")

    assert reader.summary(query).total == len(reader.search(query, 100)) > 0
    assert reader.summary(query).granularity is Granularity.HOUR


def test_facets_begin_with_the_largest(reader: SqlLedgerReader) -> None:
    """A reader sees first what there is most of."""
    counts = [facet.count for facet in reader.summary(_query("")).facets["decision"]]

    assert counts == sorted(counts, reverse=True)
    assert len(counts) == 3


def test_counts_that_were_altered_are_found(reader: SqlLedgerReader, engine: Engine) -> None:
    """A sound index has no differences; one count more, or a tally less, is named."""
    assert reader.index_differences() == []
    with writing(engine) as connection:
        connection.execute(update(TALLIES).where(TALLIES.c.step == 11).values(count=TALLIES.c.count + 1))
    assert reader.index_differences()
    with writing(engine) as connection:
        connection.execute(delete(TALLIES))
    assert len(reader.index_differences()) == 10


def test_references_are_read_with_the_entries(reader: SqlLedgerReader, engine: Engine) -> None:
    """`fsck` compares them: a reference that was taken away shows."""
    assert next(reader.rows()).subjects == frozenset({bytes(_SUBJECT)})
    with writing(engine) as connection:
        connection.execute(delete(SUBJECTS).where(SUBJECTS.c.seq == 0))

    assert next(reader.rows()).subjects == frozenset()


def test_an_older_ledger_is_indexed_when_its_tables_are_made(reader: SqlLedgerReader, engine: Engine) -> None:
    """Entries that were there before the index are found by it."""
    make_older(engine)
    migrate(engine)

    assert reader.index_differences() == []
    assert len(reader.search(_query(f"subject:{_SUBJECT.hex()}"), 100)) == _COUNT // 10


@given(
    moments=st.lists(st.integers(0, 400 * DAY // HOUR), min_size=1, max_size=40),
    span=st.sampled_from(["period:2026", "period:2026-05..", ""]),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_histogram_loses_nothing(moments: list[int], span: str) -> None:
    """Whatever its parts are, they add up, stand in order, and none is empty."""
    hours = sorted(Counter(moments).items())
    _, buckets = histogram(hours, _query(span).period)

    assert sum(bucket.count for bucket in buckets) == len(moments)
    assert [b.start for b in buckets] == sorted({b.start for b in buckets})
    assert all(bucket.count for bucket in buckets)
