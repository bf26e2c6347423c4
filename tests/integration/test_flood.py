"""A flood of rubbish on a real Kafka: gate and subscriber stay up, stay small, and serve everybody else.

50,000 records to the gate process and 5,000 to the subscriber process, made from a seed
(`tests.rubbish`); `SCHAKEL_TEST_FLOOD` and `SCHAKEL_TEST_SEED` change that.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import pytest

from broker.adapters.keyfiles import load_key_ring
from broker.audit.decision_record import read_record
from broker.audit.events import AuditEvent
from broker.envelope.model import Sender
from broker.names import CaseRef, Micros
from broker.ports import Message, Outgoing, Position
from broker.sandbox.cast import member
from broker.sandbox.registry import home
from broker.topics import QUARANTINE
from broker.trust.view import TrustView
from tests import checker
from tests.exchange import RealExchange, eventually, report
from tests.rubbish import Party, Rubbish, spoil_decision

pytestmark = pytest.mark.kafka

FLOOD = int(os.environ.get("SCHAKEL_TEST_FLOOD", "50000"))
SEED = int(os.environ.get("SCHAKEL_TEST_SEED", "1"))
_WARM_UP = FLOOD // 10
_SPOILED = FLOOD // 10
_GOOD_EVERY = 100
_HOSTILE = 140
_REPLAYS = 200
_BATCH = 1000
_MEBI = 1 << 20
_MOST_GROWTH = 64 * _MEBI


@dataclass(frozen=True)
class Flooded:
    """What happened.

    Attributes:
        rubbish: Where each record of rubbish stands, and its kind.
        good: Ids of the messages in between that were allowed.
        hostile: Ids of allowed messages with hostile content.
        spoiled: Where each decision record that no gate made stands.
        growth: By how many bytes each process grew after it was warm.
        alive: Whether each process still ran.
    """

    exchange: RealExchange
    rubbish: dict[tuple[str, int, int], str]
    good: frozenset[str]
    hostile: dict[str, str]
    spoiled: Sequence[Position]
    growth: dict[str, int]
    alive: dict[str, bool]
    events: Sequence[AuditEvent]
    seconds: float


@pytest.fixture(scope="module")
def flooded(spoiled_exchange: RealExchange) -> Flooded:
    """The flood, over and drained."""
    exchange = spoiled_exchange
    view = _revoke_keys(exchange, "shg-zuid")
    gate, desk = exchange.run("gate", "amk-noord")
    made = Rubbish(
        view,
        _party(exchange, "shg-noord"),
        _party(exchange, "shg-zuid"),
        lambda case: report(view, case, "ZAAK-TEST-0001"),
        Micros(time.time_ns() // 1000),
        SEED,
    )
    begin = time.monotonic()
    rubbish: dict[tuple[str, int, int], str] = {}
    records, good = made.records(FLOOD), made.good(FLOOD // _GOOD_EVERY)
    _flood(exchange, islice(records, _WARM_UP), good[:20], rubbish)
    _settled(exchange)
    before = {"gate": gate.memory(), "amk-noord": desk.memory()}
    _flood(exchange, records, good[20:], rubbish)
    hostile = made.hostile(_HOSTILE)
    _write(exchange, "shg-noord", [outgoing for _, outgoing in hostile] + good[:_REPLAYS])
    _settled(exchange)
    spoiled = _spoil(exchange)
    _settled(exchange)
    last = made.good(1)
    _write(exchange, "shg-noord", last)
    _settled(exchange)
    return Flooded(
        exchange,
        rubbish,
        frozenset(_id(one) for one in (*good, *last)),
        {_id(outgoing): kind for kind, outgoing in hostile},
        spoiled,
        {child.name: child.memory() - before[child.name] for child in (gate, desk)},
        {child.name: child.process.poll() is None for child in (gate, desk)},
        _events(exchange),
        time.monotonic() - begin,
    )


def _party(exchange: RealExchange, name: str) -> Party:
    cast = member(name)
    ring = load_key_ring(exchange.layout.agency(name) / "keys", cast.oin, development=True)
    return Party(Sender(cast.oin, cast.roles[0], "zandbak"), ring.signers)


def _revoke_keys(exchange: RealExchange, name: str) -> TrustView:
    """Publish a registry in which an agency's signing keys are revoked."""
    registry, now = home(exchange.layout), Micros(time.time_ns() // 1000)
    view = registry.view(now)
    agencies = [
        replace(a, signing_keys=tuple(replace(k, revoked_at=now) for k in a.signing_keys))
        if a.short_name == name
        else a
        for a in view.agencies.values()
    ]
    registry.publish_agencies(agencies, now)
    return registry.view(now)


def _id(outgoing: Outgoing) -> str:
    """Message ids are unique and so are the cases of these messages; the case is the key."""
    return CaseRef(outgoing.key).hex()


def _write(exchange: RealExchange, who: str, records: Sequence[Outgoing]) -> list[Position]:
    with exchange.sink(who) as sink:
        return list(sink.write(records))


def _flood(
    exchange: RealExchange,
    records: Iterable[tuple[str, Outgoing]],
    good: Sequence[Outgoing],
    rubbish: dict[tuple[str, int, int], str],
) -> None:
    """Write rubbish, with a good message in between now and then."""
    between = iter(good)
    with exchange.sink("shg-noord") as sink:
        while batch := list(islice(records, _BATCH)):
            mixed = [*batch, *(("good", one) for one in islice(between, _BATCH // _GOOD_EVERY))]
            random.Random(len(rubbish)).shuffle(mixed)
            positions = sink.write([outgoing for _, outgoing in mixed])
            rubbish |= {
                (str(p.topic), p.partition, p.offset): kind
                for (kind, _), p in zip(mixed, positions, strict=True)
                if kind != "good"
            }
        if rest := list(between):
            sink.write(rest)


def _spoil(exchange: RealExchange) -> list[Position]:
    """Write decision records that no gate made to the recipient's topic, with the gate's own rights."""
    dice = random.Random(SEED)
    topic = exchange.decisions("amk-noord")
    real = [m for m in exchange.records(topic) if m.value]
    values = [
        spoil_decision(dice, _value(dice.choice(real)), _value(dice.choice(real))) for _ in range(_SPOILED)
    ]
    records = [Outgoing(real[0].position.topic, dice.randbytes(16), value) for value in values]
    return _write(exchange, "gate", records)


def _value(message: Message) -> bytes:
    assert message.value is not None
    return message.value


def _settled(exchange: RealExchange) -> None:
    """Wait until gate and subscriber have finished everything."""

    def done() -> bool:
        topics = ("exchange.meldingen", "exchange.ontvangst")
        return not exchange.lag("gate", *topics) and not exchange.lag(
            "amk-noord.inbox", exchange.decisions("amk-noord")
        )

    eventually(done, "the flood is worked off", 180)


def _events(exchange: RealExchange) -> list[AuditEvent]:
    topics = (str(QUARANTINE), exchange.decisions("shg-noord"), exchange.decisions("amk-noord"))
    spoiled_from = exchange.decisions("amk-noord")
    return [
        read_record(message.value or b"").event
        for message in exchange.records(*topics)
        if message.position.topic != spoiled_from
    ]


def test_the_processes_are_alive(flooded: Flooded) -> None:
    """Neither the gate nor the subscriber ended."""
    assert flooded.alive == {"gate": True, "amk-noord": True}


def test_memory_stays_within_bounds(flooded: Flooded, figure: Callable[[str], None]) -> None:
    """Once warm, neither grows by 64 MiB over the rest of the flood."""
    grown = ", ".join(f"{name} {size / _MEBI:+.1f} MiB" for name, size in flooded.growth.items())
    figure(f"flood of {FLOOD} and {_SPOILED} records, {flooded.seconds:.0f} s: memory {grown}")
    assert max(flooded.growth.values()) < _MOST_GROWTH


def test_every_record_has_a_reason(flooded: Flooded, figure: Callable[[str], None]) -> None:
    """As many decisions as records of rubbish, each a refusal or a quarantine with a reason code."""
    about = {
        (str(e.source.topic), e.source.partition, e.source.offset): (e.outcome.value, e.reason)
        for e in flooded.events
    }
    reasons = Counter(about.get(place, ("none", "")) for place in flooded.rubbish)
    figure("flood, reasons: " + ", ".join(f"{reason} {n}" for (_, reason), n in reasons.most_common()))
    assert sum(reasons.values()) == len(flooded.rubbish) == FLOOD
    assert {outcome for outcome, _ in reasons} == {"refused", "quarantined"}
    assert all(reason for _, reason in reasons)


def test_the_neighbours_were_served(flooded: Flooded) -> None:
    """Every good message in between took effect, once, replayed or not."""
    inbox = flooded.exchange.layout.agency("amk-noord") / "inbox.sqlite"
    handled = Counter(row.case_ref for row in checker.read_intake(inbox, ("E01",)))
    assert handled == Counter(flooded.good)


def test_hostile_content_was_withheld(flooded: Flooded) -> None:
    """Allowed messages with hostile content were not handed over; each is remembered with its reason."""
    with sqlite3.connect(flooded.exchange.layout.agency("amk-noord") / "inbox.sqlite") as database:
        rows = database.execute("SELECT detail FROM schakel_inbox WHERE status = 'withheld'").fetchall()
    database.close()
    assert len(rows) == len(flooded.hostile) == _HOSTILE
    assert all(detail for (detail,) in rows)


def test_forged_decisions_were_quarantined(flooded: Flooded) -> None:
    """Each decision record that no gate made is kept by the subscriber, with its position and a reason."""
    with sqlite3.connect(flooded.exchange.layout.agency("amk-noord") / "inbox.sqlite") as database:
        query = 'SELECT topic, "partition", "offset", reason FROM schakel_quarantine'
        kept = {(topic, part, offset): reason for topic, part, offset, reason in database.execute(query)}
    database.close()
    assert kept.keys() == {(str(p.topic), p.partition, p.offset) for p in flooded.spoiled}
    assert all(kept.values())
