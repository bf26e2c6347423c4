"""How agreements and keys stand in a registry, in words for people.

1. An agency is called by its short name, with its OIN beside it.
2. Keys that are not of the party that they are to sign for are found before they sign.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from broker.agreements.model import Agreement, AgreementParty
from broker.crypto import Signer
from broker.dutch_time import local_text
from broker.errors import UsageError
from broker.names import Digest, Micros, Oin
from broker.trust.view import TrustView

__all__ = ["Standing", "named", "party_name", "published", "require_own_keys", "standing"]

_OIN = re.compile(r"\b([0-9]{8}[0-9A-Za-z]{12})(/[A-Z][A-Za-z]{1,11})?\b")


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether an agreement holds now.

    Attributes:
        agreement: ``id/version``.
        why: Why it is not in force; empty when it is.
        unsigned: Short names, or OINs, of the parties whose signature is missing.
    """

    agreement: str
    in_force: bool
    why: str = ""
    unsigned: tuple[str, ...] = ()


def standing(view: TrustView, agreement: Agreement, now: Micros) -> Standing:
    """How *agreement*, as *view* has it, stands at *now*."""
    label = f"{agreement.id}/{agreement.version}"
    absent = sorted({party.oin for party in agreement.parties} - agreement.signed_by)
    unsigned = tuple(view.agencies[oin].short_name if oin in view.agencies else oin for oin in absent)
    why = ""
    if agreement.revoked_at is not None and agreement.revoked_at <= now:
        why = f"it was revoked at {local_text(agreement.revoked_at)}"
    elif agreement.valid_until <= now:
        why = f"it ended at {local_text(agreement.valid_until)}"
    elif unsigned:
        why = f"not signed by {', '.join(unsigned)}"
    elif now < agreement.valid_from:
        why = f"it begins at {local_text(agreement.valid_from)}"
    return Standing(label, not why, why, unsigned)


def published(view: TrustView, digest: Digest) -> Agreement | None:
    """The agreement with exactly these bytes, with its signatures and revocation, if it is published."""
    return next((found for found in view.rules.agreements if found.digest == digest), None)


def named(view: TrustView, text: str) -> str:
    """*text* with the short name before every OIN of an agency that the registry knows."""

    def with_name(match: re.Match[str]) -> str:
        agency = view.agencies.get(Oin(match[1]))
        return match[0] if agency is None else f"{agency.short_name} ({match[0]})"

    return _OIN.sub(with_name, text)


def party_name(view: TrustView, party: AgreementParty) -> str:
    """A party with its role, short name first."""
    return named(view, f"{party.oin}/{party.role}")


def require_own_keys(view: TrustView, oin: Oin, signers: Sequence[Signer]) -> None:
    """Refuse keys that the registry does not list for *oin*: what they sign would not count.

    Raises:
        UsageError: A key is another agency's, revoked, or nobody's.
    """
    for signer in signers:
        owner, entry = view.signing_keys.get(signer.key_id, (None, None))
        if owner != oin or entry is None:
            held = "the registry does not list them" if owner is None else f"they are of {named(view, owner)}"
            raise UsageError(
                f"these keys do not belong to {named(view, oin)}",
                why=held,
                remedy="Give the OIN and --keys of one party, or have its keys published first",
            )
        if entry.revoked_at is not None:
            raise UsageError(
                f"a key of {named(view, oin)} was revoked at {local_text(entry.revoked_at)}",
                remedy="Make new keys, and have them published with `schakel registry rotate-key`",
            )
