"""What the demonstration shows, as values; how it looks is the command's business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from broker.audit.events import AuditEvent
from broker.ports import Message

__all__ = ["Audience", "Judged", "Ledger", "Line", "Proof", "Report"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision of the gate, and the record that holds it."""

    event: AuditEvent
    record: Message


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the demonstration and what became of it.

    Attributes:
        id: Message id; None where nothing left the house.
        outcome: ``delivered``, ``not-sent`` (stopped by the publisher), ``refused`` (by the gate),
            ``withheld`` (by the subscriber) or ``quarantined``.
        step: The verification step that failed, 0 when none did.
    """

    id: str | None
    type: str
    sender: str
    recipient: str
    outcome: str
    reason: str = ""
    step: int = 0

    def to_json(self) -> dict[str, object]:
        """The line as `schakel demo --json` prints it."""
        return {
            "id": self.id,
            "type": self.type,
            "from": self.sender,
            "to": self.recipient,
            "outcome": self.outcome,
            "reason": self.reason,
            "step": self.step,
        }


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger at the end: size, root and the signed checkpoint.

    Attributes:
        verifier_key: The key that the registry names for it, in the form that tools exchange.
    """

    entries: int
    root: str
    checkpoint: str
    verifier_key: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The evidence bundle of one decision.

    Attributes:
        offline: Whether it was verified in a process without any network.
    """

    verified: bool
    file: Path
    offline: bool


@dataclass(slots=True)
class Report:
    """Everything that came out; filled while the demonstration plays.

    Attributes:
        failures: What did not come out as told.
    """

    kafka: dict[str, object] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    ledger: Ledger | None = None
    proof: Proof | None = None
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """The document of `schakel demo --json`."""
        ledger, proof = self.ledger, self.proof
        return {
            "kafka": self.kafka,
            "messages": [line.to_json() for line in self.lines],
            "ledger": ledger
            and {"entries": ledger.entries, "root": ledger.root, "checkpoint": ledger.checkpoint},
            "proof": proof and {"verified": proof.verified, "file": str(proof.file)},
            "seconds": round(self.seconds, 1),
        }


class Audience(Protocol):
    """Who watches."""

    def scene(self, title: str) -> None:
        """A new scene begins."""
        ...

    def say(self, text: str) -> None:
        """Something is explained."""
        ...

    def show(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """Facts are shown, by name."""
        ...

    def outcome(self, line: Line, by: str) -> None:
        """A message came to its end; *by* says who decided that."""
        ...
