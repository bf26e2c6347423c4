"""The Subscriber: effect at most once, order per case, and an honest answer to the sender."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace

import pytest

from broker.adapters.memory import Unkindness
from broker.errors import UsageError
from broker.names import CaseRef, GroupName
from broker.pipelines.deliver import Disclosure, Notice
from broker.ports import Connection, Outgoing
from broker.topics import decisions_topic
from consumers.client import Subscriber
from consumers.handlers import Handler, Reject, Retry
from tests.world import World

ONE, TWO = CaseRef(b"\x01" * 16), CaseRef(b"\x02" * 16)


def receipts(world: World, name: str = "shg-noord") -> list[tuple[object, object]]:
    """Status and error code of every receipt this agency got."""
    found = [d.groups[GroupName("RC")] for d in world.handled.get(name, []) if d.entry.code == "E03"]
    return [(rc["status_code"], rc["error_code"]) for rc in found]  # type: ignore[call-overload]


def exchange(world: World, handler: Handler | None = None) -> Subscriber:
    """Everybody for one flow from SHG to AMK, settled; the AMK's subscriber is returned."""
    amk, shg, gate = world.subscriber("amk-noord"), world.subscriber("shg-noord"), world.gate()
    if handler is not None:
        amk.on("E01")(handler)
    world.settle(gate, amk, shg, quiet_rounds=60)
    for party in (amk, shg, gate):
        party.close()
    return amk


def test_a_receipt_comes_back_to_the_sender() -> None:
    """Whoever sends hears that it was handled, through the gate, as a message of its own."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))

    exchange(world)

    assert receipts(world) == [("handled", None)]


def test_a_handler_that_rejects_tells_the_sender_its_reason() -> None:
    """`Reject` becomes a receipt with the reason code, and the message is finished."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))

    def reject(disclosure: Disclosure, connection: Connection) -> None:
        raise Reject("unknown-region")

    exchange(world, reject)

    assert receipts(world) == [("rejected", "unknown-region")]


def test_a_handler_that_fails_is_tried_five_times_then_the_sender_is_told() -> None:
    """A poison message ends after five tries as handler_failed and is kept in the agency's quarantine."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))
    tries = []

    def fail(disclosure: Disclosure, connection: Connection) -> None:
        tries.append(disclosure.header.message_id)
        raise RuntimeError("a defect in the agency's own code")

    exchange(world, fail)

    with sqlite3.connect(world.folder / "amk-noord.sqlite") as database:
        kept = database.execute("SELECT reason FROM schakel_quarantine").fetchall()
    assert (len(tries), receipts(world), kept) == (
        5,
        [("handler_failed", "fault")],
        [("handler_failed",)],
    )


def test_what_a_failing_handler_wrote_is_undone() -> None:
    """A handler's changes and the inbox commit together, or not at all."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))

    def write_and_retry(disclosure: Disclosure, connection: Connection) -> None:
        connection.execute("CREATE TABLE IF NOT EXISTS intake (id TEXT)")
        connection.execute("INSERT INTO intake VALUES (?)", (str(disclosure.message_id),))
        marker.append(1)
        if len(marker) < 3:
            raise Retry(0.1)

    marker: list[int] = []
    exchange(world, write_and_retry)

    with sqlite3.connect(world.folder / "amk-noord.sqlite") as database:
        rows = database.execute("SELECT count(*) FROM intake").fetchone()[0]
    assert (rows, receipts(world)) == (1, [("handled", None)])


def test_other_cases_do_not_wait_for_a_retry() -> None:
    """A case that must be tried again later keeps its own order and holds up nobody else."""
    world = World()
    publisher = world.publisher("shg-noord")
    publisher.publish_all([world.record("E01", case_ref=c) for c in (ONE, ONE, TWO)])
    seen: list[CaseRef] = []

    def first_of_one_fails_once(disclosure: Disclosure, connection: Connection) -> None:
        if disclosure.header.case_ref == ONE and not failed:
            failed.append(1)
            raise Retry(5)
        seen.append(disclosure.header.case_ref)

    failed: list[int] = []
    exchange(world, first_of_one_fails_once)

    assert seen == [TWO, ONE, ONE]


def test_order_is_kept_per_case() -> None:
    """Messages of one case are handled in the order in which they were sent."""
    world = World()
    sent = world.publisher("shg-noord").publish_all([world.record("E01", case_ref=ONE) for _ in range(12)])

    exchange(world)

    handled = [d.header.message_id for d in world.handled["amk-noord"]]
    assert [s.message_id for s in sent] == handled  # type: ignore[union-attr]


@pytest.mark.parametrize("seed", range(4))
def test_an_unkind_log_loses_nothing_and_doubles_nothing(seed: int) -> None:
    """Redelivery, reordering across cases, rebalances and empty answers change no effect."""
    world = World(unkindness=Unkindness(seed))
    publisher = world.publisher("shg-noord")
    sent = publisher.publish_all([world.record("E01", case_ref=c) for c in (ONE, TWO) for _ in range(6)])

    exchange(world)

    handled = [d.header.message_id for d in world.handled["amk-noord"]]
    assert sorted(s.message_id for s in sent) == sorted(handled)  # type: ignore[union-attr]
    assert len(receipts(world)) == len(sent)


def test_a_message_published_twice_takes_effect_once() -> None:
    """A publisher in doubt sends the same message again: one effect, whatever was sent."""
    world = World()
    sent = world.publisher("shg-noord").publish(world.record("E01"))
    world.publisher("shg-noord").publish(world.record("E01", message_id=sent.message_id))

    exchange(world)

    assert len(world.handled["amk-noord"]) == 1


def test_a_refusal_reaches_the_sender_once() -> None:
    """The sender hears of a refusal with its reason, and of a repeated decision only once."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))
    world.revoke("amk-shg-noord", "amk-noord")
    notices: list[Notice] = []
    shg, gate = world.subscriber("shg-noord"), world.gate()
    shg.on_refusal(lambda notice, _: notices.append(notice))
    world.settle(gate, shg)
    decision = world.log.records(decisions_topic(world.oin("shg-noord")))[0]
    world.log.append(Outgoing(decision.position.topic, decision.key or b"", decision.value or b""))
    world.settle(gate, shg)

    assert [n.event.reason for n in notices] == ["agreement-revoked"]


def test_a_withheld_message_is_refused_to_its_sender_as_e28() -> None:
    """A message that the recipient's own agreements no longer allow is not handed over; E28 says why."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))
    gate = world.gate()
    world.settle(gate)
    world.revoke("amk-shg-noord", "amk-noord")
    amk, shg = world.subscriber("amk-noord"), world.subscriber("shg-noord")
    world.settle(gate, amk, shg)

    told = [d.groups[GroupName("NK")] for d in world.handled["shg-noord"] if d.entry.code == "E28"]
    assert world.handled.get("amk-noord") is None
    assert [t["reason_code"] for t in told] == ["agreement-revoked"]  # type: ignore[call-overload]


def test_a_sender_without_a_sealing_key_holds_up_nobody() -> None:
    """Whoever cannot be answered is not answered; everybody else's receipts go, and the offsets move."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01", case_ref=ONE))
    world.publisher("shg-zuid").publish(world.record("E01", to="amk-zuid", case_ref=TWO))
    gate = world.gate()
    world.settle(gate)
    world.change_agency("shg-noord", lambda agency: replace(agency, sealing_keys=()))
    amk = world.subscriber("amk-noord")

    world.settle(gate, amk, quiet_rounds=10)
    amk.close()

    assert len(world.handled["amk-noord"]) == 1
    assert len(world.log.committed("amk-noord.inbox")) > 0


@pytest.mark.parametrize(
    "statement", ["COMMIT", " commit", "-- done\nROLLBACK", "/* x */ BEGIN", "release x", "; END"]
)
def test_a_handler_cannot_end_the_transaction(statement: str) -> None:
    """A handler that commits by itself is refused, and has its effect never, not five times."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))

    def commit(disclosure: Disclosure, connection: Connection) -> None:
        connection.execute("CREATE TABLE IF NOT EXISTS intake (id TEXT)")
        connection.execute("INSERT INTO intake VALUES (?)", (str(disclosure.message_id),))
        connection.execute(statement)

    exchange(world, commit)

    with sqlite3.connect(world.folder / "amk-noord.sqlite") as database:
        tables = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'intake'").fetchone()[0]
    assert (tables, receipts(world)) == (0, [("handler_failed", "fault")])


@pytest.mark.parametrize("reason", ["Jan de Vries", "", "a" * 65, "Café", "-x"])
def test_a_reason_that_is_no_code_is_no_rejection(reason: str) -> None:
    """A reason travels in the clear, so it must be a code: anything else is the handler's own fault."""
    with pytest.raises(UsageError):
        Reject(reason)


def test_a_subscriber_stops_when_told_from_another_thread() -> None:
    """An agency's system may run a subscriber in a thread of its own and stop it."""
    world = World()
    stop = threading.Event()
    runner = threading.Thread(target=world.subscriber("amk-noord").run, args=(stop,))
    runner.start()
    stop.set()
    runner.join(timeout=10)

    assert not runner.is_alive()


def test_groups_are_read_by_name() -> None:
    """A handler asks for a group as one record or as a list, as the catalogue has it."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))
    exchange(world)
    delivery = world.handled["amk-noord"][0]

    assert delivery.records("CH") == delivery.groups[GroupName("CH")]
    assert delivery.record("CO") == delivery.groups[GroupName("CO")]
    assert (delivery.record("PO"), delivery.records("HH")) == ({}, [])
    with pytest.raises(UsageError):
        delivery.record("CH")


def test_a_message_that_nobody_handles_is_not_called_handled() -> None:
    """Without a handler the sender hears so: it must not believe that somebody looked."""
    world = World()
    world.publisher("shg-noord").publish(world.record("E01"))
    amk, shg, gate = world.subscriber("amk-noord"), world.subscriber("shg-noord"), world.gate()
    amk.on_any(None)  # type: ignore[arg-type]

    world.settle(gate, amk, shg)

    assert receipts(world) == [("rejected", "no-handler")]
