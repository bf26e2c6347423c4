"""One agency on the stage: it sends, carefully or carelessly, and it receives."""

from __future__ import annotations

import time
from collections.abc import Callable

from broker.assembly import publisher_parts, subscriber_parts
from broker.errors import DeadlineError, RefusedError
from broker.names import MessageId
from broker.pipelines.deliver import Disclosure, Received, receive
from broker.ports import Message
from broker.records.model import Record
from broker.sandbox.careless import CarelessSender
from broker.sandbox.cast import CastMember, member
from broker.sandbox.layout import Layout
from broker.settings import AgencyProfile, load_profile
from broker.trust.view import TrustView
from consumers.client import Subscriber
from producers.client import Published, Publisher

__all__ = ["Actor"]

_STEP_SECONDS = 0.2


class Actor:
    """One agency with a publisher, a careless sender and a subscriber of its own.

    Attributes:
        cast: Who it is.
        heard: What its handler was told, in order.
    """

    def __init__(self, layout: Layout, name: str) -> None:
        self.cast: CastMember = member(name)
        profile = load_profile(layout.profile(name), AgencyProfile)
        self._sending = publisher_parts(profile)
        self._receiving = subscriber_parts(profile)
        self._publisher = Publisher(self._sending)
        self._subscriber = Subscriber(self._receiving)
        self._subscriber.on_any(lambda disclosure, _: self.heard.append(disclosure))
        self.heard: list[Disclosure] = []

    @property
    def view(self) -> TrustView:
        """The registry as this agency sees it now."""
        return self._publisher.view

    def publish(self, record: Record) -> Published | RefusedError:
        """Send carefully, as everybody does."""
        (outcome,) = self._publisher.publish_all([record])
        return outcome

    def careless(self) -> CarelessSender:
        """The same agency, skipping its own checks, with the registry as it sees it now."""
        return CarelessSender(self._sending, self.view)

    def receive_until(self, done: Callable[[], object], what: str, seconds: float = 30.0) -> None:
        """Let the subscriber work until *done*.

        Raises:
            DeadlineError: *what* did not happen in time.
        """
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise DeadlineError(f"{what} did not happen within {seconds:.0f} s")
            self.receive_once()

    def receive_once(self) -> None:
        """Let the subscriber take in what is there."""
        self._subscriber.step(_STEP_SECONDS)

    def got(self, message_id: MessageId) -> Disclosure | None:
        """The message of this id, if its handler had it."""
        return next((heard for heard in self.heard if heard.header.message_id == message_id), None)

    def answer(self, message_id: MessageId) -> Disclosure | None:
        """The receipt or refusal about a message of ours, if it came."""
        return next((heard for heard in self.heard if _answers(heard, message_id)), None)

    def try_to_open(self, decision: Message) -> Received:
        """Do with a decision record what every subscriber does, whoever it is for."""
        return receive(decision, self._receiving.reader, self.view, self._receiving.clock.now())

    def close(self) -> None:
        """Leave Kafka."""
        self._publisher.close()
        self._subscriber.close()


def _answers(heard: Disclosure, message_id: MessageId) -> bool:
    return heard.entry.accompanies and heard.header.causation_id == message_id
