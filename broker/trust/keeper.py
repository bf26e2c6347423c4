"""Keeps a trust view fresh: asks the registry again every two seconds, and refuses a stale one."""

from __future__ import annotations

from typing import Protocol

from broker.errors import RejectedError, UnavailableError
from broker.names import Micros
from broker.ports import Clock
from broker.trust.view import TrustView

__all__ = ["RECHECK_SECONDS", "REFRESH_SECONDS", "RegistrySource", "TrustKeeper"]

REFRESH_SECONDS = 2.0
RECHECK_SECONDS = 0.25


class RegistrySource(Protocol):
    """Reads the signed registry."""

    def refresh(self, now: Micros) -> TrustView:
        """The newest view; the same object when nothing changed.

        Raises:
            UnavailableError: The registry cannot be reached.
            UntrustedError: What was read does not verify; the caller keeps what it has.
        """
        ...


class TrustKeeper:
    """The current trust view of one process.

    A registry that cannot be reached or does not verify changes nothing until the view expires;
    from then on `current` raises, and nothing is decided.

    Attributes:
        last_error: Why the last refresh failed, or None.
    """

    def __init__(self, source: RegistrySource, clock: Clock, every: float = REFRESH_SECONDS) -> None:
        self._source = source
        self._clock = clock
        self._every = every
        self._view: TrustView | None = None
        self._asked = float("-inf")
        self.last_error: Exception | None = None

    def current(self) -> TrustView:
        """A view that is fresh now.

        Raises:
            UnavailableError: There is none.
        """
        return self._not_older_than(self._every)

    def recheck(self) -> TrustView:
        """The same, asked again now: for a record that speaks of something this view does not know.

        The registry may have changed a moment ago.  Asked at most four times a second, so that
        rubbish on a topic cannot make a process do nothing but refresh.

        Raises:
            UnavailableError: There is no fresh view.
        """
        return self._not_older_than(RECHECK_SECONDS)

    def _not_older_than(self, seconds: float) -> TrustView:
        age = self._clock.monotonic() - self._asked
        # A machine that slept wakes up with a stale view, and a newer one may be there already.
        if age >= seconds or (age >= RECHECK_SECONDS and self._is_stale()):
            self._refresh()
        if self._view is None:
            raise UnavailableError(
                "the registry has not been read yet",
                why=str(self.last_error or ""),
                remedy="Check that `registry.source` of the profile can be reached",
            )
        self._require_fresh(self._view)
        return self._view

    def _is_stale(self) -> bool:
        return self._view is not None and self._clock.now() >= self._view.expires_at

    def _require_fresh(self, view: TrustView) -> None:
        try:
            view.require_fresh(self._clock.now())
        except UnavailableError as error:
            # A stale view is a symptom; why no newer one came is the cause.
            raise UnavailableError(
                error.what, why=str(self.last_error or error.why), remedy=error.remedy, code=error.code
            ) from self.last_error

    def _refresh(self) -> None:
        self._asked = self._clock.monotonic()
        try:
            self._view = self._source.refresh(self._clock.now())
            self.last_error = None
        except (UnavailableError, RejectedError) as error:
            self.last_error = error
