"""Obligations in the ledger's database: written in the transaction of a batch, read to be listed.

1. One read for all cases of a batch that are not in memory, one statement for all that changed.
2. The table is never the truth: it follows from the entries, and is compared with them by `ledger fsck`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    and_,
    bindparam,
    delete,
    inspect,
    or_,
    select,
    tuple_,
    update,
)

from broker.adapters.database import ListStatement, RowStatement, reading
from broker.adapters.ledger_tables import ENTRIES, LOG, OBLIGATIONS
from broker.errors import ConfigurationError
from broker.names import CaseRef, Digest, MessageId, Micros, Oin, Regime, Role
from broker.obligations.model import Closing, Obligation, Party, State
from broker.obligations.store import Changes, ObligationQuery

__all__ = ["SqlObligationReader", "SqlObligationView", "SqlObligationWork"]

_CHUNK = 1024
_IN_ONE_STATEMENT = 512
_EVENTS = ListStatement(
    lambda cases: select(ENTRIES.c.event).where(ENTRIES.c.case_ref.in_(cases)).order_by(ENTRIES.c.seq)
)
_GONE = delete(OBLIGATIONS).where(OBLIGATIONS.c.id == bindparam("gone"))
_CHANGING = (
    "due_at",
    "lapses_at",
    "message_id",
    "opened_at",
    "regime",
    "closing",
    "closed_at",
    "closed_by",
    "reason",
)
"""The others follow from the id."""


def _upsert(dialect: str) -> Any:
    # Only what is used is loaded: a dialect takes 3 MB.
    statement = import_module(f"sqlalchemy.dialects.{dialect}").insert(OBLIGATIONS)
    changing = {name: statement.excluded[name] for name in _CHANGING}
    return statement.on_conflict_do_update(index_elements=[OBLIGATIONS.c.id], set_=changing)


_UPSERT = RowStatement(_upsert, [column.name for column in OBLIGATIONS.c])


class SqlObligationView:
    """An `ObligationView` on an open connection."""

    def __init__(self, connection: Connection, rules: bytes | None) -> None:
        self._connection = connection
        self._rules = None if rules is None else bytes(rules)

    @property
    def rules(self) -> bytes | None:
        """Digest of the rules by which the obligations were worked out."""
        return self._rules

    def events_by_case(self) -> Iterator[bytes]:
        """Every entry about a case, read in pieces."""
        place = tuple_(ENTRIES.c.case_ref, ENTRIES.c.seq)
        page = (
            select(ENTRIES.c.case_ref, ENTRIES.c.seq, ENTRIES.c.event)
            .where(ENTRIES.c.case_ref.is_not(None))
            .order_by(ENTRIES.c.case_ref, ENTRIES.c.seq)
            .limit(_CHUNK)
        )
        rows = self._connection.execute(page).all()
        while rows:
            yield from (bytes(row[2]) for row in rows)
            last = rows[-1]
            rows = self._connection.execute(page.where(place > (last[0], last[1]))).all()

    def obligations_by_case(self) -> Iterator[Obligation]:
        """Every obligation, read in pieces."""
        place = tuple_(OBLIGATIONS.c.case_ref, OBLIGATIONS.c.id)
        page = select(OBLIGATIONS).order_by(OBLIGATIONS.c.case_ref, OBLIGATIONS.c.id).limit(_CHUNK)
        rows = self._connection.execute(page).mappings().all()
        while rows:
            yield from map(_obligation, rows)
            last = rows[-1]
            following = page.where(place > (last["case_ref"], last["id"]))
            rows = self._connection.execute(following).mappings().all()


class SqlObligationWork(SqlObligationView):
    """An `ObligationWork` on the connection of a batch."""

    def events_of(self, cases: Collection[CaseRef]) -> list[bytes]:
        """The entries of these cases, in ledger order within each piece of the cases."""
        found: list[bytes] = []
        wanted = [bytes(case) for case in cases]
        for low in range(0, len(wanted), _IN_ONE_STATEMENT):
            piece = wanted[low : low + _IN_ONE_STATEMENT]
            found += [bytes(row[0]) for row in _EVENTS.rows(self._connection, piece)]
        return found

    def store(self, changes: Changes) -> None:
        """Change the stored obligations: one statement for what is gone, one for what is written."""
        if changes.gone:
            self._connection.execute(_GONE, [{"gone": bytes(id_)} for id_ in changes.gone])
        if changes.written:
            _UPSERT.execute(self._connection, map(_values, changes.written))

    def start_over(self, rules: bytes) -> None:
        """Drop every obligation, and remember the rules that hold from now on."""
        self._connection.execute(delete(OBLIGATIONS))
        self._connection.execute(update(LOG).values(rules=bytes(rules)))
        self._rules = bytes(rules)


class SqlObligationReader:
    """An `ObligationReader` on the ledger's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def obligations(self, query: ObligationQuery, limit: int) -> list[Obligation]:
        """At most *limit* obligations that answer the query, the earliest due first."""
        page = select(OBLIGATIONS).where(and_(True, *_conditions(query)))
        return self._found(page.order_by(OBLIGATIONS.c.due_at, OBLIGATIONS.c.id).limit(limit))

    def obligation_prefix(self, digits: str, limit: int) -> list[Obligation]:
        """At most *limit* obligations whose id begins with these digits."""
        # Bytes compare as their digits do, so the primary key answers this on every database.
        low, high = bytes.fromhex(digits.ljust(64, "0")), bytes.fromhex(digits.ljust(64, "f"))
        return self._found(select(OBLIGATIONS).where(OBLIGATIONS.c.id.between(low, high)).limit(limit))

    @contextmanager
    def view(self) -> Iterator[SqlObligationView]:
        """Everything as of one moment."""
        with reading(self._engine) as connection:
            _require_table(connection)
            if connection.dialect.name == "postgresql":
                connection.rollback()
                # Elsewhere every statement would see what was committed before it.
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield SqlObligationView(connection, connection.execute(select(LOG.c.rules)).scalar())

    def _found(self, page: Any) -> list[Obligation]:
        with reading(self._engine) as connection:
            _require_table(connection)
            return [_obligation(row) for row in connection.execute(page).mappings()]


def _require_table(connection: Connection) -> None:
    if not inspect(connection).has_table(OBLIGATIONS.name):
        raise ConfigurationError(
            "the ledger knows no obligations yet",
            why="its tables are of an older version",
            remedy="Start the ledger writer once: schakel ledger run",
            code="no-obligations",
        )


def _conditions(query: ObligationQuery) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    table = OBLIGATIONS.c
    if query.parties:
        oins = [str(oin) for oin in query.parties]
        wanted.append(or_(table.debtor.in_(oins), table.creditor.in_(oins)))
    if query.case_ref is not None:
        wanted.append(table.case_ref == bytes(query.case_ref))
    if query.code is not None:
        wanted.append(table.code == query.code)
    if query.due_before is not None:
        wanted.append(table.due_at < int(query.due_before))
    if query.states:
        within = _in_states(int(query.now))
        wanted.append(or_(*(within[state] for state in query.states)))
    return wanted


def _in_states(now: int) -> Mapping[State, ColumnElement[bool]]:
    """As `broker.obligations.states.state_of`, for the database to look up; a test compares the two."""
    table = OBLIGATIONS.c
    waiting, met = table.closing == Closing.NOT_CLOSED.value, table.closing == Closing.MET.value
    waived = table.closing == Closing.WAIVED.value
    lapsed = and_(table.lapses_at.is_not(None), table.lapses_at < now)
    return {
        State.OPEN: and_(waiting, table.due_at >= now),
        State.OVERDUE: and_(
            waiting, table.due_at < now, or_(table.lapses_at.is_(None), table.lapses_at >= now)
        ),
        State.CLOSED_NO_ANSWER: and_(waiting, table.due_at < now, lapsed),
        State.MET: and_(met, table.closed_at <= table.due_at),
        State.MET_LATE: and_(met, table.closed_at > table.due_at),
        State.WAIVED: and_(waived, table.closed_at <= table.due_at),
        State.WAIVED_LATE: and_(waived, table.closed_at > table.due_at),
    }


def _values(obligation: Obligation) -> tuple[object, ...]:
    debtor, creditor = obligation.debtor, obligation.creditor
    # In the order of the columns.
    return (
        obligation.obligation_id,
        obligation.code,
        obligation.case_ref,
        obligation.message_id,
        debtor.oin,
        debtor.role,
        creditor.oin,
        creditor.role,
        obligation.regime.value,
        obligation.opened_at,
        obligation.due_at,
        obligation.lapses_at,
        obligation.closing.value,
        obligation.closed_at,
        obligation.closed_by,
        obligation.reason,
    )


def _obligation(row: RowMapping) -> Obligation:
    lapses, closed, by = row["lapses_at"], row["closed_at"], row["closed_by"]
    return Obligation(
        obligation_id=Digest(bytes(row["id"])),
        code=row["code"],
        case_ref=CaseRef(bytes(row["case_ref"])),
        message_id=MessageId(bytes(row["message_id"])),
        debtor=Party(Oin(row["debtor"]), Role(row["debtor_role"])),
        creditor=Party(Oin(row["creditor"]), Role(row["creditor_role"])),
        regime=Regime(row["regime"]),
        opened_at=Micros(row["opened_at"]),
        due_at=Micros(row["due_at"]),
        lapses_at=None if lapses is None else Micros(lapses),
        closing=Closing(row["closing"]),
        closed_at=None if closed is None else Micros(closed),
        closed_by=None if by is None else MessageId(bytes(by)),
        reason=row["reason"],
    )
