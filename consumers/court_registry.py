"""The registry of the juvenile court: a petition was filed (E13); the ruling is told (E14).

    python -m consumers.court_registry --profile schakel.toml --desk DIR [--once]

The petition itself goes by the court's own channel; no term runs for the court, so the catalogue opens
nothing.  Two drafts lie ready: for the Raad, which carries nothing out, and for whoever must carry out a
measure; that is for the ruling to say, so its addressee is open.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from broker.names import MessageCode, Role
from broker.pipelines.deliver import Disclosure
from broker.trust.view import TrustView
from consumers.drafts import Answer, answers, sender_name
from consumers.program import run

__all__ = ["prepare"]

_RULING = MessageCode("E14")


def prepare(delivery: Disclosure, view: TrustView, role: Role) -> Sequence[Answer]:
    """The ruling, once for the Raad and once for whoever carries it out."""
    if delivery.code != "E13":
        return answers(delivery, view, role)
    children = delivery.records("CH")
    to_raad = Answer(
        _RULING,
        to=sender_name(delivery, view),
        role=delivery.sender.role,
        assertions={"execution_due": "false"},
        name="raad",
    )
    to_bjz = Answer(
        _RULING,
        role=Role("BJZ"),
        assertions={"execution_due": "true"},
        known={"CH": children, "ME": {"measure_imposed_flag": True}},
        name="execution",
    )
    return [to_raad, to_bjz]


if __name__ == "__main__":
    sys.exit(run(prepare, ["KR"]))
