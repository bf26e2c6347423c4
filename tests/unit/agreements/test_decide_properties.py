"""What never happens, whatever the agreements are (docs/spec/agreements.md 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from hypothesis import find, given
from hypothesis import strategies as st

from broker.agreements.decide import decide
from broker.agreements.model import Agreement, AgreementParty, Allowed, Grant, Refused, Request
from broker.crypto import sha256
from broker.names import (
    AgreementId,
    GroupName,
    LegalBasis,
    MessageCode,
    Micros,
    Oin,
    Purpose,
    Regime,
    Role,
    Urgency,
)
from tests.agreement_world import AGREEMENT, AMK, NOW, RECEIPT, REQUEST, RULES, SHG, book, oin

_T = TypeVar("_T")

DAY = 86_400_000_000
OTHERS = (AgreementParty(oin(3), Role("AMK")), AgreementParty(oin(4), Role("SHG")))
PARTIES = (SHG, AMK, *OTHERS)


def mostly(usual: _T, rest: st.SearchStrategy[_T]) -> st.SearchStrategy[_T]:
    """What lets a message through three times in four: else hardly anything would be allowed at all."""
    return st.integers(0, 3).flatmap(lambda odd: rest if odd == 3 else st.just(usual))


def some(names: list[str], kind: Callable[[str], _T]) -> st.SearchStrategy[frozenset[_T]]:
    """Some of these codes, mostly all of them."""
    codes = [kind(name) for name in names]
    return mostly(frozenset(codes), st.frozensets(st.sampled_from(codes)))


_ROLES = [Role("SHG"), Role("AMK")]
_TYPES = some(["E01", "E20Q", "E03"], MessageCode)
_PURPOSES = some(["amk-taak", "statistiek"], Purpose)
_BASES = some(["wmo-21b-2d", "wmo-21d"], LegalBasis)
_GROUPS = some(["CH", "CO", "GU", "HH"], GroupName)
_REGIMES = mostly(frozenset(Regime), st.frozensets(st.sampled_from(Regime)))
_GRANTS = st.lists(
    st.builds(
        Grant,
        rule=st.sampled_from(["first", "second", "third"]),
        types=_TYPES,
        sender_role=mostly(_ROLES[0], st.sampled_from(_ROLES)),
        recipient_role=mostly(_ROLES[1], st.sampled_from(_ROLES)),
        purposes=_PURPOSES,
        legal_bases=_BASES,
        groups=st.none() | _GROUPS,
        regimes=st.none() | _REGIMES,
        emergency=st.booleans(),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
_SIGNERS = some([party.oin for party in PARTIES], Oin)
_MOMENTS = st.integers(-20, 20).map(lambda days: Micros(NOW + days * DAY))


@st.composite
def agreements(draw: st.DrawFn, number: int = 1) -> Agreement:
    """Some agreement between some of the parties."""
    begin = draw(st.integers(-20, 0))
    return replace(
        AGREEMENT,
        version=number,
        digest=sha256(b"%d" % number),
        parties=draw(mostly(frozenset(PARTIES), st.frozensets(st.sampled_from(PARTIES), min_size=2))),
        grants=draw(_GRANTS),
        valid_from=Micros(NOW + begin * DAY),
        valid_until=Micros(NOW + draw(st.integers(begin + 1, 20)) * DAY),
        signed_by=draw(_SIGNERS),
        revoked_at=draw(mostly(None, _MOMENTS)),
    )


_REQUESTS = st.builds(
    lambda kind, groups, urgency, **rest: replace(
        REQUEST,
        message_type=kind,
        agreement_digest=sha256(b"1"),
        groups=(GroupName("RC"),) if kind == RECEIPT.type else tuple(sorted(groups)),
        urgency=urgency,
        assertions=REQUEST.assertions if kind == REQUEST.message_type else (),
        **rest,
    ),
    kind=st.sampled_from(sorted(RULES)),
    groups=_GROUPS,
    urgency=st.sampled_from(Urgency),
    sender=mostly(SHG, st.sampled_from(PARTIES)),
    recipient=mostly(AMK, st.sampled_from(PARTIES)),
    purpose=st.sampled_from([Purpose("amk-taak"), Purpose("statistiek"), Purpose("ontvangst")]),
    legal_basis=st.sampled_from([LegalBasis("wmo-21b-2d"), LegalBasis("wmo-21d"), LegalBasis("convenant")]),
    regime=mostly(Regime.R1, st.sampled_from(Regime)),
)


@st.composite
def narrower(draw: st.DrawFn, wide: Agreement) -> Agreement:
    """The same agreement with less: time, parties, signatures, grants, or what they grant."""
    begin = Micros(draw(mostly(wide.valid_from, st.integers(wide.valid_from, wide.valid_until - 1))))
    grants = [draw(_narrower_grant(grant)) for grant in wide.grants if draw(mostly(True, st.just(False)))]
    gone = draw(mostly(frozenset[AgreementParty](), st.frozensets(st.sampled_from(PARTIES))))
    revoked = wide.revoked_at
    return replace(
        wide,
        parties=wide.parties - gone,
        grants=tuple(grants),
        valid_from=begin,
        valid_until=Micros(draw(mostly(wide.valid_until, st.integers(begin + 1, wide.valid_until)))),
        revoked_at=draw(_MOMENTS.filter(lambda at: at <= revoked))
        if revoked
        else draw(mostly(None, _MOMENTS)),
    )


@st.composite
def _narrower_grant(draw: st.DrawFn, grant: Grant) -> Grant:
    groups, regimes = draw(_GROUPS), draw(_REGIMES)
    return replace(
        grant,
        types=grant.types & draw(_TYPES),
        purposes=grant.purposes & draw(_PURPOSES),
        legal_bases=grant.legal_bases & draw(_BASES),
        groups=groups if grant.groups is None else grant.groups & groups,
        regimes=regimes if grant.regimes is None else grant.regimes & regimes,
        emergency=grant.emergency and draw(st.booleans()),
    )


def test_enough_is_allowed_for_these_properties_to_mean_something() -> None:
    """Some of what is generated passes: a property of refusals alone would say nothing."""
    found = find(
        st.tuples(agreements(), _REQUESTS, _MOMENTS),
        lambda case: isinstance(decide(book(case[0]), case[1], case[2]), Allowed),
    )

    assert found


@given(st.data(), agreements(), _REQUESTS, _MOMENTS)
def test_narrowing_never_allows_more(
    data: st.DataObject, wide: Agreement, request: Request, now: Micros
) -> None:
    """Whatever is taken away, nothing passes that did not pass before."""
    # Fewer parties is fewer signatures needed: that is another agreement, so all of them have signed.
    signed = replace(wide, signed_by=frozenset(party.oin for party in PARTIES))
    narrow = data.draw(narrower(signed))

    if isinstance(decide(book(narrow), request, now), Allowed):
        assert isinstance(decide(book(signed), request, now), Allowed)


@given(agreements(), _REQUESTS, _MOMENTS, st.sampled_from([party.oin for party in PARTIES]))
def test_a_signature_fewer_never_allows_more(
    agreement: Agreement, request: Request, now: Micros, oin_: Oin
) -> None:
    """Who takes a signature away can only stop something."""
    fewer = replace(agreement, signed_by=agreement.signed_by - {oin_})

    if isinstance(decide(book(fewer), request, now), Allowed):
        assert isinstance(decide(book(agreement), request, now), Allowed)


@given(st.data(), _REQUESTS, _MOMENTS)
def test_the_order_of_agreements_never_matters(data: st.DataObject, request: Request, now: Micros) -> None:
    """The whole answer, grant and reason included, is the same however they are read."""
    several = [data.draw(agreements(number)) for number in (1, 2, 3)]
    several[2] = replace(several[2], id=AgreementId("another"))
    asked = replace(request, agreement_digest=data.draw(st.sampled_from([a.digest for a in several])))
    shuffled = data.draw(st.permutations(several))

    assert decide(book(*several), asked, now) == decide(book(*shuffled), asked, now)


@given(agreements(), agreements(2), _REQUESTS, _MOMENTS)
def test_another_version_changes_nothing_that_is_allowed(
    cited: Agreement, other: Agreement, request: Request, now: Micros
) -> None:
    """What a message may do is in the version it cites, and nowhere else."""
    alone = decide(book(cited), request, now)
    asked = replace(request, agreement_digest=cited.digest)

    if isinstance(decide(book(cited), asked, now), Allowed) or isinstance(alone, Allowed):
        assert decide(book(cited, other), asked, now) == decide(book(cited), asked, now)


@given(_REQUESTS, _MOMENTS)
def test_without_an_agreement_nothing_is_allowed(request: Request, now: Micros) -> None:
    """Deny is where everything starts."""
    assert isinstance(decide(book(), request, now), Refused)


@given(agreements(), _REQUESTS, _MOMENTS)
def test_nothing_is_released_beyond_the_catalogue(
    agreement: Agreement, request: Request, now: Micros
) -> None:
    """No group outside the catalogue's list for that role, and none that is required left out."""
    decision = decide(book(agreement), request, now)
    rule = RULES[request.message_type].groups_for(request.recipient.role)

    if isinstance(decision, Allowed):
        assert rule is not None
        assert rule.required <= set(decision.groups) <= rule.allowed
