"""The ledger writer and its witnesses: nobody waits, nothing is forgotten, and a refusal stops everything."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from broker import logs
from broker.adapters.memory import MemoryLog, MemorySink, MemorySource
from broker.adapters.tiles import TileDirectory
from broker.audit.checkpoint import SecondKey, parse_checkpoint
from broker.audit.cosignature import COSIGNED_FILE, CosignerKey, cosignatures
from broker.audit.policy import parse_policy
from broker.audit.tiles import File
from broker.crypto import SoftwareSigner
from broker.errors import EvidenceError, UnavailableError
from broker.names import Algorithm
from broker.parts import LedgerParts, Witnesses
from broker.pipelines.cosigning import Outcome, sites_of, visit
from broker.topics import CHECKPOINTS
from consumers.cosigning import STATUS_FILE, Cosigning, Pace
from consumers.ledger_writer import LedgerWriter
from tests.audit_world import LOG_KEY, ORIGIN, TOPIC, FixedClock, TestLedger, decisions
from tests.witness_world import INSPECTORATE, PEER, Calls, Leaves, both, new_witness, policy_text


class Watched(TestLedger):
    """A ledger that witnesses cosign; it can be started again as another process would."""

    def __init__(self, folder: Path, witnesses: Witnesses) -> None:
        self.witnesses = witnesses
        self.told = MemoryLog({CHECKPOINTS: 1})
        super().__init__(folder)

    def started(self) -> LedgerWriter:
        """As `TestLedger.started`, with witnesses."""
        source = MemorySource.assigned(self.log, [TOPIC], self.store.next_offsets())
        return LedgerWriter(
            LedgerParts(
                source,
                self.store,
                self.tiles,
                LOG_KEY,
                self.registry,
                FixedClock(),
                MemorySink(self.told),
                witnesses=self.witnesses,
            )
        )

    def reading(self, log: MemoryLog) -> Watched:
        """The same, on the topics that an earlier process read."""
        self.log = log
        self.writer = self.started()
        return self

    def until(self, holds: Callable[[], bool]) -> None:
        """Step until something holds, ten seconds at most."""
        deadline = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < deadline, "it did not come to that"
            self.writer.step(0.001)

    def until_cosigned(self, size: int) -> None:
        """Step until the quorum cosigned so many entries."""
        self.until(lambda: self.cosigned() == size)

    def cosigned(self) -> int:
        """Entries under the checkpoint that the quorum cosigned; -1 when there is none."""
        note = self.tiles.read(COSIGNED_FILE)
        return -1 if note is None else parse_checkpoint(note).checkpoint.size

    def status(self) -> dict[str, str]:
        """What each witness answered last, by its address."""
        document = json.loads(self.tiles.read(STATUS_FILE) or b"{}")
        return {one["url"]: one["state"] for one in document["witnesses"]}


def test_a_checkpoint_is_cosigned_and_takes_its_own_place(tmp_path: Path) -> None:
    """`checkpoint` has the lines of both witnesses, and everybody is told."""
    witnesses, _ = both(tmp_path)
    ledger = Watched(tmp_path, witnesses)
    ledger.write(decisions(300))
    ledger.until(lambda: ledger.cosigned() == 300)

    note = ledger.tiles.checkpoint()
    assert note == ledger.tiles.read(COSIGNED_FILE)
    assert witnesses.policy.judge(parse_checkpoint(note or b"")).reached
    assert ledger.told.records(CHECKPOINTS)[-1].value == note
    ledger.close()


def test_it_goes_on_with_what_was_added(tmp_path: Path) -> None:
    """Each time with a proof from what the witnesses saw."""
    witnesses, _ = both(tmp_path)
    ledger = Watched(tmp_path, witnesses)
    for total in (1, 255, 257, 600):
        ledger.write(decisions(total - max(ledger.cosigned(), 0), max(ledger.cosigned(), 0) + 1))
        ledger.until_cosigned(total)

    assert set(ledger.status().values()) == {"cosigned"}
    ledger.close()


def test_nothing_waits_for_a_witness(tmp_path: Path) -> None:
    """Entries are stored and published while no witness answers; afterwards all of it is cosigned."""
    witnesses, calls = both(tmp_path)
    calls.down = {"http://w1", "http://w2"}
    ledger = Watched(tmp_path, witnesses)
    ledger.write(decisions(20))

    assert parse_checkpoint(ledger.tiles.checkpoint() or b"").checkpoint.size == 20
    ledger.until(lambda: set(ledger.status().values()) == {"unreachable"})
    assert ledger.cosigned() == -1
    calls.down = set()
    ledger.until(lambda: ledger.cosigned() == 20)
    assert set(ledger.status().values()) == {"cosigned"}
    ledger.close()


def test_without_a_quorum_the_checkpoint_stays_the_logs_own(tmp_path: Path) -> None:
    """One of two is not enough where the policy says all."""
    witnesses, calls = both(tmp_path)
    calls.down = {"http://w2"}
    ledger = Watched(tmp_path, witnesses)
    ledger.write(decisions(20))
    ledger.until(lambda: ledger.status() == {"http://w1": "cosigned", "http://w2": "unreachable"})

    assert len(parse_checkpoint(ledger.tiles.checkpoint() or b"").signatures) == 1
    ledger.close()


def test_one_is_enough_where_the_policy_says_any(tmp_path: Path) -> None:
    """Then an outage of the other is only told."""
    witnesses, calls = both(tmp_path, "any")
    calls.down = {"http://w2"}
    ledger = Watched(tmp_path, witnesses)
    ledger.write(decisions(20))
    ledger.until(lambda: ledger.cosigned() == 20)

    assert ledger.status()["http://w2"] == "unreachable"
    ledger.close()


def _restored_yesterday(folder: Path, kept: Path) -> None:
    """Put the copy in the place of what was written since."""
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "tlog")
    shutil.copytree(kept, folder, dirs_exist_ok=True)


def test_an_old_copy_is_found_before_anything_is_written(tmp_path: Path) -> None:
    """F19: database and folder of yesterday agree with each other, and only a witness knows better."""
    witnesses, _ = both(tmp_path / "w")
    (tmp_path / "l").mkdir()
    ledger = Watched(tmp_path / "l", witnesses)
    ledger.write(decisions(10))
    ledger.close()
    kept = tmp_path / "kept"
    shutil.copytree(tmp_path / "l", kept)
    later = Watched(tmp_path / "l", witnesses).reading(ledger.log)
    later.write(decisions(10, 11))
    later.until(lambda: later.cosigned() == 20)
    later.close()

    _restored_yesterday(tmp_path / "l", kept)
    restored = Watched(tmp_path / "l", witnesses).reading(ledger.log)
    with pytest.raises(EvidenceError) as caught:
        restored.write(decisions(5, 50))
    assert caught.value.code == "witness-refuses"
    assert restored.store.acquire().size == 10
    assert set(restored.status().values()) == {"refused"}
    restored.close()


def test_a_tail_that_was_cut_is_found(tmp_path: Path) -> None:
    """F19: a ledger that begins again under its old name is behind what the witnesses saw."""
    witnesses, _ = both(tmp_path / "w")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ledger = Watched(tmp_path / "a", witnesses)
    ledger.write(decisions(10))
    ledger.until(lambda: ledger.cosigned() == 10)
    ledger.close()

    again = Watched(tmp_path / "b", witnesses)
    with pytest.raises(EvidenceError) as caught:
        again.write(decisions(3))
    assert caught.value.code == "witness-refuses"
    assert again.store.acquire().size == 0
    again.close()


def test_a_second_history_that_nobody_could_be_asked_about_is_found_later(tmp_path: Path) -> None:
    """F20: it is longer than what was seen, and does not contain it."""
    witnesses, calls = both(tmp_path / "w")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ledger = Watched(tmp_path / "a", witnesses)
    ledger.write(decisions(10))
    ledger.until(lambda: ledger.cosigned() == 10)
    ledger.close()

    calls.down = {"http://w1", "http://w2"}
    fork = Watched(tmp_path / "b", witnesses)
    fork.write(decisions(20, 100))
    calls.down = set()
    with pytest.raises(EvidenceError) as caught:
        fork.until(lambda: fork.cosigned() == 20)
    assert caught.value.code == "witness-refuses"
    assert fork.cosigned() == -1
    fork.close()


def test_a_refusal_is_no_news_the_second_time(tmp_path: Path) -> None:
    """A writer that is stepped on regardless hears it again."""
    witness, store = new_witness(tmp_path)
    calls = Calls({"http://w2": witness})
    policy = parse_policy(f"witness raad {PEER.verifier} http://w2\nquorum raad\n".encode())
    visit(sites_of(policy)[0], Leaves(9).signed, 0, calls, lambda _: None)
    ledger = TestLedger(tmp_path)
    cosigning = Cosigning(Witnesses(policy, calls), ledger.tiles, FixedClock())

    with pytest.raises(EvidenceError):
        cosigning.ask(Leaves(5).note)
    with pytest.raises(EvidenceError):
        cosigning.settle()
    ledger.close()
    store.close()


def test_a_disk_that_is_full_for_a_moment_loses_no_cosignature(tmp_path: Path) -> None:
    """What was gathered is published by the next call."""
    witnesses, _ = both(tmp_path)
    ledger = TestLedger(tmp_path)
    ledger.write(decisions(4))
    failing = [True]

    class Full(TileDirectory):
        def write(self, files: Sequence[File]) -> None:
            if failing:
                failing.clear()
                raise UnavailableError("the disk is full")
            super().write(files)

    cosigning = Cosigning(witnesses, Full(ledger.folder), FixedClock())
    with pytest.raises(UnavailableError):
        cosigning.ask(ledger.tiles.checkpoint() or b"")

    assert cosigning.settle() == ledger.tiles.read(COSIGNED_FILE)
    ledger.close()


def test_lateness_is_told_once(tmp_path: Path) -> None:
    """After the policy's time without a quorum."""
    witnesses, calls = both(tmp_path)
    calls.down = {"http://w1", "http://w2"}
    ledger = TestLedger(tmp_path)
    ledger.write(decisions(4))

    class Moving(FixedClock):
        seconds = 100.0

        def monotonic(self) -> float:
            return self.seconds

    clock = Moving()
    cosigning = Cosigning(witnesses, ledger.tiles, clock, Pace(late=900))
    with capture_logs() as said:
        cosigning.offer(ledger.tiles.checkpoint() or b"")
        for clock.seconds in (500.0, 1001.0, 2000.0):
            cosigning.settle()

    assert [line["lag_seconds"] for line in said if line["event"] == logs.COSIGNING_LATE] == [901]
    cosigning.close()
    ledger.close()


@pytest.mark.parametrize(
    ("status", "answer", "outcome"),
    [
        pytest.param(404, b"", Outcome.REJECTED, id="unknown log"),
        pytest.param(403, b"", Outcome.REJECTED, id="unknown key"),
        pytest.param(200, b"ok\n", Outcome.REJECTED, id="no lines"),
        pytest.param(200, "\u2014 x AAAAAAAA\n".encode(), Outcome.REJECTED, id="a line of a stranger"),
        pytest.param(409, b"many\n", Outcome.REJECTED, id="no number"),
        pytest.param(409, b"3\n", Outcome.REJECTED, id="the size it was asked from"),
        pytest.param(409, b"6\n", Outcome.REFUSED, id="more entries"),
        pytest.param(409, b"5\n", Outcome.REFUSED, id="another root"),
        pytest.param(422, b"", Outcome.REFUSED, id="not part of this log"),
        pytest.param(503, b"", Outcome.REJECTED, id="not now"),
    ],
)
def test_an_answer_has_one_meaning(tmp_path: Path, status: int, answer: bytes, outcome: Outcome) -> None:
    """Only what speaks of another history is a refusal."""
    ledger = TestLedger(tmp_path)
    ledger.write(decisions(5))
    site = sites_of(parse_policy(policy_text().encode()))[1]

    class Fixed:
        def add_checkpoint(self, url: str, body: bytes) -> tuple[int, bytes]:
            return status, answer

    signed = parse_checkpoint(ledger.tiles.checkpoint() or b"")
    assert visit(site, signed, 3, Fixed(), ledger.tiles.read).outcome is outcome
    ledger.close()


def test_a_damaged_tile_of_our_own_is_no_refusal(tmp_path: Path) -> None:
    """A proof is checked before it is sent: the witness is not even asked."""
    ledger = TestLedger(tmp_path)
    ledger.write(decisions(300))
    tile = ledger.folder / "tile" / "0" / "000"
    tile.write_bytes(bytes(len(tile.read_bytes())))
    calls = Calls({})

    signed = parse_checkpoint(ledger.tiles.checkpoint() or b"")
    site = sites_of(parse_policy(policy_text().encode()))[0]
    assert visit(site, signed, 3, calls, ledger.tiles.read).outcome is Outcome.REJECTED
    assert calls.asked == {}
    ledger.close()


def test_a_log_with_two_keys_signs_with_both(tmp_path: Path) -> None:
    """The ML-DSA-44 line stands beside the Ed25519 line, without a time."""
    ledger = TestLedger(tmp_path)
    signer = SoftwareSigner.generate(Algorithm.ML_DSA_44)
    key = type(LOG_KEY)(LOG_KEY.signer, LOG_KEY.verifier, SecondKey(signer, signer.verifying_key))
    source = MemorySource.assigned(ledger.log, [TOPIC], {})
    parts = LedgerParts(source, ledger.store, ledger.tiles, key, ledger.registry, FixedClock())
    ledger.writer = LedgerWriter(parts)
    ledger.write(decisions(3))

    signed = parse_checkpoint(ledger.tiles.checkpoint() or b"")
    second = CosignerKey(ORIGIN, signer.verifying_key)
    assert [line.key_id for line in signed.signatures] == [LOG_KEY.verifier.id, second.id]
    assert [found.seconds for found in cosignatures(signed, [second])] == [0]
    ledger.close()


def test_witnesses_of_one_address_are_asked_once() -> None:
    """One with two keys stands in the policy twice."""
    text = (
        f"witness old {PEER.verifier} http://w\nwitness new {INSPECTORATE.verifier} http://w\n"
        "group w any old new\nquorum w\n"
    )
    (site,) = sites_of(parse_policy(text.encode()))

    assert (site.names, len(site.keys)) == (("old", "new"), 2)
