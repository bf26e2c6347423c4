"""The exchange reminds both parties of an obligation."""

from __future__ import annotations

from broker.errors import UsageError
from broker.names import Micros
from broker.sandbox.demo.model import Line
from broker.sandbox.scenario.model import Reminder
from broker.sandbox.scenario.sending import Post

__all__ = ["remind"]


def remind(post: Post, reminder: Reminder, now: Micros) -> list[Line]:  # noqa: ARG001
    """Send both parties the exchange's reminder.

    Raises:
        UsageError: Always: the exchange does not send reminders yet.
    """
    raise UsageError("the exchange does not send reminders yet", remedy="Take `remind` out of the scenario")
