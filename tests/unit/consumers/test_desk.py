"""The desk: what arrives is laid out once, with drafts of the answers that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from broker.adapters.document_files import FolderDocuments
from broker.adapters.inbox import SqliteInbox
from broker.errors import UnavailableError
from consumers.amk_desk import prepare
from consumers.desk import Desk
from consumers.handlers import Reject
from producers.tray import Tray
from tests.tray_world import complete, desk, desk_parts, files, put, read
from tests.world import World


def receive(world: World, folder: Path) -> list[str]:
    """Let the AMK's desk receive what was sent; returns the names of its drafts."""
    at_amk, gate = desk(world, "amk-noord", folder, prepare), world.gate()
    world.settle(gate, at_amk.subscriber)
    at_amk.step(0.0)
    at_amk.close()
    gate.close()
    return files(folder / "drafts")


def test_a_report_is_laid_out_with_drafts_of_decision_and_feedback(tmp_path: Path) -> None:
    """The document under its message id, and drafts of E04, E05 and what the family is told (E26)."""
    world = World()
    sent = world.publisher("shg-noord").publish(world.record("E01"))

    drafts = receive(world, tmp_path)

    assert files(tmp_path / "in") == [f"{sent.message_id}.E01.json"]
    assert drafts == [f"{sent.message_id}.{name}.json" for name in ("E04", "E05.start", "E26.informed")]
    assert read(tmp_path / "in" / f"{sent.message_id}.E01.json")["from_name"] == "shg-noord"


def test_a_draft_completed_by_a_person_closes_the_circle(tmp_path: Path) -> None:
    """Moved to the tray it is sent, and the SHG gets the decision in answer to its report."""
    world, tray = World(), Tray(FolderDocuments(tmp_path / "tray"))
    sent = world.publisher("shg-noord").publish(world.record("E01"))
    receive(world, tmp_path)
    draft = read(tmp_path / "drafts" / f"{sent.message_id}.E04.json")
    put(tmp_path / "tray/out/besluit.json", complete(draft, world.view, taken_in_investigation=True))

    with world.publisher("amk-noord") as publisher:
        (outcome,) = tray.send(publisher)
    shg, gate = world.subscriber("shg-noord"), world.gate()
    world.settle(gate, shg)

    (decision,) = [d for d in world.handled["shg-noord"] if d.code == "E04"]
    assert outcome.state == "sent"
    assert (decision.header.causation_id, decision.case_ref) == (sent.message_id, sent.case_ref)
    assert str(decision.message_id) == draft["message_id"]


def test_a_draft_that_nobody_completed_is_not_sent(tmp_path: Path) -> None:
    """A null that is left is refused in the tray, by name."""
    world, tray = World(), Tray(FolderDocuments(tmp_path / "tray"))
    sent = world.publisher("shg-noord").publish(world.record("E01"))
    receive(world, tmp_path)
    put(tmp_path / "tray/out/besluit.json", read(tmp_path / f"drafts/{sent.message_id}.E04.json"))

    with world.publisher("amk-noord") as publisher:
        (outcome,) = tray.send(publisher)

    assert outcome.state == "refused"
    assert "taken_in_investigation" in outcome.detail


def arrived(world: World, folder: Path) -> Desk:
    """The desk of an AMK with a report that is stored and not laid out yet."""
    at_amk, gate = desk(world, "amk-noord", folder, prepare), world.gate()
    world.settle(gate, at_amk.subscriber)
    gate.close()
    return at_amk


def stored(world: World) -> list[tuple[int, str]]:
    """Of each row of the work table whether it was laid out, and the content that it has."""
    inbox = SqliteInbox(world.folder / "amk-noord.sqlite")
    with inbox.transaction() as tx:
        rows = tx.connection.execute("SELECT laid_out, document FROM desk").fetchall()
    inbox.close()
    return [(laid_out, content) for laid_out, content in rows]


def test_what_a_person_put_there_is_never_overwritten(tmp_path: Path) -> None:
    """The draft gets its other name."""
    world = World()
    sent = world.publisher("shg-noord").publish(world.record("E01"))
    at_amk, name = arrived(world, tmp_path), f"{sent.message_id}.E04.json"
    path = put(tmp_path / "drafts" / name, {"changed": True})

    at_amk.step(0.0)

    assert read(path) == {"changed": True}
    assert read(tmp_path / "drafts" / f"{world.oin('shg-noord')}.{name}")["type"] == "E04"


def test_a_document_that_finds_both_its_names_taken_waits_and_is_told(tmp_path: Path) -> None:
    """All others are laid out; it is too, when the names are free."""
    world = World()
    sent = world.publisher("shg-noord").publish(world.record("E01"))
    at_amk, name = arrived(world, tmp_path), f"{sent.message_id}.E04.json"
    taken = [
        put(tmp_path / "drafts" / free, {"changed": True})
        for free in (name, f"{world.oin('shg-noord')}.{name}")
    ]

    with pytest.raises(UnavailableError, match=f"drafts/{name} cannot be laid out"):
        at_amk.step(0.0)
    others = [laid_out for laid_out, _ in stored(world)]
    taken[0].unlink()
    at_amk.step(0.0)

    assert sorted(others) == [0, 1, 1, 1]
    assert read(taken[0])["type"] == "E04"


def test_what_was_stored_and_not_laid_out_is_laid_out_next_time(tmp_path: Path) -> None:
    """A crash between the commit and the files loses nothing."""
    world = World()
    sent = world.publisher("shg-noord").publish(world.record("E01"))
    arrived(world, tmp_path / "before").close()

    receive(world, tmp_path / "after")

    assert files(tmp_path / "after" / "in") == [f"{sent.message_id}.E01.json"]


def test_the_work_table_forgets_what_was_laid_out(tmp_path: Path) -> None:
    """The content is in the files; what an earlier version left in the table goes as well."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))
    receive(world, tmp_path)
    laid_out = stored(world)
    inbox = SqliteInbox(world.folder / "amk-noord.sqlite")
    with inbox.transaction() as tx:
        tx.connection.execute("UPDATE desk SET document = '{}'")
    inbox.close()

    desk(world, "amk-noord", tmp_path).close()

    assert laid_out == [(1, "")] * 4
    assert stored(world) == laid_out


def test_what_is_forgotten_is_not_in_the_file_either(tmp_path: Path) -> None:
    """Once the desk has left, no page of the database holds what was laid out."""
    world = World()
    sent = world.publisher("shg-noord").publish(world.record("E01"))
    receive(world, tmp_path)
    content = read(tmp_path / "in" / f"{sent.message_id}.E01.json")["groups"]["CO"]["concern_description"]

    assert content.encode() not in (world.folder / "amk-noord.sqlite").read_bytes()


def test_the_inbox_is_free_while_documents_are_written(tmp_path: Path) -> None:
    """A slow disk holds up nobody who uses the database."""
    world, free = World(), []
    world.publisher("shg-noord").publish(world.record("E01"))
    at_amk = arrived(world, tmp_path)
    slow = Slow(tmp_path, lambda: free.append(stored(world)))
    at_amk.close()

    parts = desk_parts(world, "amk-noord")
    Desk(slow, parts, prepare).step(0.0)

    assert [len(rows) for rows in free] == [4] * 4


class Slow(FolderDocuments):
    """Files during the writing of which something else happens."""

    def __init__(self, folder: Path, meanwhile: Callable[[], None]) -> None:
        super().__init__(folder)
        self._meanwhile = meanwhile

    def keep(self, place: str, name: str, document: Mapping[str, object]) -> bool:
        """Write, and let others have their turn."""
        self._meanwhile()
        return super().keep(place, name, document)


def test_a_role_that_rejects_lays_nothing_out(tmp_path: Path) -> None:
    """The sender is told the reason; no file and no row is left."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))

    def reject(*_: object) -> list[object]:
        raise Reject("not-here")

    at_amk, gate = desk(world, "amk-noord", tmp_path, reject), world.gate()  # type: ignore[arg-type]
    world.settle(gate, at_amk.subscriber)
    at_amk.step(0.0)

    assert (files(tmp_path / "in"), files(tmp_path / "drafts")) == ([], [])


def test_a_refusal_by_the_gate_is_laid_out_too(tmp_path: Path) -> None:
    """Who sent what was refused finds the reason beside what came in."""
    world = World()
    shg, gate = desk(world, "shg-noord", tmp_path), world.gate()
    sent = world.publisher("shg-noord").publish(world.record("E01"))
    world.revoke("amk-shg-noord", "amk-noord")
    world.settle(gate, shg.subscriber)
    shg.step(0.0)

    (name,) = files(tmp_path / "in")
    assert name == f"{sent.message_id}.refused.json"
    assert read(tmp_path / "in" / name)["reason"]
