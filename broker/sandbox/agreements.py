"""The agreements of the sandbox, co-signed: the packaged models, filled in for its two regions.

1. Each region has a convenant between its AMK and its SHG.  Police data (PO) stays out of it: the
   catalogue would let an SHG add them to a forwarded report, these parties agreed that it does not.
2. Region Noord has every other partnership as well, with the two inspectorates; Zuid has the one
   between its AMK and its GGZ.  Roles that nobody has here are left out.
3. Nothing is agreed between the regions, and nobody asks about earlier facts of a parent (E20).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from broker.agreements.document import parse_agreement
from broker.agreements.model import Agreement
from broker.agreements.signatures import sign_agreement
from broker.agreements.template import fill_in, places, without
from broker.moments import DAY, HOUR, to_text
from broker.names import Micros, Oin
from broker.sandbox.cast import AGENCIES, CastMember, member
from broker.sandbox.members import Member

__all__ = ["REGIONS", "RegionalAgreement", "all_agreements", "regional_agreement", "signatures"]

REGIONS = ("noord", "zuid")
"""Each has an AMK and an SHG with an agreement between them: ``amk-shg-noord``, ``amk-shg-zuid``."""

_LIFE = 5 * 365 * DAY
_AUDIT = 2 * 365 * DAY
_CONTACT = "convenant@voorbeeld.invalid"

_PARTNERSHIPS = (
    ("informatie-ggz-noord", "ggz-informatie"),
    ("informatie-huisartsen-noord", "huisartsen-informatie"),
    ("raad-bjz-noord", "raad-bjz"),
    ("spoedmelding-noord", "spoedmelding-raad"),
    ("amk-politie-om-noord", "amk-politie-om"),
    ("huisverbod-noord", "huisverbod"),
    ("oudermelding-noord", "oudermelding-seh"),
    ("gezamenlijk-plan-noord", "gezamenlijk-plan"),
    ("misbruik-jeugdzorg-noord", "misbruik-beroepskracht-jeugdzorg"),
    ("misbruik-zorg-noord", "misbruik-beroepskracht-zorg"),
    ("letselduiding-noord", "letselduiding"),
    ("beleidsinformatie-noord", "beleidsinformatie"),
    ("informatie-ggz-zuid", "ggz-informatie"),
)
"""The id, which ends in the region, and the model."""

_AMK_GROUPS = ("REF", "CH", "GU", "HH", "AP", "RP", "RPI", "CO", "SA", "DE", "IN", "WK", "AT")


@dataclass(frozen=True, slots=True)
class RegionalAgreement:
    """One agreement: its exact bytes, and what they say."""

    document: bytes
    agreement: Agreement


def regional_agreement(region: str, now: Micros) -> RegionalAgreement:
    """The agreement of the AMK and the SHG of *region*, in force from an hour before *now* for five years."""
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
        "grants": [*_reports(), *_answers(), *_informing()],
        "reporting": _reporting(),
        "valid_from": to_text(Micros(now - HOUR)),
        "valid_until": to_text(Micros(now + _LIFE)),
        "revocation_contact": _CONTACT,
        "retention": "Berichten ten hoogste zeven dagen, het controlespoor vijf jaar",
    }
    # JSON is YAML: nothing is quoted by hand.
    document = _as_text(content)
    return RegionalAgreement(document, parse_agreement(document))


def all_agreements(now: Micros) -> list[RegionalAgreement]:
    """Every agreement of the sandbox, in force from an hour before *now* for five years."""
    return [
        *(regional_agreement(region, now) for region in REGIONS),
        *(_from_model(id_, model, now) for id_, model in _PARTNERSHIPS),
    ]


def _from_model(id_: str, model: str, now: Micros) -> RegionalAgreement:
    """A packaged model between the agencies of one region."""
    text = (files("schemas") / "agreements" / f"{model}.yaml").read_bytes()
    numbers = {f"oin:{role}": cast.oin for cast in _around(id_) for role in cast.roles}
    wanted = {name for name in places(text) if name.startswith("oin:")}
    here = without(text, {name.removeprefix("oin:") for name in wanted - numbers.keys()})
    values = {
        **numbers,
        "id": id_,
        "version": "1",
        "from": to_text(Micros(now - HOUR)),
        "until": to_text(Micros(now + _LIFE)),
        "audit": to_text(Micros(now + _AUDIT)),
        "contact": _CONTACT,
    }
    document = fill_in(here, {name: values[name] for name in places(here)})
    return RegionalAgreement(document, parse_agreement(document))


def _around(id_: str) -> list[CastMember]:
    """The agencies of the region in which *id_* ends; Noord has the inspectorates."""
    home = "-" + id_.rsplit("-", 1)[1]
    national = home.removeprefix("-") == REGIONS[0]
    return [
        cast
        for cast in AGENCIES
        if cast.name.endswith(home) or (national and cast.name.startswith("inspectie-"))
    ]


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


def _informing() -> list[dict[str, object]]:
    """Each tells the other whether and when the person concerned is informed (E26)."""
    purpose = ["informeren-betrokkene"]
    return [
        {
            "rule": f"stand-informeren-{sender.lower()}",
            "types": ["E26"],
            "sender": sender,
            "recipient": recipient,
            "purposes": purpose,
            "legal_bases": [basis],
        }
        for sender, recipient, basis in (("AMK", "SHG", "wjz-54"), ("SHG", "AMK", "wmo-21f"))
    ]


def _reporting() -> dict[str, str]:
    return {
        "notice": "Langs de uitwisseling, binnen een werkdag na de melding",
        "decision": "Als besluit (E04) binnen vijf dagen",
        "results": "Als terugkoppeling (E05) bij het begin en aan het eind",
    }


def _as_text(content: dict[str, object]) -> bytes:
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"
