"""Obligations in the ledger's database follow from its entries, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, Executable, delete, update

from broker.adapters.database import migrate, open_engine, writing
from broker.adapters.ledger_obligations import SqlObligationReader
from broker.adapters.ledger_store import SqlLedgerStore
from broker.adapters.ledger_tables import OBLIGATIONS
from broker.adapters.tiles import TileDirectory
from broker.assembly_ledger import rebuild_obligations
from broker.audit.events import AuditEvent, Outcome
from broker.audit.store import Batch
from broker.errors import ConfigurationError, UnavailableError
from broker.moments import DAY, HOUR
from broker.names import Micros, Oin
from broker.obligations.model import Obligation, State, Succession
from broker.obligations.states import state_of
from broker.obligations.store import ObligationQuery
from broker.pipelines.obligation_book import ObligationBook, differences
from broker.sandbox.exchange import build
from broker.sandbox.layout import Layout
from broker.settings import LedgerProfile, load_profile
from tests.audit_world import AMK, DECIDED, ORIGIN, SHG, Gates, entries, gates
from tests.contract.older import make_older
from tests.obligation_world import REPORT, Told, case_of, case_ref, told

NOW = Micros(DECIDED + 3 * HOUR)
ALL = ObligationQuery(NOW)


class Writer:
    """A ledger writer without Kafka: stores decisions, and what follows from them."""

    def __init__(self, engine: Engine) -> None:
        self.store = SqlLedgerStore(engine, ORIGIN)
        self.book = ObligationBook(gates())
        self._state = self.store.acquire()

    def write(self, events: Iterable[AuditEvent]) -> None:
        """Store one batch."""
        batch = Batch(tuple(entries(list(events))), (), {})
        self._state = self.store.append(self._state, batch, self.book.follow).state


@pytest.fixture
def reader(engine: Engine) -> SqlObligationReader:
    """Reads what was stored."""
    return SqlObligationReader(engine)


def compared(reader: SqlObligationReader) -> list[str]:
    """What differs from what the entries say."""
    with reader.view() as view:
        return differences(view, gates())


def codes(obligations: Iterable[Obligation]) -> list[tuple[str, State]]:
    """Code and state of each, at `NOW`."""
    return sorted((each.code, state_of(each, NOW)) for each in obligations)


def test_a_batch_is_stored_with_what_follows_from_it(engine: Engine, reader: SqlObligationReader) -> None:
    """A report and its receipt: what they open is there, and what they close is closed."""
    writer = Writer(engine)
    writer.write(case_of(1)[:2])

    stored = reader.obligations(ALL, 50)
    assert {("OB-ACK", State.MET), ("OB-DECIDE", State.OPEN)} <= set(codes(stored))
    assert (writer.book.last.opened, writer.book.last.closed) == (len(stored), 1)


@pytest.mark.parametrize("forgetful", [False, True], ids=["in-memory", "read-again"])
def test_batches_add_up_to_the_same_obligations(
    engine: Engine, reader: SqlObligationReader, forgetful: bool
) -> None:
    """However the decisions are divided over batches, and whatever is in memory, nothing differs."""
    writer = Writer(engine)
    cases = [case_of(number) for number in range(4)]
    for step in range(5):
        if forgetful:
            writer.book.forget()
        writer.write(case[step] for case in cases)

    assert compared(reader) == []
    assert len(reader.obligations(ALL, 500)) == len(cases) * 7


def test_a_decision_that_was_there_already_changes_nothing(
    engine: Engine, reader: SqlObligationReader
) -> None:
    """Repeats are dropped before anything follows from them."""
    writer = Writer(engine)
    writer.write(case_of(1))
    stored = reader.obligations(ALL, 50)
    writer.write(case_of(1))

    assert reader.obligations(ALL, 50) == stored
    assert (writer.book.last.opened, writer.book.last.closed) == (0, 0)


def test_what_no_longer_follows_is_removed(engine: Engine, reader: SqlObligationReader) -> None:
    """A forward goes back to one who forwarded it, as is known once the first forward has come too."""
    back = told(Told(1, 1, "E02", AMK, SHG, 0, says=(("domestic_violence", "true"),), hours=1))
    writer = Writer(engine)
    writer.write([back])
    before = len(reader.obligations(ALL, 50))
    writer.write([told(Told(1, 0, "E01", says=REPORT))])

    assert back.message is not None
    owed = [each for each in reader.obligations(ALL, 50) if each.message_id == back.message.message_id]
    assert before > 0
    assert owed == []
    assert compared(reader) == []


def test_nothing_is_stored_when_the_batch_is_not(engine: Engine, reader: SqlObligationReader) -> None:
    """Obligations and entries are stored together or not at all."""

    def fail(point: str) -> None:
        raise UnavailableError(point)

    Writer(engine)
    store = SqlLedgerStore(engine, ORIGIN, fail)
    state = store.acquire()
    with pytest.raises(UnavailableError):
        store.append(state, Batch(tuple(entries(case_of(1))), (), {}), ObligationBook(gates()).follow)

    assert reader.obligations(ALL, 50) == []


def test_an_older_database_gets_its_obligations_at_the_next_start(
    engine: Engine, url: str, reader: SqlObligationReader
) -> None:
    """Entries that were there before the table are not left out."""
    store = SqlLedgerStore(engine, ORIGIN)
    store.append(store.acquire(), Batch(tuple(entries(case_of(1))), (), {}))
    make_older(engine)
    with pytest.raises(ConfigurationError, match="no obligations yet"):
        reader.obligations(ALL, 50)
    later = open_engine(url)
    migrate(later)
    writer = Writer(later)
    writer.write([])
    later.dispose()

    assert writer.book.last.rebuilt
    assert len(reader.obligations(ALL, 50)) == 7
    assert compared(reader) == []


def test_all_are_worked_out_again_when_the_rules_change(engine: Engine, reader: SqlObligationReader) -> None:
    """A succession of the registry makes another agency's answers count, also for what is long stored."""
    writer = Writer(engine)
    writer.write(case_of(1)[:2])
    other = Gates({}, succeeded=(Succession(AMK, Oin("00000099000000003000"), Micros(0)),))
    writer.book.use(other)
    writer.write([])

    assert writer.book.last.rebuilt
    with reader.view() as view:
        assert differences(view, other) == []
    writer.write([])
    assert not writer.book.last.rebuilt


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(delete(OBLIGATIONS).filter_by(code="OB-ACK"), "is not stored", id="missing"),
        pytest.param(update(OBLIGATIONS).values(due_at=1), "is stored otherwise", id="changed"),
        pytest.param(update(OBLIGATIONS).values(case_ref=bytes(16)), "follows from no entry", id="moved"),
    ],
)
def test_a_changed_table_is_found(
    engine: Engine, reader: SqlObligationReader, spoil: Executable, said: str
) -> None:
    """Nothing is believed because it is stored."""
    writer = Writer(engine)
    writer.write([*case_of(1), *case_of(2)])
    assert compared(reader) == []
    with writing(engine) as connection:
        connection.execute(spoil)

    found = compared(reader)

    assert any(said in sentence for sentence in found)


def test_a_spoilt_table_is_made_again(engine: Engine, reader: SqlObligationReader) -> None:
    """The table can be thrown away: the entries are the truth."""
    writer = Writer(engine)
    writer.write(case_of(1))
    stored = reader.obligations(ALL, 50)
    with writing(engine) as connection:
        connection.execute(update(OBLIGATIONS).values(due_at=1))

    assert writer.store.rebuild(writer.book.rebuild) == len(stored)
    assert reader.obligations(ALL, 50) == stored


def test_beside_a_writer_they_are_made_again_where_the_database_lets_it(
    engine: Engine, url: str, tmp_path: Path
) -> None:
    """On PostgreSQL; SQLite has one writer, and whoever asks hears so at once."""
    build(tmp_path, ["localhost:1"])
    profile = load_profile(Layout(tmp_path).ledger_profile, LedgerProfile)
    profile = profile.model_copy(update={"database": url})
    SqlLedgerStore(engine, profile.origin).acquire()
    running = TileDirectory(profile.tlog).acquire()
    try:
        if engine.dialect.name == "postgresql":
            assert rebuild_obligations(profile) == 0
        else:
            with pytest.raises(ConfigurationError) as caught:
                rebuild_obligations(profile)
            assert caught.value.code == "writer-runs"
    finally:
        running.close()


@pytest.mark.parametrize("days", [0, 1, 4, 6, 8, 30, 100])
@pytest.mark.parametrize("state", State)
def test_the_database_reads_states_off_as_the_rules_do(
    engine: Engine, reader: SqlObligationReader, state: State, days: int
) -> None:
    """A state is looked up by the same comparisons by which it is shown."""
    writer = Writer(engine)
    writer.write(case_of(1)[:2] + case_of(2) + [told(Told(3, 0, "E06", cause=None)), *answered_late(4)])
    now = Micros(DECIDED + days * DAY)

    found = reader.obligations(ObligationQuery(now, states=frozenset({state})), 500)

    every = reader.obligations(ObligationQuery(now), 500)
    assert found == [each for each in every if state_of(each, now) is state]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        pytest.param(replace(ALL, parties=frozenset({SHG})), 14, id="agency"),
        pytest.param(replace(ALL, parties=frozenset({Oin("00000099000000007000")})), 0, id="stranger"),
        pytest.param(replace(ALL, code="OB-ACK"), 6, id="code"),
        pytest.param(replace(ALL, case_ref=case_ref(1)), 7, id="case"),
        pytest.param(replace(ALL, due_before=Micros(DECIDED)), 0, id="due-before"),
        pytest.param(replace(ALL, due_before=Micros(DECIDED + HOUR)), 2, id="due-within-an-hour"),
    ],
)
def test_a_query_leaves_out_what_it_does_not_ask_for(
    engine: Engine, reader: SqlObligationReader, query: ObligationQuery, number: int
) -> None:
    """Each filter by itself, in two cases."""
    Writer(engine).write([*case_of(1), *case_of(2)])

    found = reader.obligations(query, 500)

    assert len(found) == number
    assert [each.due_at for each in found] == sorted(each.due_at for each in found)


def test_an_obligation_is_found_by_the_beginning_of_its_id(
    engine: Engine, reader: SqlObligationReader
) -> None:
    """As a person copies it from a list."""
    Writer(engine).write(case_of(1))
    (first, *_) = reader.obligations(ALL, 50)

    assert reader.obligation_prefix(first.obligation_id.hex()[:12], 2) == [first]
    assert len(reader.obligation_prefix("", 3)) == 3


def answered_late(case: int) -> list[AuditEvent]:
    """A report that is received an hour late, and decided on."""
    return [
        told(Told(case, 0, "E01", says=REPORT)),
        told(Told(case, 1, "E03", AMK, SHG, 0, outcome=Outcome.RECEIPT, hours=1)),
        told(Told(case, 2, "E04", AMK, SHG, 0, (("taken_in_investigation", "true"),), hours=20)),
    ]
