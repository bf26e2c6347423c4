"""The tray: what is put in it is sent once, or somebody is told why not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.document_files import FolderDocuments
from broker.adapters.memory import MemorySink
from broker.adapters.system import system_entropy
from broker.errors import UnavailableError
from broker.parts import PublisherParts
from broker.ports import Outgoing, Position
from producers.client import Publisher
from producers.tray import Tray
from tests.tray_world import document, files, put, read
from tests.world import World


class Deaf(MemorySink):
    """A Kafka that takes what it is given and never acknowledges."""

    def write(self, records: Sequence[Outgoing]) -> Sequence[Position]:
        """Written; nobody hears of it."""
        super().write(records)
        raise UnavailableError("no acknowledgement")


def deaf(world: World) -> Publisher:
    """The publisher of the SHG, impatient, on such a Kafka."""
    parts = PublisherParts(
        sink=Deaf(world.log, "shg-noord"),
        keeper=world.keeper(),
        sender=world.sender("shg-noord"),
        signers=world.members["shg-noord"].keys.signers,
        clock=world.clock,
        entropy=system_entropy,
    )
    return Publisher(parts, patience=0.01)


def out(folder: Path, world: World, name: str = "report.json", **changes: object) -> Path:
    """A report in ``out/``."""
    return put(folder / "out" / name, document(world.view, "E01", "amk-noord", **changes))


def test_what_is_sent_moves_with_the_identity_that_it_was_sent_with(tmp_path: Path) -> None:
    """The document in ``sent/`` names its message and its case."""
    world, tray = World(), Tray(FolderDocuments(tmp_path))
    out(tmp_path, world, subjects=2)

    with world.publisher("shg-noord") as publisher:
        (outcome,) = tray.send(publisher)

    kept = read(tmp_path / "sent" / "report.json")
    assert (outcome.state, outcome.detail) == ("sent", kept["message_id"])
    assert (len(kept["case"]), len(kept["subjects"]), files(tmp_path / "out")) == (32, 2, [])


def test_what_is_not_confirmed_stays_and_is_the_same_message_again(tmp_path: Path) -> None:
    """It may be with Kafka already: sent again under the same id, everybody drops the repeat."""
    world, tray = World(), Tray(FolderDocuments(tmp_path))
    path = out(tmp_path, world)
    with deaf(world) as publisher:
        (waiting,) = tray.send(publisher)
    before = read(path)

    with world.publisher("shg-noord") as publisher:
        (outcome,) = tray.send(publisher)

    assert (waiting.state, waiting.detail) == ("waiting", "unconfirmed")
    assert outcome.detail == before["message_id"]
    assert read(tmp_path / "sent" / "report.json") == before


def test_nothing_overtakes_what_was_not_confirmed(tmp_path: Path) -> None:
    """Later documents wait, so that order within a case is kept."""
    world, tray = World(), Tray(FolderDocuments(tmp_path))
    out(tmp_path, world, "1.json")
    out(tmp_path, world, "2.json")

    with deaf(world) as publisher:
        outcomes = list(tray.send(publisher))

    assert [outcome.name for outcome in outcomes] == ["1.json"]
    assert files(tmp_path / "out") == ["1.json", "2.json"]


def test_a_refused_document_says_why_by_names_only(tmp_path: Path) -> None:
    """Reason code and offending names lie beside it; the next one is sent."""
    world, tray = World(), Tray(FolderDocuments(tmp_path))
    out(tmp_path, world, "1.json", assertions={"domestic_violence_report": True})
    out(tmp_path, world, "2.json")

    with world.publisher("shg-noord") as publisher:
        outcomes = list(tray.send(publisher))

    assert [outcome.state for outcome in outcomes] == ["refused", "sent"]
    assert files(tmp_path / "refused") == ["1.json", "1.reason.json"]
    reason = read(tmp_path / "refused" / "1.reason.json")
    assert reason == {"reason": "predicate", "offending": ["children_in_family"]}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"to": []}, {"reason": "not-a-document", "offending": ["to"]}, id="form"),
        pytest.param(
            {"to": ["nobody-at-all"]},
            {"reason": "unknown-agency", "offending": ["to"]},
            id="addressee",
        ),
        pytest.param(
            {"forwards": "02" * 16, "forwarded_from": "nobody-at-all"},
            {"reason": "unknown-agency", "offending": ["forwarded_from"]},
            id="first-sender",
        ),
        pytest.param(
            {"forwards": "02" * 16},
            {"reason": "forward-without-origin", "offending": ["forwarded_from"]},
            id="forward",
        ),
        pytest.param(
            {"groups": {"CO": {"concern_description": "x" * 1_100_000}}},
            {"reason": "document-too-large", "offending": []},
            id="large",
        ),
    ],
)
def test_what_cannot_be_sent_at_all_is_refused_too(
    tmp_path: Path, changes: dict[str, Any], reason: dict[str, object]
) -> None:
    """A document with a mistake in it does not hold up the others."""
    world, tray = World(), Tray(FolderDocuments(tmp_path))
    out(tmp_path, world, **changes)

    with world.publisher("shg-noord") as publisher:
        list(tray.send(publisher))

    assert read(tmp_path / "refused" / "report.reason.json") == reason


def test_a_name_that_was_used_is_not_used_again(tmp_path: Path) -> None:
    """Who puts the same document twice, before or after it was sent, sends it once."""
    world, tray = World(), Tray(FolderDocuments(tmp_path))
    report = document(world.view, "E01", "amk-noord")

    put_first = tray.put("a.json", report)
    with world.publisher("shg-noord") as publisher:
        list(tray.send(publisher))

    assert (put_first, tray.put("a.json", report)) == (True, False)
    assert files(tmp_path / "out") == []


def test_two_documents_of_one_name_are_both_kept(tmp_path: Path) -> None:
    """A person who uses a file name again loses nothing of what was sent before."""
    world, tray = World(), Tray(FolderDocuments(tmp_path))

    with world.publisher("shg-noord") as publisher:
        for _ in range(2):
            out(tmp_path, world)
            list(tray.send(publisher))

    assert files(tmp_path / "sent") == ["report.2.json", "report.json"]


def test_a_tray_is_closed_to_others(tmp_path: Path) -> None:
    """Documents hold personal data: folders and files are their owner's."""
    world, folder = World(), tmp_path / "tray"
    tray = Tray(FolderDocuments(folder))

    tray.put("a.json", document(world.view, "E01", "amk-noord"))

    modes = [(folder / place).stat().st_mode & 0o777 for place in (".", "out", "out/a.json")]
    assert modes == [0o700, 0o700, 0o600]
