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
from broker.trust.view import TrustView

__all__ = ["BATCH", "Gate"]

BATCH = 256
_COMMIT_SECONDS = 0.2
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
        parts = self._parts
        view = parts.keeper.current()
        judgements = self._judge(messages, view)
        if any(j.event.reason in _MAY_BE_NEWS for j in judgements):
            newer = parts.keeper.recheck()
            judgements = judgements if newer is view else self._judge(messages, newer)
        parts.probe("G2")
        try:
            self._write(judgements)
        except UnavailableError:
            self._write(self._without_missing_topics(judgements))
        parts.probe("G4")
        _report(judgements)

    def _write(self, judgements: Sequence[Judgement]) -> None:
        parts = self._parts
        records = write(judgements, parts.identity, parts.signers)
        # Kill point G3 lies inside: sent, and not known to be acknowledged.
        parts.sink.write(records)

    def _without_missing_topics(self, judgements: Sequence[Judgement]) -> list[Judgement]:
        """One agency whose topic does not exist must not hold up the others."""
        missing = {topic for topic in {j.topic for j in judgements} if not self._parts.sink.knows(topic)}
        if not missing:
            raise UnavailableError("the decisions could not be written", code="decisions-unwritten")
        _log.error(logs.DECISIONS_TOPIC_MISSING, topic=", ".join(sorted(missing)))
        return [undeliverable(j) if j.topic in missing else j for j in judgements]

    def _judge(self, messages: Sequence[Message], view: TrustView) -> list[Judgement]:
        identity, now = self._parts.identity, self._parts.clock.now()
        return [j for m in messages for j in judge(m, view, identity, now, self._cache)]

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
