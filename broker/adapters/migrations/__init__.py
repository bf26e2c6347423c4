"""Schema changes of the ledger database, in order; Alembic runs what is in `versions/`."""
