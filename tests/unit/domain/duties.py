"""What the catalogue's own rules make of a few messages: facts that are quick to write."""

from __future__ import annotations

from dataclasses import dataclass

from broker.agreements.model import AgreementParty
from broker.crypto import sha256
from broker.moments import DAY
from broker.names import CaseRef, MessageId, Micros, Oin, Urgency
from broker.obligations.fold import track_all
from broker.obligations.model import CaseState, Fact, Obligation, Party
from broker.pipelines.obligations import rules_of
from tests.open_world import CATALOGUE, NOW, entry_of, record_of

__all__ = ["Said", "duties", "owed_by"]


@dataclass(frozen=True, slots=True)
class Said:
    """Message *number* of type *code*, caused by message *cause*, on day *day*.

    Attributes:
        says: Assertions that differ from those of the type.
    """

    number: int
    code: str
    sender: AgreementParty
    recipient: AgreementParty
    cause: int = 0
    day: float = 0
    says: tuple[tuple[str, str], ...] = ()

    def fact(self) -> Fact:
        """The fact of its decision record."""
        record = record_of(self.code)
        return Fact(
            decision_id=sha256(repr(self).encode()),
            outcome="receipt" if entry_of(self.code).accompanies else "released",
            message_type=entry_of(self.code).type,
            message_id=_id(self.number),
            causation_id=_id(self.cause) if self.cause else None,
            correlation_id=_id(1),
            case_ref=CaseRef(bytes(16)),
            sender=Party(self.sender.oin, self.sender.role),
            recipient=Party(self.recipient.oin, self.recipient.role),
            regime=record.regime,
            urgency=Urgency.NORMAL,
            emergency=False,
            assertions=tuple(sorted({**record.assertions, **dict(self.says)}.items())),
            at=Micros(NOW + int(self.day * DAY)),
        )


def duties(*said: Said) -> tuple[Obligation, ...]:
    """The obligations that these messages leave."""
    return track_all(CaseState(), [each.fact() for each in said], rules_of(CATALOGUE, ())).obligations


def owed_by(oin: Oin, *said: Said) -> list[str]:
    """Codes of what an agency owes and has not done."""
    return sorted(each.code for each in duties(*said) if each.debtor.oin == oin and each.closed_at is None)


def _id(number: int) -> MessageId:
    return MessageId(number.to_bytes(16, "big"))
