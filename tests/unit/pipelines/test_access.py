"""Who may ask what of the audit trail: every role with every command, and what narrows or refuses it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.adapters.access_rules import installed_rules
from broker.audit.access import AccessRole, Ground
from broker.audit.query import Query, QueryNames, parse_query
from broker.errors import ConfigurationError
from broker.names import Oin, Role
from broker.pipelines.access import Asked, Denied, Permit, grounds_of, is_party, narrowed, permitted
from broker.trust.access_rules import parse_access_rules
from schemas.reading import access_rules
from tests.access_world import INSPECTORATE
from tests.audit_world import AMK, SHG, event, quarantined

_RULES = installed_rules()
_AGENCY = {
    AccessRole.INSPECTOR: Role("IJZ"),
    AccessRole.CHIEF_INSPECTOR: Role("IGZ"),
    AccessRole.AUDITOR: Role("IvhO"),
    AccessRole.OPERATOR: Role("GATE"),
    AccessRole.AGENCY: Role("AMK"),
}
_SUPERVISION = (
    *("search", "scan", "show", "timeline", "why", "recheck", "prove", "export"),
    *("obligations list", "obligations show", "obligations report", "obligations calendar"),
)
_MAY = {
    AccessRole.INSPECTOR: {*_SUPERVISION},
    AccessRole.CHIEF_INSPECTOR: {*_SUPERVISION, "accesses"},
    AccessRole.AUDITOR: {"accesses"},
    AccessRole.OPERATOR: {
        *("search", "show"),
        *("obligations list", "obligations show", "obligations report", "obligations calendar"),
    },
    AccessRole.AGENCY: {
        *("search", "show", "timeline", "why", "prove"),
        *("obligations list", "obligations show", "obligations calendar"),
    },
}
_COMMANDS = sorted({*_SUPERVISION, "accesses", "rebuild", "nonsense"})
_TEST = Ground("test", "proef")


def _ask(
    role: AccessRole,
    command: str,
    *grounds: Ground,
    question: str | None = None,
    total: int = 0,
    of: Role | None = None,
) -> Permit | Denied:
    query = None if question is None else _query(question)
    asked = Asked(command, grounds or (_TEST,), query, total)
    return permitted(_RULES, role, asked, INSPECTORATE, {of or _AGENCY[role]})


def _query(text: str) -> Query:
    return parse_query(text, QueryNames())


@pytest.mark.parametrize("command", _COMMANDS)
@pytest.mark.parametrize("role", AccessRole)
def test_a_role_may_use_its_commands_and_no_other(role: AccessRole, command: str) -> None:
    """The whole matrix; what is refused says why and what may be used instead."""
    answer = _ask(role, command)

    if command in _MAY[role]:
        assert isinstance(answer, Permit)
    else:
        assert isinstance(answer, Denied)
        assert answer.reason == "command-not-of-role"
        assert answer.remedy


@pytest.mark.parametrize(
    ("role", "of"),
    [
        *((role, Role("AMK")) for role in AccessRole if role is not AccessRole.AGENCY),
        *((role, Role("GATE")) for role in (AccessRole.INSPECTOR, AccessRole.CHIEF_INSPECTOR)),
        (AccessRole.OPERATOR, Role("IJZ")),
    ],
)
def test_the_registry_decides_who_has_the_role(role: AccessRole, of: Role) -> None:
    """No agency makes itself an inspectorate or the exchange."""
    answer = _ask(role, sorted(_MAY[role])[0], of=of)

    assert isinstance(answer, Denied)
    assert answer.reason == "role-not-of-agency"


@pytest.mark.parametrize("role", AccessRole)
def test_an_agency_that_is_not_in_the_registry_sees_nothing(role: AccessRole) -> None:
    """Not even its own."""
    answer = permitted(_RULES, role, Asked(sorted(_MAY[role])[0], (_TEST,)), INSPECTORATE, ())

    assert isinstance(answer, Denied)


@pytest.mark.parametrize(
    ("grounds", "reason"),
    [
        ((Ground("complaint", "klacht 1"),), None),
        ((), "no-ground"),
        ((Ground("complaint", ""),), "no-ground"),
        ((Ground("operations", "x"),), "ground-not-of-role"),
        ((Ground("complaint", "klacht 1"), Ground("operations", "x")), "ground-not-of-role"),
    ],
)
def test_an_inspector_has_a_ground_and_a_reference(grounds: tuple[Ground, ...], reason: str | None) -> None:
    """Of the role's own grounds."""
    asked = Asked("search", grounds, _query("reason:no-agreement"), 1)
    answer = permitted(_RULES, AccessRole.INSPECTOR, asked, INSPECTORATE, {Role("IJZ")})

    assert (answer.reason if isinstance(answer, Denied) else None) == reason


@pytest.mark.parametrize(
    ("question", "total", "wide"),
    [("", 0, True), ("step:3", 10_000, False), ("step:3", 10_001, True), ("period:2026", 5, False)],
)
def test_what_finds_very_much_needs_a_second_ground(question: str, total: int, wide: bool) -> None:
    """Another one than the first."""
    first, other = Ground("complaint", "klacht 1"), Ground("court-order", "rekest 2")
    alone = _ask(AccessRole.INSPECTOR, "search", first, question=question, total=total)
    twice = _ask(AccessRole.INSPECTOR, "search", first, first, question=question, total=total)
    both = _ask(AccessRole.INSPECTOR, "search", first, other, question=question, total=total)

    assert isinstance(alone, Denied) is isinstance(twice, Denied) is wide
    assert isinstance(both, Permit)


@pytest.mark.parametrize(
    ("question", "may"),
    [
        *(("decision:quarantined", True), ("-decision:released period:2026 step:2", True), ("", True)),
        *((f"case:{'0' * 32}", False), ("from:shg", False), ("step:2 -to:amk", False)),
        (f"subject:{'0' * 32}", False),
    ],
)
def test_the_operator_searches_by_technical_fields_alone(question: str, may: bool) -> None:
    """It finds what is in quarantine, and no case, person or agency."""
    answer = _ask(AccessRole.OPERATOR, "search", question=question)

    assert isinstance(answer, Permit) is may


def test_an_agency_sees_its_own_alone() -> None:
    """Its question is about what it sent or received; of an entry it must be a party."""
    permit = _ask(AccessRole.AGENCY, "search", question="step:3")
    assert isinstance(permit, Permit)
    (conditions,) = narrowed(_query(""), permit.own).required

    assert {str(one.value) for one in conditions} == {str(INSPECTORATE)}
    assert is_party(event(), AMK)
    assert is_party(event(), SHG)
    assert not is_party(event(), INSPECTORATE)
    assert not is_party(quarantined(), AMK)
    assert is_party(quarantined(), None)


def test_a_chief_inspector_sees_who_of_its_own_inspectorate_looked() -> None:
    """An auditor sees all."""
    chief, auditor = _ask(AccessRole.CHIEF_INSPECTOR, "accesses"), _ask(AccessRole.AUDITOR, "accesses")

    assert isinstance(chief, Permit)
    assert isinstance(auditor, Permit)
    assert (chief.accesses_of, auditor.accesses_of) == (INSPECTORATE, None)


def test_only_some_roles_have_a_ground_by_themselves() -> None:
    """An operator watches, an agency looks at its own; whoever looks at others says why."""
    own = {role: [one.code for one in grounds_of(_RULES, role, ())] for role in AccessRole}

    assert own[AccessRole.OPERATOR] == ["operations"]
    assert own[AccessRole.AGENCY] == ["own-messages"]
    others = (AccessRole.INSPECTOR, AccessRole.CHIEF_INSPECTOR, AccessRole.AUDITOR)
    assert [own[role] for role in others] == [[], [], []]


def test_a_role_without_rules_may_nothing() -> None:
    """Default deny, also when the document lacks a role."""
    without = replace(_RULES, roles={})
    answer = permitted(without, AccessRole.INSPECTOR, Asked("search", (_TEST,)), Oin(AMK), {Role("IJZ")})

    assert isinstance(answer, Denied)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 2"),
        ("default: operations", "default: nothing"),
        ("default: operations", "default: complaint"),
        ("grounds: [access-review, complaint, court-order, test]", "grounds: [curiosity]"),
        ("wide: 10000", "wide: 0"),
        ("second: true", "seconds: true"),
        ("roles:", "roles: {}\nroles:"),
    ],
)
def test_rules_that_are_not_whole_are_not_used(old: str, new: str) -> None:
    """A misspelt right must not be silent."""
    document = access_rules().decode()
    assert old in document
    with pytest.raises(ConfigurationError):
        parse_access_rules(document.replace(old, new, 1).encode())
