"""An institution that learns that one of its own possibly abuses a child: who must hear it (E21I, E21A).

    python -m producers.institution --profile schakel.toml --tray DIR [--once]

Fact of the form: `possible_abuse`; the sector stands in the record (``AC.sector_code``).  Whom the law
names, and by which provision, differs by sector and regime (sources.md 4.5, L22): youth care tells the
AMK and, until 2015, the inspectorate as well (A24), from 2015 the inspectorate alone; health care and
schools tell their own.  Childcare has no addressee in the law of these years.  `rules.yaml` has the routes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from producers.forms import Form, NotSent, Wanted
from producers.program import run
from producers.rules import law_rules

__all__ = ["report_colleague"]


def report_colleague(form: Form) -> Sequence[Wanted]:
    """E21I to the inspectorate of the sector, and E21A to the AMK where the law wants it.

    Raises:
        NotSent: No suspicion, no sector, or one that has no addressee in this regime.
    """
    if not form.holds("possible_abuse"):
        raise NotSent("no-suspicion", "possible_abuse")
    sector, regime = form.group("AC").get("sector_code"), form.regime
    routes = [route for route in law_rules().routes if route.sector == sector and regime in route.regimes]
    if not routes:
        raise NotSent("sector-without-addressee", "AC.sector_code")
    return [
        Wanted(route.type, form.addressee(route.to), form.record, legal_basis=route.legal_basis)
        for route in routes
    ]


if __name__ == "__main__":
    sys.exit(run(report_colleague, "INST"))
