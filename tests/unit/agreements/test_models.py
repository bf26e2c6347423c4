"""The packaged model agreements: they hold against the catalogue, and together they cover it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from broker.agreements.check import check_against
from broker.agreements.decide import RuleBook, decide
from broker.agreements.document import parse_agreement, parse_document
from broker.agreements.model import (
    Agreement,
    AgreementParty,
    Allowed,
    Grant,
    Reason,
    Refused,
    Request,
    TypeRule,
)
from broker.agreements.template import fill_in, places, without
from broker.catalogue.load import load_catalogue
from broker.errors import UsageError
from broker.names import Micros, Oin, Role, Urgency
from broker.trust.rules import derive_rules
from schemas.reading import packaged
from tests.agreement_world import oin

MODELS = sorted((Path(__file__).parents[3] / "schemas" / "agreements").glob("*.yaml"))
VALUES = {
    "id": "test",
    "version": "1",
    "from": "2026-01-01T00:00:00Z",
    "until": "2031-01-01",
    "audit": "2027-12-31",
    "contact": "post@voorbeeld.example",
    "basis": "convenant",
}
DAY = 86_400_000_000


@cache
def rules() -> dict[str, TypeRule]:
    """The catalogue's rules by code."""
    return {rule.code: rule for rule in derive_rules(load_catalogue(packaged())).values()}


def filled(path: Path, *absent: str) -> bytes:
    """A model between invented parties, without these roles."""
    model = without(path.read_bytes(), set(absent))
    wanted = places(model)
    numbers = {name: oin(n) for n, name in enumerate(wanted, 1) if ":" in name}
    return fill_in(model, {**{k: v for k, v in VALUES.items() if k in wanted}, **numbers})


@cache
def agreement(path: Path) -> Agreement:
    """A model as an agreement that every party has signed."""
    parsed = parse_agreement(filled(path))
    return replace(parsed, signed_by=frozenset(party.oin for party in parsed.parties))


@dataclass(frozen=True, slots=True)
class Case:
    """One type of one grant of one model."""

    path: Path
    grant: Grant
    code: str

    def __str__(self) -> str:
        return f"{self.path.stem}/{self.grant.rule}/{self.code}"

    @property
    def agreement(self) -> Agreement:
        """The model, filled in and signed."""
        return agreement(self.path)


CASES = [
    Case(path, grant, code)
    for path in MODELS
    for grant in agreement(path).grants
    for code in sorted(grant.types)
]


def party(agreed: Agreement, role: Role, other_than: Oin | None = None) -> AgreementParty:
    """The party in this role."""
    return next(p for p in sorted(agreed.parties, key=str) if p.role == role and p.oin != other_than)


def request(case: Case, urgency: Urgency = Urgency.NORMAL) -> Request:
    """What the grant is for: everything that must be said and sent, and nothing more."""
    rule, grant, agreed = rules()[case.code], case.grant, case.agreement
    sender, groups = party(agreed, grant.sender_role), rule.groups_for(grant.recipient_role)
    assert groups is not None
    return Request(
        message_type=rule.type,
        sender=sender,
        recipient=party(agreed, grant.recipient_role, sender.oin),
        agreement_id=agreed.id,
        agreement_digest=agreed.digest,
        groups=tuple(sorted(groups.required)),
        purpose=min(grant.purposes & rule.purposes),
        legal_basis=min(grant.legal_bases & rule.legal_bases or grant.legal_bases),
        regime=min(rule.regimes & (grant.regimes or rule.regimes)),
        urgency=urgency,
        assertions=tuple((p.name, p.value or p.values[0]) for p in rule.predicates),
    )


def decided(case: Case, now: Micros, urgency: Urgency = Urgency.NORMAL) -> object:
    """What the gate says to that, with this one agreement."""
    book = RuleBook({rule.type: rule for rule in rules().values()}, [case.agreement])
    return decide(book, request(case, urgency), now)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_asks_for_nothing_beyond_the_catalogue(path: Path) -> None:
    """Types, roles, purposes, grounds, groups and regimes are all the catalogue's."""
    by_type = {rule.type: rule for rule in rules().values()}

    assert [finding.text for finding in check_against(agreement(path), by_type)] == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_code_of_a_grant_means_something(case: Case) -> None:
    """No purpose or ground in a grant that the catalogue does not give to any of its types."""
    of_types = [rules()[code] for code in case.grant.types]
    bases = frozenset[str]().union(*(rule.legal_bases for rule in of_types))

    assert case.grant.purposes <= frozenset[str]().union(*(rule.purposes for rule in of_types))
    assert case.grant.legal_bases <= bases or all(rule.off_by_default for rule in of_types)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_model_lets_through_what_it_is_for(case: Case) -> None:
    """What the catalogue demands of the type may go, in every grant."""
    assert isinstance(decided(case, Micros(case.agreement.valid_from + DAY)), Allowed)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_emergency_clause_does_what_it_says(case: Case) -> None:
    """After the end an acute message goes where the grant says so, to be justified; else it does not."""
    outcome = decided(case, Micros(case.agreement.valid_until + DAY), Urgency.ACUTE)

    if case.grant.emergency:
        assert isinstance(outcome, Allowed)
        assert outcome.emergency
    else:
        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.EMERGENCY_CLAUSE


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_says_of_every_grant_what_happens_in_an_emergency(path: Path) -> None:
    """Yes or no stands there, and whoever reads yes reads that it is justified afterwards."""
    written = parse_document(filled(path))
    clauses = path.read_text(encoding="utf-8").count("\n    emergency: ")

    assert clauses == len(written.grants)
    assert all(
        any("E30" in condition for condition in grant.conditions) == (grant.emergency == "true")
        for grant in written.grants
    )


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_is_a_whole_record(path: Path) -> None:
    """Every party has somebody who signs; where the police is a party, its data are audited."""
    written = parse_document(filled(path))

    assert all(party.signatory for party in written.parties)
    assert bool(written.privacy_audits()) == ("POL" in {party.role for party in written.parties})


# Pairs that the catalogue's lists of roles allow, and that no model agrees, with the reason.
OWN_KIND = "no agency sends it to another of its own kind"
NEVER_ASKED = "it only answers, and nothing that goes the other way asks for it"
BY_THE_RAAD = "a measure and a notice come to BJZ by way of the Raad (L16)"
WITHOUT_MODEL: dict[tuple[str, str, str], str] = {
    **{("E10", reporter, "BJZ"): BY_THE_RAAD for reporter in ("SHG", "POL", "ZH", "GGZ", "HA", "INST")},
    **{("E05", "BJZ", reporter): BY_THE_RAAD for reporter in ("SHG", "POL", "ZH", "GGZ", "HA", "INST")},
    ("E14", "KR", "BJZ"): BY_THE_RAAD,
}


def covered() -> set[tuple[str, Role, Role]]:
    """Each type from role to role that a model grants."""
    return {(case.code, case.grant.sender_role, case.grant.recipient_role) for case in CASES}


def open_pairs() -> list[tuple[str, Role, Role]]:
    """Each type from role to role that the catalogue allows and that no model grants."""
    return [
        (rule.code, sender, recipient)
        for rule in rules().values()
        if not rule.accompanies and not rule.from_exchange
        for sender, recipient in product(sorted(rule.sender_roles), sorted(rule.recipient_roles))
        if (rule.code, sender, recipient) not in covered()
    ]


def test_every_pair_of_the_catalogue_has_a_model_or_a_reason() -> None:
    """A sender and a recipient that the catalogue names find a model, or read here why not."""
    assert [pair for pair in open_pairs() if not why_not(*pair)] == []


def why_not(code: str, sender: Role, recipient: Role) -> str:
    """Why no model grants this; empty: there is no reason, and a model is missing."""
    if sender == recipient:
        return OWN_KIND
    if rules()[code].answers and not is_asked(code, sender, recipient):
        return NEVER_ASKED
    return WITHOUT_MODEL.get((code, sender, recipient), "")


def is_asked(code: str, sender: Role, recipient: Role) -> bool:
    """Whether the catalogue lets something go between these roles that *sender* then owes an answer to."""
    openers = [(owed, rules()[owed.opener]) for owed in rules()[code].answers]
    return any(
        (sender, recipient)[not owed.owed_by_sender] in opener.sender_roles
        and (recipient, sender)[not owed.owed_by_sender] in opener.recipient_roles
        for owed, opener in openers
    )


def test_no_reason_stands_there_for_nothing() -> None:
    """A pair that has got a model, or that the catalogue does not have, needs no reason."""
    assert [pair for pair in WITHOUT_MODEL if pair not in open_pairs()] == []


def test_the_sandbox_has_no_question_about_the_history_of_a_parent() -> None:
    """E20 is in one model only, which asks for a legal basis by name."""
    holding = {case.path.stem for case in CASES if case.code.startswith("E20")}
    model = next(path for path in MODELS if path.stem == "voorgeschiedenis-ouder")

    assert holding == {model.stem}
    assert "basis" in places(model.read_bytes())


def test_leaves_a_role_out() -> None:
    """A partnership without one of the model's roles has neither its party nor its grants."""
    path = next(path for path in MODELS if path.stem == "spoedmelding-raad")
    written = parse_document(filled(path, "POL"))

    assert "POL" not in {party.role for party in written.parties}
    assert not any("POL" in (grant.sender, grant.recipient) for grant in written.grants)
    assert written.privacy_audit is None


def test_leaves_out_only_what_is_there() -> None:
    """A slip of the pen in a role is said, with the roles that there are."""
    with pytest.raises(UsageError, match="no such role"):
        without(MODELS[0].read_bytes(), {"XYZ"})
