"""The intake desk of the Raad: requests and notices (E09, E10, E19), the decision on them, the outcome.

    python -m consumers.raad_desk --profile schakel.toml --desk DIR [--once]

A request asks for the decision whether the Raad investigates (E11), and when it does for the outcome
(E12): both drafts lie ready, about the children that the request names.  The second is for later, replies
to the first, and is not needed when there is no investigation.  A notice that is not acute is passed on
(E10), and whoever gave it is told (E05, sources.md L16).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from broker.names import MessageCode, Role
from broker.pipelines.deliver import Disclosure
from broker.records.model import GroupValue
from broker.trust.view import TrustView
from consumers.drafts import Answer, answers
from consumers.program import run

__all__ = ["prepare"]


def prepare(delivery: Disclosure, view: TrustView, role: Role) -> Sequence[Answer]:
    """The decision and the outcome of a request; of a notice what the catalogue says."""
    prepared: list[Answer] = []
    for owed in answers(delivery, view, role):
        if owed.code == "E11":
            decision = replace(owed, known=_concerned(delivery))
            later = replace(decision, code=MessageCode("E12"), assertions={}, after=owed.code, name="later")
            prepared += [decision, later]
        else:
            prepared.append(owed)
    return prepared


def _concerned(delivery: Disclosure) -> dict[str, GroupValue]:
    """The children, born or not, whom the request is about."""
    found: dict[str, GroupValue] = {"CH": delivery.records("CH"), "UB": delivery.records("UB")}
    return {name: records for name, records in found.items() if records}


if __name__ == "__main__":
    sys.exit(run(prepare, ["RvdK"]))
