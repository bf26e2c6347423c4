"""What the access log promises, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from broker.adapters.access_log import SqlAccessLog
from broker.adapters.database import open_engine, writing
from broker.adapters.ledger_tables import ACCESS_CHECKPOINTS, ACCESS_ENTRIES, ACCESS_LOG
from broker.adapters.tiles import TileDirectory
from broker.audit.access import read_access, write_access
from broker.audit.access_check import AccessReport, check_access
from broker.audit.access_store import AccessQuery, access_columns, access_origin
from broker.audit.checkpoint import LogKey, VerifierKey
from broker.audit.fsck import Published
from broker.errors import EvidenceError
from broker.merkle import leaf_hash, tree_root
from broker.names import Micros
from broker.parts import AccessPublishing
from consumers.access_publisher import AccessPublisher
from tests.access_world import INSPECTORATE, access
from tests.audit_world import DECIDED, LOG_KEY, ORIGIN, FixedClock, drawn

_ORIGIN = access_origin(ORIGIN)
_KEY = LogKey(LOG_KEY.signer, VerifierKey(_ORIGIN, LOG_KEY.verifier.public))
_COUNT = 5


@pytest.fixture
def log(engine: Engine) -> SqlAccessLog:
    """A log with some accesses."""
    log = SqlAccessLog(engine)
    for number in range(_COUNT):
        assert log.append(access(number)) == number
    return log


@pytest.fixture
def tiles(tmp_path: Path) -> TileDirectory:
    """A folder for the published log."""
    return TileDirectory(tmp_path / "tlog-access").acquire()


def _publish(log: SqlAccessLog, tiles: TileDirectory) -> None:
    AccessPublisher(AccessPublishing(log, tiles, _KEY, FixedClock())).publish()


def _check(log: SqlAccessLog, tiles: TileDirectory) -> AccessReport:
    published = Published(tiles.read, tiles.checkpoint(), _KEY.verifier)
    return check_access(_ORIGIN, log.state(), log.rows(), published)


def _append_many(url: str, first: int, count: int) -> None:
    log = SqlAccessLog(open_engine(url))
    for number in range(first, first + count):
        log.append(access(number))


def test_processes_that_append_at_once_take_no_place_twice(
    url: str, engine: Engine, tiles: TileDirectory
) -> None:
    """Every access of every process is there once, in one row, under one root."""
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_append_many, args=(url, 1000 * number, 40), daemon=True)
        for number in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    log = SqlAccessLog(engine)
    rows = list(log.rows())
    _publish(log, tiles)

    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert [row.seq for row in rows] == list(range(120))
    found = {read_access(row.event_bytes).access_id for row in rows}
    assert found == {access(1000 * w + n).access_id for w in range(3) for n in range(40)}
    assert (_check(log, tiles).bad, _check(log, tiles).unchecked) == ((), ())


def test_a_published_log_is_sound_and_grows(log: SqlAccessLog, tiles: TileDirectory) -> None:
    """Across the border of a tile, by one writer after the other."""
    _publish(log, tiles)
    first = _check(log, tiles)
    for number in range(_COUNT, 260):
        log.append(access(number))
    _publish(log, tiles)
    second = _check(log, tiles)

    assert (first.entries, first.bad, first.unchecked) == (_COUNT, (), ())
    assert (second.entries, second.bad, second.unchecked) == (260, (), ())
    assert log.signed_size() == 260


def test_what_was_appended_after_the_checkpoint_is_sound_too(log: SqlAccessLog, tiles: TileDirectory) -> None:
    """It is there, and not yet published."""
    _publish(log, tiles)
    log.append(access(77))

    assert _check(log, tiles).bad == ()


def _changed(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(ACCESS_ENTRIES).where(ACCESS_ENTRIES.c.seq == 2).values(person="account:x"))


def _rewritten(engine: Engine) -> None:
    """The entry and its leaf, as somebody does who knows how the log works."""
    log = SqlAccessLog(engine)
    event = read_access(list(log.rows())[2].event_bytes)
    other = replace(event, person="account:somebody-else")
    values = {
        "event": write_access(other),
        "leaf_hash": leaf_hash(write_access(other)),
        **access_columns(other),
    }
    with writing(engine) as connection:
        connection.execute(update(ACCESS_ENTRIES).where(ACCESS_ENTRIES.c.seq == 2).values(values))


def _deleted(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(delete(ACCESS_ENTRIES).where(ACCESS_ENTRIES.c.seq == 2))


def _last_deleted(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(delete(ACCESS_ENTRIES).where(ACCESS_ENTRIES.c.seq == _COUNT - 1))


def _swapped(engine: Engine) -> None:
    with writing(engine) as connection:
        rows = [dict(row) for row in connection.execute(select(ACCESS_ENTRIES)).mappings()]
        connection.execute(delete(ACCESS_ENTRIES).where(ACCESS_ENTRIES.c.seq.in_([1, 2])))
        connection.execute(insert(ACCESS_ENTRIES), [{**rows[1], "seq": 2}, {**rows[2], "seq": 1}])


@pytest.mark.parametrize("tamper", [_changed, _rewritten, _deleted, _last_deleted, _swapped])
def test_a_row_that_somebody_touched_is_found(
    engine: Engine, log: SqlAccessLog, tiles: TileDirectory, tamper: object
) -> None:
    """Changed, rewritten with its leaf, deleted, deleted at the end, or swapped; published or not."""
    assert callable(tamper)
    before = _check(log, tiles)
    tamper(engine)
    unpublished = _check(log, tiles).bad

    assert before.bad == ()
    assert before.unchecked == ("published access log",)
    assert unpublished


def test_a_history_that_was_made_anew_is_not_published(
    engine: Engine, log: SqlAccessLog, tiles: TileDirectory
) -> None:
    """Entries, leaves and state as they would follow from other entries: the checkpoint says otherwise."""
    _publish(log, tiles)
    with writing(engine) as connection:
        connection.execute(delete(ACCESS_ENTRIES))
        connection.execute(update(ACCESS_LOG).values(size=0, root=tree_root(()), frontier=b""))
    for number in range(100, 100 + _COUNT):
        log.append(access(number))

    assert "the accesses do not lead to the published root" in _check(log, tiles).bad
    with pytest.raises(EvidenceError):
        _publish(log, tiles)


def test_a_second_history_is_not_signed_without_the_folder_either(
    engine: Engine, log: SqlAccessLog, tiles: TileDirectory, tmp_path: Path
) -> None:
    """What was signed is remembered in the database as well."""
    _publish(log, tiles)
    with writing(engine) as connection:
        connection.execute(update(ACCESS_CHECKPOINTS).values(root=drawn("another", 32)))
    other = TileDirectory(tmp_path / "empty").acquire()
    with pytest.raises(EvidenceError):
        _publish(log, other)

    assert other.checkpoint() is None


def test_a_published_file_that_was_changed_is_named(log: SqlAccessLog, tiles: TileDirectory) -> None:
    """Byte by byte."""
    _publish(log, tiles)
    (file,) = (tiles.folder / "tile" / "entries").rglob(str(_COUNT))
    file.write_bytes(file.read_bytes()[:-1] + b"x")

    assert any("tile/entries" in what for what in _check(log, tiles).bad)


def test_nothing_is_remembered_twice(log: SqlAccessLog) -> None:
    """The same access id is a conflict, and leaves the log as it was."""
    before = log.state()
    with pytest.raises(EvidenceError):
        log.append(access(0))

    assert log.state() == before


def test_a_state_that_does_not_match_takes_nothing_more(engine: Engine, log: SqlAccessLog) -> None:
    """Whoever cannot be recorded is shown nothing."""
    with writing(engine) as connection:
        connection.execute(update(ACCESS_LOG).values(root=bytes(32)))
    with pytest.raises(EvidenceError):
        log.append(access(9))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (AccessQuery(), [4, 3, 2, 1, 0]),
        (AccessQuery(person="inspecteur1"), [4, 1]),
        (AccessQuery(person="inspecteur_"), []),
        (AccessQuery(ground="complaint"), [3, 1]),
        (AccessQuery(reference="klacht 2"), [2]),
        (AccessQuery(party=str(INSPECTORATE), role="auditor"), [2]),
        (AccessQuery(since=Micros(DECIDED + 1), until=Micros(DECIDED + 3)), [2, 1]),
        (AccessQuery(ground="complaint", person="inspecteur0"), [3]),
    ],
)
def test_who_looked_is_found(log: SqlAccessLog, query: AccessQuery, expected: list[int]) -> None:
    """By person, ground, reference, role and time; newest first, page by page."""
    found = [row.seq for row in log.search(query, 10)]

    assert found == expected
    assert [row.seq for row in log.search(query, 10, before=3)] == [seq for seq in expected if seq < 3]
