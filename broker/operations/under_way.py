"""Everything that has not ended, as a ledger holds it: all of it, or an error that says so."""

from __future__ import annotations

from dataclasses import replace

from broker.errors import IncompleteError
from broker.obligations.model import Obligation
from broker.obligations.store import ObligationQuery, ObligationReader
from broker.pipelines.reminders import UNDER_WAY

__all__ = ["MOST", "under_way"]

MOST = 1_000_000
"""So many are held in memory at once, at about 1 KB each."""


def under_way(reader: ObligationReader, query: ObligationQuery, most: int = MOST) -> list[Obligation]:
    """What answers *query* and has not ended, the earliest due first.

    Args:
        query: Its states do not matter.
        most: More than this is no answer: half a calendar or half the reminders would look like all of them.

    Raises:
        IncompleteError: There are more.
        ConfigurationError: The ledger knows no obligations yet.
    """
    found = reader.obligations(replace(query, states=UNDER_WAY), most + 1)
    if len(found) > most:
        raise IncompleteError(
            f"more than {most} obligations have not ended",
            why="they are not read all at once",
            remedy="Ask for fewer: with an earlier moment, or for one agency",
            code="too-many",
        )
    return found
