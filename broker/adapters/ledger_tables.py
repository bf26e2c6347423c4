"""The tables of the ledger, as SQLAlchemy Core sees them; migrations make them (docs/spec/audit.md 5)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

__all__ = [
    "ACCESSES",
    "ACCESS_CHECKPOINTS",
    "ACCESS_ENTRIES",
    "ACCESS_LOG",
    "CASE_DETAILS",
    "CASE_KEYS",
    "CHECKPOINTS",
    "ENTRIES",
    "LOG",
    "METADATA",
    "OBLIGATIONS",
    "OFFSETS",
    "PROBLEMS",
    "RETENTION_LOG",
    "SUBJECTS",
    "TALLIES",
]

METADATA = MetaData()

# SQLite numbers rows by itself only when the type is called INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")

LOG = Table(
    "log",
    METADATA,
    Column("origin", String(200), primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    # By which rules the obligations were worked out.
    Column("rules", LargeBinary),
)

ENTRIES = Table(
    "entries",
    METADATA,
    Column("seq", _Number, primary_key=True, autoincrement=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("decision_id", LargeBinary, nullable=False),
    Column("event", LargeBinary, nullable=False),
    Column("envelope_digest", LargeBinary, nullable=False),
    Column("gate", String(20), nullable=False),
    Column("signatures", LargeBinary, nullable=False),
    Column("read_topic", String(128), nullable=False),
    Column("read_partition", Integer, nullable=False),
    Column("read_offset", BigInteger, nullable=False),
    Column("case_ref", LargeBinary),
    Column("message_id", LargeBinary),
    Column("sender", String(20)),
    Column("sender_role", String(12)),
    Column("recipient", String(20)),
    Column("recipient_role", String(12)),
    Column("message_type", String(128)),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("step", Integer, nullable=False),
    Column("agreement_id", String(64)),
    Column("decided_at", BigInteger, nullable=False),
    Column("created_at", BigInteger),
)
Index("entries_decision", ENTRIES.c.decision_id, unique=True)
Index("entries_case", ENTRIES.c.case_ref, ENTRIES.c.seq)
Index("entries_message", ENTRIES.c.message_id)
Index("entries_sender", ENTRIES.c.sender, ENTRIES.c.seq)
Index("entries_recipient", ENTRIES.c.recipient, ENTRIES.c.seq)
Index("entries_decided", ENTRIES.c.decided_at)
# Refusals are few and looked for often; releases are many and have no reason.  PostgreSQL has the same
# condition from the migration: to say so here would load its dialect into every ledger writer.
Index(
    "entries_reason",
    ENTRIES.c.reason,
    ENTRIES.c.seq,
    sqlite_where=ENTRIES.c.reason != "",
)

SUBJECTS = Table(
    "subjects",
    METADATA,
    Column("subject", LargeBinary, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""The persons concerned by an entry: as many rows as it has references."""
Index("subjects_seq", SUBJECTS.c.seq)

TALLIES = Table(
    "tallies",
    METADATA,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("outcome", String(16), primary_key=True),
    Column("reason", String(64), primary_key=True),
    Column("message_type", String(128), primary_key=True),
    Column("sender", String(20), primary_key=True),
    Column("sender_role", String(12), primary_key=True),
    Column("recipient", String(20), primary_key=True),
    Column("recipient_role", String(12), primary_key=True),
    Column("agreement_id", String(64), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How many entries of each kind were decided in each hour since 1970; empty where an entry has nothing."""

OFFSETS = Table(
    "offsets",
    METADATA,
    Column("topic", String(128), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
)

PROBLEMS = Table(
    "problems",
    METADATA,
    Column("topic", String(128), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("step", Integer, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)

CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("size", _Number, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

ACCESSES = Table(
    "accesses",
    METADATA,
    Column("id", _Number, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("party", String(20), nullable=False),
    Column("person", String(128), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("reference", String(200), nullable=False),
    Column("query", String(2000), nullable=False),
    Column("results", Integer, nullable=False),
)

"""Who looked before there was an access log with a tree: read by hand, and never written any more."""

ACCESS_LOG = Table(
    "access_log",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
)
"""One row, made by the migration: whoever appends holds it."""

ACCESS_ENTRIES = Table(
    "access_entries",
    METADATA,
    Column("seq", _Number, primary_key=True, autoincrement=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("event", LargeBinary, nullable=False),
    Column("access_id", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("party", String(20), nullable=False),
    Column("person", String(220), nullable=False),
    Column("role", String(20), nullable=False),
    Column("ground", String(64), nullable=False),
    Column("reference", String(200), nullable=False),
    Column("command", String(64), nullable=False),
)
Index("access_entries_access", ACCESS_ENTRIES.c.access_id, unique=True)
Index("access_entries_at", ACCESS_ENTRIES.c.at)
Index("access_entries_person", ACCESS_ENTRIES.c.person, ACCESS_ENTRIES.c.seq)

ACCESS_CHECKPOINTS = Table(
    "access_checkpoints",
    METADATA,
    Column("size", _Number, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

OBLIGATIONS = Table(
    "obligations",
    METADATA,
    Column("id", LargeBinary, primary_key=True),
    Column("code", String(64), nullable=False),
    Column("case_ref", LargeBinary, nullable=False),
    Column("message_id", LargeBinary, nullable=False),
    Column("debtor", String(20), nullable=False),
    Column("debtor_role", String(12), nullable=False),
    Column("creditor", String(20), nullable=False),
    Column("creditor_role", String(12), nullable=False),
    Column("regime", String(2), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("lapses_at", BigInteger),
    Column("closing", String(16), nullable=False),
    Column("closed_at", BigInteger),
    Column("closed_by", LargeBinary),
    Column("reason", String(64), nullable=False),
)
Index("obligations_case", OBLIGATIONS.c.case_ref, OBLIGATIONS.c.id)
# What is still owed is little, and asked for by when it is due; for PostgreSQL, see above.
Index("obligations_due", OBLIGATIONS.c.due_at, sqlite_where=OBLIGATIONS.c.closing == "")

RETENTION_LOG = Table(
    "retention_log",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("person", String(220), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("reference", String(200), nullable=False),
    Column("facts", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)
"""Every record in its place; two that are written at once meet in the primary key, and one fails."""

CASE_KEYS = Table(
    "case_keys",
    METADATA,
    Column("case_ref", LargeBinary, primary_key=True),
    Column("key_id", LargeBinary, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("epoch", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)
"""One random key for each case that has details, wrapped under the key of an epoch."""

CASE_DETAILS = Table(
    "case_details",
    METADATA,
    Column("detail_id", LargeBinary, primary_key=True),
    Column("case_ref", LargeBinary, nullable=False, index=True),
    Column("key_id", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("added_at", BigInteger, nullable=False),
)
