"""The keeper: fresh within two seconds, and nothing is decided with a stale registry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.errors import UnavailableError, UntrustedError
from broker.names import Micros
from broker.trust.keeper import TrustKeeper
from broker.trust.view import TrustView
from tests.world import World


class Flaky:
    """A registry that can be made to fail."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.fault: Exception | None = None
        self.asked = 0

    def refresh(self, now: Micros) -> TrustView:
        """The world's view, or the fault."""
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return self.world.view


def test_a_change_is_seen_within_two_seconds() -> None:
    """After the refresh interval the newest view is used."""
    world = World()
    keeper = TrustKeeper(world, world.clock)
    before = keeper.current()
    world.republish()
    world.clock.forward(2.0)

    assert keeper.current().version == before.version + 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(UnavailableError("the registry is away"), id="away"),
        pytest.param(UntrustedError("rolled back"), id="tampered"),
    ],
)
def test_a_registry_that_fails_changes_nothing_until_it_expires(fault: Exception) -> None:
    """An unreachable or forged registry leaves the last view in force."""
    world = World()
    source = Flaky(world)
    keeper = TrustKeeper(source, world.clock)
    before = keeper.current()
    source.fault = fault
    world.clock.forward(60)

    assert keeper.current() is before


def test_a_stale_view_decides_nothing() -> None:
    """From the expiry on every question is refused, with the reason why no newer view came."""
    world = World()
    source = Flaky(world)
    keeper = TrustKeeper(source, world.clock)
    keeper.current()
    source.fault = UnavailableError("the registry is away")
    world.clock.moment = world.view.expires_at

    with pytest.raises(UnavailableError, match=r"stale.*the registry is away"):
        keeper.current()


def test_a_view_that_became_stale_is_replaced_at_once() -> None:
    """A machine that slept for a week, or a sandbox whose time was moved, does not wait for the next turn."""
    world = World()
    keeper = TrustKeeper(world, world.clock, every=10**9)
    keeper.current()
    world.clock.moment = world.view.expires_at
    world.view = replace(world.view, expires_at=Micros(world.clock.moment + 1))

    assert keeper.current() is world.view


def test_rubbish_does_not_make_it_ask_all_the_time() -> None:
    """`recheck` asks at most four times a second."""
    world = World()
    source = Flaky(world)
    keeper = TrustKeeper(source, world.clock)
    for _ in range(100):
        keeper.recheck()

    assert source.asked == 1


def test_the_view_itself_refuses_when_stale() -> None:
    """Staleness is a property of the view, not of who holds it."""
    world = World()
    stale = replace(world.view, expires_at=world.clock.now())

    with pytest.raises(UnavailableError, match="stale"):
        stale.require_fresh(world.clock.now())
