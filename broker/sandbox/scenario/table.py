"""The obligations of a scenario: as they are, beside as they must be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from broker.catalogue.model import Catalogue
from broker.dutch_time import local
from broker.names import Micros, Oin
from broker.obligations.model import Obligation, State
from broker.obligations.states import state_of
from broker.pipelines.receipts import RECEIPT
from broker.sandbox.scenario.model import Row
from broker.sandbox.scenario.report import Compared
from broker.sandbox.scenario.sending import Post

__all__ = ["compare", "is_met", "receipt_duties", "rows_of"]

_EXACT: Final = len("2014-03-11 23:59:59")
_TOLERANCE: Final = timedelta(minutes=10)
_FORM: Final = "%Y-%m-%d %H:%M:%S"


def receipt_duties(catalogue: Catalogue) -> frozenset[str]:
    """The duties that a receipt fulfils: every message has one, and who looks at a table knows."""
    effects = catalogue.messages[RECEIPT].obligations
    return frozenset(effect.code for effect in effects if effect.effect == "closes")


def rows_of(
    obligations: Iterable[Obligation], post: Post, names: Mapping[Oin, str], now: Micros
) -> list[Row]:
    """Obligations as a scenario writes them, by due moment."""
    ordered = sorted(obligations, key=lambda one: (one.due_at, one.code, post.label(one.message_id)))
    return [
        Row.model_construct(
            about=post.label(one.message_id),
            code=one.code,
            debtor=names.get(one.debtor.oin, str(one.debtor.oin)),
            creditor=names.get(one.creditor.oin, str(one.creditor.oin)),
            state=state_of(one, now).value,
            due=local(one.due_at).strftime(_FORM),
        )
        for one in ordered
    ]


def compare(expected: Sequence[Row], actual: Sequence[Row], start: Micros) -> list[Compared]:
    """Pair what must be with what is: equal ones first, then those that differ in state or due moment."""
    left = list(actual)
    pairs: list[Compared] = []
    for row in expected:
        alike = [one for one in left if _key(one) == _key(row)]
        found = next((one for one in alike if _fits(row, one, start)), alike[0] if alike else None)
        if found is not None:
            left.remove(found)
        pairs.append(Compared(row, row if found is not None and _fits(row, found, start) else found))
    return pairs + [Compared(None, row) for row in left]


def is_met(row: Row) -> bool:
    """Whether it was met in time."""
    return row.state == State.MET.value


def _key(row: Row) -> tuple[str, str, str, str]:
    return (row.about, row.code, row.debtor, row.creditor)


def _fits(expected: Row, actual: Row, start: Micros) -> bool:
    if expected.state != actual.state:
        return False
    due = _absolute(expected.due, start)
    if len(due) == _EXACT:
        return due == actual.due
    difference = datetime.strptime(actual.due, _FORM) - datetime.strptime(f"{due}:00", _FORM)  # noqa: DTZ007
    return abs(difference) <= _TOLERANCE


def _absolute(due: str, start: Micros) -> str:
    """With the day on which the scenario starts filled in."""
    if not due.startswith("+"):
        return due
    days, _, clock = due[1:].partition("d ")
    return f"{local(start) + timedelta(days=int(days)):%Y-%m-%d} {clock}"
