"""What an agency's handler is given, and how it answers (docs/spec/delivery.md 4).

A handler may be called more than once for one message; its changes and the inbox commit together, so
the *effect* happens once.  It writes on the connection it is given, never commits, and calls nobody
else before it returns.  It raises `Retry` to be asked again later, `Reject` to say that the message
cannot be handled here; anything else it raises counts as a retry, five times in all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from broker.errors import UsageError
from broker.pipelines.deliver import Disclosure, Notice
from broker.ports import Connection

__all__ = ["Handler", "RefusalHandler", "Reject", "Retry"]

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_LONGEST_SECONDS = 60.0

Handler = Callable[[Disclosure, Connection], None]
"""Called with what was disclosed, and the connection to write on."""

RefusalHandler = Callable[[Notice, Connection], None]
"""Called with the refusal of a message of ours, and the connection to write on."""


class Retry(Exception):  # noqa: N818 - it is an instruction, not a fault
    """Ask this handler again later.

    Args:
        after: Seconds to wait, at most 60.
    """

    def __init__(self, after: float = 1.0) -> None:
        super().__init__(f"retry after {after} s")
        # What is not a number is no time to wait.
        self.after = min(after, _LONGEST_SECONDS) if after > 0 else 0.0


class Reject(Exception):  # noqa: N818 - it is an instruction, not a fault
    """This message cannot be handled here; its sender is told the reason code.

    Args:
        reason: A code of lower-case letters, digits and dashes, at most 64; never content.

    Raises:
        UsageError: Not such a code: what stands there travels in the clear to inbox and logs.
    """

    def __init__(self, reason: str) -> None:
        if not _CODE.fullmatch(reason):
            raise UsageError(
                "the reason of a rejection is not a code",
                remedy="Use at most 64 lower-case letters, digits and dashes, and no content",
            )
        super().__init__(reason)
        self.reason = reason
