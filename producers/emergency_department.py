"""The emergency department: a patient who cares for minors, and why that worries, goes to the AMK (E22).

    python -m producers.emergency_department --profile schakel.toml --tray DIR [--once]

Facts of the form: `cares_for_minors` (the question that every adult patient is asked, L23) and
`er_trigger`, the reason of the visit: one of `TRIGGERS` (P33).  Of the medical file go the condition and
the facts that matter to the child; nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from producers.counter import run
from producers.forms import Form, NotSent, Wanted

__all__ = ["TRIGGERS", "report_parent"]

TRIGGERS = {
    "huiselijk_geweld": "anders",
    "intoxicatie_of_middelen": "verslaving",
    "psychiatrie": "psychiatrisch",
    "suicidepoging_of_automutilatie": "suicidaliteit",
}
"""Reasons of a visit after which a report is made, and the condition that it names unless the file does."""

_MEDICAL = ("parent_condition_code", "er_trigger_code", "parent_facts_relevant_to_child")


def report_parent(form: Form) -> Sequence[Wanted]:
    """E22, when the patient cares for minors and came for one of the reasons.

    Raises:
        NotSent: One of the two is lacking.
    """
    if not form.holds("cares_for_minors"):
        raise NotSent("no-minors-in-care", "cares_for_minors")
    trigger = str(form.fact("er_trigger"))
    condition = TRIGGERS.get(trigger)
    if condition is None:
        raise NotSent("no-reason-to-report", "er_trigger")
    record = form.record
    medical = {"parent_condition_code": condition, **record.get("MP", {}), "er_trigger_code": trigger}
    record["MP"] = {name: medical[name] for name in _MEDICAL if name in medical}
    record["RP"] = {"reporter_capacity_code": "ziekenhuis"}
    return [Wanted("E22", form.addressee("AMK"), record)]


if __name__ == "__main__":
    run(report_parent, "ZH")
