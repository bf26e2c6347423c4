"""One visit of a log to a witness: prove what was added, and take its cosignature home (audit.md 6.4).

What a witness answers is one of four things:

1. *cosigned*: a line of its key that verifies;
2. *unreachable*: no answer; asked again later;
3. *rejected*: it does not know this log or key, or answers something else: somebody set it up wrongly;
4. *refused*: it has seen this log larger, or with another root.  An old copy was restored, or history was
   rewritten: nothing may be written until that is understood.

A proof is checked before it is sent, so a damaged tile of our own is never taken for a refusal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from broker.audit.checkpoint import NoteSignature, SignedCheckpoint, decode_number
from broker.audit.cosignature import CosignerKey, known_lines, parse_lines
from broker.audit.policy import Policy
from broker.audit.proof import TileTree
from broker.audit.tiles import Fetch
from broker.audit.witness import WitnessCall, write_request
from broker.errors import EvidenceError, MalformedError, UnavailableError
from broker.merkle import verify_consistency

__all__ = ["Outcome", "Site", "Visit", "sites_of", "visit"]

_TRIES = 3
_COSIGNED, _CONFLICT, _UNPROVEN = 200, 409, 422


class Outcome(StrEnum):
    """What came of a visit."""

    COSIGNED = "cosigned"
    UNREACHABLE = "unreachable"
    REJECTED = "rejected"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Site:
    """A witness that can be asked, with all its keys in the policy.

    Attributes:
        names: In the policy.
    """

    url: str
    names: tuple[str, ...]
    keys: tuple[CosignerKey, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """What a witness answered.

    Attributes:
        size: Entries that the witness is known to have seen.
        lines: Its cosignatures, verified.
        why: A sentence; empty when it cosigned.
    """

    site: Site
    outcome: Outcome
    size: int
    lines: tuple[NoteSignature, ...] = ()
    why: str = ""


def sites_of(policy: Policy) -> tuple[Site, ...]:
    """The witnesses of a policy that have an address, those of one address together."""
    urls = dict.fromkeys(witness.url for witness in policy.witnesses if witness.url is not None)
    return tuple(
        Site(
            url,
            tuple(witness.name for witness in policy.witnesses if witness.url == url),
            tuple(witness.key for witness in policy.witnesses if witness.url == url),
        )
        for url in urls
    )


def visit(site: Site, signed: SignedCheckpoint, known: int, call: WitnessCall, fetch: Fetch) -> Visit:
    """Ask a witness to cosign.

    Args:
        known: Entries that the witness had seen when it was asked last; 0 when it was not.
        fetch: Content of a file of the published log, or None.
    """
    size, old = signed.checkpoint.size, min(known, signed.checkpoint.size)
    try:
        for _ in range(_TRIES):
            body = write_request(old, _proof(signed, old, fetch), signed.note)
            status, answer = call.add_checkpoint(site.url, body)
            if status == _COSIGNED:
                return _take(site, signed, answer)
            if status == _UNPROVEN:
                return Visit(
                    site, Outcome.REFUSED, old, why=f"its {old} entries are not the first of this log"
                )
            if status != _CONFLICT:
                return Visit(site, Outcome.REJECTED, known, why=f"it answered with status {status}")
            told = _size(answer)
            if told > size:
                return Visit(site, Outcome.REFUSED, told, why=f"it saw {told} entries, and there are {size}")
            if told == old == size:
                return Visit(site, Outcome.REFUSED, told, why=f"it saw {told} entries with another root")
            old = told
    except UnavailableError as error:
        return Visit(site, Outcome.UNREACHABLE, known, why=error.why or error.what)
    except (EvidenceError, MalformedError) as error:
        return Visit(site, Outcome.REJECTED, known, why=error.what)
    return Visit(site, Outcome.REJECTED, known, why="it names another size each time")


def _proof(signed: SignedCheckpoint, old: int, fetch: Fetch) -> Sequence[bytes]:
    """Why the checkpoint follows from the first *old* entries; checked against its root.

    Raises:
        EvidenceError: A file of the published log is missing or damaged.
    """
    checkpoint = signed.checkpoint
    if old in (0, checkpoint.size):
        return ()
    tree = TileTree(checkpoint.size, fetch)
    path = tree.consistency_path(old)
    verify_consistency(old, tree.root_of(old), checkpoint.size, checkpoint.root, path)
    return path


def _take(site: Site, signed: SignedCheckpoint, answer: bytes) -> Visit:
    lines = known_lines(signed.checkpoint, parse_lines(answer), site.keys)
    if not lines:
        raise EvidenceError("it cosigned with another key than the policy's")
    return Visit(site, Outcome.COSIGNED, signed.checkpoint.size, lines)


def _size(answer: bytes) -> int:
    try:
        return decode_number(answer.decode("ascii").removesuffix("\n"))
    except UnicodeDecodeError:
        raise MalformedError("not a number of entries") from None
