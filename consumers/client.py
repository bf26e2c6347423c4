"""The Subscriber: what an agency imports to receive.

    subscriber = Subscriber.from_profile("schakel.toml")

    @subscriber.on("E01")
    def take_in(delivery: Disclosure, connection: Connection) -> None:
        connection.execute("INSERT INTO intake VALUES (?, ?)", (str(delivery.message_id), delivery.code))

    subscriber.run()

What a handler may do and raise is in `consumers.handlers`.  After five tries the sender is told
``handler_failed`` and the record is kept in the agency's quarantine.  Within one case, messages are
handled in order; other cases do not wait.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog

from broker import logs
from broker.assembly import subscriber_parts
from broker.errors import MalformedError, RefusedError, UsageError
from broker.names import MessageCode, MessageId, ProducerId
from broker.parts import SubscriberParts
from broker.pipelines.deliver import (
    Disclosure,
    Foreign,
    Notice,
    Rejected,
    Withheld,
    receive,
)
from broker.pipelines.publish import Numbering, prepare, release
from broker.ports import InboxStatus, Message, Outgoing, Position
from broker.program import stop_signal
from broker.settings import AgencyProfile, load_profile
from broker.trust.view import TrustView
from consumers.handlers import Handler, RefusalHandler, Reject, Retry
from consumers.runner import OffsetWindow, keep_going
from consumers.visit import Visit

__all__ = ["BATCH", "Subscriber"]

BATCH = 256
_MAX_TRIES = 5
_PAUSE_SECONDS = (0.2, 1.0, 3.0, 10.0)
_MAX_WAITING = 2048
_BUSY_POLL = 0.05
_COMMIT_SECONDS = 0.2
_AT_ONCE = float("-inf")

_log = structlog.get_logger()


@dataclass(slots=True)
class _Task:
    message: Message
    tries: int = 0
    due: float = _AT_ONCE


class Subscriber:
    """Receives what is released to one agency, in order per case, each with effect at most once.

    Use it as a context manager, or call `close`.
    """

    @classmethod
    def from_profile(cls, path: Path | str, role: str | None = None) -> Subscriber:
        """A subscriber from an agency's profile file.

        Args:
            path: The agency's `schakel.toml`.
            role: In which of its roles it answers; its first by default.

        Raises:
            ConfigurationError: The profile, a key or a certificate is unusable.
            UsageError: The agency does not have that role.
        """
        profile = load_profile(Path(path), AgencyProfile)
        return cls(subscriber_parts(profile, role))

    def __init__(self, parts: SubscriberParts) -> None:
        self._parts = parts
        self._handlers: dict[MessageCode, Handler] = {}
        self._any: Handler | None = None
        self._refusal: RefusalHandler | None = None
        self._window = OffsetWindow()
        self._waiting: deque[_Task] = deque()
        self._answers: list[Outgoing] = []
        self._done: list[Position] = []
        self._committed_at = float("-inf")
        self._numbering = Numbering(ProducerId(parts.entropy(8)))

    @property
    def view(self) -> TrustView:
        """The registry as this subscriber sees it now.

        Raises:
            UnavailableError: It is stale.
        """
        return self._parts.keeper.current()

    def on(self, code: str) -> Callable[[Handler], Handler]:
        """Register the handler of one message type.

        Raises:
            UsageError: Not a message code.
        """
        try:
            return self._register(MessageCode.parse(code))
        except MalformedError as error:
            raise UsageError(
                f"{code!r} is not a message code", remedy="See `schakel catalogue show`"
            ) from error

    def on_any(self, handler: Handler) -> Handler:
        """Register the handler of every type that has none of its own."""
        self._any = handler
        return handler

    def on_refusal(self, handler: RefusalHandler) -> RefusalHandler:
        """Register who hears that a message of ours was refused by the gate."""
        self._refusal = handler
        return handler

    def run(self, stop: threading.Event | None = None) -> None:
        """Receive until told to stop; then finish the batch and leave the group.

        Args:
            stop: Ends it when set, from any thread.  Without one SIGTERM and SIGINT do, which works in
                the main thread only, and this loop is taken for what the process is there for.
        """
        with self, nullcontext(stop) if stop is not None else stop_signal() as told:
            keep_going(self.step, told, own_process=stop is None)

    def step(self, timeout: float = 0.5, limit: int = BATCH) -> int:
        """Receive and handle one batch.

        Args:
            timeout: Seconds to wait for the first record.
            limit: Most records to fetch; those that wait for a retry come on top.

        Returns:
            The number of records finished.

        Raises:
            UnavailableError: Kafka, the registry or the inbox did not answer; call again.
        """
        view = self._parts.keeper.current()
        self._answer()
        self._fetch(_BUSY_POLL if self._waiting else timeout, limit)
        if not self._waiting:
            self._commit(idle=True)
            return 0
        self._parts.probe("D1")
        finished = self._handle(view)
        self._parts.probe("D4")
        self._answer()
        self._parts.probe("D5")
        self._commit(idle=False)
        return finished

    def close(self) -> None:
        """Commit what is finished and leave the group; the rest is read again next time."""
        try:
            self._commit(idle=True)
        finally:
            self._parts.source.close()
            self._parts.sink.close()
            self._parts.inbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _register(self, code: MessageCode) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self._handlers[code] = handler
            return handler

        return register

    def _fetch(self, timeout: float, limit: int) -> None:
        if len(self._waiting) >= _MAX_WAITING:
            return
        for message in self._parts.source.poll(timeout, limit):
            self._window.begin(message.position)
            self._waiting.append(_Task(message))

    def _handle(self, view: TrustView) -> int:
        held: set[bytes | None] = set()
        waiting: deque[_Task] = deque()
        done: list[Position] = []
        with self._parts.inbox.transaction() as tx:
            visit = Visit(tx, view, self._parts.clock.now(), self._parts.reader.oin, self._parts.entropy)
            for task in self._waiting:
                # A batch takes as long as its handlers take: what is revoked meanwhile must stop.
                visit.view, visit.now = self._parts.keeper.current(), self._parts.clock.now()
                waits = task.due > self._parts.clock.monotonic() or task.message.key in held
                if waits or not self._attempt(task, visit):
                    held.add(task.message.key)
                    waiting.append(task)
                else:
                    done.append(task.message.position)
            self._parts.probe("D3")
        self._answers += self._sealed(visit)
        # Finished only now: had the database not committed, their offsets must not be either.
        self._done += done
        self._waiting = waiting
        return len(done)

    def _sealed(self, visit: Visit) -> list[Outgoing]:
        parts = self._parts
        prepared = []
        for record in visit.answers:
            try:
                prepared.append(prepare(record, parts.sender, visit.view, visit.now, parts.entropy))
            except RefusedError as error:
                _log.warning(logs.ANSWER_REFUSED, code=record.code, reason=error.reason)
        return release(prepared, self._numbering, parts.signers, parts.entropy)

    def _attempt(self, task: _Task, visit: Visit) -> bool:
        received = receive(task.message, self._parts.reader, visit.view, visit.now)
        if isinstance(received, Withheld | Rejected) and visit.recheck(self._parts.keeper):
            # The gate may have decided with a registry newer than ours.
            received = receive(task.message, self._parts.reader, visit.view, visit.now)
        self._parts.probe("D2")
        match received:
            case Disclosure():
                return self._deliver(task, received, visit)
            case Notice():
                return self._notice(task, received, visit)
            case Withheld():
                visit.withhold(received)
            case Rejected():
                visit.quarantine(task.message, received.step, received.reason)
            case Foreign():
                pass
        return True

    def _deliver(self, task: _Task, disclosure: Disclosure, visit: Visit) -> bool:
        if visit.already(disclosure):
            return True
        handler = self._handlers.get(disclosure.entry.code, self._any)
        if handler is None:
            # To call it handled would be a lie to its sender.
            visit.settle(disclosure, InboxStatus.REJECTED, "no-handler")
            return True
        try:
            with visit.tx.effect():
                handler(disclosure, visit.tx.connection)
            visit.settle(disclosure, InboxStatus.HANDLED)
        except Reject as reject:
            visit.settle(disclosure, InboxStatus.REJECTED, reject.reason)
        except Exception as fault:  # noqa: BLE001 - a handler may raise anything; it counts as a retry
            if self._again(task, disclosure.header.message_id, fault):
                return False
            detail = "retried" if isinstance(fault, Retry) else "fault"
            visit.settle(disclosure, InboxStatus.HANDLER_FAILED, detail)
            visit.quarantine(task.message, 0, InboxStatus.HANDLER_FAILED)
        return True

    def _again(self, task: _Task, message_id: MessageId, fault: Exception) -> bool:
        """Whether the handler is asked again later; not after the fifth time."""
        task.tries += 1
        _log.warning(
            logs.HANDLER_FAILED,
            message_id=str(message_id),
            attempt=task.tries,
            error=type(fault).__name__,
        )
        if task.tries >= _MAX_TRIES or self._crowded(task.message.key):
            return False
        pause = fault.after if isinstance(fault, Retry) else _PAUSE_SECONDS[task.tries - 1]
        # Not by the clock on the wall: set back, it would hold the case as long.
        task.due = self._parts.clock.monotonic() + pause
        return True

    def _crowded(self, key: bytes | None) -> bool:
        """Whether one case fills half of the room: then it does not get the time that others need."""
        return sum(task.message.key == key for task in self._waiting) > _MAX_WAITING // 2

    def _notice(self, task: _Task, notice: Notice, visit: Visit) -> bool:
        if visit.noticed(notice):
            return True
        try:
            if self._refusal is not None:
                with visit.tx.effect():
                    self._refusal(notice, visit.tx.connection)
        except Exception as fault:  # noqa: BLE001 - as for a delivery; nobody can be told of this one
            facts = notice.event.message
            assert facts is not None, "a notice is about a message"
            if not isinstance(fault, Reject) and self._again(task, facts.message_id, fault):
                return False
            visit.quarantine(task.message, 0, InboxStatus.HANDLER_FAILED)
        visit.settle_notice(notice)
        return True

    def _answer(self) -> None:
        if self._answers:
            self._parts.sink.write(self._answers)
            self._answers = []
        for position in self._done:
            self._window.finish(position)
        self._done = []

    def _commit(self, *, idle: bool) -> None:
        # Seldom: a repeat after a crash is dropped by its id, and a commit costs as much as a message.
        now = self._parts.clock.monotonic()
        if not idle and now - self._committed_at < _COMMIT_SECONDS:
            return
        if offsets := self._window.finished():
            self._parts.source.commit(offsets)
            self._window.committed(offsets)
            self._committed_at = now
