"""What an agency counted itself: a signed statement to lay beside the exchange's own counts.

The rules, in order (docs/spec/obligations.md 8):

1. An agency counts the cells in which it stands, as debtor or creditor, and each only once.
2. A count of 1 to 5 does not leave the agency: it is written as "1-5" before anything is signed.
3. The statement is believed once the keys of its agency, as the registry has them, have signed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from broker.agreements.statements import SignedStatement, Statement, read_statement
from broker.crypto import Signer
from broker.dsse import write_envelope
from broker.errors import MalformedError, UntrustedError
from broker.names import Micros, Oin
from broker.signing import KeyDirectory, VerificationCache
from broker.strict_json import OinText, StrictModel, read_json

__all__ = [
    "DECLARATION_TYPE",
    "Count",
    "CountRow",
    "DeclarationStatement",
    "read_counts",
    "read_declaration",
    "sign_declaration",
    "verify_declaration",
]

DECLARATION_TYPE = "application/vnd.schakel.declaration.v1+json"

_LARGEST = 4 * 1024 * 1024
_MOST_COUNTS = 20_000

_Code = Annotated[str, Field(pattern=r"^OB-[A-Z0-9-]{1,40}$")]
_Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
_Number = Annotated[str, Field(pattern=r"^(1-5|0|[6-9]|[1-9][0-9]{1,11})$")]
_Own = Annotated[int, Field(ge=0, lt=10**12, strict=True)] | Literal["1-5"]
_Measure = Literal["expected", "exists", "missing"]


class _Cell(StrictModel):
    duty: _Code
    month: _Month
    measure: _Measure = "exists"


class CountRow(_Cell):
    """One count as an agency writes it down.

    Attributes:
        debtor, creditor: Short names or OINs.
        count: How many there were, or "1-5".
    """

    debtor: Annotated[str, Field(min_length=1, max_length=64)]
    creditor: Annotated[str, Field(min_length=1, max_length=64)]
    count: _Own


class Count(_Cell):
    """One count as it is signed.

    Attributes:
        count: A whole number of at most 12 digits, or "1-5" for 1 to 5.
    """

    debtor: OinText
    creditor: OinText
    count: _Number

    @property
    def place(self) -> tuple[str, ...]:
        """What it counts."""
        return (self.debtor, self.creditor, self.duty, self.month, self.measure)


class _Counts(StrictModel):
    counts: Annotated[tuple[CountRow, ...], Field(max_length=_MOST_COUNTS)]


class DeclarationStatement(Statement):
    """The counts of one agency, as it had them at one moment."""

    declared_at: Annotated[int, Field(ge=0, le=1 << 62, strict=True)]
    counts: Annotated[tuple[Count, ...], Field(max_length=_MOST_COUNTS)]


def read_counts(document: bytes) -> tuple[CountRow, ...]:
    """What an agency wrote down: ``{"counts": [{debtor, creditor, duty, month, measure, count}]}``.

    Raises:
        MalformedError: Not such a document; the place is named, never a value.
    """
    return read_json(document, _Counts, "the counts", _LARGEST).counts


def sign_declaration(oin: Oin, counts: Sequence[Count], signers: Sequence[Signer], at: Micros) -> bytes:
    """The counts of *oin*, signed with each of *signers*.

    Raises:
        MalformedError: It stands in one of the cells not, or a cell stands twice.
    """
    _require_own(oin, counts)
    statement = {"oin": oin, "declared_at": at, "counts": [count.model_dump() for count in counts]}
    return write_envelope(DECLARATION_TYPE, statement, signers)


def read_declaration(document: bytes) -> SignedStatement[DeclarationStatement]:
    """A declaration, unverified.

    Raises:
        MalformedError: Not such a document.
    """
    return read_statement(document, DECLARATION_TYPE, DeclarationStatement, _LARGEST)


def verify_declaration(
    signed: SignedStatement[DeclarationStatement], now: Micros, keys: KeyDirectory, cache: VerificationCache
) -> DeclarationStatement:
    """The declaration, believed.

    Raises:
        UntrustedError: Its agency did not sign it, or says it did so later than *now*.
        MalformedError: It counts what is no matter of its agency, or something twice.
    """
    statement = signed.statement
    if statement.declared_at > now:
        raise UntrustedError("a declaration from the future", reason="declared-in-the-future")
    signed.verify(Micros(statement.declared_at), keys, cache)
    _require_own(statement.oin, statement.counts)
    return statement


def _require_own(oin: Oin, counts: Sequence[Count]) -> None:
    seen: set[tuple[str, ...]] = set()
    for number, count in enumerate(counts):
        if oin not in (count.debtor, count.creditor):
            raise MalformedError(f"counts.{number} is about two other agencies")
        if count.place in seen:
            raise MalformedError(f"counts.{number} counts what was counted before it")
        seen.add(count.place)
