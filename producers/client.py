"""The Publisher: what an agency imports to send.

    publisher = Publisher.from_profile("schakel.toml")
    sent = publisher.publish(record)

When `publish` returns, the message is with Kafka on all replicas, in order within its case; the
answer (receipt, or refusal) comes back through the agency's Subscriber.  What catalogue, schema or
agreement do not allow raises `RefusedError` before anything leaves the house.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import stamina
import structlog

from broker import logs
from broker.assembly import publisher_parts
from broker.errors import RefusedError, UnavailableError
from broker.names import CaseRef, MessageId, ProducerId, Role
from broker.parts import PublisherParts
from broker.pipelines.publish import Numbering, Prepared, prepare, release
from broker.ports import Outgoing, Position
from broker.records.model import Record
from broker.settings import AgencyProfile, load_profile
from broker.trust.view import TrustView

__all__ = ["Published", "Publisher"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Published:
    """A message that Kafka has acknowledged."""

    message_id: MessageId
    case_ref: CaseRef
    position: Position


class Publisher:
    """Sends for one agency in one of its roles.

    Args:
        parts: What it needs of the world.
        patience: Seconds that `publish` keeps trying when Kafka does not answer.
    """

    @classmethod
    def from_profile(cls, path: Path | str, role: str | None = None) -> Publisher:
        """A publisher from an agency's profile file.

        Args:
            path: The agency's `schakel.toml`.
            role: In which of its roles it sends; its first by default.

        Raises:
            ConfigurationError: The profile, a key or a certificate is unusable.
            UsageError: The agency does not have that role.
        """
        profile = load_profile(Path(path), AgencyProfile)
        return cls(publisher_parts(profile, Role.parse(role) if role else None))

    def __init__(self, parts: PublisherParts, patience: float = 30.0) -> None:
        self._parts = parts
        self._patience = patience
        self._numbering = Numbering(ProducerId(parts.entropy(8)))

    @property
    def view(self) -> TrustView:
        """The registry as this publisher sees it now.

        Raises:
            UnavailableError: It is stale.
        """
        return self._parts.keeper.current()

    def publish(self, record: Record) -> Published:
        """Send one message and wait until it is durable.

        Raises:
            RefusedError: It may not be sent; nothing left the house.
            UnavailableError: Kafka or the registry did not answer.  The message may or may not be
                there; publish the same record with the same `message_id` again, repeats are dropped.
        """
        outcome = self.publish_all([record])[0]
        if isinstance(outcome, RefusedError):
            raise outcome
        return outcome

    def publish_all(self, records: Sequence[Record]) -> list[Published | RefusedError]:
        """Send a batch, signed together, and wait until all of it is durable.

        Returns:
            Per record, in order: what was published, or why it was refused.

        Raises:
            UnavailableError: As for `publish`.
        """
        outcomes = [self._prepare(record) for record in records]
        ready = [outcome for outcome in outcomes if isinstance(outcome, Prepared)]
        published = iter(self._send(ready))
        return [o if isinstance(o, RefusedError) else next(published) for o in outcomes]

    def close(self) -> None:
        """Let go of Kafka."""
        self._parts.sink.close()

    def _prepare(self, record: Record) -> Prepared | RefusedError:
        parts = self._parts
        try:
            return prepare(record, parts.sender, self.view, parts.clock.now(), parts.entropy)
        except RefusedError as error:
            _log.info(logs.MESSAGE_REFUSED, code=record.code, reason=error.reason)
            return error

    def _send(self, ready: Sequence[Prepared]) -> list[Published]:
        parts = self._parts
        outgoing = release(ready, self._numbering, parts.signers, parts.entropy)
        positions = self._write(outgoing) if outgoing else []
        return [
            Published(item.header.message_id, item.header.case_ref, position)
            for item, position in zip(ready, positions, strict=True)
        ]

    def _write(self, outgoing: Sequence[Outgoing]) -> Sequence[Position]:
        # What was sent may be there although no acknowledgement came: the same bytes go again, with
        # the same ids, and everybody downstream drops the repeat.
        for attempt in stamina.retry_context(on=UnavailableError, attempts=None, timeout=self._patience):
            with attempt:
                return self._parts.sink.write(outgoing)
        raise AssertionError("unreachable: the last attempt raises")
