"""Migrations: the newest one is known by name, and a database that has it is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect

import broker.adapters.migrations.versions as versions
from broker.adapters.database import NEWEST, migrate, migrate_apart, open_engine
from broker.errors import UnavailableError


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


def test_a_ledger_writer_does_not_load_the_migrator(tmp_path: Path) -> None:
    """Who makes the tables apart does not carry Alembic in memory, at the first start or later."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "from broker.adapters.database import migrate_apart\n"
        "if __name__ == '__main__':\n"
        f"    migrate_apart({url!r})\n"
        f"    migrate_apart({url!r})\n"
        "    print('alembic' in sys.modules)\n"
    )

    done = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )

    assert done.stdout.strip() == "False"
    engine = open_engine(url)
    assert "entries" in inspect(engine).get_table_names()
    engine.dispose()


def test_what_goes_wrong_apart_is_told_here(tmp_path: Path) -> None:
    """A database that cannot be made is the error that it is in one process."""
    with pytest.raises(UnavailableError, match="did not answer"):
        migrate_apart(f"sqlite:///{tmp_path / 'nowhere' / 'ledger.sqlite'}")
