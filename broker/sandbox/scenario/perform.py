"""A scenario from an empty directory: a sandbox that begins in its time, and is stopped again at its end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from broker.errors import UsageError
from broker.moments import HOUR
from broker.names import Micros
from broker.sandbox.sandbox import Sandbox
from broker.sandbox.scenario.company import Company
from broker.sandbox.scenario.model import Scenario
from broker.sandbox.scenario.play import play_scenario
from broker.sandbox.scenario.report import Outcome, Watcher
from broker.sandbox.scenario.start import is_rule, starts_at
from broker.sandbox.timekeeping import begin_at

__all__ = ["opening", "perform"]


def perform(scenario: Scenario, sandbox: Sandbox, watcher: Watcher, tell: Callable[[str], None]) -> Outcome:
    """Play *scenario* in a sandbox of its own; whatever happens, all of it is stopped again.

    Args:
        sandbox: In a directory in which there is none yet.
        tell: Told what is being done while it starts.

    Raises:
        UsageError: There is a sandbox in that directory, or a step cannot be done.
        SchakelError: The sandbox could not be started, or something did not happen in time.
    """
    if sandbox.exists:
        raise UsageError(
            "a scenario begins in a sandbox of its own", remedy="Give --keep a directory without a sandbox"
        )
    with ExitStack() as stack:
        stack.callback(sandbox.down)
        if not is_rule(scenario.start):
            begin_at(sandbox.layout, opening(scenario))
        sandbox.up(tell)
        tell("the agencies connect")
        company = Company(sandbox.layout)
        stack.callback(company.close)
        return play_scenario(scenario, company, watcher)


def opening(scenario: Scenario) -> Micros:
    """When a sandbox for *scenario* begins: its keys and agreements are there before anything happens."""
    return Micros(starts_at(scenario.start, Micros(0)) - HOUR)
