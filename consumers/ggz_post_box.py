"""The post box of a mental health care provider: a question (E06), and its answer or a refusal (E07).

    python -m consumers.ggz_post_box --profile schakel.toml --desk DIR [--once]

Whether to answer is for the professional, who weighs it (sources.md P35): two drafts lie ready, the answer
and the refusal, and one of them is completed.  A refusal is a full answer, gives its reason and no fact.
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


def prepare(delivery: Disclosure, view: TrustView, role: Role) -> Sequence[Answer]:
    """Both ways to answer a question; of anything else what the catalogue says."""
    prepared: list[Answer] = []
    for owed in answers(delivery, view, role):
        prepared += [_answer(owed), _refusal(owed)] if owed.code == "E07" else [owed]
    return prepared


def _answer(owed: Answer) -> Answer:
    # The basis stays open: consent, the right to report, a conflict of duties.
    return replace(
        owed,
        name="answer",
        assertions={"answer_kind": "answer"},
        also=("AN",),
        known={"BA": {"refusal_flag": False, "disclosure_basis_code": None}},
    )


def _refusal(owed: Answer) -> Answer:
    return replace(
        owed,
        name="refusal",
        assertions={"answer_kind": "refusal"},
        known={"BA": {"refusal_flag": True, "disclosure_basis_code": "REFUSED"}},
    )


if __name__ == "__main__":
    sys.exit(run(prepare, ["GGZ"]))
