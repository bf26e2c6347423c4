"""Migrations: the newest one is known by name, and a database that has it is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sqlalchemy import inspect

import broker.adapters.migrations.versions as versions
from broker.adapters.database import NEWEST, migrate, open_engine


def test_the_newest_migration_is_the_one_that_is_named() -> None:
    """A migration that is added without its name in the code would never run on a new database."""
    names = sorted(path.stem for path in Path(versions.__path__[0]).glob("m*.py"))

    assert names[-1].startswith(f"m{NEWEST}_")


def test_migrating_makes_the_tables_and_again_changes_nothing(tmp_path: Path) -> None:
    """The tables are there after the first call; the second finds them and leaves them."""
    engine = open_engine(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    migrate(engine)
    before = inspect(engine).get_table_names()
    migrate(engine)

    assert before == inspect(engine).get_table_names()
    assert "entries" in before
    engine.dispose()


def test_a_migrated_database_does_not_load_the_migrator(tmp_path: Path) -> None:
    """A ledger writer that finds its tables in place does not carry Alembic in memory."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()
    program = (
        "import sys\n"
        "from broker.adapters.database import migrate, open_engine\n"
        f"migrate(open_engine({url!r}))\n"
        "print('alembic' in sys.modules)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
