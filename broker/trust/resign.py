"""Which agreements must be signed again after a change of the catalogue (docs/spec/catalogue.md 10).

A party signed for what the catalogue said then.  An agreement must be signed again when a grant of it
names an exchange of which a change *widens* what the recipient may get or *demands* more of a party
(`broker.catalogue.diff`), unless the grant was narrower already and the change does not reach it:

1. a group, field or sensitivity outside the grant's own groups does not, but a group that becomes
   required does: without it the grant can never be used;
2. a purpose or legal basis that the grant does not name does not, and a regime outside the grant's own
   does not.

What only takes away or eases needs no signature; `schakel agreement check` says what no longer works.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from broker.agreements.model import Agreement, Grant
from broker.catalogue.diff import Change
from broker.catalogue.facets import Aspect
from broker.names import AgreementId, Digest, Oin

__all__ = ["SignAgain", "sign_again"]

_IN_A_GROUP = frozenset({Aspect.GROUP, Aspect.FIELD, Aspect.SENSITIVITY})


@dataclass(frozen=True, slots=True)
class SignAgain:
    """One agreement that must be signed again.

    Attributes:
        digest: Of the exact version that was compared.
        parties: Everybody who must sign.
        grants: Names of the grants that change.
        changes: What changes in them.
    """

    id: AgreementId
    version: int
    digest: Digest
    parties: tuple[Oin, ...]
    grants: tuple[str, ...]
    changes: tuple[Change, ...]


def sign_again(changes: Iterable[Change], agreements: Iterable[Agreement]) -> tuple[SignAgain, ...]:
    """The agreements of *agreements* that must be signed again, in their order."""
    asking = [change for change in changes if change.widens or change.demands]
    found = []
    for agreement in agreements:
        reached = [(g.rule, c) for g in agreement.grants for c in asking if _reaches(c, g)]
        if reached:
            found.append(_found(agreement, reached))
    return tuple(found)


def _found(agreement: Agreement, reached: list[tuple[str, Change]]) -> SignAgain:
    return SignAgain(
        id=agreement.id,
        version=agreement.version,
        digest=agreement.digest,
        parties=tuple(sorted({party.oin for party in agreement.parties})),
        grants=tuple(dict.fromkeys(rule for rule, _ in reached)),
        changes=tuple(dict.fromkeys(change for _, change in reached)),
    )


def _reaches(change: Change, grant: Grant) -> bool:
    if change.code not in grant.types:
        return False
    if (change.sender, change.recipient) != (grant.sender_role, grant.recipient_role):
        return False
    name = change.name
    if change.aspect in _IN_A_GROUP:
        inside = grant.groups is None or name.split(".", maxsplit=1)[0] in grant.groups
        return inside or (change.aspect is Aspect.GROUP and change.demands)
    if change.aspect is Aspect.PURPOSE:
        return name in grant.purposes
    if change.aspect is Aspect.LEGAL_BASIS:
        return name in grant.legal_bases
    if change.aspect is Aspect.REGIME:
        return grant.regimes is None or name in grant.regimes
    return True
