"""The care report of the police: a child at an incident of domestic violence goes to the AMK (E16).

    python -m producers.police_care_report --profile schakel.toml --tray DIR [--once]

Facts of the form: `child_involved`, as victim or as witness (L20).  The report is due some hours after
the incident (A12, `rules.yaml`); a late one is sent all the same, and the program says how late.  Fields
that may go only where somebody is in danger, such as earlier offences (L21), go only then: which those
are, and what a danger is, says the catalogue.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

from broker.errors import MalformedError
from broker.moments import HOUR, from_text
from producers.forms import Form, NotSent, Wanted
from producers.program import run
from producers.rules import law_rules

__all__ = ["hours_late", "report_care"]


def report_care(form: Form) -> Sequence[Wanted]:
    """E16, when a child was at the incident.

    Raises:
        NotSent: None was, or the moment of the incident is not known.
    """
    if not form.holds("child_involved"):
        raise NotSent("no-child-involved", "child_involved")
    late = hours_late(form)
    record = form.record
    record["RP"] = {"reporter_capacity_code": "politie"}
    for group, name in _only_in_danger(form):
        record[group] = {key: value for key, value in form.group(group).items() if key != name}
    remark = f"late-by-{late}-hours" if late else ""
    return [Wanted("E16", form.addressee("AMK"), record, remark=remark)]


def hours_late(form: Form) -> int:
    """Hours past the term at which the report is taken up, a begun one counted; 0 when in time.

    Raises:
        NotSent: The form does not say when the incident was, or it lies ahead.
    """
    try:
        at = from_text(str(form.group("PO").get("incident_datetime")))
    except MalformedError:
        raise NotSent("not-filled-in", "PO.incident_datetime") from None
    if at > form.now:
        raise NotSent("incident-lies-ahead", "PO.incident_datetime")
    return max(0, -(-(form.now - at) // HOUR) - law_rules().care_report.hours)


def _only_in_danger(form: Form) -> Sequence[tuple[str, str]]:
    """Group and field of what this report may not carry, as none of the dangers holds that it is for."""
    rules = [check.arguments for check in form.entry("E16").checks if check.name == "only-when-any"]
    return [(str(rule["group"]), str(rule["field"])) for rule in rules if not _any_holds(form, rule)]


def _any_holds(form: Form, rule: Mapping[str, Any]) -> bool:
    flags = [flag.split(".") for flag in cast("Sequence[str]", rule["flags"])]
    return any(form.group(group).get(name) is True for group, name in flags)


if __name__ == "__main__":
    sys.exit(run(report_care, "POL"))
