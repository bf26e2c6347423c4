"""Who reported is owed by law, who answered a question by agreement (docs/invariants.md 2, trap 4)."""

from __future__ import annotations

import pytest

from tests.open_world import CATALOGUE, entry_of, party
from tests.unit.domain.duties import Said, duties, owed_by

SHG, AMK, GGZ, POL, ZH = (party(role) for role in ("SHG", "AMK", "GGZ", "POL", "ZH"))
REPORT = Said(1, "E16", POL, AMK)
QUESTION = Said(2, "E06", AMK, GGZ, cause=1, day=1)
ANSWER = Said(3, "E07", GGZ, AMK, cause=2, day=2)
START = (("feedback_stage", "start"),)


def test_a_reporter_and_an_informant_are_owed_different_things() -> None:
    """The police wait for the feedback of the law, mental health care for that of the agreement."""
    owed = {each.creditor.role: each.code for each in duties(REPORT, QUESTION, ANSWER) if "FB" in each.code}

    assert owed == {"POL": "OB-FB-START", "GGZ": "OB-FB-INFORMANT"}


def test_feedback_to_a_reporter_is_none_to_an_informant() -> None:
    """An E05 to who answered leaves the informant's feedback open."""
    wrong = Said(4, "E05", AMK, GGZ, cause=3, day=3, says=START)
    right = Said(4, "E08", AMK, GGZ, cause=3, day=3)

    assert "OB-FB-INFORMANT" in owed_by(AMK.oin, REPORT, QUESTION, ANSWER, wrong)
    assert "OB-FB-INFORMANT" not in owed_by(AMK.oin, REPORT, QUESTION, ANSWER, right)


def test_each_has_its_own_source() -> None:
    """The one is L03, the other rests on the agreements of S 3.1 alone."""
    sources = {code: CATALOGUE.obligations[code].source for code in ("OB-FB-START", "OB-FB-INFORMANT")}

    assert "L03" in sources["OB-FB-START"]
    assert "S 3.1" in sources["OB-FB-INFORMANT"]
    assert "L" not in sources["OB-FB-INFORMANT"]


def test_feedback_to_an_informant_has_no_statute_for_a_ground() -> None:
    """The agreement is the only ground of an E08, and no ground of the law's feedback."""
    assert entry_of("E08").legal_bases == ("convenant",)
    assert entry_of("E08").mandatory_regimes == ()
    assert set(entry_of("E05").purposes) & set(entry_of("E08").purposes) == set()


@pytest.mark.parametrize("code", ["E01", "E16", "E22"])
def test_the_decision_is_due_from_the_receipt_of_any_report(code: str) -> None:
    """Forward, police report or hospital: five days (L14), and who reported hears of it (L03)."""
    sender = {"E01": SHG, "E16": POL, "E22": ZH}[code]

    assert {"OB-DECIDE", "OB-FB-START"} <= set(owed_by(AMK.oin, Said(1, code, sender, AMK)))


@pytest.mark.parametrize("kind", ["answer", "refusal"])
def test_a_refusal_to_answer_is_final(kind: str) -> None:
    """It ends what was owed as an answer does: nobody asks again by itself (P35)."""
    answer = Said(3, "E07", GGZ, AMK, cause=2, day=2, says=(("answer_kind", kind),))

    assert owed_by(GGZ.oin, QUESTION, answer) == ["OB-ACK"]
    assert "OB-FB-INFORMANT" in owed_by(AMK.oin, QUESTION, answer)


def test_a_forward_back_without_its_origin_gives_nobody_a_duty() -> None:
    """Its cause tells: the SHG that reported owes nothing when its report comes back as an E02 (A23)."""
    there, back = Said(1, "E01", SHG, AMK), Said(2, "E02", AMK, SHG, cause=1)
    fresh = Said(2, "E02", AMK, SHG)

    assert "OB-ANSWER-FORWARD" in owed_by(SHG.oin, there, fresh)
    assert owed_by(SHG.oin, there, back) == []
