"""`broker.agreements.decide`: what an emergency clause lets through, until when, and what stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.agreements.decide import EMERGENCY_TAIL
from broker.agreements.model import Agreement, Allowed, Reason, Refused
from broker.names import Micros, Urgency
from tests.agreement_world import NOW, REQUEST, changed, outcome

ACUTE = replace(REQUEST, urgency=Urgency.ACUTE)


def test_an_expired_agreement_with_an_emergency_clause_lets_an_acute_message_through() -> None:
    """The release is marked: it must be justified afterwards."""
    agreement = replace(changed(emergency=True), valid_until=NOW)
    decision = outcome(agreement, ACUTE)

    assert isinstance(decision, Allowed)
    assert decision.emergency


@pytest.mark.parametrize(
    ("after_end", "reason"),
    [(EMERGENCY_TAIL - 1, None), (EMERGENCY_TAIL, Reason.AGREEMENT_NOT_IN_FORCE)],
    ids=["last-moment", "over"],
)
def test_an_emergency_clause_ends_90_days_after_its_agreement(after_end: int, reason: Reason | None) -> None:
    """It bridges a late renewal; it is no agreement without end."""
    agreement = replace(changed(emergency=True), valid_until=Micros(NOW - after_end))
    decision = outcome(replace(agreement, valid_from=Micros(agreement.valid_until - 1)), ACUTE)

    assert (decision.reason if isinstance(decision, Refused) else None) is reason


@pytest.mark.parametrize("early", [1, 30 * 365 * 86_400_000_000], ids=["a-moment", "years"])
def test_an_emergency_clause_never_begins_before_its_agreement(early: int) -> None:
    """Nobody agreed to begin earlier."""
    agreement = replace(
        changed(emergency=True), valid_from=Micros(NOW + early), valid_until=Micros(NOW + 2 * early)
    )

    assert outcome(agreement, ACUTE) == Refused(Reason.AGREEMENT_NOT_IN_FORCE, (agreement.id,))


def test_an_acute_message_under_an_agreement_in_force_is_no_emergency() -> None:
    """The clause is for when nothing is in force."""
    decision = outcome(changed(emergency=True), ACUTE)

    assert isinstance(decision, Allowed)
    assert not decision.emergency


@pytest.mark.parametrize(
    ("agreement", "reason"),
    [
        pytest.param(
            replace(changed(emergency=True), revoked_at=NOW), Reason.AGREEMENT_REVOKED, id="revoked"
        ),
        pytest.param(
            replace(changed(emergency=True), valid_until=NOW, revoked_at=NOW),
            Reason.AGREEMENT_REVOKED,
            id="expired-and-revoked",
        ),
        pytest.param(
            replace(changed(emergency=True), valid_until=NOW, signed_by=frozenset()),
            Reason.AGREEMENT_NOT_COSIGNED,
            id="never-signed",
        ),
    ],
)
def test_an_emergency_does_not_pass(agreement: Agreement, reason: Reason) -> None:
    """A revocation always stops, and what was never agreed is no ground."""
    decision = outcome(agreement, ACUTE)

    assert isinstance(decision, Refused)
    assert decision.reason is reason
