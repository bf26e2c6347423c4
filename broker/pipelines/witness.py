"""What a witness decides (C2SP tlog-witness; docs/spec/audit.md 6.3): pure, but for its store.

The rules, in order; the number is the HTTP status:

1. not such a request, or an old size beyond the checkpoint's: 400;
2. a log that the witness does not know: 404; none of that log's keys signed: 403;
3. the size of the checkpoint cosigned last, with another root: 409, and both are kept: two histories;
4. the old size is not that of the checkpoint cosigned last: 409, with that size;
5. the proof does not lead from the one to the other: 422, and the request is kept;
6. otherwise the witness remembers the checkpoint, and only then cosigns it: 200.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broker.audit.checkpoint import Checkpoint, SignedCheckpoint, VerifierKey, verify_checkpoint
from broker.audit.cosignature import CosignerKey, cosign, cosignatures
from broker.audit.policy import LogKeyOf
from broker.audit.witness import (
    SIZE_TYPE,
    TEXT_TYPE,
    Answer,
    Conflict,
    Finding,
    Known,
    Request,
    WitnessStore,
    parse_request,
)
from broker.crypto import Signer
from broker.errors import EvidenceError, MalformedError
from broker.merkle import verify_consistency
from broker.names import Micros

__all__ = ["SigningKey", "Witness", "decide"]

_SECOND = 1_000_000
_TRIES = 8


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of the witness, and its public half under the witness's name."""

    signer: Signer
    verifier: CosignerKey


def decide(request: Request, known: Known) -> Finding:
    """What follows from what the witness knows; the log's signature was verified before."""
    checkpoint = request.signed.checkpoint
    if checkpoint.size == known.size and checkpoint.root != known.root:
        # Whatever old size is claimed: two roots of one size are two histories.
        return Finding.FORK
    if request.old != known.size:
        return Finding.STALE
    try:
        verify_consistency(known.size, known.root, checkpoint.size, checkpoint.root, request.proof)
    except EvidenceError:
        return Finding.UNPROVEN
    return Finding.COSIGN


class Witness:
    """Answers requests, with a store that any number of threads and processes may share.

    Args:
        keys: Of the witness: a line of each goes into every answer.
        logs: The keys of each log that it watches, by origin.
    """

    def __init__(
        self,
        store: WitnessStore,
        keys: Sequence[SigningKey],
        logs: Mapping[str, Sequence[LogKeyOf]],
    ) -> None:
        self._store = store
        self._keys = keys
        self._logs = logs

    def add_checkpoint(self, body: bytes, now: Micros) -> Answer:
        """Judge one request.

        Args:
            now: Goes into the cosignature.

        Raises:
            UnavailableError: The store or a key did not answer: nothing was cosigned.
        """
        try:
            request = parse_request(body)
        except MalformedError as error:
            return Answer(400, f"{error.what}\n".encode())
        origin = request.signed.checkpoint.origin
        if origin not in self._logs:
            return Answer(404, b"this log is not watched here\n")
        if not _is_signed(request.signed, self._logs[origin]):
            return Answer(403, b"no known key of this log signed the checkpoint\n", origin=origin)
        return self._judge(request, now)

    def _judge(self, request: Request, now: Micros) -> Answer:
        origin, size = request.signed.checkpoint.origin, request.signed.checkpoint.size
        for _ in range(_TRIES):
            known = self._store.known(origin)
            finding = decide(request, known)
            if finding is not Finding.COSIGN:
                return self._refuse(request, known, finding, now)
            if self._store.advance(origin, known, request.signed, now):
                return Answer(200, self._lines(request.signed.checkpoint, now), origin=origin, size=size)
        return Answer(503, b"too busy\n", origin=origin, size=size)

    def _refuse(self, request: Request, known: Known, finding: Finding, now: Micros) -> Answer:
        checkpoint = request.signed.checkpoint
        conflict = None
        if finding is not Finding.STALE:
            conflict = Conflict(finding, known, checkpoint, request.signed.note)
            self._store.record_conflict(conflict, now)
        if finding is Finding.UNPROVEN:
            body, kind = b"the proof does not lead from the known checkpoint to this one\n", TEXT_TYPE
        else:
            body, kind = b"%d\n" % known.size, SIZE_TYPE
        return Answer(finding.status, body, kind, checkpoint.origin, checkpoint.size, conflict)

    def _lines(self, checkpoint: Checkpoint, now: Micros) -> bytes:
        return b"".join(cosign(checkpoint, key.signer, key.verifier, now // _SECOND) for key in self._keys)


def _is_signed(signed: SignedCheckpoint, keys: Sequence[LogKeyOf]) -> bool:
    """Whether one of *keys* signed, and none of them in vain."""
    found = False
    for key in keys:
        if not any(line.name == key.name and line.key_id == key.id for line in signed.signatures):
            continue
        try:
            if isinstance(key, VerifierKey):
                verify_checkpoint(signed, key)
            else:
                cosignatures(signed, [key])
        except EvidenceError:
            return False
        found = True
    return found
