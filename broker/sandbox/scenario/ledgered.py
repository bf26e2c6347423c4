"""The obligations of some cases, as the ledger's database holds them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from broker.names import CaseRef
from broker.obligations.model import Obligation
from broker.obligations.store import ObligationQuery
from broker.sandbox.scenario.company import Company
from broker.sandbox.timekeeping import sandbox_now

__all__ = ["obligations_of"]

_MOST: Final = 1000
"""Of one case: more than any scenario opens."""


def obligations_of(company: Company, cases: Collection[CaseRef]) -> list[Obligation]:
    """The obligations of *cases* now; whoever asks has seen to it that the ledger holds every decision."""
    now = sandbox_now(company.layout)
    queries = [ObligationQuery(now, case_ref=case) for case in cases]
    return [found for query in queries for found in company.ledger.obligations(query, _MOST)]
