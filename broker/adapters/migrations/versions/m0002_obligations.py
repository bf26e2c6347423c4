"""Obligations, beside the entries from which they follow; the ledger writer fills the table by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty: without rules in the row of the log, all are worked out at the next start."""
    op.add_column("log", sa.Column("rules", sa.LargeBinary))
    op.create_table(
        "obligations",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("case_ref", sa.LargeBinary, nullable=False),
        sa.Column("message_id", sa.LargeBinary, nullable=False),
        sa.Column("debtor", sa.String(20), nullable=False),
        sa.Column("debtor_role", sa.String(12), nullable=False),
        sa.Column("creditor", sa.String(20), nullable=False),
        sa.Column("creditor_role", sa.String(12), nullable=False),
        sa.Column("regime", sa.String(2), nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("lapses_at", sa.BigInteger),
        sa.Column("closing", sa.String(16), nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("closed_by", sa.LargeBinary),
        sa.Column("reason", sa.String(64), nullable=False),
    )
    op.create_index("obligations_case", "obligations", ["case_ref", "id"])
    waiting = sa.column("closing") == ""
    op.create_index(
        "obligations_due", "obligations", ["due_at"], sqlite_where=waiting, postgresql_where=waiting
    )
