"""Publishing the ledger as a log of plain files: grow, sign, and find the way back after a crash.

The order is the promise: entry bundles on disk, tiles on disk, only then a checkpoint is signed and put
in the place of the last one.  A crash at any point leaves files that are completed, byte for byte the
same, from the database.  What cannot be completed that way is a fatal alarm:

1. the folder was published with more entries than the database holds: an old copy was restored;
2. the same size has two roots: somebody rewrote history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from broker.audit.checkpoint import (
    Checkpoint,
    LogKey,
    parse_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from broker.audit.cosignature import CosignerKey, cosign, cosignatures
from broker.audit.ledger import LedgerEntry
from broker.audit.store import LeafStore, LogState, TileStore
from broker.audit.tiles import TiledLog
from broker.errors import EvidenceError, MalformedError
from broker.names import Micros
from broker.ports import Probe

__all__ = ["Tlog"]

_CHUNK = 4096


class Tlog:
    """The published log of one ledger, as its only writer."""

    def __init__(self, tiles: TileStore, key: LogKey, probe: Probe, now: Callable[[], Micros]) -> None:
        self._tiles = tiles
        self._key = key
        self._probe = probe
        self._now = now
        self._log = TiledLog()
        self._obsolete: list[str] = []
        # Beside Ed25519, for whoever trusts it alone; under the log's name, and without a time.
        self._second = None if key.second is None else CosignerKey(key.verifier.name, key.second.public)

    def recover(self, state: LogState, store: LeafStore) -> bytes | None:
        """Bring the folder to the state of the database.

        Returns:
            The checkpoint that was published for it; None when the one there is already says it.

        Raises:
            EvidenceError: The folder is ahead of the database, or the two differ.
            UnavailableError: Folder or database did not answer.
        """
        published = self._published()
        if published.size > state.size:
            raise _ahead(published.size, state.size)
        self._log = self._edge(published, store)
        for low in range(published.size, state.size, _CHUNK):
            self._write(list(store.leaves(low, min(low + _CHUNK, state.size))))
        if self._log.size != state.size or self._log.root() != state.frontier.root():
            raise _differs(state.size)
        if published.size == state.size and state.size:
            store.record_checkpoint(published, self._tiles.checkpoint() or b"", self._now())
            return None
        return self.publish(state, store)

    def extend(self, entries: Sequence[LedgerEntry]) -> None:
        """Write the files that change because of these entries; they are on disk when it returns."""
        self._write([(entry.event_bytes, entry.leaf_hash) for entry in entries])

    def publish(self, state: LogState, store: LeafStore) -> bytes:
        """Sign a checkpoint over what is on disk, remember it, and only then publish it.

        Raises:
            EvidenceError: The files on disk do not lead to the root of the database.
        """
        if self._log.size != state.size or self._log.root() != state.frontier.root():
            raise _differs(state.size)
        note = self._signed(state.checkpoint())
        self._probe("A1")
        # Remembered first: of two histories the second is never published, at this start or the next.
        store.record_checkpoint(state.checkpoint(), note, self._now())
        self._tiles.publish(note)
        self._tiles.discard(self._obsolete)
        self._obsolete = []
        return note

    def _signed(self, checkpoint: Checkpoint) -> bytes:
        note = sign_checkpoint(checkpoint, self._key.signer, self._key.verifier)
        if self._key.second is not None and self._second is not None:
            note += cosign(checkpoint, self._key.second.signer, self._second, 0)
        return note

    def _published(self) -> Checkpoint:
        note = self._tiles.checkpoint()
        if note is None:
            return Checkpoint(self._key.verifier.name, 0, TiledLog().root())
        try:
            signed = parse_checkpoint(note)
            cosignatures(signed, [] if self._second is None else [self._second])
            return verify_checkpoint(signed, self._key.verifier)
        except MalformedError as error:
            raise EvidenceError("the published checkpoint is damaged", why=error.what) from error

    def _edge(self, published: Checkpoint, store: LeafStore) -> TiledLog:
        """The log at the published size: from its files, or if those are damaged from the database."""
        try:
            log = TiledLog.load(published.size, self._tiles.read)
            if log.root() == published.root:
                return log
        except EvidenceError:
            pass
        self._log = TiledLog()
        for low in range(0, published.size, _CHUNK):
            self._write(list(store.leaves(low, min(low + _CHUNK, published.size))))
        if self._log.size != published.size or self._log.root() != published.root:
            raise _differs(published.size)
        return self._log

    def _write(self, leaves: Sequence[tuple[bytes, bytes]]) -> None:
        growth = self._log.extend([entry for entry, _ in leaves], [hash_ for _, hash_ in leaves])
        self._tiles.write(growth.bundles)
        self._tiles.write(growth.tiles)
        self._obsolete += growth.obsolete


def _ahead(published: int, stored: int) -> EvidenceError:
    return EvidenceError(
        f"the published log has {published} entries and the database {stored}",
        why=f"entries {stored} to {published - 1} are missing: an older copy of the database was restored",
        remedy="Restore the newest copy; never publish again from the older one",
        code="database-behind",
    )


def _differs(size: int) -> EvidenceError:
    return EvidenceError(
        f"the database and the published log differ within the first {size} entries",
        remedy="Stop, and run `schakel ledger fsck`: it names the first one",
        code="fork",
    )
