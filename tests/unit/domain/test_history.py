"""A parent known elsewhere: off until there is a ground, and then little (docs/invariants.md 1, number 7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.agreements.model import Allowed, Reason, Refused
from broker.audit.decision_record import read_record
from broker.audit.events import Outcome
from broker.pipelines.gate import GateIdentity, write
from tests.open_world import (
    AGREEMENT,
    GROUND,
    asked,
    entry_of,
    judged,
    keys_of,
    party,
    prepared_by,
    record_of,
)
from tests.unit.domain.contents import changed, refusal

NOORD, ZUID = party("AMK"), party("AMK", 1)
NO_GROUND = replace(
    AGREEMENT, grants=tuple(replace(grant, legal_bases=frozenset()) for grant in AGREEMENT.grants)
)
WITHOUT_IT = replace(
    AGREEMENT,
    grants=tuple(
        replace(grant, types=frozenset(code for code in grant.types if not code.startswith("E20")))
        for grant in AGREEMENT.grants
    ),
)


@pytest.mark.parametrize("code", ["E20Q", "E20R"])
@pytest.mark.parametrize("agreement", [NO_GROUND, WITHOUT_IT], ids=["no-ground", "not-named"])
def test_it_is_off_while_no_agreement_names_a_ground(code: str, agreement: object) -> None:
    """Naming everything else, or naming the type without a ground, wakes neither question nor answer."""
    assert asked(code, NOORD, ZUID, agreement=agreement) == Refused(Reason.OFF_BY_DEFAULT, (code,))


@pytest.mark.parametrize("code", ["E20Q", "E20R"])
def test_it_is_on_with_a_ground_of_the_agreement(code: str) -> None:
    """The catalogue knows none of its own (A16)."""
    assert entry_of(code).legal_bases == ()
    assert isinstance(asked(code, NOORD, ZUID, legal_basis=GROUND), Allowed)


@pytest.mark.parametrize("hit", [True, False], ids=["hit", "no-hit"])
def test_that_nothing_was_found_is_audited_as_well(hit: bool) -> None:
    """Question answered, with whether there was a hit, in a signed record."""
    contact = "Testmedewerker, 000-0000003" if hit else None
    groups = changed("E20R", "HI", history_hit_flag=hit, history_contact=contact)
    answer = record_of("E20R", ZUID, groups=groups, assertions={"history_hit": str(hit).lower()})
    gate = GateIdentity(NOORD.oin, "gate")

    _, judgement = judged(prepared_by(NOORD, answer))
    (out,) = write([judgement], gate, [keys_of(gate.oin).signer])

    event = read_record(out.value).event
    assert event.message is not None
    assert (event.outcome, dict(event.message.assertions)) == (
        Outcome.RELEASED,
        {"history_hit": str(hit).lower()},
    )


@pytest.mark.parametrize(
    ("hit", "contact", "failed"),
    [
        pytest.param(False, "Testmedewerker, 000-0000003", ("HI.history_contact",), id="contact-without-hit"),
        pytest.param(True, None, ("HI.history_contact",), id="hit-without-contact"),
    ],
)
def test_a_hit_gives_a_contact_and_nothing_else(
    hit: bool, contact: str | None, failed: tuple[str, ...]
) -> None:
    """What is known is told from worker to worker (L24)."""
    groups = changed("E20R", "HI", history_hit_flag=hit, history_contact=contact)
    said = {"history_hit": str(hit).lower()}

    assert refusal("E20R", NOORD, ZUID, groups=groups, assertions=said) == failed


def test_one_person_cannot_ask() -> None:
    """Two must have agreed to the question (A16)."""
    groups = changed("E20Q", "PQ", authorised_by_count=1)

    assert refusal("E20Q", NOORD, ZUID, groups=groups) == ("PQ.authorised_by_count",)


def test_a_question_names_nobody() -> None:
    """A keyed pseudonym: no parent, no child, no concern."""
    assert set(map(str, entry_of("E20Q").groups)) == {"REF", "PQ", "WK"}
