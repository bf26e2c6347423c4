"""Who looked, in a log with a tree of its own; what `accesses` holds stays there and does not grow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from broker.merkle import tree_root

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and the one row of an empty tree."""
    log = op.create_table(
        "access_log",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
    )
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "access_entries",
        sa.Column("seq", number, primary_key=True, autoincrement=False),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
        sa.Column("event", sa.LargeBinary, nullable=False),
        sa.Column("access_id", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("party", sa.String(20), nullable=False),
        sa.Column("person", sa.String(220), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("ground", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("command", sa.String(64), nullable=False),
    )
    op.create_index("access_entries_access", "access_entries", ["access_id"], unique=True)
    op.create_index("access_entries_at", "access_entries", ["at"])
    op.create_index("access_entries_person", "access_entries", ["person", "seq"])
    op.create_table(
        "access_checkpoints",
        sa.Column("size", number, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(log, [{"id": 1, "size": 0, "root": tree_root(()), "frontier": b""}])
