"""The retention log on SQLite and PostgreSQL: chained, and found out when somebody changes it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, delete, update

from broker.adapters.database import writing
from broker.adapters.ledger_tables import RETENTION_LOG
from broker.adapters.retention_store import SqlRetention
from broker.audit.retention import Deed, RetentionKind, holds_of, require_chain
from broker.errors import EvidenceError, UsageError
from broker.names import CaseRef, Micros

CASE, OTHER = CaseRef(bytes(16)), CaseRef(bytes(15) + b"\x01")


def deed(kind: RetentionKind, case: CaseRef = CASE) -> Deed:
    """Something that was done to a case."""
    return Deed(kind, Micros(5), "tester", "because", "order 1", {"case": str(case), "count": 3})


@pytest.fixture
def store(engine: Engine) -> SqlRetention:
    """A log with four records."""
    store = SqlRetention(engine)
    for kind, case in (("hold", CASE), ("hold", OTHER), ("release", CASE), ("cleared", CASE)):
        store.record(deed(RetentionKind(kind), case))
    return store


def test_what_is_recorded_is_read_again(store: SqlRetention) -> None:
    """In order, in its chain; the holds are what the last record about each case says."""
    records = store.log()
    require_chain(records)
    assert [record.seq for record in records] == [0, 1, 2, 3]
    assert list(holds_of(records)) == [OTHER]


@pytest.mark.parametrize(
    "tampering",
    [
        pytest.param(update(RETENTION_LOG).where(RETENTION_LOG.c.seq == 1).values(person="x"), id="changed"),
        pytest.param(update(RETENTION_LOG).where(RETENTION_LOG.c.seq == 3).values(facts="{}"), id="facts"),
        pytest.param(delete(RETENTION_LOG).where(RETENTION_LOG.c.seq == 1), id="taken-out"),
    ],
)
def test_tampering_is_found(engine: Engine, store: SqlRetention, tampering: object) -> None:
    """A record that was changed or taken out breaks the chain."""
    with writing(engine) as connection:
        connection.execute(tampering)  # type: ignore[call-overload]
    with pytest.raises(EvidenceError):
        require_chain(store.log())


def test_a_reason_is_one_short_line() -> None:
    """The log is no place for letters."""
    with pytest.raises(UsageError):
        Deed(RetentionKind.HOLD, Micros(5), "tester", "a\nb", "", {})
