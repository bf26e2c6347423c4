"""A database as an earlier version left it."""

from __future__ import annotations

from sqlalchemy import Engine, text

from broker.adapters.database import writing
from broker.adapters.ledger_tables import METADATA

__all__ = ["make_older"]

_FIRST = frozenset({"log", "entries", "offsets", "problems", "checkpoints", "accesses"})
"""The tables that the first version made."""


def make_older(engine: Engine) -> None:
    """Take away what came after the first version, and keep the entries."""
    with writing(engine) as connection:
        for table in METADATA.tables:
            if table not in _FIRST:
                connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("ALTER TABLE log DROP COLUMN rules"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
