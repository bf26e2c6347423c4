"""`broker.agreements.decide`: every reason, their order, and what may never happen."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.agreements.decide import RuleBook, decide
from broker.agreements.model import Agreement, Allowed, Reason, Refused, Request
from broker.crypto import sha256
from broker.errors import UsageError
from broker.names import (
    AgreementId,
    GroupName,
    LegalBasis,
    MessageType,
    Micros,
    Purpose,
    Regime,
    Role,
    Urgency,
)
from tests.agreement_world import (
    AGREEMENT,
    AMK,
    DORMANT,
    NOW,
    RECEIPT,
    REQUEST,
    RULES,
    SHG,
    book,
    changed,
    groups,
    oin,
    outcome,
)

EXPIRED = replace(AGREEMENT, valid_until=NOW)
UNSIGNED = replace(AGREEMENT, signed_by=frozenset({SHG.oin}))
REVOKED = replace(AGREEMENT, revoked_at=NOW)
STRANGER = replace(AMK, oin=oin(9))
DORMANT_REQUEST = replace(REQUEST, message_type=DORMANT.type, assertions=())
BACK = replace(
    REQUEST,
    message_type=RECEIPT.type,
    sender=AMK,
    recipient=SHG,
    groups=(GroupName("RC"),),
    purpose=Purpose("ontvangst"),
    legal_basis=LegalBasis("convenant"),
    assertions=(),
)

# One way to fail for each reason, in the order of the reasons.
FAILURES: dict[Reason, tuple[dict[str, Any], Agreement]] = {
    Reason.UNKNOWN_TYPE: ({"message_type": MessageType("nl.test.onbekend.v1")}, AGREEMENT),
    Reason.SENDER_ROLE: ({"sender": replace(SHG, role=Role("GGZ"))}, AGREEMENT),
    Reason.RECIPIENT_ROLE: ({"recipient": replace(AMK, role=Role("GGZ"))}, AGREEMENT),
    Reason.REGIME: ({"regime": Regime.R2}, AGREEMENT),
    Reason.OFF_BY_DEFAULT: ({"message_type": DORMANT.type}, AGREEMENT),
    Reason.NO_AGREEMENT: ({"agreement_id": AgreementId("another")}, AGREEMENT),
    Reason.AGREEMENT_DIGEST: ({"agreement_digest": sha256(b"another")}, AGREEMENT),
    Reason.AGREEMENT_NOT_COSIGNED: ({}, UNSIGNED),
    Reason.AGREEMENT_NOT_IN_FORCE: ({}, EXPIRED),
    Reason.AGREEMENT_REVOKED: ({}, REVOKED),
    Reason.PURPOSE: ({"purpose": Purpose("marketing")}, AGREEMENT),
    Reason.LEGAL_BASIS: ({"legal_basis": LegalBasis("wmo-21d")}, AGREEMENT),
    Reason.PREDICATE: ({"assertions": (("children_in_family", "false"),)}, AGREEMENT),
    Reason.GROUP_REQUIRED: ({"groups": (GroupName("CH"),)}, AGREEMENT),
    Reason.GROUP_FORBIDDEN: ({"groups": tuple(map(GroupName, ("CH", "CO", "MC")))}, AGREEMENT),
    Reason.LOOP: ({"origin_oin": AMK.oin}, AGREEMENT),
    Reason.EMERGENCY_CLAUSE: ({"urgency": Urgency.ACUTE}, EXPIRED),
}


def test_allows_what_the_agreement_grants() -> None:
    """An allowed request names the agreement, its exact version, the grant, and the groups asked for."""
    expected = Allowed(AGREEMENT.id, AGREEMENT.digest, "forward", REQUEST.groups)

    assert outcome(AGREEMENT) == expected


def test_every_reason_has_its_failure() -> None:
    """The table of failures below covers every reason there is."""
    assert list(FAILURES) == list(Reason)


@pytest.mark.parametrize("reason", FAILURES, ids=lambda reason: reason.value)
def test_refuses(reason: Reason) -> None:
    """Each rule refuses on its own, and says which rule it was."""
    change, agreement = FAILURES[reason]
    decision = outcome(agreement, replace(REQUEST, **change))

    assert isinstance(decision, Refused)
    assert decision.reason is reason


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(one, other, id=f"{one.value}-before-{other.value}")
        for position, one in enumerate(FAILURES)
        for other in list(FAILURES)[position + 1 :]
        if FAILURES[one][1] is AGREEMENT
        and not FAILURES[one][0].keys() & FAILURES[other][0].keys()
        and other is not Reason.EMERGENCY_CLAUSE
    ],
)
def test_the_first_rule_that_fails_is_the_reason(first: Reason, second: Reason) -> None:
    """When two rules fail, the one that comes first in the list is the reason."""
    change = FAILURES[first][0] | FAILURES[second][0]
    decision = outcome(FAILURES[second][1], replace(REQUEST, **change))

    assert isinstance(decision, Refused)
    assert decision.reason is first


@pytest.mark.parametrize(
    ("agreement", "request_", "offending"),
    [
        pytest.param(
            AGREEMENT,
            {"groups": tuple(map(GroupName, ("CO", "MC", "CH", "DG")))},
            ("DG", "MC"),
            id="outside-catalogue",
        ),
        pytest.param(
            AGREEMENT, {"groups": tuple(map(GroupName, ("CH", "CO", "HH")))}, ("HH",), id="outside-grant"
        ),
        pytest.param(AGREEMENT, {"groups": ()}, ("CH", "CO"), id="missing-groups"),
        pytest.param(
            AGREEMENT, {"assertions": ()}, ("children_in_family", "feedback_stage"), id="missing-assertions"
        ),
    ],
)
def test_names_what_is_wrong(
    agreement: Agreement, request_: dict[str, Any], offending: tuple[str, ...]
) -> None:
    """A refusal names the groups or predicates concerned, and nothing else."""
    decision = outcome(agreement, replace(REQUEST, **request_))

    assert isinstance(decision, Refused)
    assert decision.offending == offending


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        pytest.param(AGREEMENT.valid_from, True, id="first-moment"),
        pytest.param(AGREEMENT.valid_from - 1, False, id="before-it"),
        pytest.param(AGREEMENT.valid_until - 1, True, id="last-moment"),
        pytest.param(AGREEMENT.valid_until, False, id="after-it"),
    ],
)
def test_validity_is_half_open(now: int, allowed: bool) -> None:
    """An agreement is in force from its first moment up to, but not at, its last."""
    assert isinstance(outcome(AGREEMENT, now=Micros(now)), Allowed) is allowed


def test_a_revocation_counts_from_its_moment() -> None:
    """What is decided before the moment of revocation stands."""
    assert isinstance(outcome(replace(AGREEMENT, revoked_at=Micros(NOW + 1))), Allowed)


@pytest.mark.parametrize(
    ("sender", "recipient"),
    [
        pytest.param(replace(SHG, oin=oin(9)), AMK, id="other-sender"),
        pytest.param(SHG, STRANGER, id="other-recipient"),
    ],
)
def test_an_agreement_binds_its_parties_only(sender: Any, recipient: Any) -> None:
    """An agency that is not a party gets nothing by citing the agreement."""
    decision = outcome(AGREEMENT, replace(REQUEST, sender=sender, recipient=recipient))

    assert decision == Refused(Reason.NO_AGREEMENT, (AGREEMENT.id,))


def test_a_grant_may_be_for_one_regime() -> None:
    """A grant for another regime is no grant."""
    decision = outcome(changed(regimes=frozenset({Regime.R0})))

    assert decision == Refused(Reason.REGIME, ("R1",))


def test_a_second_grant_may_allow_what_the_first_does_not() -> None:
    """The grants of one agreement add up; the one that allows is cited."""
    narrow = replace(AGREEMENT.grants[0], rule="narrow", groups=groups("CH"))
    agreement = replace(AGREEMENT, grants=(narrow, AGREEMENT.grants[0]))
    decision = outcome(agreement)

    assert isinstance(decision, Allowed)
    assert decision.rule == "forward"


def test_a_dormant_type_wakes_for_a_grant_with_a_basis() -> None:
    """A type that is off goes where a grant names it with a legal basis of its own."""
    agreement = changed(types=frozenset({DORMANT.code}))

    assert isinstance(outcome(agreement, DORMANT_REQUEST), Allowed)


def test_a_dormant_type_sleeps_under_a_grant_without_a_basis() -> None:
    """Naming the type is not enough."""
    agreement = changed(types=frozenset({DORMANT.code}), legal_bases=frozenset())

    assert outcome(agreement, DORMANT_REQUEST) == Refused(Reason.OFF_BY_DEFAULT, ("E20Q",))


@pytest.mark.parametrize(
    "agreement",
    [
        pytest.param(AGREEMENT, id="in-force"),
        pytest.param(EXPIRED, id="expired-since"),
        pytest.param(REVOKED, id="revoked-since"),
    ],
)
def test_a_receipt_goes_back(agreement: Agreement) -> None:
    """Evidence of what was delivered is not swallowed by what happened to the agreement since."""
    assert isinstance(outcome(agreement, BACK), Allowed)


@pytest.mark.parametrize(
    ("change", "agreement", "reason"),
    [
        pytest.param({}, UNSIGNED, Reason.AGREEMENT_NOT_COSIGNED, id="never-signed"),
        pytest.param({"sender": STRANGER}, AGREEMENT, Reason.NO_AGREEMENT, id="stranger"),
        pytest.param(
            {"agreement_digest": sha256(b"x")}, AGREEMENT, Reason.AGREEMENT_DIGEST, id="other-version"
        ),
        pytest.param(
            {"agreement_id": AgreementId("x-y")}, AGREEMENT, Reason.NO_AGREEMENT, id="other-agreement"
        ),
        pytest.param({"purpose": Purpose("marketing")}, AGREEMENT, Reason.PURPOSE, id="purpose"),
        pytest.param({"legal_basis": LegalBasis("none")}, AGREEMENT, Reason.LEGAL_BASIS, id="legal-basis"),
        pytest.param({"groups": ()}, AGREEMENT, Reason.GROUP_REQUIRED, id="empty"),
        pytest.param(
            {"groups": tuple(map(GroupName, ("RC", "CH")))}, AGREEMENT, Reason.GROUP_FORBIDDEN, id="content"
        ),
    ],
)
def test_a_receipt_is_refused(change: dict[str, Any], agreement: Agreement, reason: Reason) -> None:
    """A receipt is no way around the agreement: parties, version, purpose and groups are asked."""
    decision = outcome(agreement, replace(BACK, **change))

    assert isinstance(decision, Refused)
    assert decision.reason is reason


def test_a_receipt_may_carry_the_purpose_it_answers() -> None:
    """The purpose and ground of the answered message are as good as the receipt's own."""
    request = replace(BACK, purpose=Purpose("amk-taak"), legal_basis=LegalBasis("wmo-21b-2d"))

    assert isinstance(outcome(AGREEMENT, request), Allowed)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_order_of_agreements_never_matters(order: tuple[int, ...]) -> None:
    """However the registry lists them, the answer is the same."""
    second = replace(AGREEMENT, version=2, digest=sha256(b"2"), revoked_at=NOW)
    third = replace(AGREEMENT, id=AgreementId("third"), digest=sha256(b"3"), valid_until=NOW)
    agreements = [AGREEMENT, second, third]

    assert isinstance(decide(book(*(agreements[i] for i in order)), REQUEST, NOW), Allowed)


def test_one_version_twice_is_refused() -> None:
    """Two entries for one version could differ, and then their order would matter."""
    with pytest.raises(UsageError):
        RuleBook(RULES, [AGREEMENT, replace(AGREEMENT, revoked_at=NOW)])


def test_granting_lists_the_latest_first() -> None:
    """A sender who must choose an agreement to cite is offered the latest start first."""
    later = replace(AGREEMENT, version=2, digest=sha256(b"2"), valid_from=Micros(NOW - 1))
    other = replace(changed(types=frozenset({DORMANT.code})), id=AgreementId("other"))
    found = book(AGREEMENT, other, later).granting(REQUEST.message_type, SHG, AMK)

    assert found == (later, AGREEMENT)


_REQUESTS = st.builds(
    lambda names, purpose, basis, regime, urgency, acts: replace(
        REQUEST,
        groups=tuple(map(GroupName, sorted(names))),
        purpose=Purpose(purpose),
        legal_basis=LegalBasis(basis),
        regime=regime,
        urgency=urgency,
        message_type=acts,
    ),
    st.sets(st.sampled_from(["CH", "CO", "GU", "HH", "MC"]), min_size=1),
    st.sampled_from(["amk-taak", "statistiek", "marketing"]),
    st.sampled_from(["wmo-21b-2d", "wmo-21d"]),
    st.sampled_from(Regime),
    st.sampled_from(Urgency),
    st.sampled_from([REQUEST.message_type, DORMANT.type]),
)
_SUBSETS = st.fixed_dictionaries(
    {
        "types": st.sets(st.sampled_from(["E01", "E20Q"])),
        "purposes": st.sets(st.sampled_from(["amk-taak", "statistiek"])),
        "legal_bases": st.sets(st.sampled_from(["wmo-21b-2d", "wmo-21d"])),
        "groups": st.none() | st.sets(st.sampled_from(["CH", "CO", "GU", "HH"])),
        "regimes": st.none() | st.sets(st.sampled_from(Regime)),
        "emergency": st.booleans(),
    }
)


def _narrowed(wide: dict[str, Any], by: dict[str, Any]) -> dict[str, Any]:
    """What both allow."""

    def meet(one: Any, other: Any) -> Any:
        if isinstance(one, bool):
            return one and other
        return other if one is None else one if other is None else one & other

    return {name: meet(wide[name], by[name]) for name in wide}


def _with(terms: dict[str, Any]) -> Agreement:
    frozen = {n: frozenset(v) if isinstance(v, set | frozenset) else v for n, v in terms.items()}
    return changed(**frozen)


@given(wide=_SUBSETS, by=_SUBSETS, request=_REQUESTS, days=st.integers(-2, 2), shorter=st.integers(0, 2))
def test_narrowing_never_allows_more(
    wide: dict[str, Any], by: dict[str, Any], request: Request, days: int, shorter: int
) -> None:
    """Whatever a narrower grant, or a grant fewer, allows, the wider agreement allows too."""
    now = Micros(NOW + days * 40_000_000_000)
    narrow = outcome(_with(_narrowed(wide, by)), request, now)
    fewer = outcome(replace(AGREEMENT, grants=()), request, now)

    assert isinstance(fewer, Refused)
    assert isinstance(narrow, Refused) or isinstance(outcome(_with(wide), request, now), Allowed)


@given(request=_REQUESTS, terms=_SUBSETS)
def test_what_is_allowed_is_in_the_grant_and_the_catalogue(request: Request, terms: dict[str, Any]) -> None:
    """No group outside the catalogue's list, or the grant's, is ever released."""
    decision = outcome(_with(terms), request)
    rule = RULES[request.message_type].recipient_roles[AMK.role]
    most = rule.allowed if terms["groups"] is None else rule.allowed & terms["groups"]

    assert isinstance(decision, Refused) or rule.required <= set(decision.groups) <= most
