"""Searching the ledger: the persons concerned by an entry, and counts by the hour that make numbers cheap.

1. Both tables follow from the entries and are written in their transaction; `fsck` compares them.
2. A question about one case, message or person is counted from its entries: they are few and indexed.
3. Any other is counted from the tallies: a month of them is a fraction of its entries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Select,
    and_,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    union_all,
)

from broker.adapters.database import RowStatement, reading
from broker.adapters.ledger_tables import ENTRIES, SUBJECTS, TALLIES
from broker.audit.ledger import LedgerEntry
from broker.audit.query import Column, Condition, Query
from broker.audit.search import FACETS, Facet, Summary, histogram
from broker.audit.store import columns_of
from broker.moments import HOUR

__all__ = ["add_to_index", "answers", "index_differences", "summarise"]

_KINDS = tuple(column.name for column in TALLIES.c if column.name not in ("hour", "count"))
_MOST_VALUES = 100
_NOT_TALLIED = frozenset({Column.CASE_REF, Column.MESSAGE_ID, Column.SUBJECT})
_MAX_DIFFERENCES = 10


def _tally(dialect: str) -> Any:
    statement = import_module(f"sqlalchemy.dialects.{dialect}").insert(TALLIES)
    more = {"count": TALLIES.c.count + statement.excluded["count"]}
    return statement.on_conflict_do_update(index_elements=list(TALLIES.primary_key), set_=more)


_TALLY = RowStatement(_tally, [column.name for column in TALLIES.c])
_SUBJECT = RowStatement(lambda _: insert(SUBJECTS), ["subject", "seq"])


def add_to_index(connection: Connection, first: int, entries: Sequence[LedgerEntry]) -> None:
    """Index new entries in the transaction that stores them.

    Args:
        first: The place of the first of them.
    """
    subjects: list[tuple[object, ...]] = []
    tallies: Counter[tuple[object, ...]] = Counter()
    for seq, entry in enumerate(entries, first):
        facts = entry.event.message
        if facts is not None:
            subjects += [(subject, seq) for subject in dict.fromkeys(facts.subject_refs)]
        columns = columns_of(entry.event)
        kind = [columns[name] or ("" if name != "step" else 0) for name in _KINDS]
        tallies[(entry.event.decided_at // HOUR, *kind)] += 1
    if subjects:
        _SUBJECT.execute(connection, subjects)
    if tallies:
        _TALLY.execute(connection, [(*kind, count) for kind, count in tallies.items()])


def answers(query: Query, table: FromClause = ENTRIES) -> ColumnElement[bool]:
    """The condition that an entry, or a tally of entries, answers *query*."""
    wanted = [or_(*(_holds(one, table) for one in group)) for group in query.required]
    wanted += [not_(func.coalesce(_holds(one, table), False)) for one in query.excluded]
    if query.period is not None and table is ENTRIES:
        wanted.append(ENTRIES.c.decided_at >= query.period.start)
        wanted.append(ENTRIES.c.decided_at < query.period.end)
    elif query.period is not None:
        # A period begins and ends on the hour.
        wanted.append(TALLIES.c.hour >= query.period.start // HOUR)
        wanted.append(TALLIES.c.hour < -(-query.period.end // HOUR))
    return and_(True, *wanted)


def summarise(engine: Engine, query: Query) -> Summary:
    """How many entries answer *query*, of which kinds, and when they were decided."""
    asked = {one.column for one in (*query.excluded, *(one for group in query.required for one in group))}
    few = bool(asked & _NOT_TALLIED)
    counted = _entries_by_kind(query) if few else select(TALLIES).where(answers(query, TALLIES))
    kinds = counted.cte("kinds")
    with reading(engine) as connection:
        by_hour = select(kinds.c.hour, func.sum(kinds.c.count)).group_by(kinds.c.hour).order_by(kinds.c.hour)
        hours = [(int(hour), int(count)) for hour, count in connection.execute(by_hour)]
        facets = {name: _facet(connection, kinds, column) for name, column in FACETS.items()}
    granularity, buckets = histogram(hours, query.period)
    return Summary(sum(count for _, count in hours), facets, granularity, tuple(buckets))


def index_differences(engine: Engine) -> list[str]:
    """Sentences about tallies that do not count what the entries are; at most ten."""
    counted = _entries_by_kind(None).cte("counted")
    columns = [TALLIES.c[name] for name in ("hour", *_KINDS, "count")]
    expected = [counted.c[name] for name in ("hour", *_KINDS, "count")]
    missing = select(*expected).except_(select(*columns)).subquery()
    extra = select(*columns).except_(select(*expected)).subquery()
    # One statement, so that what the writer adds meanwhile is in all of it or in nothing.
    both = union_all(select(missing), select(extra)).limit(_MAX_DIFFERENCES)
    with reading(engine) as connection:
        found = {tuple(row)[:-1] for row in connection.execute(both)}
    return [f"the tally of hour {kind[0]}, {kind[1]} {kind[3]}, does not count its entries" for kind in found]


def _facet(connection: Connection, kinds: FromClause, column: str) -> tuple[Facet, ...]:
    total = func.sum(kinds.c.count)
    value = kinds.c[column]
    query = select(value, total).group_by(value).order_by(total.desc(), value).limit(_MOST_VALUES)
    return tuple(Facet(value, int(count)) for value, count in connection.execute(query) if value != "")


def _entries_by_kind(query: Query | None) -> Select[Any]:
    """The tallies, made from the entries themselves."""
    hour = (ENTRIES.c.decided_at // HOUR).label("hour")
    kinds: list[Any] = [func.coalesce(ENTRIES.c[name], "").label(name) for name in _KINDS if name != "step"]
    kinds.append(ENTRIES.c.step.label("step"))
    counted = select(hour, *kinds, func.count().label("count")).group_by(hour, *kinds)
    return counted if query is None else counted.where(answers(query))


def _holds(condition: Condition, table: FromClause) -> ColumnElement[bool]:
    if condition.column is Column.SUBJECT:
        mine = and_(SUBJECTS.c.seq == ENTRIES.c.seq, SUBJECTS.c.subject == condition.value)
        return exists().where(mine)
    column: ColumnElement[Any] = table.c[condition.column.value]
    if condition.upto is not None:
        return column.between(condition.value, condition.upto)
    return column == condition.value
