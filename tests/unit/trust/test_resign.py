"""Which agreements must be signed again after a change of the catalogue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.agreements.model import Agreement
from broker.catalogue.diff import Change
from broker.catalogue.facets import Aspect
from broker.names import LegalBasis, MessageCode, Purpose, Regime
from broker.trust.resign import sign_again
from tests.agreement_world import AGREEMENT, groups

WIDER = Change(MessageCode("E01"), "SHG", "AMK", Aspect.GROUP, "PO", "", "allowed", True, False, "A43")
STRICTER = replace(WIDER, before="allowed", after="required", widens=False, demands=True)


def open_agreement(**grant: Any) -> Agreement:
    """The agreement with a grant that is as wide as the catalogue, but for these."""
    return replace(AGREEMENT, grants=(replace(AGREEMENT.grants[0], groups=None, **grant),))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(WIDER, id="a-group-more"),
        pytest.param(STRICTER, id="a-group-required"),
        pytest.param(replace(WIDER, aspect=Aspect.FIELD, name="CH.child_bsn"), id="a-field-more"),
        pytest.param(replace(STRICTER, aspect=Aspect.OPENS, name="OB-DECIDE"), id="an-obligation-more"),
        pytest.param(replace(WIDER, aspect=Aspect.REGIME, name="R2"), id="a-regime-more"),
        pytest.param(replace(WIDER, aspect=Aspect.PURPOSE, name="amk-taak"), id="its-own-purpose"),
        pytest.param(replace(WIDER, aspect=Aspect.CHECK, name="not-empty", after=""), id="a-check-less"),
    ],
)
def test_what_gives_or_asks_more_is_signed_again(change: Change) -> None:
    """By every party, and it is said which grant and why."""
    (again,) = sign_again([change], [open_agreement()])

    assert (again.id, again.grants, again.changes) == (AGREEMENT.id, ("forward",), (change,))
    assert set(again.parties) == {party.oin for party in AGREEMENT.parties}


@pytest.mark.parametrize(
    ("change", "grant"),
    [
        pytest.param(replace(WIDER, widens=False), {}, id="less"),
        pytest.param(replace(WIDER, code=MessageCode("E02")), {}, id="another-type"),
        pytest.param(replace(WIDER, recipient="BJZ"), {}, id="another-recipient"),
        pytest.param(replace(WIDER, sender="POL"), {}, id="another-sender"),
        pytest.param(replace(WIDER, aspect=Aspect.PURPOSE, name="reclame"), {}, id="another-purpose"),
        pytest.param(replace(WIDER, aspect=Aspect.LEGAL_BASIS, name="bw7-457"), {}, id="another-basis"),
        pytest.param(
            replace(WIDER, aspect=Aspect.REGIME, name="R2"),
            {"regimes": frozenset({Regime.R1})},
            id="another-regime",
        ),
    ],
)
def test_what_does_not_reach_the_grant_is_not(change: Change, grant: dict[str, Any]) -> None:
    """A grant that was narrower already stays what it was."""
    assert sign_again([change], [open_agreement(**grant)]) == ()


def test_a_group_outside_the_grants_own_groups_is_not() -> None:
    """The agreement never let it through."""
    assert sign_again([WIDER], [replace(AGREEMENT, grants=(_own_groups(),))]) == ()


def test_a_group_that_becomes_required_reaches_a_grant_that_left_it_out() -> None:
    """Without it the grant can never be used again."""
    assert sign_again([STRICTER], [replace(AGREEMENT, grants=(_own_groups(),))])


def test_a_purpose_that_the_grant_names_reaches_it() -> None:
    """What was agreed and not allowed becomes allowed."""
    agreement = open_agreement(
        purposes=frozenset({Purpose("statistiek")}), legal_bases=frozenset({LegalBasis("wmo-21d")})
    )

    assert sign_again([replace(WIDER, aspect=Aspect.LEGAL_BASIS, name="wmo-21d")], [agreement])


def _own_groups() -> Any:
    return replace(AGREEMENT.grants[0], groups=groups("CH", "CO"))
