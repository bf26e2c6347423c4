"""`broker.agreements.compare`: what a new version changes, for whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.agreements.compare import Aspect, Change, compare
from broker.agreements.model import Agreement, AgreementParty, Allowed, Request
from broker.names import GroupName, LegalBasis, MessageCode, Micros, Purpose, Regime, Urgency
from tests.agreement_world import AGREEMENT, AMK, NOW, REQUEST, RULES, SHG, changed, groups, oin, outcome

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


TASK, FIGURES = frozenset({Purpose("amk-taak")}), frozenset({Purpose("statistiek")})


def with_grants(*grants: dict[str, Any]) -> Agreement:
    """The agreement with one grant for each of these."""
    return replace(AGREEMENT, grants=tuple(replace(AGREEMENT.grants[0], **grant) for grant in grants))


def test_two_grants_that_exchange_their_groups_differ() -> None:
    """Every code is still there, and what may go is not the same."""
    old = with_grants(
        {"groups": groups("CH", "CO"), "purposes": FIGURES},
        {"groups": groups("CH", "CO", "GU"), "purposes": TASK},
    )
    new = with_grants(
        {"groups": groups("CH", "CO", "GU"), "purposes": FIGURES},
        {"groups": groups("CH", "CO"), "purposes": TASK},
    )
    change = only(new, old)

    assert change.aspect is Aspect.COMBINATIONS
    assert {one.split("+")[0] for one in change.added} == {"statistiek"}
    assert change.removed == ("amk-taak+wmo-21b-2d+R0+CH+CO+GU", "amk-taak+wmo-21b-2d+R1+CH+CO+GU")


def test_a_purpose_that_moves_to_a_wider_grant_is_a_change() -> None:
    """The other grant had it already, with less."""
    old = with_grants({"groups": groups("CH", "CO"), "purposes": FIGURES}, {"purposes": TASK})
    new = with_grants({"groups": groups("CH", "CO"), "purposes": FIGURES}, {"purposes": TASK | FIGURES})

    assert (only(new, old).aspect, only(new, old).removed) == (Aspect.COMBINATIONS, ())


def test_one_grant_written_as_two_is_the_same() -> None:
    """A message has one purpose: a grant for each is no change."""
    assert compare(
        with_grants({"purposes": TASK | FIGURES}),
        with_grants({"purposes": TASK}, {"purposes": FIGURES}),
        RULES,
    ).same


_GRANTS = st.fixed_dictionaries(
    {
        "groups": st.sets(st.sampled_from(["GU", "HH"])).map(lambda names: groups("CH", "CO", *names)),
        "purposes": st.sets(st.sampled_from(["amk-taak", "statistiek"]), min_size=1).map(
            lambda names: frozenset(map(Purpose, names))
        ),
        "legal_bases": st.sets(st.sampled_from(["wmo-21b-2d", "wmo-21d"]), min_size=1).map(
            lambda names: frozenset(map(LegalBasis, names))
        ),
        "regimes": st.none() | st.just(frozenset({Regime.R1})),
        "emergency": st.booleans(),
    }
)


@given(old=st.lists(_GRANTS, max_size=2), new=st.lists(_GRANTS, max_size=2))
def test_what_is_the_same_is_decided_the_same(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    """What may go is the same exactly when nothing is said to change."""
    one, other = with_grants(*old), with_grants(*new)
    differ = [
        request
        for request in _requests()
        for now in (NOW, AGREEMENT.valid_until)
        if isinstance(outcome(one, request, now), Allowed)
        != isinstance(outcome(other, request, now), Allowed)
    ]

    assert compare(one, other, RULES).same == (not differ)


def _requests() -> Iterator[Request]:
    for more, purpose, basis, regime in product(
        ((), ("GU",), ("HH",), ("GU", "HH")),
        ("amk-taak", "statistiek"),
        ("wmo-21b-2d", "wmo-21d"),
        (Regime.R0, Regime.R1),
    ):
        yield replace(
            REQUEST,
            groups=(*REQUEST.groups, *map(GroupName, more)),
            purpose=Purpose(purpose),
            legal_basis=LegalBasis(basis),
            regime=regime,
            urgency=Urgency.ACUTE,
        )


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
