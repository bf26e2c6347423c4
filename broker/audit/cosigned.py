"""The cosigned checkpoint of a published log, checked against the newest one (docs/spec/audit.md 6.4)."""

from __future__ import annotations

from broker.audit.checkpoint import VerifierKey, parse_checkpoint, verify_checkpoint
from broker.audit.cosignature import COSIGNED_FILE
from broker.audit.proof import TileTree
from broker.audit.tiles import Fetch
from broker.errors import EvidenceError, MalformedError

__all__ = ["check_cosigned", "newest_cosigned"]


def check_cosigned(fetch: Fetch, note: bytes | None, key: VerifierKey | None) -> list[str]:
    """What is wrong with the cosigned checkpoint; nothing when there is none.

    It must be signed by the log, and be the root of the first entries of the published log.

    Args:
        fetch: Content of a file of the published log, or None.
        note: The published checkpoint.
        key: The log's key; without it the signature is not looked at.
    """
    cosigned = fetch(COSIGNED_FILE)
    if cosigned is None or note is None:
        return []
    try:
        signed, newest = parse_checkpoint(cosigned), parse_checkpoint(note).checkpoint
        if key is not None:
            verify_checkpoint(signed, key)
        older = signed.checkpoint
        if older.size > newest.size:
            return [f"{COSIGNED_FILE} has {older.size} entries and the published log {newest.size}"]
        if older.size and TileTree(newest.size, fetch).root_of(older.size) != older.root:
            return [f"{COSIGNED_FILE} has another root than the first {older.size} entries"]
    except (EvidenceError, MalformedError) as error:
        return [f"{COSIGNED_FILE}: {error.what}"]
    return []


def newest_cosigned(fetch: Fetch, seq: int) -> bytes | None:
    """The checkpoint to prove the entry at *seq* with: the cosigned one, if that has the entry.

    Args:
        fetch: Content of a file of the published log, or None.

    Returns:
        The cosigned note, or None when only the newest published checkpoint can have the entry.
    """
    cosigned = fetch(COSIGNED_FILE)
    if cosigned is None:
        return None
    try:
        return cosigned if seq < parse_checkpoint(cosigned).checkpoint.size else None
    except MalformedError:
        # `fsck` names it; the published checkpoint proves the entry all the same.
        return None
