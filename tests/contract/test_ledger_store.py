"""What every ledger store promises, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, inspect, update

from broker.adapters.database import migrate, open_engine, reading, writing
from broker.adapters.ledger_reader import SqlLedgerReader
from broker.adapters.ledger_store import SqlLedgerStore
from broker.adapters.ledger_tables import LOG, METADATA, PROBLEMS
from broker.audit.checkpoint import Checkpoint
from broker.audit.query import QueryNames, parse_query
from broker.audit.store import Batch, LogState, Problem
from broker.crypto import sha256
from broker.errors import ConfigurationError, EvidenceError, UnavailableError
from broker.merkle import leaf_hash, tree_root
from broker.names import Digest
from broker.ports import Offsets, Position
from broker.topics import QUARANTINE
from tests.audit_world import DECIDED, GATE, ORIGIN, TOPIC, decisions, entries

NOWHERE: Offsets = {}


@pytest.fixture
def store(engine: Engine) -> SqlLedgerStore:
    """The store of one log."""
    return SqlLedgerStore(engine, ORIGIN)


def batch_of(number: int, start: int = 1, offsets: Offsets = NOWHERE) -> Batch:
    """A batch of decisions from *start* on."""
    return Batch(tuple(entries(decisions(number, start))), (), offsets)


def test_migrations_make_the_tables_that_the_code_uses(engine: Engine) -> None:
    """Running them again changes nothing, and nothing is missing."""
    migrate(engine)
    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    assert inspect(engine).has_table("entries")


def test_entries_are_numbered_in_order_and_kept_as_they_are(store: SqlLedgerStore) -> None:
    """What comes out is the bytes that went in, and the root is that of the tree over them."""
    state = store.append(store.acquire(), batch_of(3)).state
    state = store.append(state, batch_of(4, start=4)).state
    stored = list(store.leaves(0, state.size))

    assert [event for event, _ in stored] == [e.event_bytes for e in entries(decisions(7))]
    assert [leaf for _, leaf in stored] == [leaf_hash(event) for event, _ in stored]
    assert state.frontier.root() == tree_root([leaf for _, leaf in stored])


def test_a_known_decision_is_dropped(store: SqlLedgerStore) -> None:
    """The first record of a decision wins, within a batch and across batches."""
    twice = entries(decisions(2)) * 2
    first = store.append(store.acquire(), Batch(tuple(twice), (), NOWHERE))
    second = store.append(first.state, batch_of(3))

    assert (len(first.added), first.duplicates) == (2, 2)
    assert (len(second.added), second.duplicates) == (1, 2)
    assert second.state.size == 3


def test_offsets_are_stored_with_the_entries(store: SqlLedgerStore) -> None:
    """A restart goes on from the database."""
    other = (QUARANTINE, 1)
    state = store.append(store.acquire(), batch_of(2, offsets={(TOPIC, 0): 2, other: 5})).state
    store.append(state, batch_of(0, offsets={(TOPIC, 0): 3}))

    assert store.next_offsets() == {(TOPIC, 0): 3, other: 5}


def test_a_batch_is_stored_whole_or_not_at_all(engine: Engine) -> None:
    """What fails before the commit leaves neither entries nor offsets."""

    def fail(point: str) -> None:
        raise UnavailableError(point)

    broken = SqlLedgerStore(engine, ORIGIN, fail)
    state = broken.acquire()
    with pytest.raises(UnavailableError, match="L1"):
        broken.append(state, batch_of(2, offsets={(TOPIC, 0): 2}))

    whole = SqlLedgerStore(engine, ORIGIN)
    assert whole.next_offsets() == {}
    assert whole.acquire(state.epoch).size == 0


def test_a_second_writer_fences_the_first(store: SqlLedgerStore) -> None:
    """Who acquired the ledger last is its only writer."""
    first = store.acquire()
    second = store.acquire()

    with pytest.raises(ConfigurationError) as caught:
        store.append(first, batch_of(1))
    assert caught.value.code == "fenced"
    with pytest.raises(ConfigurationError):
        store.acquire(first.epoch)
    assert store.append(second, batch_of(1)).state.size == 1


def test_a_writer_that_lost_count_is_stopped(store: SqlLedgerStore) -> None:
    """A batch is appended to the state it was made for, or not at all."""
    state = store.acquire()
    store.append(state, batch_of(1))

    with pytest.raises(EvidenceError):
        store.append(state, batch_of(1, start=5))


def test_a_database_holds_one_log(engine: Engine, store: SqlLedgerStore) -> None:
    """The entries of two logs never mix."""
    store.acquire()
    with pytest.raises(ConfigurationError) as caught:
        SqlLedgerStore(engine, "other.invalid/log").acquire()

    assert caught.value.code == "origin"


def test_a_state_that_does_not_match_its_root_is_an_alarm(engine: Engine, store: SqlLedgerStore) -> None:
    """The ledger is not continued from a state that somebody changed."""
    store.append(store.acquire(), batch_of(3))
    with writing(engine) as connection:
        connection.execute(update(LOG).values(root=bytes(32)))

    with pytest.raises(EvidenceError):
        store.acquire()


def test_two_roots_of_one_size_are_an_alarm(store: SqlLedgerStore) -> None:
    """Publishing the same again is fine; another root at the same size is a fork."""
    checkpoint = Checkpoint(ORIGIN, 3, Digest(bytes(32)))
    store.record_checkpoint(checkpoint, b"note", DECIDED)
    store.record_checkpoint(checkpoint, b"note", DECIDED)

    with pytest.raises(EvidenceError) as caught:
        store.record_checkpoint(replace(checkpoint, root=Digest(b"1" * 32)), b"note", DECIDED)
    assert caught.value.code == "fork"


def test_problems_are_kept_once(engine: Engine, store: SqlLedgerStore) -> None:
    """The same record read twice is one problem."""
    problem = Problem(Position(TOPIC, 0, 4), 12, "unknown-gate", 1, sha256(b"x"))
    gap = Problem(Position(TOPIC, 0, 9), 0, "source-gap", 6, sha256(b""))
    state = store.acquire()
    for _ in range(2):
        state = store.append(state, Batch((), (problem, gap), NOWHERE)).state

    assert SqlLedgerReader(engine).problems() == 7
    with reading(engine) as connection:
        assert len(connection.execute(PROBLEMS.select()).all()) == 2


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", lambda row: True),
        ("from:amk", lambda row: row["sender_role"] == "amk"),
        ("from:amk to:00000099000000002000", lambda row: row["sender_role"] == "amk"),
        ("decision:refused", lambda row: row["outcome"] == "refused"),
        ("decision:refused decision:quarantined", lambda row: row["outcome"] != "released"),
        ("reason:no-agreement step:11", lambda row: row["reason"] == "no-agreement"),
        ("-decision:released", lambda row: row["outcome"] != "released"),
        ("-from:amk", lambda row: row["sender"] is None),
        ("agreement:convenant-zuid", lambda row: False),
        ("period:2026-05", lambda row: True),
        ("period:2026-04", lambda row: False),
    ],
)
def test_a_query_finds_what_holds(
    engine: Engine, store: SqlLedgerStore, text: str, holds: Callable[[dict[str, object]], bool]
) -> None:
    """The database answers as the columns say, newest first."""
    store.append(store.acquire(), batch_of(20))
    reader = SqlLedgerReader(engine)
    expected = [row.seq for row in reader.rows() if holds(dict(row.columns))]

    found = reader.search(parse_query(text, QueryNames()), 100)

    assert [row.seq for row in found] == expected[::-1]


def test_pages_follow_each_other(engine: Engine, store: SqlLedgerStore) -> None:
    """The next page begins below the last entry, whatever is added meanwhile."""
    state = store.append(store.acquire(), batch_of(7)).state
    reader, query = SqlLedgerReader(engine), parse_query("", QueryNames())
    first = reader.search(query, 3)
    store.append(state, batch_of(2, start=20))

    assert [row.seq for row in first] == [6, 5, 4]
    assert [row.seq for row in reader.search(query, 3, first[-1].seq)] == [3, 2, 1]


def test_an_entry_is_found_by_its_decision(engine: Engine, store: SqlLedgerStore) -> None:
    """With everything that evidence needs."""
    store.append(store.acquire(), batch_of(3))
    wanted = entries(decisions(3))[1]
    row = SqlLedgerReader(engine).find(bytes(wanted.event.decision_id))

    assert row is not None
    assert (row.seq, row.event_bytes, row.gate) == (1, wanted.event_bytes, GATE)
    assert row.envelope_digest == wanted.envelope_digest
    assert SqlLedgerReader(engine).find(bytes(32)) is None


def test_reading_does_not_wait_for_a_writer(engine: Engine, store: SqlLedgerStore) -> None:
    """An inspector never holds up the ledger, nor the other way about."""
    state: LogState = store.append(store.acquire(), batch_of(2)).state
    with writing(engine) as connection:
        connection.execute(update(LOG).values(epoch=9))
        assert len(list(SqlLedgerReader(engine).rows())) == state.size


def test_a_ledger_that_was_never_written_says_so(engine: Engine) -> None:
    """The error tells how to start it."""
    with pytest.raises(ConfigurationError, match="ledger run"):
        SqlLedgerReader(engine).state()


def test_the_state_of_an_older_database_can_be_read(engine: Engine, store: SqlLedgerStore) -> None:
    """Whoever only looks needs no column that came later."""
    store.append(store.acquire(), batch_of(3))
    with writing(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE log DROP COLUMN rules")

    assert SqlLedgerReader(engine).state().size == 3


@pytest.mark.parametrize(
    "older",
    [
        pytest.param("DROP TABLE log", id="table"),
        pytest.param("ALTER TABLE log DROP COLUMN size", id="column"),
    ],
)
def test_tables_that_are_older_are_told_as_such(engine: Engine, older: str) -> None:
    """To try again would not help; the ledger writer brings them up to date."""
    with writing(engine) as connection:
        connection.exec_driver_sql(older)
    with pytest.raises(ConfigurationError, match="ledger run") as caught:
        SqlLedgerReader(engine).state()

    assert caught.value.code == "old-tables"


def test_what_must_be_added_to_older_tables_is_told_as_such(engine: Engine, store: SqlLedgerStore) -> None:
    """Writing meets the same."""
    with writing(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE log DROP COLUMN size")
    with pytest.raises(ConfigurationError) as caught:
        store.acquire()

    assert caught.value.code == "old-tables"


def test_obligations_are_not_made_where_there_is_no_ledger(engine: Engine, store: SqlLedgerStore) -> None:
    """To make them again makes no log."""
    with pytest.raises(ConfigurationError) as caught:
        store.rebuild(lambda _: 0)

    assert caught.value.code == "no-ledger"
    with reading(engine) as connection:
        assert connection.execute(LOG.select()).all() == []


def test_a_problem_that_is_told_otherwise_is_the_newest(engine: Engine, store: SqlLedgerStore) -> None:
    """One row for each place, with what was found last."""
    place = Position(TOPIC, 0, 4)
    state = store.acquire()
    for reason, number in (("unknown-gate", 1), ("malformed", 2)):
        problem = Problem(place, 12, reason, number, sha256(reason.encode()))
        state = store.append(state, Batch((), (problem,), NOWHERE)).state

    with reading(engine) as connection:
        (row,) = connection.execute(PROBLEMS.select()).mappings()
    assert (row["reason"], row["count"], bytes(row["digest"])) == ("malformed", 2, sha256(b"malformed"))


def test_many_problems_are_one_statement(engine: Engine, store: SqlLedgerStore) -> None:
    """A flood of records that are no entries does not cost a question each."""
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    problems = tuple(Problem(Position(TOPIC, 0, n), 1, "malformed", 1, sha256(b"")) for n in range(50))
    offsets = {(TOPIC, partition): 5 for partition in range(50)}
    state = store.acquire()
    statements.clear()
    store.append(state, Batch((), problems, offsets))

    assert sum("problems" in one or "offsets" in one for one in statements) == 2


@pytest.mark.parametrize("address", ["mysql://x/y", "nonsense", "sqlite3:///x"])
def test_another_kind_of_database_is_refused(address: str) -> None:
    """There are two kinds."""
    with pytest.raises(ConfigurationError):
        open_engine(address)


def test_a_database_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    """The same call may be made again later."""
    nowhere = open_engine(f"postgresql://nobody@/none?host={tmp_path}")
    with pytest.raises(UnavailableError):
        SqlLedgerStore(nowhere, ORIGIN).next_offsets()
