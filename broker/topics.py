"""The topics of an exchange, by name (architecture.md 4).

1. Agencies write the exchange topics, one per flow of the chain; the gate reads them.
2. The gate writes one decisions topic per agency, and what cannot be believed to the quarantine.
3. The ledger writer tells its checkpoints on a topic that everybody reads.
"""

from __future__ import annotations

import re
from typing import Final

from broker.names import Oin, TopicName

__all__ = [
    "CHECKPOINTS",
    "DECISIONS",
    "DECISIONS_PREFIX",
    "EXCHANGE_PREFIX",
    "EXCHANGE_TOPICS",
    "QUARANTINE",
    "REMINDERS",
    "decisions_topic",
]

EXCHANGE_PREFIX: Final = "exchange."
DECISIONS_PREFIX: Final = "decisions."

EXCHANGE_TOPICS: Final = tuple(
    TopicName(EXCHANGE_PREFIX + flow)
    for flow in ("bescherming", "informatie", "meldingen", "ontvangst", "toezicht", "veiligheid")
)
QUARANTINE: Final = TopicName(DECISIONS_PREFIX + "quarantine")
CHECKPOINTS: Final = TopicName("ledger.checkpoints")
REMINDERS: Final = TopicName(EXCHANGE_PREFIX + "ontvangst")
"""The exchange topic on which the exchange itself reminds agencies of what they owe."""

DECISIONS: Final = re.compile(re.escape(DECISIONS_PREFIX) + ".+")
"""Every topic that a gate writes, the quarantine among them: what the ledger reads."""


def decisions_topic(oin: Oin) -> TopicName:
    """The topic on which an agency is told everything that concerns it."""
    return TopicName(DECISIONS_PREFIX + oin)
