"""What a log and a witness say to each other, and what a witness never forgets (docs/spec/audit.md 6.3).

The request, as C2SP tlog-witness has it:

```
old <size that the witness knows>
<base64 of a hash of the consistency proof>    as many lines as it has

<checkpoint>
```
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from broker.audit.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    decode_base64,
    decode_number,
    parse_checkpoint,
)
from broker.errors import MalformedError
from broker.merkle import tree_root
from broker.names import Digest, Micros

__all__ = [
    "EMPTY",
    "MAX_REQUEST",
    "SIZE_TYPE",
    "TEXT_TYPE",
    "Answer",
    "Conflict",
    "Finding",
    "Known",
    "Request",
    "WitnessCall",
    "WitnessStore",
    "parse_request",
    "write_request",
]

MAX_REQUEST = 131_072
"""Bytes of a request: 63 hashes and a note of 64 KiB, with room to spare."""

TEXT_TYPE = "text/plain; charset=utf-8"
"""Media type of an answer."""
SIZE_TYPE = "text/x.tlog.size"
"""Media type of an answer that says how many entries the witness knows."""

_MAX_PROOF = 63


@dataclass(frozen=True, slots=True)
class Request:
    """A checkpoint, and why it follows from the one that the witness knows.

    Attributes:
        old: Number of entries of the latter.
    """

    old: int
    proof: tuple[Digest, ...]
    signed: SignedCheckpoint


@dataclass(frozen=True, slots=True)
class Known:
    """The checkpoint of a log that a witness cosigned last."""

    size: int
    root: Digest


EMPTY = Known(0, Digest(tree_root(())))
"""Of a log that was never cosigned."""


class Finding(Enum):
    """What a witness finds of a request by a log that it knows."""

    COSIGN = 200
    STALE = 409
    FORK = -409
    UNPROVEN = 422

    @property
    def status(self) -> int:
        """The HTTP status."""
        return abs(int(self.value))


@dataclass(frozen=True, slots=True)
class Conflict:
    """A signed checkpoint that does not follow from the one cosigned last.

    Attributes:
        finding: `Finding.FORK` is proof against the log; `Finding.UNPROVEN` is the lack of one for it.
        note: The checkpoint, as its log signed it.
    """

    finding: Finding
    known: Known
    checkpoint: Checkpoint
    note: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP.

    Attributes:
        conflict: What the operator of the witness must look at, or None.
    """

    status: int
    body: bytes
    kind: str = TEXT_TYPE
    origin: str = ""
    size: int = 0
    conflict: Conflict | None = None


class WitnessStore(Protocol):
    """What a witness never forgets."""

    def known(self, origin: str) -> Known:
        """The checkpoint cosigned last of this log; `EMPTY` when there was none."""
        ...

    def advance(self, origin: str, known: Known, signed: SignedCheckpoint, at: Micros) -> bool:
        """Remember a checkpoint in the place of *known*, durably; False if another is there by now."""
        ...

    def record_conflict(self, conflict: Conflict, at: Micros) -> None:
        """Keep what does not fit; the same once."""
        ...


class WitnessCall(Protocol):
    """Reaches witnesses."""

    def add_checkpoint(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Ask the witness at *url* to cosign; its status and answer.

        Raises:
            UnavailableError: It did not answer, in time or in bounds.
        """
        ...


def write_request(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """The body of a request to cosign *note*, whose log had *old* entries when the witness saw it last."""
    lines = [f"old {old}", *(b64encode(node).decode("ascii") for node in proof), "", ""]
    return "\n".join(lines).encode("ascii") + note


def parse_request(body: bytes) -> Request:
    """Parse the body of a request.

    Raises:
        MalformedError: Not one; nothing else is ever raised.
    """
    if len(body) > MAX_REQUEST:
        raise MalformedError("a request to cosign is too large")
    head, separator, note = body.partition(b"\n\n")
    try:
        first, *rest = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise MalformedError("a request to cosign is not text") from None
    if not separator or not first.startswith("old ") or len(rest) > _MAX_PROOF:
        raise MalformedError("not a request to cosign")
    old = decode_number(first.removeprefix("old "))
    signed = parse_checkpoint(note)
    if old > signed.checkpoint.size:
        raise MalformedError("the old size is beyond the checkpoint's")
    return Request(old, tuple(Digest.parse(decode_base64(line)) for line in rest), signed)
