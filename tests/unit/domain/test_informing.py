"""The person concerned is told within four weeks; each extension is two more (docs/invariants.md 3)."""

from __future__ import annotations

import pytest

from broker.moments import DAY
from tests.open_world import CATALOGUE, party
from tests.unit.domain.contents import changed, refusal
from tests.unit.domain.duties import Said, duties, owed_by

AMK, POL, SHG = party("AMK"), party("POL"), party("SHG")
REPORT = Said(1, "E16", POL, AMK)
EXTENDED = Said(2, "E26", AMK, SHG, cause=1, day=20, says=(("inform_state", "extended"),))
INFORMED = Said(3, "E26", AMK, SHG, cause=2, day=30, says=(("inform_state", "informed"),))


def test_who_got_data_from_others_owes_it_to_the_person_concerned() -> None:
    """From a police report on: four weeks, by law (L12)."""
    assert "OB-INFORM" in owed_by(AMK.oin, REPORT)
    assert (CATALOGUE.terms["inform-subject"].amount, CATALOGUE.terms["inform-subject"].unit) == (4, "weeks")


def test_an_extension_is_two_weeks_more() -> None:
    """Counted from the end of the term that it extends; telling the person ends it all."""
    (before,) = [each for each in duties(REPORT) if each.code == "OB-INFORM"]
    (after,) = [each for each in duties(REPORT, EXTENDED) if each.code == "OB-INFORM"]

    assert 14 * DAY <= after.due_at - before.due_at < 18 * DAY
    assert after.debtor.oin == AMK.oin
    assert "OB-INFORM" not in owed_by(AMK.oin, REPORT, EXTENDED, INFORMED)


@pytest.mark.parametrize("absent", [None, "not_informed_reason_code", "inform_due_date", "extension_no"])
def test_an_extension_says_which_it_is_until_when_and_why(absent: str | None) -> None:
    """Without one of the three it is no extension (L12, A34)."""
    told: dict[str, object] = {
        "parents_informed_flag": False,
        "not_informed_reason_code": "evidente_dreiging_voor_het_kind",
        "inform_due_date": "2014-04-01",
        "extension_no": 1,
    }
    groups = changed("E26", "IN", **(told | ({absent: None} if absent else {})))

    refused = refusal("E26", AMK, SHG, groups=groups, assertions={"inform_state": "extended"})

    assert refused == ((f"IN.{absent}",) if absent else ())
