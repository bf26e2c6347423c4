"""An empty database for each test, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine

from broker.adapters.database import migrate, open_engine
from tests.postgres_cluster import PostgresCluster, find_programs, postgres_cluster

_NUMBERS = count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """A private PostgreSQL for all tests of this folder."""
    programs = find_programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no PostgreSQL server is installed (apt-get install postgresql)")
        pytest.skip("no PostgreSQL server is installed (apt-get install postgresql)")
    with postgres_cluster(programs) as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    return cluster.create(f"ledger{next(_NUMBERS)}")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """A migrated database."""
    engine = open_engine(url)
    migrate(engine)
    yield engine
    engine.dispose()
