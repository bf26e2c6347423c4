"""The intake desk of an AMK: reports of the SHG, the police and hospitals (E01, E16, E22).

    python -m consumers.amk_desk --profile schakel.toml --desk DIR [--once]

A report asks for the decision whether it is investigated (E04, within five days) and feedback to whoever
reported (E05).  When the alleged abuser belongs to the domestic circle, the AMK may have to pass it on to
the SHG (E02, sources.md L02): then a draft of that lies ready too.  Whether it is a report of child abuse,
and which SHG, a person says.  What was itself passed on never goes back (A23).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from broker.names import MessageCode, Role
from broker.pipelines.deliver import Disclosure
from broker.trust.view import TrustView
from consumers.drafts import Answer, answers
from consumers.program import run

__all__ = ["prepare"]

_FORWARD = Answer(
    MessageCode("E02"),
    role=Role("SHG"),
    assertions={"domestic_circle_abuser": "true"},
    known={"AP": {"domestic_circle_flag": True}},
    forwards=True,
)


def prepare(delivery: Disclosure, view: TrustView, role: Role) -> Sequence[Answer]:
    """Decision and feedback, and the passing on that the law may ask for."""
    owed = answers(delivery, view, role)
    return [*owed, _FORWARD] if _may_have_to_forward(delivery, owed) else owed


def _may_have_to_forward(delivery: Disclosure, owed: Sequence[Answer]) -> bool:
    is_report = any(answer.code == "E04" for answer in owed)
    passed_on = delivery.entry.forward or delivery.header.origin is not None
    in_circle = any(person["domestic_circle_flag"] for person in delivery.records("AP"))
    return is_report and in_circle and not passed_on


if __name__ == "__main__":
    sys.exit(run(prepare, ["AMK"]))
