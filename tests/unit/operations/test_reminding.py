"""`broker.operations.reminding`: the exchange's own messages, past a real gate to real subscribers."""

from __future__ import annotations

from dataclasses import replace

from broker.audit.query import Query
from broker.audit.store import LedgerRow
from broker.moments import DAY
from broker.names import Micros, Role
from broker.obligations.model import Obligation, Party
from broker.operations.reminding import Reminded, send_reminders
from broker.sandbox.cast import EXCHANGE
from tests.unit.obligations.case import AMK, SHG, Say, play, rules, the
from tests.world import NOON, World

CODE = "OB-DECIDE"


class Ledger:
    """A ledger that holds every message, or none."""

    def __init__(self, *, holds: bool) -> None:
        self._holds = holds

    def search(self, query: Query, limit: int, before: int | None = None) -> list[LedgerRow]:
        """One entry, or none."""
        row = LedgerRow(0, bytes(32), bytes(32), b"", bytes(32), EXCHANGE.oin, b"", {})
        return [row] if self._holds else []


def owed(world: World, creditor: str = "shg-noord", role: str = "SHG") -> Obligation:
    """A decision that the AMK owes, due yesterday."""
    like = the(play(Say(1, "report", SHG, AMK)), CODE)
    return replace(
        like,
        debtor=Party(world.oin("amk-noord"), Role("AMK")),
        creditor=Party(world.oin(creditor), Role(role)),
        due_at=Micros(NOON - DAY),
    )


def send(world: World, obligation: Obligation, ledger: Ledger | None = None) -> Reminded:
    """Remind of it, now."""
    with world.publisher("exchange") as publisher:
        (one,) = send_reminders([obligation], publisher, ledger, rules(), world.clock.now())
    return one


def deliver(world: World) -> None:
    """Let everything arrive."""
    world.settle(world.gate(), world.subscriber("amk-noord"), world.subscriber("shg-noord"))


def told(world: World, name: str) -> list[str]:
    """The codes of which an agency was reminded."""
    return [str(one.record("OV")["obligation_code"]) for one in world.handled.get(name, [])]


def test_both_parties_are_told() -> None:
    """Past the gate, sealed for each."""
    world = World()
    send(world, owed(world))
    deliver(world)

    assert (told(world, "amk-noord"), told(world, "shg-noord")) == ([CODE], [CODE])


def test_said_twice_a_day_it_takes_effect_once() -> None:
    """The second is a repeat of the same message."""
    world = World()
    assert send(world, owed(world)).message_id == send(world, owed(world)).message_id
    deliver(world)

    assert told(world, "amk-noord") == [CODE]


def test_the_next_day_has_its_own() -> None:
    """A new day, a new reminder."""
    world = World()
    first = send(world, owed(world))
    world.clock.forward(24 * 3600)
    world.republish()

    assert send(world, owed(world)).message_id != first.message_id


def test_what_the_ledger_holds_is_not_sent_again() -> None:
    """Nothing is published."""
    world = World()

    assert send(world, owed(world), Ledger(holds=True)).outcome == "repeated"
    assert world.log.records("exchange.ontvangst") == ()


def test_what_the_ledger_does_not_hold_is_sent() -> None:
    """And it stands on Kafka."""
    world = World()
    reminded = send(world, owed(world), Ledger(holds=False))

    assert reminded.outcome == "sent"
    assert reminded.position is not None


def test_nobody_answers_a_reminder() -> None:
    """The exchange has no key that opens anything: a receipt could not be sealed for it."""
    world = World()
    send(world, owed(world))
    deliver(world)

    assert len(world.log.records("exchange.ontvangst")) == 1


def test_one_that_cannot_be_sent_says_why() -> None:
    """An agency in a role that it does not have gets nothing."""
    world = World()
    reminded = send(world, owed(world, role="POL"))

    assert (reminded.outcome, reminded.reason) == ("refused", "recipient-role")
