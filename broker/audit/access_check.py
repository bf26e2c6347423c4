"""The access log, derived again from its entries and compared with what is stored and published.

As `broker.audit.fsck` for the ledger: rows, files and key are arguments, it does not stop at the first
finding, and it never calls a check done that it could not make (docs/spec/audit.md 12).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from broker.audit.access import read_access
from broker.audit.access_store import AccessRow, access_columns
from broker.audit.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from broker.audit.fsck import Published
from broker.audit.ledger import Frontier
from broker.audit.tiles import WIDTH, File, TiledLog
from broker.errors import EvidenceError, MalformedError
from broker.merkle import leaf_hash
from broker.names import Digest

__all__ = ["AccessReport", "check_access"]

_MAX_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class AccessReport:
    """What was found.

    Attributes:
        entries: How many entries were read.
        root: The root they lead to.
        bad: What is wrong, at most 100 sentences.
        unchecked: What could not be checked, by name.
    """

    entries: int
    root: Digest
    bad: tuple[str, ...]
    unchecked: tuple[str, ...]


def check_access(
    origin: str, state: Frontier, rows: Iterable[AccessRow], published: Published
) -> AccessReport:
    """Derive everything again and compare.

    Args:
        origin: Name of the access log.
        state: Size and root as they are stored.
        rows: Every stored row below that size, by rising place.
    """
    check = _Check(published)
    checkpoint = check.checkpoint(origin)
    for row in rows:
        if not check.row(row, checkpoint):
            break
    check.finish(state, checkpoint)
    return AccessReport(check.frontier.size, check.frontier.root(), tuple(check.bad), tuple(check.unchecked))


@dataclass(slots=True)
class _Check:
    published: Published
    bad: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    frontier: Frontier = field(default_factory=Frontier)
    log: TiledLog = field(default_factory=TiledLog)
    pending: list[tuple[bytes, bytes]] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    at_checkpoint: Digest | None = None

    def fail(self, what: str) -> None:
        if len(self.bad) < _MAX_FINDINGS:
            self.bad.append(what)

    def checkpoint(self, origin: str) -> Checkpoint | None:
        if self.published.note is None:
            self.unchecked.append("published access log")
            return None
        try:
            signed = parse_checkpoint(self.published.note)
            if self.published.key is None:
                self.unchecked.append("checkpoint signature of the access log")
            else:
                verify_checkpoint(signed, self.published.key)
        except (MalformedError, EvidenceError) as error:
            self.fail(f"the published checkpoint of the access log: {error.what}")
            return None
        if signed.checkpoint.origin != origin:
            self.fail("the published checkpoint is not that of this access log")
            return None
        return signed.checkpoint

    def row(self, row: AccessRow, checkpoint: Checkpoint | None) -> bool:
        """Check one row; False when what follows has no place any more."""
        if row.seq != self.frontier.size:
            self.fail(f"access {self.frontier.size} is missing")
            return False
        leaf = leaf_hash(row.event_bytes)
        if leaf != row.leaf_hash:
            self.fail(f"access {row.seq} does not hash to its leaf")
        try:
            if access_columns(read_access(row.event_bytes)) != dict(row.columns):
                self.fail(f"access {row.seq} is searched by what does not follow from it")
        except MalformedError as error:
            self.fail(f"access {row.seq} is damaged: {error.what}")
        self._grow(row.event_bytes, leaf, checkpoint)
        return True

    def finish(self, state: Frontier, checkpoint: Checkpoint | None) -> None:
        if self.frontier.size != state.size:
            self.fail(f"the access log holds {self.frontier.size} entries, not {state.size}")
        elif self.frontier.root() != state.root():
            self.fail("the accesses do not lead to the root that the database keeps")
        if checkpoint is None:
            return
        if checkpoint.size > self.frontier.size:
            self.fail(f"access {self.frontier.size} is missing: {checkpoint.size} were published")
            return
        root = Frontier().root() if checkpoint.size == 0 else self.at_checkpoint
        if root != checkpoint.root:
            self.fail("the accesses do not lead to the published root")
        for path in self.differing:
            self.fail(f"the published file {path} of the access log is missing or another")

    def _grow(self, entry: bytes, leaf: bytes, checkpoint: Checkpoint | None) -> None:
        self.frontier = self.frontier.append((leaf,))
        if checkpoint is None or self.frontier.size > checkpoint.size:
            return
        self.pending.append((entry, leaf))
        last = self.frontier.size == checkpoint.size
        if last:
            self.at_checkpoint = self.frontier.root()
        if last or self.frontier.size % WIDTH == 0:
            growth = self.log.extend([one for one, _ in self.pending], [one for _, one in self.pending])
            self.pending.clear()
            made = [file for file in (*growth.bundles, *growth.tiles) if ".p/" not in file[0]]
            self._compare([*made, *self.log.edge()] if last else made)

    def _compare(self, files: Sequence[File]) -> None:
        self.differing += [path for path, content in files if self._found(path, content) != content]

    def _found(self, path: str, content: bytes) -> bytes | None:
        """What is published under *path*; the full file may have taken a partial one's place already."""
        found = self.published.fetch(path)
        if found is None and ".p/" in path:
            whole = self.published.fetch(path.partition(".p/")[0])
            return None if whole is None else whole[: len(content)]
        return found
