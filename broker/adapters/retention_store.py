"""The retention log in the ledger's database, and what the ledger knows of the records on Kafka."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Engine, RowMapping, insert, or_, select

from broker.adapters.database import reading, writing
from broker.adapters.ledger_tables import ENTRIES, OFFSETS, PROBLEMS, RETENTION_LOG
from broker.audit.codec import read_event
from broker.audit.retention import FIRST, Deed, Recorded, RetentionKind, RetentionRecord, chained
from broker.names import CaseRef, Digest, Micros, TopicName
from broker.ports import Offsets, Position

__all__ = ["SqlRetention"]

_GAP = "source-gap"
"""Records that are gone: nothing of them can be kept."""


class SqlRetention:
    """A `RetentionStore` in a migrated database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def recorded(self, since: Micros, cases: Iterable[CaseRef]) -> Sequence[Recorded]:
        """Decisions that were made at *since* or later, and all those of *cases*."""
        wanted = or_(ENTRIES.c.decided_at >= since, ENTRIES.c.case_ref.in_(list(cases)))
        columns = select(
            ENTRIES.c.event, ENTRIES.c.read_topic, ENTRIES.c.read_partition, ENTRIES.c.read_offset
        )
        with reading(self._engine) as connection:
            rows = connection.execute(columns.where(wanted).order_by(ENTRIES.c.seq)).all()
        return [
            Recorded(Position(TopicName(topic), partition, offset), read_event(bytes(event)))
            for event, topic, partition, offset in rows
        ]

    def problems(self) -> Sequence[Position]:
        """Records of decisions topics that did not become entries."""
        places = select(PROBLEMS.c.topic, PROBLEMS.c.partition, PROBLEMS.c.offset)
        with reading(self._engine) as connection:
            rows = connection.execute(places.where(PROBLEMS.c.reason != _GAP)).all()
        return [Position(TopicName(topic), partition, offset) for topic, partition, offset in rows]

    def next_offsets(self) -> Offsets:
        """How far the ledger has read."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(OFFSETS)).mappings()
            return {(TopicName(row["topic"]), row["partition"]): row["next_offset"] for row in rows}

    def record(self, deed: Deed) -> RetentionRecord:
        """Append one record.

        Raises:
            EvidenceError: Somebody appended at the same time: do it again.
            UnavailableError: The database did not answer: nothing may be done.
        """
        last = select(RETENTION_LOG.c.seq, RETENTION_LOG.c.digest).order_by(RETENTION_LOG.c.seq.desc())
        with writing(self._engine) as connection:
            row = connection.execute(last.limit(1)).one_or_none()
            seq, before = (0, FIRST) if row is None else (row[0] + 1, Digest(bytes(row[1])))
            record = chained(seq, before, deed)
            connection.execute(
                insert(RETENTION_LOG).values(
                    seq=seq,
                    kind=deed.kind.value,
                    at=int(deed.at),
                    person=deed.person,
                    reason=deed.reason,
                    reference=deed.reference,
                    facts=json.dumps(deed.facts, sort_keys=True),
                    digest=bytes(record.digest),
                )
            )
        return record

    def log(self) -> Sequence[RetentionRecord]:
        """Every record, in order."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(RETENTION_LOG).order_by(RETENTION_LOG.c.seq)).mappings().all()
        return [_record(row) for row in rows]


def _record(row: RowMapping) -> RetentionRecord:
    deed = Deed(
        RetentionKind(row["kind"]),
        Micros(row["at"]),
        row["person"],
        row["reason"],
        row["reference"],
        json.loads(row["facts"]),
    )
    return RetentionRecord(row["seq"], deed, Digest(bytes(row["digest"])))
