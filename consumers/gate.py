"""The gate as a process: judge a batch, write every decision durably, only then commit the source.

The order of effects is the promise: decision records are acknowledged by all replicas before the
source offset moves.  A crash in between decides again, with the same decision ids, and everybody
downstream drops the repeat (delivery.md 5, G1 to G5).
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from broker import logs
from broker.errors import UnavailableError
from broker.names import TopicName
from broker.parts import GateParts
from broker.pipelines.gate import Judgement, judge, undeliverable, write
from broker.ports import Message, first_offsets, next_offsets
from broker.signing import VerificationCache
from broker.topics import QUARANTINE

__all__ = ["BATCH", "Gate"]

BATCH = 256
_COMMIT_SECONDS = 0.2
_MOST_BYTES = 16 * 1_048_576
_UNCONNECTED_SECONDS = 60.0
_MAY_BE_NEWS = frozenset(
    {
        "unknown-sender",
        "unknown-key",
        "unknown-type",
        "unknown-schema",
        "sender-role",
        "recipient-role",
        "no-agreement",
        "agreement-digest",
        "agreement-not-cosigned",
    }
)
"""Refusals that a registry published a moment ago could lift: worth one more look before they are final."""

_log = structlog.get_logger()


class Gate:
    """Decides what is on the exchange topics, batch by batch."""

    def __init__(self, parts: GateParts) -> None:
        self._parts = parts
        self._cache = VerificationCache()
        self._pending: dict[tuple[TopicName, int], int] = {}
        self._committed_at = float("-inf")
        self._unconnected: dict[TopicName, float] = {}

    def step(self, timeout: float = 0.5) -> int:
        """Judge one batch.

        Returns:
            The number of records read.

        Raises:
            UnavailableError: Kafka or the registry did not answer; nothing is lost, call again.
        """
        self._parts.keeper.current()
        messages = self._parts.source.poll(timeout, BATCH)
        if messages:
            self._parts.probe("G1")
            try:
                self._decide(messages)
            except UnavailableError:
                self._parts.source.rewind(first_offsets(messages))
                raise
            self._pending.update(next_offsets(messages))
        self._commit(idle=not messages)
        return len(messages)

    def close(self) -> None:
        """Commit what is finished and leave the group."""
        try:
            self._commit(idle=True)
        finally:
            self._parts.source.close()
            self._parts.sink.close()

    def _decide(self, messages: Sequence[Message]) -> None:
        # A message of 1 MiB may go to 64 recipients: what is judged is written before it is too much.
        held: list[Judgement] = []
        size = 0
        for message in messages:
            judged = self._judge(message)
            size += sum(len(judgement.envelope or b"") for judgement in judged)
            held += judged
            if size > _MOST_BYTES:
                self._release(held)
                held, size = [], 0
        if held:
            self._release(held)

    def _release(self, judgements: Sequence[Judgement]) -> None:
        self._parts.probe("G2")
        deliverable = self._without_unconnected(judgements)
        try:
            self._write(deliverable)
        except UnavailableError:
            self._find_unconnected(deliverable)
            self._write(self._without_unconnected(deliverable))
        self._parts.probe("G4")
        _report(judgements)

    def _write(self, judgements: Sequence[Judgement]) -> None:
        parts = self._parts
        records = write(judgements, parts.identity, parts.signers)
        # Kill point G3 lies inside: sent, and not known to be acknowledged.
        parts.sink.write(records)

    def _find_unconnected(self, judgements: Sequence[Judgement]) -> None:
        """One agency whose topic does not exist must not hold up the others, not even once for each batch."""
        topics = {j.topic for j in judgements} - {QUARANTINE}
        missing = {topic for topic in topics if not self._parts.sink.knows(topic)}
        if not missing:
            raise UnavailableError("the decisions could not be written", code="decisions-unwritten")
        _log.error(logs.DECISIONS_TOPIC_MISSING, topic=", ".join(sorted(missing)))
        until = self._parts.clock.monotonic() + _UNCONNECTED_SECONDS
        self._unconnected |= dict.fromkeys(missing, until)

    def _without_unconnected(self, judgements: Sequence[Judgement]) -> list[Judgement]:
        now = self._parts.clock.monotonic()
        self._unconnected = {topic: until for topic, until in self._unconnected.items() if now < until}
        return [undeliverable(j) if j.topic in self._unconnected else j for j in judgements]

    def _judge(self, message: Message) -> list[Judgement]:
        parts = self._parts
        view, now = parts.keeper.current(), parts.clock.now()
        judged = judge(message, view, parts.identity, now, self._cache)
        if any(j.event.reason in _MAY_BE_NEWS for j in judged):
            newer = parts.keeper.recheck()
            judged = judged if newer is view else judge(message, newer, parts.identity, now, self._cache)
        return judged

    def _commit(self, *, idle: bool) -> None:
        now = self._parts.clock.monotonic()
        if not self._pending or (not idle and now - self._committed_at < _COMMIT_SECONDS):
            return
        self._parts.source.commit(self._pending)
        self._pending = {}
        self._committed_at = now
        self._parts.probe("G5")


def _report(judgements: Sequence[Judgement]) -> None:
    counts: dict[str, int] = {}
    for judgement in judgements:
        name = f"{judgement.event.outcome.value}_count"
        counts[name] = counts.get(name, 0) + 1
    _log.info(logs.DECISION_WRITTEN, **counts)
