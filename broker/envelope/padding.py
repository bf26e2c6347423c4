"""The padded group record: ``uint32be length || Avro || zero bytes``, a multiple of 256 (envelope.md 5.2).

Padding hides the size of a group to within 256 bytes.  It is minimal and zero, so that one group has
exactly one padded form.
"""

from __future__ import annotations

from broker.envelope.reasons import Reason
from broker.envelope.schema import BUCKET
from broker.errors import MalformedError

__all__ = ["pad", "unpad"]

_PREFIX = 4


def pad(plain: bytes) -> bytes:
    """Length-prefix *plain* and fill it with zero bytes to the next multiple of 256."""
    framed = len(plain).to_bytes(_PREFIX, "big") + plain
    return framed + bytes(-len(framed) % BUCKET)


def unpad(padded: bytes) -> bytes:
    """The bytes that were padded.

    Raises:
        MalformedError: Step 15, reason ``padding``: not what `pad` makes of anything.
    """
    stop = _PREFIX + int.from_bytes(padded[:_PREFIX], "big")
    size = len(padded)
    if size == 0 or size % BUCKET or not 0 <= size - stop < BUCKET or padded[stop:].strip(b"\0"):
        raise MalformedError("a group is not padded as it must be", step=15, reason=Reason.PADDING)
    return padded[_PREFIX:stop]
