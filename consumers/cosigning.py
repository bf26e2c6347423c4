"""Gathers the cosignatures of witnesses for the ledger writer (docs/spec/audit.md 6.4).

1. In the background: a thread goes round the witnesses with the newest checkpoint; a ledger writer that
   waits for nobody takes home what came of it, and it alone writes files.
2. All are asked for the same checkpoint: a quorum counts what was cosigned together.
3. A witness that does not answer stops nothing.  It is asked again, and the log tells, once when it falls
   silent and once more when the policy's time has passed without a quorum.
4. A witness that refuses has seen another history: the writer stops (``witness-refuses``).
5. At its start, before it writes, a writer asks all of them: a restored old copy is found before a fork.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Condition, Event, Thread

import structlog

from broker import logs
from broker.audit.checkpoint import SignedCheckpoint, parse_checkpoint
from broker.audit.cosignature import COSIGNED_FILE, with_lines
from broker.audit.store import TileStore
from broker.errors import EvidenceError
from broker.parts import Witnesses
from broker.pipelines.cosigning import Outcome, Site, Visit, sites_of, visit
from broker.ports import Clock

__all__ = ["STATUS_FILE", "Cosigning", "Pace"]

STATUS_FILE = "witnesses.json"
"""In the published log: what each witness said last.  For people; it proves nothing."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How often witnesses are asked, in seconds.

    Attributes:
        every: From one round to the next.
        longest: The same, after rounds that did not reach the quorum.
        late: Without a quorum for so long, the log tells.
    """

    every: float = 5.0
    longest: float = 60.0
    late: float = 900.0


@dataclass(frozen=True, slots=True)
class _Round:
    """All witnesses, asked for one checkpoint.

    Attributes:
        began: When, on the clock that never goes back.
    """

    signed: SignedCheckpoint
    visits: tuple[Visit, ...]
    began: float


class Cosigning:
    """The cosignatures of one log, gathered by its only writer.

    Args:
        tiles: The published log: its files are read for proofs, by the thread as well.
    """

    def __init__(
        self, witnesses: Witnesses, tiles: TileStore, clock: Clock, pace: Pace | None = None
    ) -> None:
        self._policy = witnesses.policy
        self._call = witnesses.call
        self._tiles = tiles
        self._clock = clock
        self._pace = pace or Pace(witnesses.every)
        self._sites = sites_of(witnesses.policy)
        self._last: dict[str, Visit] = {}
        self._since: dict[str, int] = {}
        self._rounds: deque[_Round] = deque()
        self._newest: SignedCheckpoint | None = None
        self._offered = Condition()
        self._stop = Event()
        self._thread: Thread | None = None
        self._waiting_since: float | None = None
        self._told_late = False
        self._offered_size = 0

    def ask(self, note: bytes) -> bytes | None:
        """Go round the witnesses now, and wait for it; as `settle` for the rest.

        Args:
            note: The published checkpoint.
        """
        self._offered_size = (signed := parse_checkpoint(note)).checkpoint.size
        self._rounds.append(self._go_round(signed))
        return self.settle()

    def offer(self, note: bytes) -> None:
        """Have a checkpoint cosigned; an earlier one that nobody was asked for yet is forgotten."""
        if not self._sites:
            return
        if self._waiting_since is None:
            self._waiting_since = self._clock.monotonic()
        with self._offered:
            self._newest = parse_checkpoint(note)
            self._offered_size = self._newest.checkpoint.size
            self._offered.notify()
        if self._thread is None:
            self._thread = Thread(target=self._run, name="cosigning", daemon=True)
            self._thread.start()

    def settle(self) -> bytes | None:
        """Publish what was cosigned since the last call.

        Returns:
            The newest note that reached the quorum and was published, or None.

        Raises:
            EvidenceError: A witness refuses (``witness-refuses``).
            UnavailableError: The folder of the log did not take it; call again.
        """
        published = None
        while self._rounds:
            published = self._take(self._rounds[0]) or published
            self._rounds.popleft()
        waited = self._clock.monotonic() - (self._waiting_since or self._clock.monotonic())
        if waited > self._pace.late and not self._told_late:
            self._told_late = True
            _log.warning(logs.COSIGNING_LATE, size=self._offered_size, lag_seconds=int(waited))
        return published

    def close(self) -> None:
        """Ask nobody any more."""
        self._stop.set()
        with self._offered:
            self._offered.notify()

    def _run(self) -> None:
        pause = self._pace.every
        while (signed := self._next()) is not None:
            round_ = self._go_round(signed)
            self._rounds.append(round_)
            if self._is_reached(round_):
                pause = self._pace.every
            else:
                pause = min(pause * 2, self._pace.longest)
                with self._offered:
                    self._newest = self._newest or signed
            self._stop.wait(pause)

    def _next(self) -> SignedCheckpoint | None:
        """The checkpoint to go round with; None to end."""
        with self._offered:
            self._offered.wait_for(lambda: self._stop.is_set() or self._newest is not None)
            signed, self._newest = self._newest, None
            return None if self._stop.is_set() else signed

    def _go_round(self, signed: SignedCheckpoint) -> _Round:
        began = self._clock.monotonic()
        visits: list[Visit] = []

        def go(site: Site) -> None:
            before = self._last.get(site.url)
            known = 0 if before is None else before.size
            visits.append(visit(site, signed, known, self._call, self._tiles.read))

        threads = [Thread(target=go, args=(site,), daemon=True) for site in self._sites]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return _Round(signed, tuple(visits), began)

    def _is_reached(self, round_: _Round) -> bool:
        return self._policy.judge(parse_checkpoint(_cosigned(round_))).reached

    def _take(self, round_: _Round) -> bytes | None:
        self._remember(round_.visits)
        refused = [visit for visit in round_.visits if visit.outcome is Outcome.REFUSED]
        note = self._publish(round_) if not refused and self._is_reached(round_) else None
        self._tiles.write([(STATUS_FILE, self._status())])
        if refused:
            raise _refuses(refused[0], round_.signed.checkpoint.size)
        return note

    def _publish(self, round_: _Round) -> bytes:
        note, checkpoint = _cosigned(round_), round_.signed.checkpoint
        self._tiles.write([(COSIGNED_FILE, note)])
        current = self._tiles.checkpoint()
        if current is not None and parse_checkpoint(current).checkpoint == checkpoint:
            self._tiles.publish(note)
        self._waiting_since = round_.began if checkpoint.size < self._offered_size else None
        self._told_late = False
        _log.info(logs.CHECKPOINT_COSIGNED, size=checkpoint.size, root=checkpoint.root)
        return note

    def _remember(self, visits: Sequence[Visit]) -> None:
        """Keep what each witness said, and log what is new."""
        for made in visits:
            before = self._last.get(made.site.url)
            self._last[made.site.url] = made
            if before is not None and (before.outcome, before.why) == (made.outcome, made.why):
                continue
            self._since[made.site.url] = self._clock.now()
            told = {"host": made.site.url, "state": made.outcome.value, "size": made.size, "reason": made.why}
            if made.outcome is Outcome.REFUSED:
                _log.error(logs.WITNESS_REFUSED, **told)
            elif made.outcome is not Outcome.COSIGNED:
                _log.warning(logs.WITNESS_UNAVAILABLE, **told)

    def _status(self) -> bytes:
        shown = [
            {
                "url": made.site.url,
                "names": list(made.site.names),
                "state": made.outcome.value,
                "since": self._since[made.site.url],
                "size": made.size,
                "why": made.why,
            }
            for made in self._last.values()
        ]
        return (json.dumps({"witnesses": shown}, ensure_ascii=True, indent=2) + "\n").encode("ascii")


def _cosigned(round_: _Round) -> bytes:
    """The note with all that was gathered; the log's own lines first."""
    given = {(line.name, line.key_id) for line in round_.signed.signatures}
    lines = [line for made in round_.visits for line in made.lines]
    fresh = [line for line in lines if (line.name, line.key_id) not in given]
    return with_lines(round_.signed.note, fresh)


def _refuses(refused: Visit, size: int) -> EvidenceError:
    return EvidenceError(
        f"the witness at {refused.site.url} refuses the checkpoint of {size} entries",
        why=refused.why,
        remedy="Write nothing: restore the newest copy of the ledger, or find out who rewrote it",
        code="witness-refuses",
    )
