"""The agreements of the sandbox: one convenant per region between its AMK and its SHG, co-signed.

Nothing is agreed between the regions, and police data (PO) stays out: the catalogue would let an SHG
add them to a forwarded report, these parties agreed that it does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from broker.agreements.document import parse_agreement
from broker.agreements.model import Agreement
from broker.agreements.signatures import sign_agreement
from broker.moments import DAY, HOUR, to_text
from broker.names import Micros, Oin
from broker.sandbox.cast import member
from broker.sandbox.members import Member

__all__ = ["REGIONS", "RegionalAgreement", "regional_agreement", "signatures"]

REGIONS = ("noord", "zuid")
"""Each has an AMK and an SHG with an agreement between them: ``amk-shg-noord``, ``amk-shg-zuid``."""

_YEAR = 365 * DAY

_AMK_GROUPS = ("REF", "CH", "GU", "HH", "AP", "RP", "RPI", "CO", "SA", "DE", "IN", "WK", "AT")


@dataclass(frozen=True, slots=True)
class RegionalAgreement:
    """One agreement: its exact bytes, and what they say."""

    document: bytes
    agreement: Agreement


def regional_agreement(region: str, now: Micros) -> RegionalAgreement:
    """The agreement of the AMK and the SHG of *region*, in force from an hour before *now* for a year."""
    parties = (member(f"amk-{region}"), member(f"shg-{region}"))
    content = {
        "format": "schakel-agreement/1",
        "id": f"amk-shg-{region}",
        "version": 1,
        "title": f"Convenant informatie-uitwisseling AMK en SHG {region.capitalize()} (zandbak)",
        "parties": [{"oin": party.oin, "role": party.roles[0]} for party in parties],
        "controller": "Elke partij voor de eigen verwerking",
        "public_interest": "Bescherming van kinderen tegen mishandeling en huiselijk geweld",
        "partnership": {
            "name": f"Samenwerking AMK en SHG {region.capitalize()}",
            "purpose": "Meldingen bij de bevoegde organisatie brengen en daarover terugkoppelen",
        },
        "grants": [*_reports(), *_answers()],
        "reporting": _reporting(),
        "valid_from": to_text(Micros(now - HOUR)),
        "valid_until": to_text(Micros(now + _YEAR)),
        "revocation_contact": "convenant@voorbeeld.invalid",
        "retention": "Berichten ten hoogste zeven dagen, het controlespoor vijf jaar",
    }
    # JSON is YAML: nothing is quoted by hand.
    document = _as_text(content)
    return RegionalAgreement(document, parse_agreement(document))


def signatures(made: RegionalAgreement, members: Mapping[str, Member], now: Micros) -> list[bytes]:
    """What each party signs: that it agrees to exactly this version."""
    parties = sorted({party.oin for party in made.agreement.parties})
    return [sign_agreement(made.agreement, oin, _by_oin(members, oin).keys.signers, now) for oin in parties]


def _by_oin(members: Mapping[str, Member], oin: Oin) -> Member:
    return next(member for member in members.values() if member.cast.oin == oin)


def _reports() -> list[dict[str, object]]:
    return [
        {
            "rule": "huiselijk-geweld-met-kinderen",
            "types": ["E01"],
            "sender": "SHG",
            "recipient": "AMK",
            "purposes": ["amk-taak"],
            "legal_bases": ["wmo-21b-2d", "wmo-21d"],
            "groups": list(_AMK_GROUPS),
        },
        {
            "rule": "kindermishandeling-huiselijke-kring",
            "types": ["E02"],
            "sender": "AMK",
            "recipient": "SHG",
            "purposes": ["shg-taak"],
            "legal_bases": ["wjz-11-1f", "wjz-53"],
        },
    ]


def _answers() -> list[dict[str, object]]:
    purpose, bases = ["terugkoppeling-melder"], ["ubwjz-54", "wjz-11-1e", "wmo-21b-2e"]
    both = {"purposes": purpose, "legal_bases": bases}
    return [
        {
            "rule": "besluit-en-terugkoppeling-amk",
            "types": ["E04", "E05"],
            "sender": "AMK",
            "recipient": "SHG",
            **both,
        },
        {"rule": "terugkoppeling-shg", "types": ["E05"], "sender": "SHG", "recipient": "AMK", **both},
    ]


def _reporting() -> dict[str, str]:
    return {
        "notice": "Langs de uitwisseling, binnen een werkdag na de melding",
        "decision": "Als besluit (E04) binnen vijf dagen",
        "results": "Als terugkoppeling (E05) bij het begin en aan het eind",
    }


def _as_text(content: dict[str, object]) -> bytes:
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"
