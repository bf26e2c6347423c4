"""The forensic physician: a question how an injury came about (E25Q), and the opinion (E25R).

    python -m consumers.forensic_physician --profile schakel.toml --desk DIR [--once]

An acute question is due within 24 hours, others in five working days (A19): the catalogue has
the term, the draft the urgency.  The physician needs age and sex, not who the child is (A22): a question
that says it all the same is rejected.
"""

from __future__ import annotations

from collections.abc import Sequence

from broker.names import Role
from broker.pipelines.deliver import Disclosure
from broker.trust.view import TrustView
from consumers.counter import run
from consumers.drafts import Answer, answers
from consumers.handlers import Reject

__all__ = ["prepare"]

_IDENTITY = ("child_bsn", "surname", "first_names")


def prepare(delivery: Disclosure, view: TrustView, role: Role) -> Sequence[Answer]:
    """The opinion.

    Raises:
        Reject: The question says who the child is.
    """
    children = delivery.records("CH")
    if any(child.get(name) is not None for child in children for name in _IDENTITY):
        raise Reject("identity-not-needed")
    return answers(delivery, view, role)


if __name__ == "__main__":
    run(prepare, ["FME"])
