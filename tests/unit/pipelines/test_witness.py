"""What a witness decides, case by case, with a real store."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.witness_store import SqliteWitnessStore
from broker.audit.checkpoint import Checkpoint, LogKey, VerifierKey, parse_checkpoint, sign_checkpoint
from broker.audit.cosignature import cosignatures
from broker.audit.witness import EMPTY, SIZE_TYPE, Finding, Known, parse_request, write_request
from broker.crypto import SoftwareSigner
from broker.errors import ConfigurationError, MalformedError
from broker.names import Algorithm, Digest
from broker.pipelines.witness import Witness, decide
from tests.audit_world import DECIDED, ORIGIN
from tests.witness_world import PEER, Leaves, new_witness

SEEN = Leaves(5)
GROWN = Leaves(9)
FORKED = Leaves(9, "other", fork=3)
KNOWN = Known(5, SEEN.checkpoint.root)


def _stranger(origin: str) -> LogKey:
    signer = SoftwareSigner.generate(Algorithm.ED25519)
    return LogKey(signer, VerifierKey(origin, signer.verifying_key))


def _by_stranger(origin: str) -> bytes:
    key = _stranger(origin)
    checkpoint = Checkpoint(origin, 9, GROWN.checkpoint.root)
    return sign_checkpoint(checkpoint, key.signer, key.verifier)


@pytest.mark.parametrize(
    ("old", "log", "proof", "known", "finding"),
    [
        pytest.param(0, SEEN, [], EMPTY, Finding.COSIGN, id="seen for the first time"),
        pytest.param(5, GROWN, GROWN.proof(5), KNOWN, Finding.COSIGN, id="grown"),
        pytest.param(5, SEEN, [], KNOWN, Finding.COSIGN, id="the same again"),
        pytest.param(0, Leaves(0), [], EMPTY, Finding.COSIGN, id="an empty log"),
        pytest.param(0, GROWN, [], KNOWN, Finding.STALE, id="asked from nothing"),
        pytest.param(7, GROWN, GROWN.proof(7), KNOWN, Finding.STALE, id="asked from a size not cosigned"),
        pytest.param(3, Leaves(3), [], KNOWN, Finding.STALE, id="rolled back"),
        pytest.param(0, Leaves(3), [], KNOWN, Finding.STALE, id="rolled back, asked from nothing"),
        pytest.param(5, Leaves(5, "other"), [], KNOWN, Finding.FORK, id="split view of one size"),
        pytest.param(0, Leaves(5, "other"), [], KNOWN, Finding.FORK, id="split view, asked from nothing"),
        pytest.param(5, FORKED, FORKED.proof(5), KNOWN, Finding.UNPROVEN, id="history rewritten"),
        pytest.param(5, GROWN, [], KNOWN, Finding.UNPROVEN, id="no proof"),
        pytest.param(5, GROWN, GROWN.proof(5)[:-1], KNOWN, Finding.UNPROVEN, id="proof too short"),
        pytest.param(5, GROWN, [*GROWN.proof(5), bytes(32)], KNOWN, Finding.UNPROVEN, id="proof too long"),
        pytest.param(0, SEEN, [bytes(32)], EMPTY, Finding.UNPROVEN, id="proof from nothing"),
    ],
)
def test_a_request_is_decided(
    old: int, log: Leaves, proof: list[bytes], known: Known, finding: Finding
) -> None:
    """By what the witness knows, and by nothing else."""
    assert decide(parse_request(write_request(old, proof, log.note)), known) is finding


def test_what_is_cosigned_is_remembered_first(tmp_path: Path) -> None:
    """The answer verifies, and the store has it."""
    witness, store = new_witness(tmp_path)

    answer = witness.add_checkpoint(write_request(0, [], SEEN.note), DECIDED)
    (found,) = cosignatures(parse_checkpoint(SEEN.note + answer.body), [PEER.verifier])
    assert (answer.status, found.seconds) == (200, DECIDED // 1_000_000)
    assert store.known(ORIGIN) == KNOWN


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="nothing"),
        pytest.param(write_request(0, [], SEEN.note)[:-3], 400, id="cut off"),
        pytest.param(write_request(6, [], SEEN.note), 400, id="old beyond the checkpoint"),
        pytest.param(write_request(0, [bytes(32)] * 64, SEEN.note), 400, id="64 hashes"),
        pytest.param(b"old 00\n\n" + SEEN.note, 400, id="a number with zeroes"),
        pytest.param(b"old 0\nx\n\n" + SEEN.note, 400, id="no hash"),
        pytest.param(write_request(0, [], b"x" * 140_000), 400, id="too large"),
        pytest.param(write_request(0, [], _by_stranger("other.invalid/log")), 404, id="unknown log"),
        pytest.param(write_request(0, [], _by_stranger(ORIGIN)), 403, id="unknown key"),
    ],
)
def test_what_is_no_request_of_a_known_log_changes_nothing(tmp_path: Path, body: bytes, status: int) -> None:
    """The status says which; the store stays as it was."""
    witness, store = new_witness(tmp_path)

    assert witness.add_checkpoint(body, DECIDED).status == status
    assert store.known(ORIGIN) == EMPTY
    assert store.conflicts() == []


def test_a_forged_signature_is_not_that_of_the_log(tmp_path: Path) -> None:
    """A line with the log's key id that does not verify counts against the request."""
    witness, _ = new_witness(tmp_path)
    note = SEEN.note.replace(b"\n5\n", b"\n6\n")

    assert witness.add_checkpoint(write_request(0, [], note), DECIDED).status == 403


def test_the_known_size_is_told(tmp_path: Path) -> None:
    """As C2SP tlog-witness has it, with its media type."""
    witness, _ = new_witness(tmp_path)
    witness.add_checkpoint(write_request(0, [], SEEN.note), DECIDED)

    answer = witness.add_checkpoint(write_request(0, [], GROWN.note), DECIDED)
    assert (answer.status, answer.body, answer.kind) == (409, b"5\n", SIZE_TYPE)


@pytest.mark.parametrize(
    ("log", "finding"),
    [
        pytest.param(Leaves(5, "other"), "fork", id="one size, two roots"),
        pytest.param(FORKED, "unproven", id="grown from another root"),
    ],
)
def test_a_second_history_is_kept_with_the_first(tmp_path: Path, log: Leaves, finding: str) -> None:
    """Both checkpoints, as their log signed them, once; and nothing is cosigned."""
    witness, store = new_witness(tmp_path)
    witness.add_checkpoint(write_request(0, [], SEEN.note), DECIDED)

    for _ in range(2):
        answer = witness.add_checkpoint(write_request(5, log.proof(5), log.note), DECIDED)
        assert answer.conflict is not None
        assert not answer.body.startswith("\u2014".encode())
    (kept,) = store.conflicts()
    assert (kept.finding, kept.known_note, kept.note) == (finding, SEEN.note, log.note)
    assert store.known(ORIGIN) == KNOWN


def test_of_two_requests_at_once_one_wins(tmp_path: Path) -> None:
    """Two histories race: whoever comes second hears of the first."""
    for number in range(8):
        folder = tmp_path / str(number)
        folder.mkdir()
        witness, store = new_witness(folder)
        second, other = new_witness(folder)
        witness.add_checkpoint(write_request(0, [], Leaves(3).note), DECIDED)
        statuses: list[int] = []
        logs, together = [GROWN, FORKED], Barrier(2)

        def ask(who: Witness, log: Leaves, together: Barrier = together, to: list[int] = statuses) -> None:
            together.wait()
            to.append(who.add_checkpoint(write_request(3, log.proof(3), log.note), DECIDED).status)

        threads = [Thread(target=ask, args=pair) for pair in zip([witness, second], logs, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(statuses) == [200, 409]
        assert store.known(ORIGIN).size == 9
        assert [kept.finding for kept in other.conflicts()] == ["fork"]
        store.close()
        other.close()


def test_a_swap_needs_what_was_compared(tmp_path: Path) -> None:
    """A smaller checkpoint that was decided on before a larger one came is not stored over it."""
    _, store = new_witness(tmp_path)

    assert store.advance(ORIGIN, EMPTY, GROWN.signed, DECIDED)
    assert not store.advance(ORIGIN, EMPTY, SEEN.signed, DECIDED)
    assert not store.advance(ORIGIN, Known(9, Digest(bytes(32))), Leaves(12).signed, DECIDED)
    assert store.known(ORIGIN).size == 9


def test_what_was_cosigned_is_there_after_a_restart(tmp_path: Path) -> None:
    """The store is the memory, not the process."""
    witness, store = new_witness(tmp_path)
    witness.add_checkpoint(write_request(0, [], GROWN.note), DECIDED)
    store.close()

    again, _ = new_witness(tmp_path)
    assert again.add_checkpoint(write_request(0, [], SEEN.note), DECIDED).body == b"9\n"


def test_a_witness_without_memory_does_not_start(tmp_path: Path) -> None:
    """It would cosign a second history; and a store is never made over another."""
    with pytest.raises(ConfigurationError) as caught:
        SqliteWitnessStore(tmp_path / "lost.sqlite")
    assert caught.value.code == "no-witness-store"

    SqliteWitnessStore.create(tmp_path / "made.sqlite")
    with pytest.raises(ConfigurationError):
        SqliteWitnessStore.create(tmp_path / "made.sqlite")


def test_another_file_is_no_store(tmp_path: Path) -> None:
    """Said at the start, not at the first request."""
    (tmp_path / "x.sqlite").write_bytes(b"no database" * 100)

    with pytest.raises(ConfigurationError):
        SqliteWitnessStore(tmp_path / "x.sqlite")


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=60).map(lambda b: b"old 0\n" + b + SEEN.note)))
def test_noise_is_malformed(noise: bytes) -> None:
    """Nothing else is ever raised."""
    try:
        parse_request(noise)
    except MalformedError:
        return
