"""Merges and splits of agencies: who carries on whose cases, signed by both (docs/spec/registry.md 6).

1. The old and the new agency sign one statement each: old number, new number, from when.
2. A succession counts when both statements about it verify.  It names things that happened, so it goes
   on to count when a key of the old agency, which is no more, expires or is revoked afterwards.
3. An agency that is split has several successors, each with a succession of its own.  An agency ends once:
   of successions at several moments the earliest count.  Nobody succeeds itself, not even by way of others.
4. What does not count is told as a problem; cases then stay with the agency that had them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from broker.agreements.statements import (
    SignedStatement,
    Statement,
    read_statement,
    read_statements,
)
from broker.crypto import Signer, VerifyingKey
from broker.dsse import write_envelope
from broker.errors import RejectedError, UntrustedError
from broker.names import Algorithm, KeyId, Micros, Oin
from broker.signing import KeyDirectory, VerificationCache
from broker.strict_json import OinText
from broker.trust.view import Succession, TrustView

__all__ = [
    "SUCCESSIONS",
    "SUCCESSION_TYPE",
    "SuccessionStatement",
    "read_succession",
    "read_successions",
    "sign_succession",
    "verify_succession",
    "verify_successions",
]

SUCCESSIONS = "successions.json"
"""Where the registry keeps them."""

SUCCESSION_TYPE = "application/vnd.schakel.succession.v1+json"

_Time = Annotated[int, Field(ge=0, le=1 << 62, strict=True)]


class SuccessionStatement(Statement):
    """This agency, one of the two, says that *new* carries on the cases of *old* from *since* on."""

    old: OinText
    new: OinText
    since: _Time
    signed_at: _Time

    @property
    def succession(self) -> Succession:
        """What it is about."""
        return Succession(self.old, self.new, Micros(self.since))


def sign_succession(succession: Succession, oin: Oin, signers: Sequence[Signer], at: Micros) -> bytes:
    """The statement of *oin* about *succession*, signed with each of *signers*.

    Raises:
        UntrustedError: *oin* is neither of the two.
    """
    _require_one_of(succession, oin)
    statement = {
        "oin": oin,
        "old": succession.old,
        "new": succession.new,
        "since": succession.since,
        "signed_at": at,
    }
    return write_envelope(SUCCESSION_TYPE, statement, signers)


def read_succession(document: bytes) -> SignedStatement[SuccessionStatement]:
    """One statement, unverified.

    Raises:
        MalformedError: Not such a document.
    """
    return read_statement(document, SUCCESSION_TYPE, SuccessionStatement)


def read_successions(document: bytes) -> tuple[SignedStatement[SuccessionStatement], ...]:
    """All statements of `successions.json`, unverified.

    Raises:
        MalformedError: Not a list of statements.
    """
    return read_statements(document, SUCCESSION_TYPE, SuccessionStatement)


def verify_succession(
    signed: SignedStatement[SuccessionStatement], keys: KeyDirectory, cache: VerificationCache
) -> Succession:
    """What the agency that it names has signed.

    Raises:
        UntrustedError: It is neither of the two, or it has not signed.
    """
    statement = signed.statement
    _require_one_of(statement.succession, statement.oin)
    signed.verify(Micros(statement.signed_at), keys, cache)
    found: Succession = statement.succession
    return found


def verify_successions(
    statements: Iterable[SignedStatement[SuccessionStatement]],
    view: TrustView,
    cache: VerificationCache,
    problem: Callable[[str], None],
) -> tuple[Succession, ...]:
    """The successions that both agencies have signed, the earliest first.

    Args:
        view: Whose agencies and keys count.
        problem: Told why a statement does not count.
    """
    signed_by: dict[Succession, set[Oin]] = {}
    for signed in statements:
        try:
            found = verify_succession(signed, _OnceKeys(view), cache)
        except RejectedError as error:
            problem(error.what)
            continue
        signed_by.setdefault(found, set()).add(signed.statement.oin)
    whole = [found for found, parties in signed_by.items() if parties == {found.old, found.new}]
    for found in signed_by.keys() - set(whole):
        problem(f"the succession of {found.old} by {found.new} is not signed by both")
    return tuple(_coherent(sorted(whole, key=lambda s: (s.since, s.old, s.new)), problem))


def _coherent(whole: Iterable[Succession], problem: Callable[[str], None]) -> Iterable[Succession]:
    kept: dict[Oin, list[Succession]] = {}
    for found in whole:
        ended = kept.get(found.old, [])
        if any(before.since != found.since for before in ended):
            problem(f"{found.old} has ended at another moment already")
        elif _leads_to(found.new, found.old, kept):
            problem(f"{found.old} would succeed itself")
        else:
            kept[found.old] = [*ended, found]
            yield found


def _leads_to(start: Oin, goal: Oin, kept: Mapping[Oin, Sequence[Succession]]) -> bool:
    reached, waiting = {start}, [start]
    while waiting:
        new = {found.new for found in kept.get(waiting.pop(), ())} - reached
        reached |= new
        waiting.extend(new)
    return goal in reached


def _require_one_of(succession: Succession, oin: Oin) -> None:
    if oin not in {succession.old, succession.new}:
        raise UntrustedError("only the old and the new agency sign a succession", reason="not-a-party")


@dataclass(frozen=True, slots=True)
class _OnceKeys:
    """Keys as they stood at the moment of signing: the old agency and its keys may be no more."""

    view: TrustView

    def vouching_key(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:
        return self.view.key_of_then(oin, key_id, at)

    def required_algorithms(self, oin: Oin) -> frozenset[Algorithm]:
        return self.view.required_algorithms(oin)
