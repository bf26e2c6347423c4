"""What search needs beside the entries: the persons concerned, and counts by the hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from broker.audit.codec import read_event

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_HOUR = 3_600_000_000
_TEXTS = ("outcome", "reason", "message_type", "sender", "sender_role", "recipient", "recipient_role")
_CHUNK = 1024


def upgrade() -> None:
    """Make both tables, and fill them from what is stored."""
    op.create_table(
        "subjects",
        sa.Column("subject", sa.LargeBinary, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_index("subjects_seq", "subjects", ["seq"])
    op.create_table(
        "tallies",
        sa.Column("hour", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.String(16), primary_key=True),
        sa.Column("reason", sa.String(64), primary_key=True),
        sa.Column("message_type", sa.String(128), primary_key=True),
        sa.Column("sender", sa.String(20), primary_key=True),
        sa.Column("sender_role", sa.String(12), primary_key=True),
        sa.Column("recipient", sa.String(20), primary_key=True),
        sa.Column("recipient_role", sa.String(12), primary_key=True),
        sa.Column("agreement_id", sa.String(64), primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    _tally()
    _index_subjects()


def _tally() -> None:
    entries = sa.table("entries", *map(sa.column, (*_TEXTS, "agreement_id", "step", "decided_at")))
    hour = sa.type_coerce(entries.c.decided_at, sa.BigInteger) // _HOUR
    texts = [sa.func.coalesce(entries.c[name], "") for name in (*_TEXTS, "agreement_id")]
    kinds = [hour, *texts, entries.c.step]
    names = ["hour", *_TEXTS, "agreement_id", "step", "count"]
    tallies = sa.table("tallies", *map(sa.column, names))
    op.execute(tallies.insert().from_select(names, sa.select(*kinds, sa.func.count()).group_by(*kinds)))


def _index_subjects() -> None:
    connection = op.get_bind()
    entries = sa.table("entries", sa.column("seq"), sa.column("event"))
    subjects = sa.table("subjects", sa.column("subject"), sa.column("seq"))
    page = sa.select(entries.c.seq, entries.c.event).order_by(entries.c.seq).limit(_CHUNK)
    rows = connection.execute(page).all()
    while rows:
        found = [
            {"subject": bytes(subject), "seq": seq}
            for seq, event in rows
            if (facts := read_event(bytes(event)).message) is not None
            for subject in dict.fromkeys(facts.subject_refs)
        ]
        if found:
            connection.execute(subjects.insert(), found)
        rows = connection.execute(page.where(entries.c.seq > rows[-1][0])).all()
