"""The ledger's database: SQLite or PostgreSQL through SQLAlchemy Core, migrated by Alembic.

1. SQLite runs in WAL mode with ``synchronous=FULL``: what is committed survives a power cut.
2. Writers begin with the write lock in hand; readers never wait for a writer.
3. Every failure of a driver becomes an error of ours, here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Dialect,
    Engine,
    Row,
    Table,
    bindparam,
    column,
    create_engine,
    event,
    inspect,
    select,
    table,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError

from broker.errors import ConfigurationError, EvidenceError, SchakelError, UnavailableError

__all__ = [
    "NEWEST",
    "ListStatement",
    "RowStatement",
    "migrate",
    "migrate_apart",
    "no_ledger",
    "open_engine",
    "reading",
    "replacing",
    "writing",
]

NEWEST = "0005"
"""The newest migration; a test compares it with the migrations that there are."""

_SQLITE = "sqlite:///"
_BUSY_SECONDS = 10.0
_POSTGRESQL = ("postgresql", "postgresql+psycopg")
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    # 6 MiB, the index pages that one batch touches; what more there is, the system keeps for us.
    "PRAGMA cache_size=-6144",
)
_READING = "schakel_reading"
_NO_SUCH = re.compile(r"no such (?:table|column)\b|table \w+ has no column\b")
"""As SQLite says it."""
_UNDEFINED = frozenset({"42P01", "42703"})
"""As PostgreSQL says it: a table, a column."""


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``; nothing is connected yet.

    Raises:
        ConfigurationError: Another kind of URL.
    """
    if url.startswith(_SQLITE):
        # A file name, not a URL: `?` and `%` are letters in it.
        file = URL.create("sqlite", database=url.removeprefix(_SQLITE))
        return _sqlite(create_engine(file, connect_args={"timeout": _BUSY_SECONDS}))
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise _unusable() from None
    if parsed.drivername not in _POSTGRESQL:
        raise _unusable()
    parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": 10})


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest version; several processes may do so at once.

    Raises:
        ConfigurationError: The database cannot be used.
        UnavailableError: It did not answer.
    """
    if _is_newest(engine):
        return
    # Alembic takes a while to import, and memory for as long as the process lives.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: Any, _: Any) -> Any:
        return script._upgrade_revs("head", revision)

    with writing(engine) as connection, EnvironmentContext(config, script, fn=upgrade) as environment:
        _lock_migrations(connection)
        environment.configure(connection=connection)
        environment.run_migrations()


def migrate_apart(url: str) -> None:
    """As `migrate`, in a process of its own: Alembic would stay in the memory of this one (9 MB)."""
    engine = open_engine(url)
    newest = _is_newest(engine)
    engine.dispose()
    if not newest:
        # Not by fork: this process may have threads.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
            apart.submit(_migrate_here, url).result()


def _migrate_here(url: str) -> None:
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()


def _is_newest(engine: Engine) -> bool:
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        version: Any = column("version_num")
        return connection.execute(select(version).select_from(table("alembic_version"))).scalar() == NEWEST


class RowStatement:
    """One statement for many rows, given to the driver as it is: half the price of building it each time.

    Values are what the driver knows: None, int, str and bytes, also of our own types, which are these.

    Args:
        of: Builds the statement for the name of a dialect.
        names: The parameters of a row, in the order in which rows give them.
    """

    def __init__(self, of: Callable[[str], Any], names: Sequence[str]) -> None:
        self._of = of
        self._names = tuple(names)
        self._compiled: dict[str, tuple[str, tuple[int, ...]]] = {}

    def execute(self, connection: Connection, rows: Iterable[tuple[object, ...]]) -> None:
        """Run it for each of *rows*."""
        text, order = self._for(connection.dialect)
        if order == tuple(range(len(self._names))):
            connection.exec_driver_sql(text, list(rows))
        else:
            connection.exec_driver_sql(text, [tuple(row[at] for at in order) for row in rows])

    def _for(self, dialect: Dialect) -> tuple[str, tuple[int, ...]]:
        name = dialect.name
        if name not in self._compiled:
            compiled: Any = self._of(name).compile(
                dialect=_positional(dialect), column_keys=list(self._names)
            )
            order = tuple(self._names.index(each) for each in compiled.positiontup)
            self._compiled[name] = str(compiled), order
        return self._compiled[name]


def replacing(dialect: str, into: Table) -> Any:
    """A statement that inserts a row, or replaces the one with the same primary key."""
    # Only what is used is loaded: a dialect takes 3 MB.
    statement = import_module(f"sqlalchemy.dialects.{dialect}").insert(into)
    keys = list(into.primary_key.columns)
    changing = {each.name: statement.excluded[each.name] for each in into.c if not each.primary_key}
    return statement.on_conflict_do_update(index_elements=keys, set_=changing)


class ListStatement:
    """A query about a list of values, given to the driver as it is: written out once for each length.

    Lengths are rounded up to a power of two, with the last value once more: few are ever written out.

    Args:
        of: Builds the query for the parameters of a list, to be used once, in an ``IN``.
    """

    def __init__(self, of: Callable[[Sequence[BindParameter[Any]]], Any]) -> None:
        self._of = of
        self._compiled: dict[tuple[str, int], str] = {}

    def rows(self, connection: Connection, values: Sequence[object]) -> Sequence[Row[Any]]:
        """What the query finds for *values*: at least one, at most 512."""
        length = 1 << (len(values) - 1).bit_length()
        padded = (*values, *[values[-1]] * (length - len(values)))
        return connection.exec_driver_sql(self._for(connection.dialect, length), padded).all()

    def _for(self, dialect: Dialect, length: int) -> str:
        known = dialect.name, length
        if known not in self._compiled:
            query = self._of([bindparam(f"p{number}") for number in range(length)])
            self._compiled[known] = str(query.compile(dialect=_positional(dialect)))
        return self._compiled[known]


def no_ledger(where: str = "") -> ConfigurationError:
    """That nothing was ever written here.

    Args:
        where: The file in which it should be, if it is one.
    """
    return ConfigurationError(
        f"there is no ledger in {where}" if where else "there is no ledger yet",
        remedy="Start it: schakel ledger run",
        code="no-ledger",
    )


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction; committed, and durable, when the block ends; rolled back when it raises."""
    with _translated(), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view, for reading only."""
    with _translated(), engine.connect().execution_options(**{_READING: True}) as connection:
        yield connection


def _positional(dialect: Dialect) -> Dialect:
    """*dialect*, with parameters by their place."""
    kind: Any = type(dialect)
    made: Dialect = kind(paramstyle="qmark" if dialect.name == "sqlite" else "format")
    return made


def _unusable() -> ConfigurationError:
    return ConfigurationError(
        "not a database address", remedy="Use sqlite:///FILE or postgresql://USER@HOST/NAME"
    )


def _sqlite(engine: Engine) -> Engine:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver would begin on its own, and only at the first change.
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        only_reading = connection.get_execution_options().get(_READING, False)
        connection.exec_driver_sql("BEGIN DEFERRED" if only_reading else "BEGIN IMMEDIATE")

    return engine


def _lock_migrations(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7238917250112)")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise EvidenceError(
            "the ledger database refused a row",
            why=type(error.orig).__name__,
            remedy="Run `schakel ledger fsck`; somebody else may have written to it",
            code="ledger-conflict",
        ) from error
    except DBAPIError as error:
        raise _error(error) from error


def _error(error: DBAPIError) -> SchakelError:
    if _lacks_a_table(error):
        return ConfigurationError(
            "the ledger's tables are not there, or older than this version",
            why=_reason(error),
            remedy="Start the ledger writer once: schakel ledger run brings them up to date",
            code="old-tables",
        )
    if isinstance(error, OperationalError):
        return UnavailableError(
            "the ledger database did not answer",
            why=_reason(error),
            remedy="Check that it runs and that its disk has room; work goes on by itself afterwards",
            code="database",
        )
    return ConfigurationError(
        "the ledger database cannot be used",
        why=_reason(error),
        remedy="Check the address in the profile",
    )


def _lacks_a_table(error: DBAPIError) -> bool:
    """Whether it is about a table or a column that is not there."""
    return getattr(error.orig, "sqlstate", None) in _UNDEFINED or _NO_SUCH.match(str(error.orig)) is not None


def _reason(error: DBAPIError) -> str:
    """The driver's own words, one line, without the statement and its values."""
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
