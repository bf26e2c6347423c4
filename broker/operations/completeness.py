"""The counts of one ledger: its obligations read once, one by one, into cells.

A year of messages needs no more memory than its cells: pairs of agencies, duties and months.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.names import Micros
from broker.obligations.completeness import Cell, Counts, Tally
from broker.obligations.store import ObligationReader
from broker.obligations.succession import shown
from broker.pipelines.obligations import rules_digest, rules_of
from broker.trust.view import TrustView

__all__ = ["Counted", "count_all"]


@dataclass(frozen=True, slots=True)
class Counted:
    """What the ledger's obligations add up to.

    Attributes:
        as_of: The moment at which their states were read off.
        current: Whether they follow from the rules as the registry has them now; the ledger writer works
            them out again with the next batch after a change.
    """

    as_of: Micros
    cells: dict[Cell, Counts]
    current: bool


def count_all(reader: ObligationReader, view: TrustView, now: Micros) -> Counted:
    """Count every obligation of the ledger, under the names of those who stand there at *now*.

    Raises:
        ConfigurationError: The ledger knows no obligations yet.
    """
    successions = rules_of(view.catalogue, view.successions).successions
    tally = Tally(now)
    with reader.view() as stored:
        current = stored.rules == rules_digest(view)
        for obligation in stored.obligations_by_case():
            tally.add(shown(obligation, now, successions))
    return Counted(now, tally.report(), current)
