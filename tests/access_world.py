"""People who look into the audit trail, for tests: invented accesses with test OINs."""

from __future__ import annotations

from broker.audit.access import AccessEvent, AccessRole, Ground
from broker.names import Digest, Micros, Oin
from tests.audit_world import DECIDED, drawn

__all__ = ["INSPECTORATE", "access"]

INSPECTORATE = Oin("00000099000000113000")
_ROLES = tuple(AccessRole)


def access(number: int) -> AccessEvent:
    """Access *number*; each differs from the others in everything that may differ."""
    return AccessEvent(
        access_id=drawn(f"access {number}", 16),
        at=Micros(DECIDED + number),
        party=INSPECTORATE,
        person=f"account:inspecteur{number % 3}",
        role=_ROLES[number % len(_ROLES)],
        on_behalf=INSPECTORATE,
        ground=Ground("complaint" if number % 2 else "toezicht", f"klacht {number}"),
        second_ground=Ground("court-order", "rekest 1") if number % 3 == 0 else None,
        command="obligations list" if number % 4 == 3 else "search",
        query=f"step:{number % 17}",
        hits=number,
        decisions=tuple(Digest(drawn(f"decision {n}", 32)) for n in range(number % 3)),
        export_digest=Digest(drawn("export", 32)) if number % 3 == 1 else None,
        refusal="command-not-of-role" if number % 5 == 4 else "",
        trace_id=drawn(f"trace {number}", 16),
    )
