"""Publishing the access log: plain files and a signed checkpoint, as the ledger (docs/spec/audit.md 12).

Whoever looks appends to the database; the ledger writer, which has the key, publishes what was appended.
"""

from __future__ import annotations

from broker.audit.store import LogState
from broker.parts import AccessPublishing
from broker.ports import no_probe
from consumers.tlog import Tlog

__all__ = ["AccessPublisher"]

_EVERY = 2.0


class AccessPublisher:
    """Publishes one access log; there is one for each log."""

    def __init__(self, parts: AccessPublishing) -> None:
        self._parts = parts
        self._size = -1
        self._next = 0.0

    def look(self) -> None:
        """Publish what was appended, at most once in two seconds.

        Raises:
            UnavailableError: Database or disk did not answer; call again.
            EvidenceError: Database and published log contradict each other: stop.
        """
        now = self._parts.clock.monotonic()
        if now >= self._next:
            self._next = now + _EVERY
            self.publish()

    def publish(self) -> None:
        """Publish what was appended, now.

        Raises:
            UnavailableError, EvidenceError: As for `look`.
        """
        parts = self._parts
        state = parts.store.state()
        if state.size == self._size:
            return
        tlog = Tlog(parts.tiles, parts.key, no_probe, parts.clock.now)
        tlog.recover(LogState(parts.key.verifier.name, 0, state), parts.store)
        self._size = state.size
