"""An inspectorate: a report that somebody's own staff possibly abuses (E21I), and what happens with it (E05).

    python -m consumers.inspectorate --profile schakel.toml --desk DIR --role IGZ [--once]

IJZ, IGZ and IvhO run the same program, each in its own role.  The institution that reported hears within a
working day that its report was taken up (sources.md A17): that is feedback at the beginning.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from broker.names import Role
from broker.pipelines.deliver import Disclosure
from broker.trust.view import TrustView
from consumers.drafts import Answer, answers
from consumers.program import run

__all__ = ["prepare"]

_START = {"feedback_stage": "start"}


def prepare(delivery: Disclosure, view: TrustView, role: Role) -> Sequence[Answer]:
    """The feedback that a report was taken up."""
    owed = answers(delivery, view, role)
    return [replace(each, assertions=_START) if each.code == "E05" else each for each in owed]


if __name__ == "__main__":
    sys.exit(run(prepare, ["IJZ", "IGZ", "IvhO"]))
