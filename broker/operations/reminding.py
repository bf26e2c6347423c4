"""Sending reminders: once a day for each obligation, whoever asks how often.

1. What the ledger holds as a reminder of the exchange that was released is not sent again.  The id of a
   reminder can be worked out by anybody in advance, so another's message under it, or one that was
   refused, counts for nothing (docs/spec/obligations.md 9).
2. What is still under way has the same message id, so a recipient drops the repeat.
3. The ledger is asked for many at once.

See `broker.pipelines.reminders` for what is said to whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from broker.audit.events import Outcome
from broker.audit.query import Column, Condition, Query
from broker.audit.store import LedgerRow
from broker.catalogue.model import MessageEntry
from broker.errors import ConfigurationError, RefusedError
from broker.names import MessageId, Micros
from broker.obligations.model import Obligation, Party, RuleSet
from broker.pipelines.reminders import REMINDER, reminded, reminder, reminder_day, reminder_id
from broker.ports import Position
from broker.trust.view import TrustView
from producers.client import Publisher

__all__ = ["Reminded", "SearchedLedger", "send_reminders"]

_AT_ONCE = 64
_ROWS = 256
"""Of one answer of the ledger: a reminder has a row for each of its recipients."""


class SearchedLedger(Protocol):
    """A ledger, as far as it is asked what was sent already."""

    def search(self, query: Query, limit: int, before: int | None = None) -> list[LedgerRow]:
        """As `broker.audit.store.LedgerReader.search`."""
        ...


@dataclass(frozen=True, slots=True)
class Reminded:
    """What became of one reminder.

    Attributes:
        outcome: ``sent``, ``repeated`` (the ledger holds it already), or ``refused``.
        reason: Why it was refused.
        position: Where it stands on Kafka, if it was sent.
    """

    obligation: Obligation
    message_id: MessageId
    outcome: str
    reason: str = ""
    position: Position | None = None


def send_reminders(
    obligations: Sequence[Obligation],
    publisher: Publisher,
    ledger: SearchedLedger | None,
    rules: RuleSet,
    now: Micros,
) -> Iterator[Reminded]:
    """Remind the parties of each of *obligations*, those that `reminded` names.

    Args:
        publisher: The exchange's own.
        ledger: What tells which were sent today; None sends all, and recipients drop the repeats.

    Raises:
        ConfigurationError: The catalogue has no reminders.
        UnconfirmedError: Kafka did not acknowledge; ask again.
    """
    entry = publisher.view.catalogue.messages.get(REMINDER)
    if entry is None:
        raise ConfigurationError(
            f"the catalogue has no {REMINDER}, by which the exchange reminds",
            remedy="Publish the catalogue of this version: schakel registry publish --schemas FOLDER",
        )
    for low in range(0, len(obligations), _AT_ONCE):
        asked = [_Due.of(one, now, rules) for one in obligations[low : low + _AT_ONCE]]
        held = _held(ledger, asked, entry, publisher.view) if ledger is not None else set()
        yield from (Reminded(one.obligation, one.id, "repeated") for one in asked if one.id in held)
        yield from _sent([one for one in asked if one.id not in held], publisher, entry)


@dataclass(frozen=True, slots=True)
class _Due:
    """A reminder that is to be sent."""

    obligation: Obligation
    parties: tuple[Party, ...]
    day: date
    id: MessageId

    @classmethod
    def of(cls, obligation: Obligation, now: Micros, rules: RuleSet) -> _Due:
        day = reminder_day(obligation, now, rules)
        parties = reminded(obligation, now, rules)
        return cls(obligation, parties, day, reminder_id(obligation.obligation_id, day))


def _sent(due: Sequence[_Due], publisher: Publisher, entry: MessageEntry) -> Iterator[Reminded]:
    book = publisher.view.rules
    outcomes = publisher.publish_all(
        [reminder(one.obligation, one.parties, entry, one.day, book) for one in due]
    )
    for one, outcome in zip(due, outcomes, strict=True):
        if isinstance(outcome, RefusedError):
            yield Reminded(one.obligation, one.id, "refused", outcome.reason)
        else:
            yield Reminded(one.obligation, one.id, "sent", "", outcome.position)


def _held(
    ledger: SearchedLedger, due: Sequence[_Due], entry: MessageEntry, view: TrustView
) -> set[MessageId]:
    """Those of *due* that the ledger holds as released reminders of the exchange itself."""
    senders = [str(agency.oin) for agency in view.agencies.values() if agency.roles & set(entry.sender_roles)]
    query = Query(
        required=(
            tuple(Condition(Column.MESSAGE_ID, bytes(one.id)) for one in due),
            tuple(Condition(Column.SENDER, oin) for oin in senders),
            (Condition(Column.MESSAGE_TYPE, str(entry.type)),),
            (Condition(Column.OUTCOME, Outcome.RELEASED.value),),
        ),
        excluded=(),
        period=None,
    )
    ids: list[object] = []
    before: int | None = None
    while senders:
        rows = ledger.search(query, _ROWS, before)
        ids += [row.columns["message_id"] for row in rows]
        if len(rows) < _ROWS:
            break
        before = rows[-1].seq
    return {one.id for one in due if bytes(one.id) in ids}
