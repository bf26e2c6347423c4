"""The care report of the police: a child at an incident of domestic violence goes to the AMK (E16).

    python -m producers.police_care_report --profile schakel.toml --tray DIR [--once]

Facts of the form: `child_involved`, as victim or as witness (L20).  The report is due 24 hours after the
incident (A12); a late one is sent all the same, and the program says how late.  Earlier offences go only
where somebody's safety needs them (L21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from broker.errors import MalformedError
from broker.moments import from_text
from producers.counter import run
from producers.forms import Form, NotSent, Wanted

__all__ = ["hours_late", "report_care"]

_HOUR = 3_600_000_000
_TERM_HOURS = 24
_DANGERS = ("acute_flag", "staff_risk_flag", "weapon_flag")


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
    if not _danger(record):
        record["PO"] = {k: v for k, v in record["PO"].items() if k != "antecedents_summary"}
    remark = f"late-by-{late}-hours" if late else ""
    return [Wanted("E16", form.addressee("AMK"), record, remark=remark)]


def hours_late(form: Form) -> int:
    """Hours past the term at which the report is taken up, a begun one counted; 0 when in time.

    Raises:
        NotSent: The form does not say when the incident was, or it lies ahead.
    """
    police = form.record.get("PO")
    try:
        at = from_text(str(police["incident_datetime"] if isinstance(police, dict) else None))
    except (MalformedError, KeyError):
        raise NotSent("not-filled-in", "PO.incident_datetime") from None
    if at > form.now:
        raise NotSent("incident-lies-ahead", "PO.incident_datetime")
    return max(0, -(-(form.now - at) // _HOUR) - _TERM_HOURS)


def _danger(record: Mapping[str, Any]) -> bool:
    safety = record.get("SA")
    return isinstance(safety, dict) and any(safety.get(name) is True for name in _DANGERS)


if __name__ == "__main__":
    run(report_care, "POL")
