"""What is shown of a ledger's witnesses: which checkpoint they cosigned, and what each answered last."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from broker.audit.checkpoint import parse_checkpoint
from broker.audit.cosignature import COSIGNED_FILE
from broker.audit.store import TileStore
from broker.cli.printing import print_line, print_table
from broker.dutch_time import local
from broker.errors import EvidenceError, MalformedError
from broker.names import Micros
from consumers.cosigning import STATUS_FILE

__all__ = ["cosigned_size", "print_witnesses", "witness_status"]


def cosigned_size(tiles: TileStore) -> int | None:
    """Entries under the checkpoint that the quorum cosigned, or None.

    Raises:
        EvidenceError: That checkpoint is damaged.
    """
    note = tiles.read(COSIGNED_FILE)
    if note is None:
        return None
    try:
        return parse_checkpoint(note).checkpoint.size
    except MalformedError as error:
        raise EvidenceError("the cosigned checkpoint is damaged", why=error.what) from error


def witness_status(tiles: TileStore) -> list[dict[str, object]]:
    """What each witness answered last, as the ledger writer wrote it down; empty when it did not."""
    try:
        found = json.loads(tiles.read(STATUS_FILE) or b"{}").get("witnesses", [])
        return [
            {
                "witness": ", ".join(one["names"]),
                "state": str(one["state"]),
                "entries": int(one["size"]),
                "since": local(Micros(int(one["since"]))),
                "why": str(one["why"]),
            }
            for one in found
        ]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return []


def print_witnesses(status: Sequence[Mapping[str, object]]) -> None:
    """A line for each witness, and a sentence when one refuses."""
    if not status:
        return
    print_line("")
    print_table(tuple(status[0]), [tuple(one.values()) for one in status])
    if any(one["state"] == "refused" for one in status):
        print_line("A witness has seen another history of this log: the ledger writer has stopped.")
