"""The ledger writer as a process: decision records become durable entries, then a published log.

One poll is one unit: verify, one database transaction with entries and offsets, files, checkpoint.
Reading goes on from the offsets in the database, never from Kafka's, so a crash at L1 (nothing
stored), L2 (stored, not published) or A1 (signed, not published) repeats or completes the same work.
What is owed because of the entries is stored with them, in the same transaction.
A ledger that is down does not stop delivery; it catches up.
Witnesses are asked before anything is written, and after that in the background (`consumers.cosigning`).
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from broker import logs
from broker.audit.checkpoint import Checkpoint, parse_checkpoint
from broker.audit.store import Appended, Batch, LogState, Problem
from broker.errors import UnavailableError
from broker.names import TopicName
from broker.parts import LedgerParts
from broker.pipelines.ingest import MAY_BE_NEWS, ingest
from broker.pipelines.obligation_book import Followed, ObligationBook
from broker.ports import Message, Outgoing, first_offsets
from broker.signing import VerificationCache
from broker.topics import CHECKPOINTS
from consumers.cosigning import Cosigning
from consumers.tlog import Tlog

__all__ = ["BATCH", "LedgerWriter"]

BATCH = 128

_log = structlog.get_logger()


class LedgerWriter:
    """Writes one ledger; there is one such process for each log."""

    def __init__(self, parts: LedgerParts) -> None:
        self._parts = parts
        self._cache = VerificationCache()
        self._tlog = Tlog(parts.tiles, parts.key, parts.probe, parts.clock.now)
        self._state: LogState | None = None
        self._epoch: int | None = None
        self._next: dict[tuple[TopicName, int], int] = {}
        self._book: ObligationBook | None = None
        self._cosigning = (
            None if parts.witnesses is None else Cosigning(parts.witnesses, parts.tiles, parts.clock)
        )

    def step(self, timeout: float = 0.5) -> int:
        """Ingest one batch.

        Returns:
            The number of records read.

        Raises:
            UnavailableError: Kafka, registry, database or disk did not answer; nothing is lost, call again.
            ConfigurationError: Another writer took over (code ``fenced``): stop.
            EvidenceError: Database and published log contradict each other, or a witness has seen another
                history (code ``witness-refuses``): stop.
        """
        state = self._ready()
        self._settle()
        messages = self._parts.source.poll(timeout, BATCH)
        if not messages:
            return 0
        try:
            self._write(state, self._ingest(messages))
        except UnavailableError:
            # What is stored is not known: read the state again, and read from its offsets.
            self._state = None
            self._parts.source.rewind(first_offsets(messages))
            raise
        return len(messages)

    def close(self) -> None:
        """Let go of Kafka, and ask no witness any more."""
        if self._cosigning is not None:
            self._cosigning.close()
        self._parts.source.close()
        if self._parts.checkpoints is not None:
            self._parts.checkpoints.close()

    def _ready(self) -> LogState:
        if self._state is None:
            state = self._parts.store.acquire(self._epoch)
            self._epoch = state.epoch
            note = self._tlog.recover(state, self._parts.store)
            if note is not None:
                self._announce(state.checkpoint(), note)
            self._ask_witnesses(state)
            # Nobody else moves them while the epoch is ours.
            self._next = dict(self._parts.store.next_offsets())
            self._book = ObligationBook(self._parts.keeper.current())
            # Nothing is new yet: works obligations out again if their rules changed while nobody wrote.
            appended = self._parts.store.append(state, Batch((), (), {}), self._book.follow)
            self._state = appended.state
            if self._book.last.rebuilt:
                _report(appended, (), self._book.last)
        return self._state

    def _ingest(self, messages: Sequence[Message]) -> Batch:
        keeper, expected = self._parts.keeper, self._next
        view = keeper.current()
        batch = ingest(messages, view, self._cache, expected)
        if any(problem.reason in MAY_BE_NEWS for problem in batch.problems):
            newer = keeper.recheck()
            batch = batch if newer is view else ingest(messages, newer, self._cache, expected)
            view = newer
        self._following.use(view)
        return batch

    def _write(self, state: LogState, batch: Batch) -> None:
        appended = self._parts.store.append(state, batch, self._following.follow)
        self._parts.probe("L2")
        self._state = appended.state
        self._next.update(batch.next_offsets)
        if appended.added:
            self._tlog.extend(appended.added)
            note = self._tlog.publish(appended.state, self._parts.store)
            self._announce(appended.state.checkpoint(), note)
            if self._cosigning is not None:
                self._cosigning.offer(note)
        self._parts.source.commit(batch.next_offsets)
        _report(appended, batch.problems, self._following.last)

    @property
    def _following(self) -> ObligationBook:
        assert self._book is not None, "the ledger is acquired before anything is written"
        return self._book

    def _ask_witnesses(self, state: LogState) -> None:
        """Before anything is written: an old copy that was restored is found here, or nowhere in time."""
        published = self._parts.tiles.checkpoint()
        if self._cosigning is None or published is None:
            return
        cosigned = self._cosigning.ask(published)
        if cosigned is None:
            self._cosigning.offer(published)
        else:
            self._announce(state.checkpoint(), cosigned)

    def _settle(self) -> None:
        cosigned = None if self._cosigning is None else self._cosigning.settle()
        if cosigned is not None:
            self._announce(parse_checkpoint(cosigned).checkpoint, cosigned)

    def _announce(self, checkpoint: Checkpoint, note: bytes) -> None:
        if self._parts.checkpoints is not None:
            self._parts.checkpoints.write([Outgoing(CHECKPOINTS, checkpoint.origin.encode(), note)])


def _report(appended: Appended, problems: Sequence[Problem], followed: Followed) -> None:
    _log.info(
        logs.LEDGER_APPENDED,
        entry_count=len(appended.added),
        repeat_count=appended.duplicates,
        problem_count=len(problems),
        size=appended.state.size,
        opened_count=followed.opened,
        closed_count=followed.closed,
    )
    if followed.rebuilt:
        _log.info(logs.OBLIGATIONS_REBUILT, size=appended.state.size)
    for problem in problems:
        position = problem.position
        _log.warning(
            logs.LEDGER_PROBLEM,
            topic=position.topic,
            partition=position.partition,
            offset=position.offset,
            reason=problem.reason,
            count=problem.count,
        )
