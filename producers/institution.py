"""An institution that learns that one of its own possibly abuses a child: who must hear it (E21I, E21A).

    python -m producers.institution --profile schakel.toml --tray DIR [--once]

Fact of the form: `possible_abuse`; the sector stands in the record (``AC.sector_code``).  Whom the law
names, and by which provision, differs by sector and regime (sources.md 4.5, L22): youth care tells the
AMK and, until 2015, the inspectorate as well (A24), from 2015 the inspectorate alone; health care and
schools tell their own.  Childcare has no addressee in the law of these years.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from producers.counter import run
from producers.forms import Form, NotSent, Wanted

__all__ = ["ROUTES", "report_colleague"]

_YOUTH_CARE = (("E21A", "AMK", "wjz-21"), ("E21I", "IJZ", "meldplicht"))
_HEALTH_CARE = (("E21I", "IGZ", "kwaliteitswet-4a"),)
_SCHOOL = (("E21I", "IvhO", "wpo-4a"),)
_FROM_2015 = (("E21I", "IJZ", "jeugdwet-4-1-8"),)

ROUTES: Mapping[str, Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "jeugdzorg": {"R0": _YOUTH_CARE, "R1": _YOUTH_CARE, "R2": _FROM_2015},
    "zorg": {"R0": _HEALTH_CARE, "R1": _HEALTH_CARE, "R2": _HEALTH_CARE},
    "onderwijs": {"R0": _SCHOOL, "R1": _SCHOOL, "R2": _SCHOOL},
}
"""By sector and regime: type, addressed role and legal basis of each message."""


def report_colleague(form: Form) -> Sequence[Wanted]:
    """E21I to the inspectorate of the sector, and E21A to the AMK where the law wants it.

    Raises:
        NotSent: No suspicion, no sector, or one that has no addressee in this regime.
    """
    if not form.holds("possible_abuse"):
        raise NotSent("no-suspicion", "possible_abuse")
    colleague = form.record.get("AC")
    sector = colleague.get("sector_code") if isinstance(colleague, dict) else None
    routes = ROUTES.get(str(sector), {}).get(form.regime)
    if routes is None:
        raise NotSent("sector-without-addressee", "AC.sector_code")
    return [
        Wanted(code, form.addressee(role), form.record, legal_basis=basis) for code, role, basis in routes
    ]


if __name__ == "__main__":
    run(report_colleague, "INST")
