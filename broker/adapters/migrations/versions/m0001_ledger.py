"""The ledger: entries, offsets, state of the log, checkpoints, problems, and who looked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _entries()
    op.create_table(
        "log",
        sa.Column("origin", sa.String(200), primary_key=True),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "offsets",
        sa.Column("topic", sa.String(128), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "problems",
        sa.Column("topic", sa.String(128), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("offset", sa.BigInteger, primary_key=True),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", _Number, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "accesses",
        sa.Column("id", _Number, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("party", sa.String(20), nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("query", sa.String(2000), nullable=False),
        sa.Column("results", sa.Integer, nullable=False),
    )


def _entries() -> None:
    op.create_table(
        "entries",
        sa.Column("seq", _Number, primary_key=True, autoincrement=False),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
        sa.Column("decision_id", sa.LargeBinary, nullable=False),
        sa.Column("event", sa.LargeBinary, nullable=False),
        sa.Column("envelope_digest", sa.LargeBinary, nullable=False),
        sa.Column("gate", sa.String(20), nullable=False),
        sa.Column("signatures", sa.LargeBinary, nullable=False),
        sa.Column("read_topic", sa.String(128), nullable=False),
        sa.Column("read_partition", sa.Integer, nullable=False),
        sa.Column("read_offset", sa.BigInteger, nullable=False),
        sa.Column("case_ref", sa.LargeBinary),
        sa.Column("message_id", sa.LargeBinary),
        sa.Column("sender", sa.String(20)),
        sa.Column("sender_role", sa.String(12)),
        sa.Column("recipient", sa.String(20)),
        sa.Column("recipient_role", sa.String(12)),
        sa.Column("message_type", sa.String(128)),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("agreement_id", sa.String(64)),
        sa.Column("decided_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger),
    )
    op.create_index("entries_decision", "entries", ["decision_id"], unique=True)
    op.create_index("entries_case", "entries", ["case_ref", "seq"])
    op.create_index("entries_message", "entries", ["message_id"])
    op.create_index("entries_sender", "entries", ["sender", "seq"])
    op.create_index("entries_recipient", "entries", ["recipient", "seq"])
    op.create_index("entries_decided", "entries", ["decided_at"])
    refused = sa.column("reason") != ""
    op.create_index(
        "entries_reason", "entries", ["reason", "seq"], sqlite_where=refused, postgresql_where=refused
    )
