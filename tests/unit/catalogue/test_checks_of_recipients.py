"""Named checks that ask who receives the message, and those of counts, days and pairs of values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.catalogue.checks import Clear, failed_checks, require_arguments
from broker.catalogue.load import load_catalogue
from broker.catalogue.model import MessageEntry, NamedCheck
from broker.errors import ConfigurationError
from broker.moments import from_text
from broker.names import GroupName, MessageCode, Regime, Role
from schemas.reading import packaged

ENTRY = load_catalogue(packaged()).messages[MessageCode("E05")]
AT = from_text("2014-03-03T12:00:00Z")
ROUTES = {"R1": {"zorg": ["IGZ"], "jeugdzorg": ["IJZ"]}, "R2": {"jeugdzorg": ["IJZ", "IGZ"]}}


def entry(check: str, **arguments: object) -> MessageEntry:
    """A type with this one check."""
    return replace(ENTRY, assertions=(), checks=(NamedCheck(check, arguments, "A43"),))


def failures(
    one: MessageEntry, groups: dict[str, object], *roles: str, regime: Regime = Regime.R1, **asserted: str
) -> tuple[str, ...]:
    """What fails in a message to these roles."""
    named = {GroupName(name): value for name, value in groups.items()}
    return failed_checks(one, named, Clear(asserted, regime, AT, tuple(Role(role) for role in roles)))


ROUTED = entry("routed", group="AC", field="sector", routes=ROUTES)
NOT_FOR = entry("not-for", group="PLK", field="actions", roles=["AMK", "BJZ"])
ADDRESSED = entry("addressed", assertion="help", meanings={"true": ["SHG"], "false": ["BJZ", "AMK"]})
SENT_BY = entry("sent-by", assertion="kind", meanings={"forwarded": ["RvdK"]})
OUTSIDE = entry("outside", group="ST", field="count", minimum=1, maximum=5)
DAYS = entry("at-most-days", group="HV", field="last", start_field="first", maximum=10)
VALUES = entry(
    "values-when", group="AC", field="act", values=["sexual"], when_field="sector", equals="school"
)


@pytest.mark.parametrize(
    ("sector", "regime", "roles", "failed"),
    [
        pytest.param("zorg", Regime.R1, ("IGZ",), (), id="its-own"),
        pytest.param("zorg", Regime.R1, ("IJZ",), ("AC.sector",), id="another-sector"),
        pytest.param("zorg", Regime.R1, ("IGZ", "IJZ"), ("AC.sector",), id="one-too-many"),
        pytest.param("jeugdzorg", Regime.R1, ("IGZ",), ("AC.sector",), id="another-regime"),
        pytest.param("jeugdzorg", Regime.R2, ("IGZ", "IJZ"), (), id="two-in-the-next"),
        pytest.param("opvang", Regime.R1, ("IJZ",), ("AC.sector",), id="no-route"),
        pytest.param("zorg", Regime.R0, ("IGZ",), ("AC.sector",), id="no-regime"),
    ],
)
def test_a_value_has_a_route_to_every_recipient(
    sector: str, regime: Regime, roles: tuple[str, ...], failed: tuple[str, ...]
) -> None:
    """By sector and regime (sources.md 4.5); what has no route goes nowhere."""
    assert failures(ROUTED, {"AC": {"sector": sector}}, *roles, regime=regime) == failed


@pytest.mark.parametrize(
    ("actions", "roles", "failed"),
    [
        pytest.param("x", ("POL",), (), id="for-others"),
        pytest.param("x", ("AMK",), ("PLK.actions",), id="not-for-this-role"),
        pytest.param("x", ("POL", "AMK"), ("PLK.actions",), id="nor-among-others"),
        pytest.param(None, ("AMK",), (), id="left-out"),
    ],
)
def test_a_field_is_kept_from_a_role(
    actions: str | None, roles: tuple[str, ...], failed: tuple[str, ...]
) -> None:
    """Even where its group is allowed."""
    assert failures(NOT_FOR, {"PLK": {"actions": actions}}, *roles) == failed


@pytest.mark.parametrize(
    ("said", "role", "failed"),
    [
        ("true", "SHG", ()),
        ("true", "AMK", ("assertion:help",)),
        ("false", "SHG", ("assertion:help",)),
        ("unknown", "SHG", ()),
    ],
)
def test_what_is_asserted_is_true_of_the_recipient(said: str, role: str, failed: tuple[str, ...]) -> None:
    """An obligation that depends on the assertion is then owed by the right one."""
    assert failures(ADDRESSED, {}, role, help=said) == failed


@pytest.mark.parametrize(
    ("said", "sender", "failed"),
    [
        ("forwarded", "RvdK", ()),
        ("forwarded", "SHG", ("assertion:kind",)),
        ("acute", "SHG", ()),
        ("forwarded", None, ()),
    ],
)
def test_what_is_asserted_is_true_of_the_sender(
    said: str, sender: str | None, failed: tuple[str, ...]
) -> None:
    """Where nobody sends yet, there is nothing to say of it."""
    clear = Clear({"kind": said}, Regime.R1, AT, (), Role(sender) if sender else None)

    assert failed_checks(SENT_BY, {}, clear) == failed


@pytest.mark.parametrize(
    ("count", "failed"),
    [(0, ()), (1, ("ST.count",)), (5, ("ST.count",)), (6, ()), (None, ())],
)
def test_a_small_count_fails(count: int | None, failed: tuple[str, ...]) -> None:
    """From 1 to 5, both included."""
    assert failures(OUTSIDE, {"ST": [{"count": 100}, {"count": count}]}) == failed


@pytest.mark.parametrize(
    ("last", "failed"),
    [
        pytest.param("2014-03-13", (), id="the-last-day"),
        pytest.param("2014-03-14", ("HV.last",), id="a-day-too-long"),
        pytest.param("2014-03-02", ("HV.last",), id="before-it-begins"),
        pytest.param(None, (), id="open"),
    ],
)
def test_days_between_two_dates_are_counted(last: str | None, failed: tuple[str, ...]) -> None:
    """No day is added for a weekend."""
    assert failures(DAYS, {"HV": {"first": "2014-03-03", "last": last}}) == failed


@pytest.mark.parametrize(
    ("sector", "act", "failed"),
    [
        ("school", "sexual", ()),
        ("school", "violence", ("AC.act",)),
        ("school", None, ("AC.act",)),
        ("care", "violence", ()),
    ],
)
def test_one_value_limits_another(sector: str, act: str | None, failed: tuple[str, ...]) -> None:
    """The scope of a duty to report differs by sector."""
    assert failures(VALUES, {"AC": {"sector": sector, "act": act}}) == failed


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        pytest.param("routed", {"group": "AC", "field": "s", "routes": {"R9": {"a": ["X"]}}}, id="no-regime"),
        pytest.param("routed", {"group": "AC", "field": "s", "routes": {"R1": ["IGZ"]}}, id="no-values"),
        pytest.param("routed", {"group": "AC", "field": "s", "routes": {"R1": {"a": []}}}, id="no-roles"),
        pytest.param("not-for", {"group": "PLK", "field": "a", "roles": "AMK"}, id="role-for-a-list"),
        pytest.param(
            "outside", {"group": "ST", "field": "c", "minimum": 1, "maximum": "5"}, id="text-for-a-number"
        ),
    ],
)
def test_an_argument_of_another_form_is_refused(name: str, arguments: dict[str, object]) -> None:
    """A check that is written wrongly stops the start, not a message."""
    with pytest.raises(ConfigurationError):
        require_arguments(NamedCheck(name, arguments, "A43"), "messages.E21I.checks")
