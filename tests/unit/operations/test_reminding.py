"""`broker.operations.reminding`: the exchange's own messages, past a real gate to real subscribers."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from broker.adapters.database import migrate, open_engine
from broker.adapters.ledger_reader import SqlLedgerReader
from broker.adapters.ledger_store import SqlLedgerStore
from broker.audit.query import Query
from broker.audit.store import LedgerRow
from broker.crypto import sha256
from broker.moments import DAY
from broker.names import Micros, Purpose, Role
from broker.obligations.model import Obligation, Party
from broker.operations.reminding import Reminded, SearchedLedger, send_reminders
from broker.pipelines.ingest import ingest
from broker.pipelines.reminders import REMINDER, reminded, reminder, reminder_day
from broker.records.model import Record
from broker.signing import VerificationCache
from broker.topics import decisions_topic
from tests.attacker import signed_by
from tests.unit.obligations.case import AMK, SHG, Say, play, rules, the
from tests.world import NOON, World

CODE = "OB-DECIDE"
_NUMBERS = count()


def held(world: World) -> SqlLedgerReader:
    """A real ledger of everything that the gate has decided."""
    engine = open_engine(f"sqlite:///{world.folder / f'ledger-{next(_NUMBERS)}.sqlite'}")
    migrate(engine)
    topics = [decisions_topic(party.cast.oin) for party in world.members.values()]
    records = [record for topic in topics for record in world.log.records(topic)]
    store = SqlLedgerStore(engine, "test.invalid/log")
    store.append(store.acquire(), ingest(records, world.view, VerificationCache(), {}))
    return SqlLedgerReader(engine)


def the_reminder(world: World, obligation: Obligation) -> Record:
    """What the exchange will say of it today; anybody can work its id out."""
    entry, now = world.view.catalogue.messages[REMINDER], world.clock.now()
    parties = reminded(obligation, now, rules())
    return reminder(obligation, parties, entry, reminder_day(obligation, now, rules()), world.view.rules)


def owed(world: World, creditor: str = "shg-noord", role: str = "SHG") -> Obligation:
    """A decision that the AMK owes, due yesterday."""
    like = the(play(Say(1, "report", SHG, AMK)), CODE)
    return replace(
        like,
        debtor=Party(world.oin("amk-noord"), Role("AMK")),
        creditor=Party(world.oin(creditor), Role(role)),
        due_at=Micros(NOON - DAY),
    )


def send(world: World, obligation: Obligation, ledger: SearchedLedger | None = None) -> Reminded:
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
    """Nothing more is published."""
    world = World()
    send(world, owed(world))
    deliver(world)

    assert send(world, owed(world), held(world)).outcome == "repeated"
    assert len(world.log.records("exchange.ontvangst")) == 1


def test_what_the_ledger_does_not_hold_is_sent() -> None:
    """And it stands on Kafka."""
    world = World()
    reminded = send(world, owed(world), held(world))

    assert reminded.outcome == "sent"
    assert reminded.position is not None


def test_another_s_message_under_the_id_of_a_reminder_is_no_reminder() -> None:
    """The id follows from what both parties know: a debtor who uses it first is reminded all the same."""
    world = World()
    taken = world.record("E04", to="shg-noord", message_id=the_reminder(world, owed(world)).message_id)
    with world.publisher("amk-noord") as publisher:
        publisher.publish(taken)
    deliver(world)
    ledger = held(world)

    assert "released" in {row.columns["outcome"] for row in ledger.rows()}
    assert send(world, owed(world), ledger).outcome == "sent"


def test_a_reminder_that_was_refused_was_not_said() -> None:
    """The exchange tried, and nobody has read it."""
    world = World()
    record = the_reminder(world, owed(world))
    world.log.append(signed_by(world, "exchange", record, purpose=Purpose("amk-taak")))
    deliver(world)

    assert {row.columns["outcome"] for row in held(world).rows()} == {"refused"}
    assert send(world, owed(world), held(world)).outcome == "sent"


def test_another_s_refused_message_under_the_id_is_no_reminder() -> None:
    """Not even an agreement is needed to have an entry in the ledger."""
    world = World()
    taken = world.record("E04", to="shg-noord", message_id=the_reminder(world, owed(world)).message_id)
    world.log.append(signed_by(world, "amk-noord", taken, purpose=Purpose("statistiek")))
    deliver(world)

    assert {row.columns["outcome"] for row in held(world).rows()} == {"refused"}
    assert send(world, owed(world), held(world)).outcome == "sent"


def test_the_ledger_is_asked_for_many_at_once() -> None:
    """A hundred obligations are two questions, and each gets its own answer."""
    world = World()
    many = [replace(owed(world), obligation_id=sha256(bytes([number]))) for number in range(100)]
    reminded = list(_all(world, many[::2], None))
    deliver(world)
    ledger = _Counted(held(world))
    again = {one.obligation.obligation_id: one.outcome for one in _all(world, many, ledger)}

    assert {one.outcome for one in reminded} == {"sent"}
    assert [again[one.obligation_id] for one in many] == ["repeated", "sent"] * 50
    assert ledger.questions == 2


class _Counted:
    """A ledger that counts what it is asked."""

    def __init__(self, ledger: SqlLedgerReader) -> None:
        self._ledger = ledger
        self.questions = 0

    def search(self, query: Query, limit: int, before: int | None = None) -> list[LedgerRow]:
        """What the ledger says."""
        self.questions += 1
        return self._ledger.search(query, limit, before)


def _all(world: World, obligations: list[Obligation], ledger: SearchedLedger | None) -> list[Reminded]:
    with world.publisher("exchange") as publisher:
        return list(send_reminders(obligations, publisher, ledger, rules(), world.clock.now()))


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
