"""The forensic physician: a question how an injury came about (E25Q), and the opinion (E25R).

    python -m consumers.forensic_physician --profile schakel.toml --desk DIR [--once]

Others wait five working days for an opinion, an acute question 24 hours (A19): the draft says in its name
that it is acute, so that it is seen first.  The physician gets age and sex, not who the child is (A22);
the type has no place for a name.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from broker.names import Role, Urgency
from broker.pipelines.deliver import Disclosure
from broker.trust.view import TrustView
from consumers.drafts import Answer, answers
from consumers.program import run

__all__ = ["prepare"]


def prepare(delivery: Disclosure, view: TrustView, role: Role) -> Sequence[Answer]:
    """The opinion."""
    owed = answers(delivery, view, role)
    if delivery.header.urgency is not Urgency.ACUTE:
        return owed
    return [replace(answer, name="acute") if answer.code == "E25R" else answer for answer in owed]


if __name__ == "__main__":
    sys.exit(run(prepare, ["FME"]))
