"""The Publisher: what an agency imports to send.

    publisher = Publisher.from_profile("schakel.toml")
    sent = publisher.publish(record)

When `publish` returns, the message is with Kafka on all replicas, in order within its case; the
answer (receipt, or refusal) comes back through the agency's Subscriber.  What catalogue, schema or
agreement do not allow raises `RefusedError` before anything leaves the house.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import stamina
import structlog

from broker import logs
from broker.assembly import publisher_parts
from broker.errors import RefusedError, UnavailableError, UnconfirmedError
from broker.names import CaseRef, MessageId, ProducerId
from broker.parts import PublisherParts
from broker.pipelines.documents import identity, to_record
from broker.pipelines.publish import Numbering, Prepared, new_message_id, prepare, release
from broker.ports import Outgoing, Position
from broker.records.document import Document
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
    """Sends for one agency in one of its roles.  Use it as a context manager, or call `close`.

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
        return cls(publisher_parts(profile, role))

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
            UnavailableError: The registry is stale; nothing left the house.
            UnconfirmedError: Kafka did not acknowledge it in time; its `records` say what to publish again.
        """
        outcome = self.publish_all([record])[0]
        if isinstance(outcome, RefusedError):
            raise outcome
        return outcome

    def publish_document(self, document: Document) -> Published:
        """Send what a document says; short names in ``to`` are looked up in the registry.

        Raises:
            UsageError: The registry does not know an agency that the document names.
            RefusedError, UnavailableError, UnconfirmedError: As for `publish`.
        """
        return self.publish(to_record(document, self.view, self._parts.entropy))

    def identity(self, document: Document) -> dict[str, object]:
        """What *document* must say to be one and the same message however often it is sent.

        Written down with the document before it is sent, it makes sending again after a crash harmless.
        """
        return identity(document, self._parts.clock.now(), self._parts.entropy)

    def publish_all(self, records: Sequence[Record]) -> list[Published | RefusedError]:
        """Send a batch, signed together, and wait until all of it is durable.

        Returns:
            Per record, in order: what was published, or why it was refused.

        Raises:
            UnavailableError, UnconfirmedError: As for `publish`.
        """
        known = [self._identified(record) for record in records]
        outcomes = [self._prepare(record) for record in known]
        ready = [outcome for outcome in outcomes if isinstance(outcome, Prepared)]
        try:
            published = iter(self._send(ready))
        except UnavailableError as error:
            raise UnconfirmedError(
                "Kafka did not acknowledge what was sent",
                tuple(r for r, o in zip(known, outcomes, strict=True) if isinstance(o, Prepared)),
                why=error.what,
                remedy="Publish this error's `records` again; repeats are dropped",
            ) from error
        return [o if isinstance(o, RefusedError) else next(published) for o in outcomes]

    def close(self) -> None:
        """Let go of Kafka."""
        self._parts.sink.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _identified(self, record: Record) -> Record:
        """With a message id, so that it can be sent again as the same message."""
        if record.message_id is not None:
            return record
        parts = self._parts
        return replace(record, message_id=new_message_id(parts.clock.now(), parts.entropy))

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
