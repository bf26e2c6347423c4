"""The restraining order: consulted before or after, recorded like the rest (docs/invariants.md 2)."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from broker.audit.events import AuditEvent, MessageFacts, Outcome
from broker.moments import from_text
from broker.names import MessageId
from broker.obligations.model import Deadline, Unit
from broker.obligations.terms import due_at
from tests.open_world import CATALOGUE, entry_of, judged, party, prepared_by, record_of
from tests.unit.domain.contents import changed, refusal
from tests.unit.domain.duties import Said, duties

BURG, SHG, AMK, KR = (party(role) for role in ("BURG", "SHG", "AMK", "KR"))
CONSULTED = Said(1, "E18A", BURG, AMK, day=1)
IMPOSED = Said(2, "E18B", BURG, SHG, day=2)


def decided(code: str, **changes: object) -> AuditEvent:
    """What the gate records of a message that may go."""
    sender = KR if code == "E18D" else BURG
    record = replace(record_of(code), **changes)  # type: ignore[arg-type]
    _, judgement = judged(prepared_by(sender, record))
    return judgement.event


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        pytest.param("E18A", None, id="consulting-first"),
        pytest.param("E18B", MessageId(b"\x01" * 16), id="the-order-after-consulting"),
        pytest.param("E18B", None, id="the-order-alone"),
        pytest.param("E18A", MessageId(b"\x02" * 16), id="consulting-after-the-order"),
    ],
)
def test_consulting_may_come_before_the_order_or_after_it(code: str, cause: MessageId | None) -> None:
    """The Act puts it before, the instruction leaves no time (L19, P11): neither waits for the other."""
    assert decided(code, causation_id=cause).outcome is Outcome.RELEASED


def test_either_order_leaves_the_same_duties() -> None:
    """Who was told before and who after owes the same, by the same moments."""
    after = replace(CONSULTED, cause=2, day=3)
    swapped = replace(CONSULTED, day=3)

    assert {each.code for each in duties(CONSULTED, IMPOSED)} == {
        each.code for each in duties(IMPOSED, after)
    }
    assert help_due(CONSULTED, IMPOSED) == help_due(IMPOSED, swapped) == help_due(IMPOSED)


def help_due(*said: Said) -> list[int]:
    """When help must have been offered."""
    return [each.due_at for each in duties(*said) if each.code == "OB-HELP"]


def test_help_is_due_at_the_end_of_the_tenth_day_whatever_day_that_is() -> None:
    """The Termijnenwet does not reach an order: ten days from 16 December 2013 end on Boxing Day (P5)."""
    term = CATALOGUE.terms[CATALOGUE.obligations["OB-HELP"].term]
    deadline = Deadline(term.amount, Unit(term.unit), term.termijnenwet)

    due = due_at(from_text("2013-12-16T10:00:00Z"), deadline)

    assert due == from_text("2013-12-26T22:59:59.999999Z")


@pytest.mark.parametrize(
    ("code", "last", "failed"),
    [
        pytest.param("E18B", "2014-03-13", (), id="ten-days"),
        pytest.param("E18B", "2014-03-14", ("HV.order_to",), id="eleven-days"),
        pytest.param("E18C", "2014-03-31", (), id="four-weeks"),
        pytest.param("E18C", "2014-04-01", ("HV.order_to",), id="a-day-more"),
    ],
)
def test_an_order_is_no_longer_than_the_act_allows(code: str, last: str, failed: tuple[str, ...]) -> None:
    """Ten days; extended, four weeks from the day that it was imposed."""
    groups = changed(code, "HV", order_from="2014-03-03", order_to=last)

    assert refusal(code, BURG, groups=groups) == failed


def told(event: AuditEvent) -> set[str]:
    """Which facts an event states."""
    assert event.message is not None
    facts = {
        each.name for each in fields(MessageFacts) if getattr(event.message, each.name) not in (None, ())
    }
    return facts - {"withheld", "causation_id", "assertions"}


@pytest.mark.parametrize("code", ["E18A", "E18B", "E18C", "E18D"])
def test_a_disclosure_around_an_order_is_recorded_like_any_other(code: str) -> None:
    """The Bpg leaves it out of the duty to log; here it is in (A47)."""
    forward = judged(prepared_by(SHG, record_of("E01", AMK)))[1].event
    event = decided(code)

    assert event.outcome is Outcome.RELEASED
    assert told(event) == told(forward)


def test_help_that_is_told_to_the_mayor_is_recorded() -> None:
    """Also what goes to the mayor, from whoever it comes."""
    _, judgement = judged(prepared_by(SHG, record_of("E05", BURG)))

    facts = judgement.event.message
    assert facts is not None
    assert (facts.recipient.role, judgement.event.outcome) == ("BURG", Outcome.RELEASED)
    assert set(facts.released) == {*entry_of("E05").recipients[BURG.role].required}
