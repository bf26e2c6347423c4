"""Waiting for what becomes of messages that were sent: the receipt, or who refused and why.

Reads along with the agency's own subscriber and disturbs nothing: nothing is committed, recorded or
answered here, so the subscriber still gets every answer itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from broker.names import MessageId, Oin
from broker.parts import AnswerParts
from broker.pipelines.deliver import Disclosure, Notice, receive
from broker.pipelines.receipts import RECEIPT, REFUSAL

__all__ = ["Answer", "Answers"]

_POLL_SECONDS = 0.5
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one message at one recipient.

    Attributes:
        outcome: ``handled``, ``rejected`` or ``handler_failed`` as the receipt says; ``refused`` by the gate;
            ``withheld`` by the recipient's own check.
        by: Who said so: ``recipient`` or ``gate``.
    """

    message_id: MessageId
    recipient: Oin
    outcome: str
    by: str
    reason: str = ""
    step: int = 0
    offending: tuple[str, ...] = ()


class Answers:
    """Watches the agency's decisions topic from the moment it was made."""

    def __init__(self, parts: AnswerParts) -> None:
        self._parts = parts

    def wait(self, awaited: Iterable[tuple[MessageId, Oin]], seconds: float) -> Iterator[Answer]:
        """Yield the answer to each message from each recipient as it comes; ends when all came or time is up.

        Args:
            awaited: Message and recipient of each answer.
            seconds: How long at most.

        Raises:
            UnavailableError: Kafka or the registry did not answer.
        """
        open_ = set(awaited)
        clock = self._parts.clock
        deadline = clock.monotonic() + seconds
        while open_ and (left := deadline - clock.monotonic()) > 0:
            for answer in self._poll(min(left, _POLL_SECONDS)):
                key = (answer.message_id, answer.recipient)
                if key in open_:
                    open_.discard(key)
                    yield answer

    def close(self) -> None:
        """Let go of Kafka."""
        self._parts.source.close()

    def _poll(self, timeout: float) -> Iterator[Answer]:
        parts = self._parts
        view = parts.keeper.current()
        for message in parts.source.poll(timeout, _BATCH):
            received = receive(message, parts.reader, view, parts.clock.now())
            answer = _answer(received)
            if answer is not None:
                yield answer


def _answer(received: object) -> Answer | None:
    match received:
        case Notice(event=event) if event.message is not None:
            facts = event.message
            return Answer(
                message_id=facts.message_id,
                recipient=facts.recipient.oin,
                outcome="refused",
                by="gate",
                reason=event.reason,
                step=event.step,
                offending=event.offending,
            )
        case Disclosure() if received.entry.code in (RECEIPT, REFUSAL):
            return _from_recipient(received)
    return None


def _from_recipient(received: Disclosure) -> Answer | None:
    header = received.header
    about = header.causation_id
    if about is None:
        return None
    value = next(iter(received.groups.values()))
    if not isinstance(value, dict):
        return None
    if received.entry.code == RECEIPT:
        outcome, reason = str(value.get("status_code")), str(value.get("error_code") or "")
        return Answer(
            message_id=about, recipient=header.sender.oin, outcome=outcome, by="recipient", reason=reason
        )
    offending = tuple(str(name) for name in value.get("offending") or ())
    return Answer(
        message_id=about,
        recipient=header.sender.oin,
        outcome="withheld",
        by="recipient",
        reason=str(value.get("reason_code")),
        step=int(value.get("step") or 0),
        offending=offending,
    )
