"""Declarations of counts: written by an agency, and laid beside what the exchange counted.

1. An agency writes short names; what is signed names OINs and duties that the registry knows.
2. A declaration that is not believed is named with its reason and compared with nothing.
3. Where an agency declares again, only its latest declaration counts.
4. A count of 1 to 5 is written as "1-5", and what should exist is left out where such a count would follow
   from it beside what exists or is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from broker.crypto import Signer
from broker.errors import MalformedError, RejectedError, UsageError
from broker.names import Micros, Oin
from broker.obligations.completeness import (
    FEW,
    Cell,
    Comparison,
    Counts,
    Declared,
    Measure,
    is_few,
    masked,
    reconcile,
)
from broker.obligations.report import Period
from broker.signing import VerificationCache
from broker.trust.declarations import (
    Count,
    CountRow,
    DeclarationStatement,
    read_declaration,
    sign_declaration,
    verify_declaration,
)
from broker.trust.view import TrustView

__all__ = ["Believed", "NotBelieved", "believe", "compared_with", "declare"]


@dataclass(frozen=True, slots=True)
class Believed:
    """The declarations that count, one for each agency."""

    statements: tuple[DeclarationStatement, ...]
    refused: tuple[NotBelieved, ...]


@dataclass(frozen=True, slots=True)
class NotBelieved:
    """A declaration that does not count.

    Attributes:
        file: As it was given.
        agency: Whom it claims to be from: the short name, else the number; empty when that cannot be read.
        why: The reason in words.
    """

    file: str
    agency: str
    reason: str
    why: str


def declare(
    rows: Iterable[CountRow], oin: Oin, view: TrustView, signers: Sequence[Signer], now: Micros
) -> bytes:
    """The counts of agency *oin* as a signed declaration, without those that give a small one away.

    Raises:
        UsageError: A row names an agency or duty that the registry does not have.
        MalformedError: A row is about two other agencies, or counts again what one before it counted.
    """
    counts = [(_count(number, row, view), row.count) for number, row in enumerate(rows)]
    told = {count.place: own for count, own in counts}
    kept = [count for count, own in counts if not _gives_away(count, own, told)]
    return sign_declaration(oin, kept, signers, now)


def believe(
    documents: Mapping[str, bytes], view: TrustView, now: Micros, cache: VerificationCache
) -> Believed:
    """Verify *documents*, by the names of their files, against the registry."""
    latest: dict[Oin, DeclarationStatement] = {}
    refused: list[NotBelieved] = []
    for file, document in documents.items():
        agency = ""
        try:
            signed = read_declaration(document)
            agency = _name(signed.statement.oin, view)
            statement = verify_declaration(signed, now, view, cache)
        except RejectedError as error:
            refused.append(NotBelieved(file, agency, error.reason, error.what))
            continue
        before = latest.get(statement.oin)
        if before is None or before.declared_at < statement.declared_at:
            latest[statement.oin] = statement
    return Believed(tuple(latest[oin] for oin in sorted(latest)), tuple(refused))


def compared_with(
    counted: Mapping[Cell, Counts], statement: DeclarationStatement, period: Period | None
) -> list[Comparison]:
    """What was counted beside *statement*, for the cells of *period* in which its agency stands."""
    own = {cell: counts for cell, counts in counted.items() if statement.oin in (cell.debtor, cell.creditor)}
    declared = [_declared(count) for count in statement.counts if period is None or count.month in period]
    return reconcile(own, declared)


def _gives_away(count: Count, own: int | str, told: Mapping[tuple[str, ...], int | str]) -> bool:
    """Whether a number of 1 to 5 follows from what should exist, beside what else is told of the cell."""
    if count.measure != Measure.EXPECTED.value or not isinstance(own, int) or is_few(own):
        return False
    parts = [
        told[place]
        for measure in (Measure.EXISTS, Measure.MISSING)
        if (place := (*count.place[:-1], measure.value)) in told
    ]
    return any(part == FEW or is_few(int(part)) or is_few(own - int(part)) for part in parts)


def _declared(count: Count) -> Declared:
    cell = Cell(count.debtor, count.creditor, count.duty, count.month)
    return Declared(cell, Measure(count.measure), count.count)


def _count(number: int, row: CountRow, view: TrustView) -> Count:
    if row.duty not in view.catalogue.obligations:
        raise UsageError(
            f"counts.{number}: the catalogue has no {row.duty}", remedy="See `schakel catalogue show`"
        )
    return Count(
        debtor=_oin(number, row.debtor, view),
        creditor=_oin(number, row.creditor, view),
        duty=row.duty,
        month=row.month,
        measure=row.measure,
        count=row.count if isinstance(row.count, str) else masked(row.count),
    )


def _oin(number: int, text: str, view: TrustView) -> Oin:
    agency = view.by_name.get(text)
    if agency is not None:
        return agency.oin
    try:
        return view.agencies[Oin.parse(text)].oin
    except (MalformedError, KeyError):
        raise UsageError(
            f"counts.{number}: the registry has no agency {text}", remedy="See `schakel registry show`"
        ) from None


def _name(oin: Oin, view: TrustView) -> str:
    agency = view.agencies.get(oin)
    return str(oin) if agency is None else agency.short_name
