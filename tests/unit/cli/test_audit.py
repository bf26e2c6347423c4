"""`schakel audit` and `schakel ledger` on the ledger of a sandbox, written without Kafka."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.access_log import SqlAccessLog
from broker.adapters.database import migrate, open_engine
from broker.adapters.keyfiles import read_signer
from broker.adapters.ledger_reader import SqlLedgerReader
from broker.adapters.ledger_store import SqlLedgerStore
from broker.adapters.memory import MemoryLog, MemorySource
from broker.adapters.system import SystemClock
from broker.adapters.tiles import TileDirectory
from broker.assembly import keeper
from broker.audit.access import read_access
from broker.audit.access_store import AccessQuery
from broker.audit.checkpoint import LogKey, VerifierKey
from broker.audit.decision_record import write_records
from broker.cli import audit_looking
from broker.cli.main import main
from broker.names import Micros
from broker.operations.explaining_decision import STEPS
from broker.parts import LedgerParts
from broker.ports import Outgoing
from broker.sandbox.exchange import build
from broker.sandbox.layout import Layout
from broker.settings import GateProfile, LedgerProfile, load_profile
from consumers.ledger_writer import LedgerWriter
from tests.audit_world import TOPIC, decisions

COUNT = 12
WHY = ("--purpose", "toezicht", "--reference", "klacht 8")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sandbox with a registry and a ledger, made once."""
    directory = tmp_path_factory.mktemp("sandbox")
    build(directory, ["localhost:1"])
    layout = Layout(directory)
    gate = load_profile(layout.gate_profile, GateProfile)
    signer = read_signer(gate.keys / "sign-es256.pem")
    now = SystemClock().now()
    events = [replace(one, decided_at=Micros(now + n)) for n, one in enumerate(decisions(COUNT))]
    log = MemoryLog({TOPIC: 1})
    for value in write_records([(one, None) for one in events], gate.oin, [signer]):
        log.append(Outgoing(TOPIC, b"key", value))
    _write(load_profile(layout.ledger_profile, LedgerProfile), log)
    return directory


def _write(profile: LedgerProfile, log: MemoryLog) -> None:
    engine = open_engine(profile.database)
    migrate(engine)
    store, tiles = SqlLedgerStore(engine, profile.origin), TileDirectory(profile.tlog).acquire()
    signer = read_signer(profile.key)
    key = LogKey(signer, VerifierKey(profile.origin, signer.verifying_key))
    source = MemorySource.assigned(log, [TOPIC], {})
    writer = LedgerWriter(LedgerParts(source, store, tiles, key, keeper(profile), SystemClock()))
    assert writer.step(0.0) == COUNT
    writer.close()
    tiles.close()
    engine.dispose()


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """The JSON document that a command prints."""
    code = main([*words, "--json"])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    document: dict[str, object] = json.loads(printed.out)
    return document


def first_decision() -> str:
    """Id of the first decision."""
    return decisions(1)[0].decision_id.hex()


def test_ledger_show_has_what_a_verifier_needs(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Origin, size, root, key and folder."""
    shown = answer(capsys, "ledger", "show", "--dir", str(sandbox))

    assert shown["size"] == COUNT
    assert VerifierKey.parse(str(shown["verifier_key"])).name == shown["origin"]
    assert (Path(str(shown["directory"])) / "checkpoint").exists()


def test_ledger_fsck_finds_it_sound(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the keys of the registry, everything can be checked."""
    report = answer(capsys, "ledger", "fsck", "--dir", str(sandbox))

    assert (report["entries"], report["bad"], report["unchecked"]) == (COUNT, [], [])


def test_ledger_checkpoint_prints_the_note(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As it is published, byte for byte."""
    assert main(["ledger", "checkpoint", "--dir", str(sandbox)]) == 0
    note = (sandbox / "exchange" / "tlog" / "checkpoint").read_text(encoding="utf-8")

    assert capsys.readouterr().out == note


def test_audit_search_answers_page_by_page(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Newest first; `next` is where the next page begins, and null at the end."""
    words = ("audit", "search", "decision:released", "--purpose", "toezicht", "--reference", "zaak 1")
    first = answer(capsys, *words, "--limit", "4", "--dir", str(sandbox))
    rest = answer(capsys, *words, "--next", str(first["next"]), "--dir", str(sandbox))
    entries = [*list_of(first["entries"]), *list_of(rest["entries"])]

    assert [entry["seq"] for entry in entries] == sorted((entry["seq"] for entry in entries), reverse=True)
    assert {entry["outcome"] for entry in entries} == {"released"}
    assert {entry["status"] for entry in entries} == {"recorded"}
    assert rest["next"] is None


def list_of(value: object) -> list[dict[str, Any]]:
    """The entries of an answer."""
    assert isinstance(value, list)
    return value


def test_audit_search_is_recorded(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who looked, why, and how much was shown."""
    words = ("audit", "search", "reason:malformed", "--purpose", "toezicht", "--reference", "klacht 7")
    shown = answer(capsys, *words, "--dir", str(sandbox))
    engine = open_engine(load_profile(Layout(sandbox).ledger_profile, LedgerProfile).database)
    (row,) = SqlAccessLog(engine).search(AccessQuery(reference="klacht 7"), 10)
    engine.dispose()
    event, entries = read_access(row.event_bytes), list_of(shown["entries"])

    assert (event.query, event.hits, event.command) == ("reason:malformed", len(entries), "search")
    assert [one.hex() for one in event.decisions] == [entry["decision_id"] for entry in entries]
    assert event.person.startswith("certificate:inspectie-jeugdzorg:")


@pytest.mark.parametrize("words", [["from:shg"], ["from:shg", "--purpose", "toezicht"]])
def test_audit_search_asks_why(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without purpose and reference nothing is shown."""
    assert main(["audit", "search", *words]) == 2
    assert capsys.readouterr().out == ""


def test_a_proof_is_written_and_verified(
    sandbox: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the ledger to a file, with an inspector's profile; and from the file alone."""
    file, profile = tmp_path / "proof.zip", Layout(sandbox).viewer_profile("inspector")
    answer(capsys, "audit", "prove", first_decision(), "-o", str(file), *WHY, "--profile", str(profile))
    key = str(answer(capsys, "ledger", "show", "--dir", str(sandbox))["verifier_key"])
    report = answer(capsys, "audit", "verify", str(file), "--log-key", key)

    assert (report["verified"], report["pinned"], report["size"]) == (True, True, COUNT)


def test_a_damaged_proof_is_exit_seven(
    sandbox: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong evidence has a number of its own."""
    file = tmp_path / "proof.zip"
    answer(capsys, "audit", "prove", first_decision(), "-o", str(file), *WHY, "--dir", str(sandbox))
    file.write_bytes(file.read_bytes()[:-1] + b"x")

    assert main(["audit", "verify", str(file)]) == 7


def test_audit_show_shows_one_entry(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a document, and as a table for people."""
    shown = answer(capsys, "audit", "show", first_decision(), *WHY, "--dir", str(sandbox))

    assert shown["decision_id"] == first_decision()
    assert main(["audit", "show", first_decision(), *WHY, "--dir", str(sandbox)]) == 0
    assert first_decision() in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["audit", "show", "00" * 32, *WHY], 2),
        (["audit", "show", "11" * 32], 2),
        (["audit", "show", "x", *WHY], 2),
        (["audit", "search", "colour:red", "--purpose", "toezicht", "--reference", "1"], 2),
        (["audit", "search", "--purpose", "Too Zicht", "--reference", "1"], 2),
        (["audit", "search", "--purpose", "toezicht", "--reference", "1", "--next", "x"], 2),
    ],
)
def test_a_wrong_question_is_exit_two(
    sandbox: Path, words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says what was wrong, on stderr only."""
    assert main([*words, "--dir", str(sandbox)]) == code
    assert capsys.readouterr().out == ""


def test_audit_search_counts_what_it_finds(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Total, facets and histogram are of everything that answers, not of the page."""
    words = ("audit", "search", "decision:released", *WHY, "--counts", "--limit", "1", "--dir", str(sandbox))
    found = answer(capsys, *words)
    released = sum(event.outcome.value == "released" for event in decisions(COUNT))

    assert found["total"] == released
    assert found["facets"]["decision"] == [{"value": "released", "count": released}]  # type: ignore[index]
    assert sum(bucket["count"] for bucket in found["histogram"]["counts"]) == released  # type: ignore[index]
    assert main([*words]) == 0
    assert f"{released} in all" in capsys.readouterr().out


def test_audit_timeline_shows_one_case_in_order(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The decisions about the case, as a document and for people."""
    facts = decisions(1)[0].message
    assert facts is not None
    words = ("audit", "timeline", facts.case_ref.hex(), *WHY, "--dir", str(sandbox))
    moments = list_of(answer(capsys, *words)["moments"])

    of_the_case = [
        event.decision_id.hex()
        for event in decisions(COUNT)
        if event.message is not None and event.message.case_ref == facts.case_ref
    ]
    assert [m["decision"]["decision_id"] for m in moments if m["kind"] == "decision"] == of_the_case
    assert main([*words]) == 0
    assert "released" in capsys.readouterr().out


def test_audit_why_explains_step_by_step(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every step, and what came of deciding again."""
    shown = answer(capsys, "audit", "why", first_decision(), *WHY, "--dir", str(sandbox))
    topics = [sentence["topic"] for sentence in list_of(shown["sentences"])]

    assert topics.count("step") == len(STEPS)
    assert topics[-1] == "recheck"


def test_audit_recheck_says_what_comes_out_otherwise(
    sandbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One decision, or a sample: these were never taken by a gate, so the exit code is that of evidence."""
    words = ("audit", "recheck", first_decision(), *WHY, "--dir", str(sandbox), "--json")
    assert main([*words]) == 7
    one = json.loads(capsys.readouterr().out)
    assert main(["audit", "recheck", "--sample", "1000", *WHY, "--dir", str(sandbox), "--json"]) == 7
    some = json.loads(capsys.readouterr().out)

    assert one["counts"]["differs"] == 1
    assert len(some["decisions"]) == COUNT


def test_audit_scan_is_complete_with_and_without_a_ledger(
    sandbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the ledger's own folder, and from a copy with a key; both say what they are complete up to."""
    own = answer(capsys, "audit", "scan", "decision:refused", *WHY, "--dir", str(sandbox))
    key = str(answer(capsys, "ledger", "show", "--dir", str(sandbox))["verifier_key"])
    folder = str(sandbox / "exchange" / "tlog")
    copied = answer(capsys, "audit", "scan", "decision:refused", "--log", folder, "--log-key", key)

    assert own == copied
    assert own["total"] == sum(event.outcome.value == "refused" for event in decisions(COUNT))
    assert own["checkpoint"]["size"] == COUNT  # type: ignore[index]


@pytest.mark.parametrize("words", [["--log", "."], ["--log", ".", "--log-key", "x"], []])
def test_audit_scan_asks_for_what_it_needs(words: list[str], sandbox: Path) -> None:
    """A key with a copy; a reason with a ledger; a folder that holds a log."""
    assert main(["audit", "scan", *words, "--dir", str(sandbox)]) in {2, 3}


@pytest.mark.parametrize("words", [[], [first_decision(), "--sample", "1"]])
def test_audit_recheck_asks_which(sandbox: Path, words: list[str]) -> None:
    """An id or a sample, and not both."""
    assert main(["audit", "recheck", *words, *WHY, "--dir", str(sandbox)]) == 2


def test_verifying_loads_neither_network_nor_database() -> None:
    """A bundle is checked by code that could reach nothing."""
    probe = (
        "import sys; from broker.cli.main import main; main(['audit', 'verify', 'nowhere.zip']);"
        "print(sorted({'kafka', 'sqlalchemy', 'tuf', 'alembic', 'requests', 'psycopg'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == "[]"


def test_the_first_digits_of_an_id_are_enough(sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody types 64 digits."""
    shown = answer(capsys, "audit", "show", first_decision()[:8].upper(), *WHY, "--dir", str(sandbox))

    assert shown["decision_id"] == first_decision()


def test_a_search_keeps_ids_whole_on_a_terminal(
    sandbox: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal of 80 columns as well: an id that is cut cannot be asked for."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    words = ("--purpose", "toezicht", "--reference", "zaak 1", "--dir", str(sandbox))

    assert main(["audit", "search", "", *words, "--second-ground", "test:proef"]) == 0
    shown = capsys.readouterr().out
    assert first_decision() in shown
    assert "00000099000000002000/SHG" in shown


def test_a_party_and_a_type_have_the_names_that_people_use() -> None:
    """Short name and code where registry and catalogue have them, number and last words otherwise."""
    known = {"oin": "1", "role": "SHG"}
    short = audit_looking.ShortNames({"nl.x.melding.v1": "E01"}, {"1": "shg-noord"})

    assert (short.type({"type": "nl.x.melding.v1"}), short.party(known)) == ("E01", "shg-noord")
    assert (short.type({"type": "nl.x.ander.v1"}), short.party({**known, "oin": "2"})) == (
        "ander.v1",
        "2/SHG",
    )


def test_a_prefix_finds_no_more_than_asked_for(sandbox: Path) -> None:
    """Two are enough to know that it is ambiguous."""
    profile = load_profile(Layout(sandbox).ledger_profile, LedgerProfile)
    engine = open_engine(profile.database)
    reader = SqlLedgerReader(engine)

    assert len(reader.find_prefix("", 2)) == 2
    assert [row.decision_id.hex() for row in reader.find_prefix(first_decision()[:9], 2)] == [
        first_decision()
    ]
    engine.dispose()
