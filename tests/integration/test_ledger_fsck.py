"""`ledger fsck` on a real ledger that somebody tampered with: it finds it, and names the first bad entry."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from broker.adapters.database import open_engine, reading, writing
from broker.adapters.ledger_reader import SqlLedgerReader
from broker.adapters.ledger_tables import ENTRIES, LOG
from broker.adapters.tiles import TileDirectory
from broker.audit.checkpoint import VerifierKey
from broker.audit.fsck import FsckReport, Published, fsck
from broker.audit.ledger import Frontier
from broker.crypto import SoftwareSigner
from broker.errors import EvidenceError, IncompleteError
from broker.merkle import leaf_hash
from broker.names import Algorithm
from tests.audit_world import LOG_KEY, ORIGIN, TestLedger, decisions, gates

SIZE = 520


@dataclass(frozen=True, slots=True)
class Place:
    """A ledger on disk."""

    folder: Path

    @property
    def url(self) -> str:
        """Its database."""
        return f"sqlite:///{self.folder / 'ledger.sqlite'}"

    @property
    def tlog(self) -> Path:
        """Its published log."""
        return self.folder / "tlog"

    def check(self, *, keys: bool = True, key: VerifierKey | None = LOG_KEY.verifier) -> FsckReport:
        """Run fsck."""
        engine = open_engine(self.url)
        reader, tiles = SqlLedgerReader(engine), TileDirectory(self.tlog)
        published = Published(tiles.read, tiles.checkpoint(), key)
        report = fsck(reader.state(), reader.rows(), published, gates() if keys else None, lambda _: None)
        engine.dispose()
        return report

    def row(self, seq: int) -> dict[str, object]:
        """A row as it is stored."""
        engine = open_engine(self.url)
        with reading(engine) as connection:
            found = dict(connection.execute(select(ENTRIES).where(ENTRIES.c.seq == seq)).mappings().one())
        engine.dispose()
        return found

    def change(self, *statements: object) -> None:
        """Tamper with the database."""
        engine = open_engine(self.url)
        with writing(engine) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]
        engine.dispose()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound ledger, made once."""
    folder = tmp_path_factory.mktemp("original")
    ledger = TestLedger(folder)
    ledger.write(decisions(SIZE))
    ledger.close()
    return folder


@pytest.fixture
def place(original: Path, tmp_path: Path) -> Place:
    """A copy of it."""
    copy = tmp_path / "copy"
    shutil.copytree(original, copy)
    return Place(copy)


def values(seq: int, **changed: object) -> object:
    """A statement that changes a row."""
    return update(ENTRIES).where(ENTRIES.c.seq == seq).values(**changed)


def flipped(value: object) -> bytes:
    """The value with one bit flipped."""
    copy = bytearray(value)  # type: ignore[call-overload]
    copy[len(copy) // 2] ^= 1
    return bytes(copy)


def rewritten(place: Place, seq: int) -> None:
    """A row whose every column fits another event, and a state that fits all rows: a careful forger."""
    event = flipped(place.row(seq)["event"])
    engine = open_engine(place.url)
    leaves = [leaf_hash(event) if row.seq == seq else row.leaf_hash for row in SqlLedgerReader(engine).rows()]
    engine.dispose()
    frontier = Frontier().append(leaves)
    place.change(
        values(seq, event=event, leaf_hash=leaf_hash(event)),
        update(LOG).values(root=bytes(frontier.root()), frontier=frontier.encode()),
    )


def swap(place: Place, first: int, second: int) -> None:
    """Two rows change places."""
    rows = [place.row(first), place.row(second)]
    place.change(
        delete(ENTRIES).where(ENTRIES.c.seq.in_((first, second))),
        insert(ENTRIES).values([{**rows[0], "seq": second}, {**rows[1], "seq": first}]),
    )


TAMPERED: list[tuple[str, Callable[[Place], object], int]] = [
    ("event bit", lambda p: p.change(values(300, event=flipped(p.row(300)["event"]))), 300),
    ("leaf bit", lambda p: p.change(values(301, leaf_hash=flipped(p.row(301)["leaf_hash"]))), 301),
    ("id bit", lambda p: p.change(values(302, decision_id=flipped(p.row(302)["decision_id"]))), 302),
    ("signature bit", lambda p: p.change(values(303, signatures=flipped(p.row(303)["signatures"]))), 303),
    ("envelope digest", lambda p: p.change(values(304, envelope_digest=bytes(32))), 304),
    ("search column", lambda p: p.change(values(305, recipient="00000099000000007000")), 305),
    ("deleted row", lambda p: p.change(delete(ENTRIES).where(ENTRIES.c.seq == 306)), 306),
    ("swapped rows", lambda p: swap(p, 307, 310), 307),
    ("cut tail", lambda p: p.change(delete(ENTRIES).where(ENTRIES.c.seq >= 515)), 515),
    ("careful forger", lambda p: rewritten(p, 308), 308),
]


def test_a_sound_ledger_is_sound(place: Place) -> None:
    """Everything was checked, and nothing is wrong."""
    report = place.check()
    report.require_sound()

    assert (report.entries, report.bad, report.unchecked) == (SIZE, (), ())


@pytest.mark.parametrize(("tamper", "seq"), [t[1:] for t in TAMPERED], ids=[t[0] for t in TAMPERED])
def test_the_first_bad_entry_is_named(place: Place, tamper: Callable[[Place], object], seq: int) -> None:
    """Whatever was changed, the finding says where."""
    tamper(place)
    report = place.check()

    assert report.bad[0].seq == seq
    with pytest.raises(EvidenceError, match=str(seq)):
        report.require_sound()


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/8",
        "tile/1/000.p/2",
        "tile/entries/001",
        "tile/entries/002.p/8",
    ],
)
def test_a_flipped_bit_of_a_published_file_is_found(place: Place, path: str) -> None:
    """The entries are sound: it is the file that is named."""
    file = place.tlog / path
    file.write_bytes(flipped(file.read_bytes()))

    assert path in place.check().bad[0].what


@pytest.mark.parametrize("path", ["tile/0/001", "tile/entries/002.p/8"])
def test_a_missing_published_file_is_found(place: Place, path: str) -> None:
    """What was promised must be there."""
    (place.tlog / path).unlink()

    assert f"{path} is missing" in place.check().bad[0].what


def test_a_flipped_bit_of_the_checkpoint_is_found(place: Place) -> None:
    """The signature of the log covers every bit."""
    file = place.tlog / "checkpoint"
    file.write_bytes(flipped(file.read_bytes()))

    assert "checkpoint" in place.check().bad[0].what


def test_a_checkpoint_by_another_key_is_found(place: Place) -> None:
    """Who has another key is not this log."""
    other = VerifierKey(ORIGIN, SoftwareSigner.generate(Algorithm.ED25519).verifying_key)

    assert "checkpoint" in place.check(key=other).bad[0].what


def test_a_restored_old_database_is_found(place: Place, tmp_path: Path) -> None:
    """The published log has entries that the database does not: the first of them is named."""
    older = tmp_path / "older"
    older.mkdir()
    ledger = TestLedger(older)
    ledger.write(decisions(500))
    ledger.close()
    shutil.copy(older / "ledger.sqlite", place.folder / "ledger.sqlite")

    finding = place.check().bad[0]
    assert finding.seq == 500
    assert "520 were published" in finding.what


@pytest.mark.parametrize(
    ("keys", "key", "missing"),
    [(False, LOG_KEY.verifier, "decision signatures"), (True, None, "checkpoint signature")],
    ids=["gate", "log"],
)
def test_what_could_not_be_checked_is_not_called_sound(
    place: Place, keys: bool, key: VerifierKey | None, missing: str
) -> None:
    """Exit 8 and never 7: nothing that was looked at is wrong."""
    report = place.check(keys=keys, key=key)

    assert report.unchecked == (missing,)
    with pytest.raises(IncompleteError, match=missing):
        report.require_sound()


def test_nothing_published_is_incomplete(place: Place) -> None:
    """A ledger alone cannot prove that it is the one that was published."""
    shutil.rmtree(place.tlog)

    assert place.check().unchecked == ("published log",)


def test_gaps_in_a_producers_numbering_are_warnings(place: Place) -> None:
    """The quarantined messages of this ledger have no number, so their places are missing."""
    report = place.check()

    assert "104 messages missing" in report.warnings[0].what
