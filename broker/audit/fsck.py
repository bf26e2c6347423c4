"""The whole ledger, derived again from its entries and compared with everything that was stored or published.

1. every entry: parses, hashes to its leaf, has the id and the columns that follow from it, is signed;
2. the row of entries: none missing, none moved; the root of the database and of the checkpoint;
3. the published files, byte by byte, and the signature of the checkpoint;
4. gaps in the producers' own numbering, as warnings: quarantined messages leave such gaps too.

`fsck` is pure: rows, files and keys are arguments.  It never stops at the first finding, and never
calls a check done that it could not make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from broker.audit.checkpoint import Checkpoint, VerifierKey, parse_checkpoint, verify_checkpoint
from broker.audit.codec import expected_decision_id, read_event
from broker.audit.decision_record import GateDirectory, statement
from broker.audit.events import AuditEvent
from broker.audit.ledger import Frontier
from broker.audit.sequences import Sequences
from broker.audit.store import LedgerRow, StoredState, columns_of
from broker.audit.tiles import WIDTH, Fetch, File, TiledLog
from broker.avro_binary import Reader
from broker.crypto import VerifyingKey
from broker.errors import EvidenceError, IncompleteError, MalformedError, RejectedError, UntrustedError
from broker.merkle import leaf_hash
from broker.names import Algorithm, Digest, KeyId, Micros, Oin
from broker.signing import VerificationCache, read_signatures, verify_signatures

__all__ = ["Finding", "FsckReport", "Published", "fsck"]

_MAX_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or deserves a look.

    Attributes:
        seq: The entry concerned, or None.
        what: One sentence.
    """

    seq: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Published:
    """The published log.

    Attributes:
        fetch: Content of a file, or None if there is none.
        note: The checkpoint, or None.
        key: The log's key; None when it is not known.
    """

    fetch: Fetch
    note: bytes | None
    key: VerifierKey | None


@dataclass(frozen=True, slots=True)
class FsckReport:
    """What was found.

    Attributes:
        entries: How many entries were read.
        root: The root they lead to.
        bad: What is wrong, first entry first; at most 100.
        warnings: What deserves a look.
        unchecked: What could not be checked, by name.
    """

    entries: int
    root: Digest
    bad: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    unchecked: tuple[str, ...]

    def require_sound(self) -> None:
        """Insist that everything was checked and nothing is wrong.

        Raises:
            EvidenceError: Something is wrong; the first bad entry is named.
            IncompleteError: Nothing is wrong, but something could not be checked.
        """
        if self.bad:
            raise EvidenceError(
                self.bad[0].what,
                why=f"{len(self.bad)} findings" if len(self.bad) > 1 else "",
                remedy="Keep everything as it is, stop the ledger writer, and compare with a copy",
                code="fsck",
            )
        if self.unchecked:
            raise IncompleteError(
                f"not everything could be checked: {', '.join(self.unchecked)}",
                remedy="Check the rest where it can be read; nothing that was checked is wrong",
            )


def fsck(
    state: StoredState,
    rows: Iterable[LedgerRow],
    published: Published,
    keys: GateDirectory | None,
    progress: Callable[[int], None],
) -> FsckReport:
    """Derive everything again and compare.

    Args:
        rows: Every row of the database, by rising place.
        keys: Who may be a gate and with which keys; None leaves signatures unchecked.
        progress: Told now and then how many entries were read.
    """
    check = _Check(published, keys)
    if keys is None:
        check.skip("decision signatures")
    checkpoint = check.read_checkpoint(state)
    for row in rows:
        if not check.row(row, checkpoint):
            break
        if check.size % (16 * WIDTH) == 0:
            progress(check.size)
    check.finish(state, checkpoint)
    progress(check.size)
    bad = sorted(check.bad, key=lambda finding: (finding.seq is None, finding.seq or 0))
    return FsckReport(
        check.size, check.frontier.root(), tuple(bad), check.sequences(), tuple(check.unchecked)
    )


@dataclass(slots=True)
class _Check:
    published: Published
    keys: GateDirectory | None
    bad: list[Finding] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    size: int = 0
    frontier: Frontier = field(default_factory=Frontier)
    at_checkpoint: Digest | None = None
    files: list[tuple[int, File]] = field(default_factory=list)
    cache: VerificationCache = field(default_factory=VerificationCache)
    log: TiledLog = field(default_factory=TiledLog)
    pending: list[tuple[bytes, bytes]] = field(default_factory=list)
    numbering: Sequences = field(default_factory=Sequences)

    def fail(self, seq: int | None, what: str) -> None:
        if len(self.bad) < _MAX_FINDINGS:
            self.bad.append(Finding(seq, what))

    def skip(self, what: str) -> None:
        if what not in self.unchecked:
            self.unchecked.append(what)

    def read_checkpoint(self, state: StoredState) -> Checkpoint | None:
        note, key = self.published.note, self.published.key
        if note is None:
            self.skip("published log")
            return None
        try:
            signed = parse_checkpoint(note)
            if key is None:
                self.skip("checkpoint signature")
            else:
                verify_checkpoint(signed, key)
        except (MalformedError, EvidenceError) as error:
            self.fail(None, f"the published checkpoint: {error.what}")
            return None
        if signed.checkpoint.origin != state.origin:
            self.fail(None, "the published checkpoint is that of another log")
            return None
        return signed.checkpoint

    def row(self, row: LedgerRow, checkpoint: Checkpoint | None) -> bool:
        """Check one row; False when what follows has no place any more."""
        if row.seq != self.size:
            self.fail(self.size, f"entry {self.size} is missing")
            return False
        leaf = leaf_hash(row.event_bytes)
        if leaf != row.leaf_hash:
            self.fail(row.seq, f"entry {row.seq} does not hash to its leaf")
        self._judge(row)
        self._grow(row.event_bytes, leaf, checkpoint)
        return True

    def finish(self, state: StoredState, checkpoint: Checkpoint | None) -> None:
        if self.size != state.size:
            self.fail(min(self.size, state.size), f"the database holds {self.size} entries, not {state.size}")
        elif self.frontier.root() != state.root:
            self.fail(None, "the entries do not lead to the root that the database keeps")
        if checkpoint is None:
            return
        if checkpoint.size > self.size:
            self.fail(self.size, f"entry {self.size} is missing: {checkpoint.size} were published")
            self._flush(self.size)
        elif checkpoint.size == 0:
            self.at_checkpoint = Frontier().root()
        self._compare(checkpoint)

    def sequences(self) -> tuple[Finding, ...]:
        """Warnings about gaps in the producers' own numbering."""
        return tuple(Finding(None, gap) for gap in self.numbering.gaps())

    def _judge(self, row: LedgerRow) -> None:
        try:
            event = read_event(row.event_bytes)
        except MalformedError as error:
            self.fail(row.seq, f"entry {row.seq} is not an audit event: {error.what}")
            return
        if event.decision_id != row.decision_id or expected_decision_id(event) not in (
            None,
            event.decision_id,
        ):
            self.fail(row.seq, f"entry {row.seq} carries the id of another decision")
        if columns_of(event) != dict(row.columns) or row.subjects not in (None, _subjects(event)):
            self.fail(row.seq, f"the search columns of entry {row.seq} do not follow from it")
        if self.keys is not None:
            self._verify(row, event, self.keys)
        if event.message is not None:
            self.numbering.see(event.message.producer_id, event.source.topic, event.message.sequence)

    def _verify(self, row: LedgerRow, event: AuditEvent, keys: GateDirectory) -> None:
        try:
            reader = Reader(row.signatures)
            signatures = read_signatures(reader)
            reader.finish()
            signed = statement(row.event_bytes, Digest.parse(row.envelope_digest))
            if keys.gate_of(signatures[0].key_id) != row.gate:
                raise UntrustedError("another gate's key", reason="unknown-gate")
            once = _Once(keys)
            verify_signatures(
                signatures, signed, sender=row.gate, at=event.decided_at, keys=once, cache=self.cache
            )
            if once.revoked:
                self.skip("signatures by keys that were revoked later")
        except RejectedError as error:
            self.fail(row.seq, f"no gate vouches for entry {row.seq}: {error.what}")

    def _grow(self, entry: bytes, leaf: bytes, checkpoint: Checkpoint | None) -> None:
        self.frontier = self.frontier.append((leaf,))
        self.size += 1
        if checkpoint is None or self.size > checkpoint.size:
            return
        self.pending.append((entry, leaf))
        if self.size % WIDTH == 0 or self.size == checkpoint.size:
            self._flush(checkpoint.size)
        if self.size == checkpoint.size:
            self.at_checkpoint = self.frontier.root()

    def _flush(self, last: int) -> None:
        """Make the published files of what is pending, and note which differ."""
        first = self.log.size
        growth = self.log.extend([entry for entry, _ in self.pending], [leaf for _, leaf in self.pending])
        self.pending.clear()
        made = [file for file in (*growth.bundles, *growth.tiles) if ".p/" not in file[0]]
        if self.log.size == last:
            made += self.log.edge()
        self.files += [(first, file) for file in made if self._found(*file) != file[1]]

    def _found(self, path: str, content: bytes) -> bytes | None:
        """What is published under *path*; the full file may have taken a partial one's place already."""
        found = self.published.fetch(path)
        if found is None and ".p/" in path:
            whole = self.published.fetch(path.partition(".p/")[0])
            return None if whole is None else whole[: len(content)]
        return found

    def _compare(self, checkpoint: Checkpoint) -> None:
        sound = self.at_checkpoint == checkpoint.root
        if not sound and not self.bad and not self.files:
            self.fail(None, "the entries do not lead to the published root")
        for first, (path, content) in self.files[:_MAX_FINDINGS]:
            found = self._found(path, content)
            if found is None:
                self.fail(None, f"the published file {path} is missing")
            elif sound:
                self.fail(None, f"the published file {path} does not hold what follows from the entries")
            elif path.startswith("tile/0/"):
                seq = first // WIDTH * WIDTH + _first_difference(found, content)
                self.fail(seq, f"entry {seq} is not the one that was published")
        if not sound and not self.bad:
            self.fail(None, "the entries do not lead to the published root")


class _Once:
    """A registry as if no key had been revoked; remembers whether one was."""

    def __init__(self, keys: GateDirectory) -> None:
        self._keys = keys
        self.revoked = False

    def vouching_key(self, oin: Oin, key_id: KeyId, at: Micros) -> VerifyingKey:
        try:
            return self._keys.vouching_key(oin, key_id, at)
        except UntrustedError as error:
            if error.reason != "key-revoked":
                raise
        self.revoked = True
        return self._keys.once_vouching_key(oin, key_id, at)

    def required_algorithms(self, oin: Oin) -> frozenset[Algorithm]:
        return self._keys.required_algorithms(oin)


def _subjects(event: AuditEvent) -> frozenset[bytes]:
    """The references by which an entry must be found."""
    return frozenset(map(bytes, event.message.subject_refs if event.message is not None else ()))


def _first_difference(found: bytes, expected: bytes) -> int:
    """Index of the first hash in which two tiles differ."""
    pairs = range(0, max(len(found), len(expected)), 32)
    return next((at // 32 for at in pairs if found[at : at + 32] != expected[at : at + 32]), 0)
