"""How the commands about obligations look: as the operator, who watches what is due, unless it is said why.

Obligations speak of cases, so who looks at them is recorded as for the audit trail (docs/spec/audit.md 12).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from broker.cli.audit_looking import Here, Why, opened
from broker.errors import UnauthorisedError

if TYPE_CHECKING:
    from broker.trust.view import TrustView

__all__ = ["looked_up", "own_agency"]


def looked_up(
    verb: str, why: Why, profile: Path | None, directory: Path | None
) -> AbstractContextManager[Here]:
    """The ledger to read, for somebody who may use ``schakel obligations VERB``.

    Raises:
        UsageError, UnauthorisedError, UnavailableError: As for `broker.cli.audit_looking.opened`.
    """
    # Whoever says why looks into a case, and is an inspector where a sandbox leaves it open.
    usual = "inspector" if why.purpose else "operator"
    return opened(f"obligations {verb}", why, profile, directory, usual)


def own_agency(here: Here, view: TrustView, given: str | None) -> str | None:
    """The agency to ask about: the one that is given, or for who sees its own alone, that one.

    Raises:
        UnauthorisedError: Another than its own is given; that is recorded.
    """
    own = here.permit().own
    if own is None:
        return given
    known = view.agencies.get(own)
    if given not in (None, str(own), known.short_name if known is not None else None):
        here.record(f"agency:{given}", 0, refusal="agency-not-own")
        raise UnauthorisedError(
            "an agency sees its own obligations alone",
            remedy="Leave --agency out, or give your own",
            code="agency-not-own",
        )
    return str(own)
