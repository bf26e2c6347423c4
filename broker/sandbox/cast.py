"""Who takes part in the sandbox: two regions of invented agencies with test OINs (prefix 00000099)."""

from __future__ import annotations

from dataclasses import dataclass

from broker.names import Oin, Role

__all__ = ["AGENCIES", "EXCHANGE", "CastMember", "member"]


@dataclass(frozen=True, slots=True)
class CastMember:
    """One invented agency.

    Attributes:
        name: Short name in commands, certificates and access lists.
        title: Full Dutch name.
    """

    name: str
    oin: Oin
    title: str
    roles: tuple[Role, ...]


def _cast(number: int, name: str, title: str, *roles: str) -> CastMember:
    return CastMember(name, Oin.parse(f"00000099{number:09d}000"), title, tuple(Role.parse(r) for r in roles))


EXCHANGE = _cast(1, "exchange", "Uitwisseling Schakel (zandbak)", "GATE")

AGENCIES = (
    _cast(101, "amk-noord", "Advies- en Meldpunt Kindermishandeling Noord", "AMK"),
    _cast(102, "shg-noord", "Steunpunt Huiselijk Geweld Noord", "SHG"),
    _cast(103, "bjz-noord", "Bureau Jeugdzorg Noord", "BJZ"),
    _cast(104, "raad-noord", "Raad voor de Kinderbescherming Noord", "RvdK"),
    _cast(105, "ggz-noord", "GGZ-instelling Noord", "GGZ"),
    _cast(106, "huisarts-noord", "Huisartsenpraktijk Noord", "HA"),
    _cast(107, "politie-noord", "Politie Noord", "POL"),
    _cast(108, "om-noord", "Openbaar Ministerie Noord", "OM"),
    _cast(109, "rechtbank-noord", "Rechtbank Noord, griffie kinderrechter", "KR"),
    _cast(110, "ziekenhuis-noord", "Ziekenhuis Noord", "ZH"),
    _cast(111, "forensisch-noord", "Forensische polikliniek Noord", "FME"),
    _cast(112, "gemeente-noord", "Gemeente Noord, burgemeester", "BURG"),
    _cast(113, "inspectie-jeugdzorg", "Inspectie Jeugdzorg", "IJZ"),
    _cast(114, "inspectie-gezondheidszorg", "Inspectie voor de Gezondheidszorg", "IGZ"),
    _cast(115, "instelling-noord", "Jeugdzorginstelling Noord", "INST"),
    _cast(116, "reclassering-noord", "Reclassering Noord", "REC"),
    _cast(117, "provincie-noord", "Provincie Noord", "PROV"),
    _cast(201, "amk-zuid", "Advies- en Meldpunt Kindermishandeling Zuid", "AMK"),
    _cast(202, "shg-zuid", "Steunpunt Huiselijk Geweld Zuid", "SHG"),
    _cast(205, "ggz-zuid", "GGZ-instelling Zuid", "GGZ"),
)


def member(name: str) -> CastMember:
    """The agency of this short name.

    Raises:
        KeyError: There is none.
    """
    return {cast.name: cast for cast in (*AGENCIES, EXCHANGE)}[name]
