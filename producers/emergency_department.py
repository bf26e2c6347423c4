"""The emergency department: a patient who cares for minors, and why that worries, goes to the AMK (E22).

    python -m producers.emergency_department --profile schakel.toml --tray DIR [--once]

Facts of the form: `cares_for_minors` (the question that every adult patient is asked, L23) and
`er_trigger`, the reason of the visit: one of the triggers of `rules.yaml` (P33).  Of the medical file go
the condition and the facts that matter to the child; nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from producers.forms import Form, NotSent, Wanted
from producers.program import run
from producers.rules import law_rules

__all__ = ["report_parent"]

_MEDICAL = ("parent_condition_code", "er_trigger_code", "parent_facts_relevant_to_child")


def report_parent(form: Form) -> Sequence[Wanted]:
    """E22, when the patient cares for minors and came for one of the reasons.

    Raises:
        NotSent: One of the two is lacking.
    """
    if not form.holds("cares_for_minors"):
        raise NotSent("no-minors-in-care", "cares_for_minors")
    visit = form.fact("er_trigger")
    trigger = next((one for one in law_rules().triggers if one.reason == visit), None)
    if trigger is None:
        raise NotSent("no-reason-to-report", "er_trigger")
    record = form.record
    known = {"parent_condition_code": trigger.condition, **form.group("MP"), "er_trigger_code": visit}
    record["MP"] = {name: known[name] for name in _MEDICAL if name in known}
    record["RP"] = {"reporter_capacity_code": "ziekenhuis"}
    return [Wanted("E22", form.addressee("AMK"), record)]


if __name__ == "__main__":
    sys.exit(run(report_parent, "ZH"))
