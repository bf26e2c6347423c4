"""`broker.agreements.compare`: what a new version changes, for whom."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.agreements.compare import Aspect, Change, compare
from broker.agreements.model import Agreement, AgreementParty
from broker.names import LegalBasis, MessageCode, Micros, Purpose, Regime
from tests.agreement_world import AGREEMENT, AMK, RULES, SHG, changed, groups, oin

OTHER = AgreementParty(oin(3), SHG.role)


def only(new: Agreement, old: Agreement = AGREEMENT) -> Change:
    """The one change that the new version brings."""
    (change,) = compare(old, new, RULES).changes
    return change


@pytest.mark.parametrize(
    ("grant", "aspect", "added", "removed"),
    [
        pytest.param({"groups": groups("CH", "CO", "HH")}, Aspect.GROUPS, ("HH",), ("GU",), id="groups"),
        pytest.param({"groups": None}, Aspect.GROUPS, ("HH",), (), id="a-list-disappears"),
        pytest.param(
            {"purposes": frozenset({Purpose("statistiek")})},
            Aspect.PURPOSES,
            ("statistiek",),
            ("amk-taak",),
            id="purposes",
        ),
        pytest.param(
            {"legal_bases": frozenset({LegalBasis("wmo-21b-2d"), LegalBasis("wmo-21d")})},
            Aspect.LEGAL_BASES,
            ("wmo-21d",),
            (),
            id="legal-bases",
        ),
        pytest.param({"regimes": frozenset({Regime.R1})}, Aspect.REGIMES, (), ("R0",), id="regimes"),
        pytest.param({"emergency": True}, Aspect.EMERGENCY, ("allowed",), (), id="emergency"),
    ],
)
def test_one_thing_is_one_change(
    grant: dict[str, object], aspect: Aspect, added: tuple[str, ...], removed: tuple[str, ...]
) -> None:
    """Each term of a grant is compared by itself, for the pair it is about."""
    change = only(changed(**grant))

    assert (change.code, change.sender, change.recipient) == ("E01", SHG, AMK)
    assert (change.aspect, change.added, change.removed) == (aspect, added, removed)


def test_a_type_that_goes_takes_everything_with_it() -> None:
    """A grant that disappears is said as such, beside what it held."""
    changes = compare(AGREEMENT, replace(AGREEMENT, grants=()), RULES).changes

    assert changes[0].aspect is Aspect.TYPE
    assert changes[0].removed == ("allowed",)
    assert not any(change.added for change in changes)


def test_a_party_that_joins_is_named_with_what_it_may() -> None:
    """Whoever joins gains what the grants give to its role."""
    found = compare(AGREEMENT, replace(AGREEMENT, parties=AGREEMENT.parties | {OTHER}), RULES)

    assert (found.joined, found.left) == ((OTHER,), ())
    assert {(change.sender, change.recipient) for change in found.changes} == {(OTHER, AMK)}


def test_another_period_is_said() -> None:
    """The first and last moment, old and new."""
    longer = replace(AGREEMENT, valid_until=Micros(AGREEMENT.valid_until + 1))
    found = compare(AGREEMENT, longer, RULES)

    assert found.validity is not None
    assert found.validity[1][1] - found.validity[0][1] == 1
    assert found.changes == ()


def test_a_type_that_the_catalogue_does_not_know_has_no_groups() -> None:
    """It is compared all the same: `agreement check` says what is wrong with it."""
    unknown = changed(types=frozenset({MessageCode("E99")}))
    found = compare(replace(AGREEMENT, grants=()), unknown, RULES).changes

    assert {change.code for change in found} == {"E99"}
    assert Aspect.GROUPS not in {change.aspect for change in found}


_VERSIONS = st.builds(
    lambda listed, emergency, purposes: changed(
        groups=listed, emergency=emergency, purposes=frozenset(map(Purpose, purposes))
    ),
    st.none() | st.sets(st.sampled_from(["CH", "CO", "GU", "HH"])).map(lambda names: groups(*names)),
    st.booleans(),
    st.sets(st.sampled_from(["amk-taak", "statistiek"])),
)


@given(one=_VERSIONS, other=_VERSIONS)
def test_what_one_way_adds_the_other_way_removes(one: Agreement, other: Agreement) -> None:
    """A comparison read backwards is the comparison the other way round, and with itself it is empty."""
    there, back = compare(one, other, RULES).changes, compare(other, one, RULES).changes

    assert [(c.aspect, c.added, c.removed) for c in there] == [(c.aspect, c.removed, c.added) for c in back]
    assert compare(one, one, RULES).same
