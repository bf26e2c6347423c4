"""Sending reminders: once a day for each obligation, whoever asks how often.

What the ledger holds already is not sent again, and what is still under way has the same message id, so
a recipient drops the repeat.  See `broker.pipelines.reminders` for what is said to whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Protocol

from broker.audit.query import Column, Condition, Query
from broker.audit.store import LedgerRow
from broker.errors import ConfigurationError, RefusedError
from broker.names import MessageId, Micros
from broker.obligations.model import Obligation, RuleSet
from broker.pipelines.reminders import REMINDER, reminder, reminder_day, reminder_id
from broker.ports import Position
from producers.client import Publisher

__all__ = ["Reminded", "SearchedLedger", "send_reminders"]

_AT_ONCE = 64


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
    """Remind both parties of each of *obligations*.

    Args:
        publisher: The exchange's own.
        ledger: What tells which were sent today; None sends all, and recipients drop the repeats.

    Raises:
        ConfigurationError: The catalogue has no reminders.
        UnconfirmedError: Kafka did not acknowledge; ask again.
    """
    waiting: list[tuple[Obligation, date]] = []
    for obligation in obligations:
        day = reminder_day(obligation, now, rules)
        id_ = reminder_id(obligation.obligation_id, day)
        if ledger is not None and _holds(ledger, id_):
            yield Reminded(obligation, id_, "repeated")
        else:
            waiting.append((obligation, day))
    rest = iter(waiting)
    while some := list(islice(rest, _AT_ONCE)):
        yield from _sent(some, publisher)


def _sent(some: Sequence[tuple[Obligation, date]], publisher: Publisher) -> Iterator[Reminded]:
    entry = publisher.view.catalogue.messages.get(REMINDER)
    if entry is None:
        raise ConfigurationError(
            f"the catalogue has no {REMINDER}, by which the exchange reminds",
            remedy="Publish the catalogue of this version: schakel registry publish --schemas FOLDER",
        )
    book = publisher.view.rules
    records = [reminder(obligation, entry, day, book) for obligation, day in some]
    outcomes = publisher.publish_all(records)
    for (obligation, _), record, outcome in zip(some, records, outcomes, strict=True):
        assert record.message_id is not None, "a reminder's id follows from its obligation"
        if isinstance(outcome, RefusedError):
            yield Reminded(obligation, record.message_id, "refused", outcome.reason)
        else:
            yield Reminded(obligation, record.message_id, "sent", "", outcome.position)


def _holds(ledger: SearchedLedger, id_: MessageId) -> bool:
    asked = Condition(Column.MESSAGE_ID, bytes(id_))
    return bool(ledger.search(Query(((asked,),), (), None), 1, None))
