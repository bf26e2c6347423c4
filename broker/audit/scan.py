"""A complete answer, provably: the whole published log read again, without database or operator.

1. Every entry is read from the published bundles, and hashed; the tree over them must have the root of the
   checkpoint.  So nothing was left out, and nothing was put in.
2. The question is then asked of every entry.  What a database index says plays no part.
3. Answers are given only at the end, when the root is known to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from broker.audit.checkpoint import Checkpoint
from broker.audit.codec import read_event
from broker.audit.events import AuditEvent
from broker.audit.ledger import Frontier
from broker.audit.query import Column, Condition, Query
from broker.audit.store import columns_of
from broker.audit.tiles import WIDTH, Fetch, bundle_path, read_bundle
from broker.errors import EvidenceError, MalformedError
from broker.merkle import leaf_hash

__all__ = ["Found", "matches", "scan"]


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that answers the question.

    Attributes:
        seq: Its place in the log.
    """

    seq: int
    event: AuditEvent


def scan(checkpoint: Checkpoint, fetch: Fetch, query: Query, progress: Callable[[int], None]) -> list[Found]:
    """Every entry of the log that answers *query*, earliest first, and no other.

    Args:
        checkpoint: Verified: the answer is complete up to its size.
        fetch: Content of a file of the published log, or None.
        progress: Told how many entries were read.

    Raises:
        EvidenceError: A file is missing or damaged, or the entries do not lead to the root.
    """
    found: list[Found] = []
    frontier = Frontier()
    for first, entries in _bundles(checkpoint.size, fetch):
        frontier = frontier.append(map(leaf_hash, entries))
        found += _answers(first, entries, query)
        progress(frontier.size)
    if frontier.root() != checkpoint.root:
        raise EvidenceError(
            "the published entries do not lead to the root of the checkpoint",
            remedy="Keep the files as they are, and run `schakel ledger fsck`",
        )
    return found


def matches(event: AuditEvent, query: Query) -> bool:
    """Whether *event* answers *query*, as a search of the database would say (docs/spec/audit.md 10)."""
    period = query.period
    if period is not None and not period.start <= event.decided_at < period.end:
        return False
    columns = columns_of(event)
    return all(any(_holds(one, columns, event) for one in group) for group in query.required) and not any(
        _holds(one, columns, event) for one in query.excluded
    )


def _bundles(size: int, fetch: Fetch) -> Iterator[tuple[int, list[bytes]]]:
    for first in range(0, size, WIDTH):
        width = min(WIDTH, size - first)
        path = bundle_path(first // WIDTH, width)
        # The full file may have taken a partial one's place already.
        data = fetch(path) or fetch(bundle_path(first // WIDTH)) or b""
        try:
            entries = read_bundle(data)[:width]
        except MalformedError as error:
            raise EvidenceError(f"{path} is missing or damaged", why=error.what) from error
        if len(entries) < width:
            raise EvidenceError(f"{path} is too short")
        yield first, entries


def _answers(first: int, entries: list[bytes], query: Query) -> Iterator[Found]:
    for seq, entry in enumerate(entries, first):
        try:
            event = read_event(entry)
        except MalformedError as error:
            raise EvidenceError(f"entry {seq} is not an audit event", why=error.what) from error
        if matches(event, query):
            yield Found(seq, event)


def _holds(condition: Condition, columns: dict[str, object], event: AuditEvent) -> bool:
    if condition.column is Column.SUBJECT:
        return event.message is not None and condition.value in event.message.subject_refs
    value = columns[condition.column.value]
    if condition.upto is not None:
        return (
            isinstance(value, int)
            and isinstance(condition.value, int)
            and condition.value <= value <= condition.upto
        )
    return value == condition.value
