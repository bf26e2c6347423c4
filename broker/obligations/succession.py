"""Agencies that took the place of others: a merger or split leaves no obligation without a debtor.

A successor may do what its predecessor owed from the moment of succession on; the predecessor's own
late messages still count.  After a split each of several may.  See docs/spec/obligations.md 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from broker.names import Micros, Oin
from broker.obligations.model import Obligation, Party, Succession

__all__ = ["heirs", "may_act_for", "shown", "successor"]


def may_act_for(actor: Party, party: Party, at: Micros, successions: Sequence[Succession]) -> bool:
    """Whether *actor* is *party*, or stands in its place at *at*, in the same role."""
    if actor == party or not successions:
        return actor == party
    return actor.role == party.role and actor.oin in _reached(party.oin, at, successions)


def heirs(party: Party, at: Micros, successions: Sequence[Succession]) -> tuple[Party, ...]:
    """All who stand in the place of *party* at *at*: itself when nobody does, several after a split."""
    if not successions:
        return (party,)
    reached = _reached(party.oin, at, successions)
    last = sorted(oin for oin in reached if not _direct(oin, at, successions))
    return tuple(Party(oin, party.role) for oin in last) or (party,)


def successor(party: Party, at: Micros, successions: Sequence[Succession]) -> Party:
    """Who stands in the place of *party* at *at*: itself when nobody does, or when a split left several."""
    oin, seen = party.oin, {party.oin}
    while len(following := _direct(oin, at, successions) - seen) == 1:
        (oin,) = following
        seen.add(oin)
    return Party(oin, party.role)


def shown(obligation: Obligation, now: Micros, successions: Sequence[Succession]) -> Obligation:
    """*obligation* with the parties that stand there now; of a closed one, those that stood there then."""
    at = now if obligation.closed_at is None else min(now, obligation.closed_at)
    debtor = successor(obligation.debtor, at, successions)
    creditor = successor(obligation.creditor, at, successions)
    if (debtor, creditor) == (obligation.debtor, obligation.creditor):
        return obligation
    return replace(obligation, debtor=debtor, creditor=creditor)


def _direct(oin: Oin, at: Micros, successions: Sequence[Succession]) -> set[Oin]:
    return {each.new for each in successions if each.old == oin and each.since <= at}


def _reached(oin: Oin, at: Micros, successions: Sequence[Succession]) -> set[Oin]:
    reached, waiting = {oin}, [oin]
    while waiting:
        new = _direct(waiting.pop(), at, successions) - reached
        reached |= new
        waiting.extend(new)
    return reached
