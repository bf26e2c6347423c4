"""Decisions about messages of the installed catalogue, for tests of the obligations that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from broker.adapters.database import migrate, open_engine
from broker.adapters.ledger_obligations import SqlObligationReader
from broker.adapters.ledger_store import SqlLedgerStore
from broker.audit.codec import message_decision_id
from broker.audit.events import AuditEvent, AuditParty, Outcome
from broker.audit.store import Batch
from broker.moments import HOUR
from broker.names import CaseRef, Digest, MessageCode, MessageId, Micros, Oin, Role
from broker.pipelines.obligation_book import ObligationBook
from tests.audit_world import AMK, DECIDED, ORIGIN, SHG, drawn, entries, event, gates

__all__ = ["REPORT", "Told", "case_of", "case_ref", "stored", "told"]


@dataclass(frozen=True, slots=True)
class Told:
    """One message of case *case*: number *number*, of type *code*, decided *hours* after the first."""

    case: int
    number: int
    code: str
    sender: Oin = SHG
    recipient: Oin = AMK
    cause: int | None = None
    says: tuple[tuple[str, str], ...] = ()
    outcome: Outcome = Outcome.RELEASED
    hours: int = 0


REPORT = (("children_in_family", "true"), ("domestic_violence_report", "true"))


@contextmanager
def stored(folder: Path, events: Sequence[AuditEvent]) -> Iterator[SqlObligationReader]:
    """What follows from *events*, in a ledger of its own."""
    engine = open_engine(f"sqlite:///{folder / 'obligations.sqlite'}")
    migrate(engine)
    store = SqlLedgerStore(engine, ORIGIN)
    store.append(store.acquire(), Batch(tuple(entries(events)), (), {}), ObligationBook(gates()).follow)
    yield SqlObligationReader(engine)
    engine.dispose()


def case_ref(number: int) -> CaseRef:
    """The reference of a case."""
    return CaseRef(drawn(f"obligations of case {number}", 16))


def case_of(number: int) -> list[AuditEvent]:
    """A report, its receipt, the decision to investigate, its receipt, and the feedback at the start."""
    return [
        told(Told(number, 0, "E01", says=REPORT)),
        told(Told(number, 1, "E03", AMK, SHG, 0, outcome=Outcome.RECEIPT)),
        told(Told(number, 2, "E04", AMK, SHG, 0, (("taken_in_investigation", "true"),), hours=5)),
        told(Told(number, 3, "E03", SHG, AMK, 2, outcome=Outcome.RECEIPT, hours=5)),
        told(Told(number, 4, "E05", AMK, SHG, 0, (("feedback_stage", "start"),), hours=6)),
    ]


def told(message: Told) -> AuditEvent:
    """The decision about *message*."""
    like = event()
    assert like.message is not None
    facts = replace(
        like.message,
        message_id=_message(message.case, message.number),
        message_type=gates().catalogue.messages[MessageCode(message.code)].type,
        sender=_party(message.sender),
        recipient=_party(message.recipient),
        case_ref=case_ref(message.case),
        correlation_id=_message(message.case, 0),
        causation_id=None if message.cause is None else _message(message.case, message.cause),
        assertions=message.says,
        statement_hash=Digest(drawn(f"statement {message}", 32)),
        sequence=message.case * 100 + message.number + 1,
    )
    return replace(
        like,
        message=facts,
        outcome=message.outcome,
        decided_at=Micros(DECIDED + message.hours * HOUR),
        decision_id=message_decision_id(
            facts.statement_hash, facts.recipient.oin, facts.agreement_digest, message.outcome, like.rule
        ),
    )


def _message(case: int, number: int) -> MessageId:
    return MessageId(drawn(f"message {number} of case {case}", 16))


def _party(oin: Oin) -> AuditParty:
    return AuditParty(oin, Role("AMK" if oin == AMK else "SHG"))
