"""A duty is laid on nobody who may not do what fulfils it (sources.md 4.7)."""

from __future__ import annotations

import pytest

from tests.open_world import party
from tests.unit.domain.contents import changed, refusal


@pytest.mark.parametrize(
    ("kind", "acute", "sender", "recipient", "failed"),
    [
        pytest.param("ordinary", False, "SHG", "RvdK", (), id="given-to-the-raad"),
        pytest.param("forwarded", False, "RvdK", "BJZ", (), id="passed-on-by-the-raad"),
        pytest.param("acute", True, "SHG", "BJZ", (), id="acute-to-bjz"),
        pytest.param("ordinary", False, "SHG", "BJZ", ("assertion:notice_kind",), id="bjz-passes-nothing-on"),
        pytest.param("ordinary", False, "RvdK", "BJZ", ("assertion:notice_kind",), id="the-raad-passes-on"),
        pytest.param(
            "forwarded", False, "SHG", "RvdK", ("assertion:notice_kind",), id="passed-on-by-another"
        ),
        pytest.param("forwarded", False, "SHG", "BJZ", ("assertion:notice_kind",), id="past-the-raad"),
    ],
)
def test_a_notice_without_haste_goes_by_the_raad(
    kind: str, acute: bool, sender: str, recipient: str, failed: tuple[str, ...]
) -> None:
    """The Raad alone passes on what is not acute, and to BJZ alone (L16, art. 57)."""
    groups = changed("E10", "SA", acute_flag=acute)

    assert (
        refusal("E10", party(sender), party(recipient), assertions={"notice_kind": kind}, groups=groups)
        == failed
    )


@pytest.mark.parametrize(
    ("sender", "recipient", "due", "failed"),
    [
        pytest.param("RvdK", "BJZ", "true", (), id="who-executes"),
        pytest.param("KR", "RvdK", "true", ("assertion:execution_due",), id="the-raad"),
        pytest.param("RvdK", "CGM", "true", ("assertion:execution_due",), id="the-municipality"),
        pytest.param("KR", "RvdK", "false", (), id="the-raad-is-told"),
        pytest.param("RvdK", "CGM", "false", (), id="the-municipality-is-told"),
    ],
)
def test_execution_is_due_by_who_executes(
    sender: str, recipient: str, due: str, failed: tuple[str, ...]
) -> None:
    """Only BJZ can send that a supervisor is assigned and a plan is made (L18)."""
    assert refusal("E14", party(sender), party(recipient), assertions={"execution_due": due}) == failed


@pytest.mark.parametrize(
    ("sender", "recipient", "said", "failed"),
    [
        pytest.param("BJZ", "RvdK", "asked", (), id="bjz-asks"),
        pytest.param("RvdK", "BJZ", "answered", (), id="the-raad-answers"),
        pytest.param("BJZ", "BJZ", "answered", ("assertion:sibling_check",), id="bjz-answers-itself"),
    ],
)
def test_a_new_child_is_asked_about_by_bjz(
    sender: str, recipient: str, said: str, failed: tuple[str, ...]
) -> None:
    """And answered by the Raad (S 3.1)."""
    one, other = party(sender), party(recipient, 1 if sender == recipient else 0)

    assert refusal("E19", one, other, assertions={"sibling_check": said}) == failed
