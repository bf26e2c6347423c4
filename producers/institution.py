"""An institution that learns that one of its own possibly abuses a child: who must hear it (E21I, E21A).

    python -m producers.institution --profile schakel.toml --tray DIR [--once]

Facts of the form: `sector` (one of `ROUTES`) and `possible_abuse`.  Whom the law names differs by sector
and by regime (sources.md 4.5, L22): youth care tells the AMK and, until 2015, the inspectorate as well
(A24); from 2015 the inspectorate alone; health care and schools tell their own inspectorate.  Childcare
has no addressee yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from producers.counter import run
from producers.forms import Form, NotSent, Wanted

__all__ = ["ROUTES", "report_colleague"]

_YOUTH_CARE_BEFORE_2015 = (("E21A", "AMK"), ("E21I", "IJZ"))

ROUTES: Mapping[str, Mapping[str, tuple[tuple[str, str], ...]]] = {
    "youth-care": {"R0": _YOUTH_CARE_BEFORE_2015, "R1": _YOUTH_CARE_BEFORE_2015, "R2": (("E21I", "IJZ"),)},
    "health-care": dict.fromkeys(("R0", "R1", "R2"), (("E21I", "IGZ"),)),
    "school": dict.fromkeys(("R0", "R1", "R2"), (("E21I", "IvhO"),)),
}
"""By sector and regime: type and addressed role of each message."""


def report_colleague(form: Form) -> Sequence[Wanted]:
    """E21I to the inspectorate of the sector, and E21A to the AMK where the law wants it.

    Raises:
        NotSent: No suspicion, or the sector has no addressee in this regime.
    """
    if not form.holds("possible_abuse"):
        raise NotSent("no-suspicion", "possible_abuse")
    routes = ROUTES.get(str(form.fact("sector")), {}).get(form.regime)
    if routes is None:
        raise NotSent("sector-without-addressee", "sector")
    return [Wanted(code, form.addressee(role), form.record) for code, role in routes]


if __name__ == "__main__":
    run(report_colleague, "INST")
