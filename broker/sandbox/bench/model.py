"""What is measured, how often, and what the parts of a measurement say to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from broker.ports import Header

__all__ = [
    "RECIPIENT",
    "SENDER",
    "Arrivals",
    "Counted",
    "Failed",
    "Go",
    "Order",
    "Plan",
    "Progress",
    "Ready",
    "Send",
    "Sent",
    "Setting",
    "Stage",
    "Variant",
    "WireSizes",
]


SENDER = "shg-noord"
RECIPIENT = "amk-noord"
"""The two agencies that the messages go between: E01, and its receipt back."""


class Variant(StrEnum):
    """The whole product, or the same processes and bytes without checks and databases."""

    BARE = "bare"
    FULL = "full"


class Stage(StrEnum):
    """The processes that a message passes, in order; each is one process of its own."""

    PUBLISHER = "publisher"
    GATE = "gate"
    SUBSCRIBER = "subscriber"
    RECEIPTS = "receipts"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        quick: The smoke test: no warm-up, tiny counts; its figures mean nothing.
        warm_up: Seconds of traffic before anything counts.
        rounds: How often bare and full are measured, in turn.
        settle: Messages through fresh processes before they are measured.
        messages: Messages of one throughput measurement.
        rates: Messages a second to the number of messages of a latency measurement.
        burst: Messages of a burst.
        payload: Bytes of Avro in one message, all groups together.
        payloads: The same, for growth.
        agreements: Numbers of agreements, for growth.
        batches: Batches of 64 for each growth figure.
        large: Messages of each end-to-end measurement of payload growth.
    """

    quick: bool = False
    warm_up: float = 120.0
    rounds: int = 3
    settle: int = 1_000
    messages: int = 6_000
    rates: dict[int, int] = field(default_factory=lambda: {16: 320, 100: 1_000})
    burst: int = 500
    payload: int = 4_096
    payloads: tuple[int, ...] = (1_024, 4_096, 65_536)
    agreements: tuple[int, ...] = (10, 1_000, 100_000)
    batches: int = 12
    large: int = 1_500

    @classmethod
    def smoke(cls) -> Plan:
        """The smallest measurement that has every figure."""
        return cls(
            quick=True,
            warm_up=0.0,
            rounds=1,
            settle=64,
            messages=256,
            rates={16: 16, 100: 50},
            burst=100,
            agreements=(10, 100, 1_000),
            batches=2,
            large=64,
        )


@dataclass(frozen=True, slots=True)
class WireSizes:
    """Bytes of each record on the full path, so that the bare one carries the same.

    Attributes:
        message, receipt: What is published.
        message_decision, receipt_decision: The decision record that the gate makes of it.
        headers: Record headers of a published message.
    """

    message: int
    message_decision: int
    receipt: int
    receipt_decision: int
    headers: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is to be.

    Attributes:
        directory: The sandbox.
        payload: Bytes of Avro in each message.
        profiles: Where to leave a profile of the process, or None.
    """

    variant: Variant
    stage: Stage
    directory: Path
    sizes: WireSizes
    payload: int
    profiles: Path | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """To the publisher: send this many, at *rate* a second, or as fast as they are acknowledged."""

    count: int
    rate: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: message id to the moment it was due (monotonic nanoseconds)."""

    due: dict[bytes, int]


@dataclass(frozen=True, slots=True)
class Progress:
    """To a consumer: how far are you?"""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many records it has finished since it began."""

    finished: int


@dataclass(frozen=True, slots=True)
class Arrivals:
    """To a consumer, and its answer: what arrived since it was asked last.

    Attributes:
        seen: Message id to the moment the handler got it (monotonic nanoseconds).
        steps: Moment and number of records of each batch that was finished.
    """

    seen: dict[bytes, int] = field(default_factory=dict)
    steps: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Failed:
    """The process could not go on."""

    what: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One point of a growth curve.

    Attributes:
        agreements: How many agreements the registry holds.
        payload: Bytes of Avro in a message.
    """

    directory: Path
    agreements: int
    payload: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A process for growth has its agreements."""

    index_seconds: float


@dataclass(frozen=True, slots=True)
class Go:
    """To a process for growth: do one batch."""
