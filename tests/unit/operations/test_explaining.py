"""`broker.operations.explaining`: why something may go, or what would have to be agreed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.agreements.model import AgreementParty, Reason
from broker.errors import UsageError
from broker.names import MessageCode, Micros, Regime, Role
from broker.operations.explaining import Explanation, Question, explain, require_regime
from broker.trust.build import ParseCache, build_view
from broker.trust.view import TrustView
from tests.registry_world import NOW, YEAR, RegistryWorld

WORLD = RegistryWorld()
SHG = AgreementParty(WORLD.shg.oin, Role("SHG"))
AMK = AgreementParty(WORLD.amk.oin, Role("AMK"))


def view(*revoked: bytes) -> TrustView:
    """A registry with the statutory exchange between an SHG and an AMK."""
    extra = WORLD.revocation(WORLD.amk) if revoked else {}
    return build_view({**WORLD.targets(), **extra}, 1, Micros(NOW + YEAR), ParseCache())


def explained(
    code: str, sender: AgreementParty, recipient: AgreementParty, seen: TrustView | None = None, at: int = NOW
) -> Explanation:
    """What is said about this type between these two."""
    seen = seen or view()
    entry = seen.catalogue.messages[MessageCode(code)]
    return explain(seen, Question(entry, sender, recipient, require_regime(entry, None)), Micros(at))


def words(answer: Explanation, topic: str) -> str:
    """What it says of one topic."""
    return " ".join(sentence.text for sentence in answer.sentences if sentence.topic == topic)


def test_says_that_it_may_and_by_which_agreement() -> None:
    """The verdict cites the agreement and its grant, as the gate will."""
    answer = explained("E01", SHG, AMK)

    assert (answer.allowed, answer.agreement) == (True, "amk-shg/1")
    assert answer.sentences[0].source == "amk-shg, grant shg-meldt-aan-amk"


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("agreement", "it is in force"),
        ("purposes", "amk-taak (uitvoering van de taken van het AMK)"),
        ("legal-bases", "Wmo art. 21b lid 2 onder d"),
        ("groups", "It must carry REF (case references), CH (children)"),
        ("predicates", "children_in_family = true"),
        ("terms", "within 15 minutes"),
        ("obligations", "It opens OB-DECIDE"),
        ("forbidden", "FB (feedback)"),
        ("emergency", "opens OB-JUSTIFY"),
    ],
)
def test_says_each_rule_that_holds(topic: str, said: str) -> None:
    """Groups, predicates, terms, obligations and what is forbidden, in sentences."""
    assert said in words(explained("E01", SHG, AMK), topic)


def test_every_rule_has_a_source() -> None:
    """Nobody has to take a rule on trust."""
    sentences = explained("E01", SHG, AMK).sentences

    assert [s.text for s in sentences if not s.source] == []


@pytest.mark.parametrize(
    ("code", "sender", "recipient", "reason"),
    [
        pytest.param("E01", AMK, SHG, Reason.SENDER_ROLE, id="not-by-this-role"),
        pytest.param("E04", AMK, AMK, Reason.RECIPIENT_ROLE, id="not-to-this-role"),
        pytest.param("E01", SHG, replace(AMK, oin=SHG.oin), Reason.NO_AGREEMENT, id="nothing-agreed"),
    ],
)
def test_says_which_step_refuses(
    code: str, sender: AgreementParty, recipient: AgreementParty, reason: Reason
) -> None:
    """The reason is that of the decision, with its place in the order of steps."""
    answer = explained(code, sender, recipient)

    assert answer.reason == reason
    assert f"step {[*Reason].index(reason) + 1} of {len(Reason)}" in words(answer, "verdict")


def test_says_what_would_have_to_be_agreed() -> None:
    """Type, roles, purpose, ground and least groups of the grant that is missing, and a model that has it."""
    said = words(explained("E01", SHG, replace(AMK, oin=SHG.oin)), "remedy")

    assert "a grant of E01 from SHG to AMK, for amk-taak, on wmo-21b-2d or wmo-21d" in said
    assert "The model amk-shg-statutory has such a grant" in said


def test_says_that_no_agreement_can_help() -> None:
    """What the catalogue does not allow cannot be agreed."""
    assert "No agreement can change that" in words(explained("E01", AMK, SHG), "remedy")


def test_says_that_the_agreement_is_over() -> None:
    """After its end the agreement that was is the one explained."""
    answer = explained("E01", SHG, AMK, at=NOW + 2 * YEAR)

    assert (answer.reason, answer.agreement) == ("agreement-not-in-force", "amk-shg/1")
    assert "next version" in words(answer, "remedy")


def test_says_that_it_was_revoked() -> None:
    """A revocation is told, and that it cannot be undone."""
    answer = explained("E01", SHG, AMK, view(b"revoked"), NOW + 1)

    assert answer.reason == "agreement-revoked"
    assert "a revocation cannot be undone" in words(answer, "remedy")


def test_a_receipt_needs_no_grant() -> None:
    """A receipt goes back along whatever carried the message."""
    assert explained("E03", AMK, SHG).reason in {"", "no-agreement"}


@pytest.mark.parametrize("code", ["E03", "E28", "E29", "E30", "E32"])
def test_what_accompanies_a_message_says_which(code: str) -> None:
    """Without an id in `in_reply_to` it is refused, whatever is agreed."""
    assert "`in_reply_to`" in words(explained(code, SHG, AMK), "conditions")


def test_what_stands_alone_need_not_answer() -> None:
    """A report answers nothing."""
    assert "in_reply_to" not in words(explained("E01", SHG, AMK), "conditions")


def test_the_regime_is_r1_where_there_is_a_choice() -> None:
    """The default of the exchange, and what is written otherwise must exist."""
    entry = view().catalogue.messages[MessageCode("E01")]

    assert require_regime(entry, None) is Regime.R1
    with pytest.raises(UsageError):
        require_regime(entry, "R9")
