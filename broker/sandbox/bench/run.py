"""The whole measurement: warm up, then bare and full in turn, then growth; the result is a plain document.

1. One Kafka node; nothing else of ours runs.
2. A cold Java machine costs four times as much a message, so traffic of both variants goes first.
3. In each round the five processes of one variant are started, some messages go through them, and then the
   figures are taken; the next round does the other variant.  Ratios are between neighbours.
4. Both variants use the same adapters with the same settings, and the bare one carries as many bytes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from broker.sandbox.bench.core import Core
from broker.sandbox.bench.growth import grow
from broker.sandbox.bench.line import Line
from broker.sandbox.bench.model import Order, Plan, Send, Setting, Stage, Variant
from broker.sandbox.bench.report import Report, Round, document
from broker.sandbox.bench.scenarios import Throughput, run
from broker.sandbox.bench.site import Site, open_site
from broker.sandbox.bench.statistics import median
from broker.sandbox.bench.usage import load_average

__all__ = ["measure"]

_WARM_BURST = 500
_HELP_TRIES = 5


def measure(
    plan: Plan, directory: Path, tell: Callable[[str], None], profiles: Path | None = None
) -> dict[str, object]:
    """Measure all that *plan* says in a new sandbox.

    Args:
        plan: How much.
        directory: Empty, or not there yet.
        tell: Told what is being done, for whoever waits.
        profiles: Where each process leaves a profile; figures taken with one mean nothing.

    Returns:
        Plain values for JSON.

    Raises:
        ConfigurationError: Java or the jars are missing, or this is not Linux.
        UnavailableError: A process ended.
        DeadlineError: Messages did not arrive.
    """
    before = load_average()
    with open_site(directory) as site:
        tell("measuring one message")
        order = Order(
            variant=Variant.BARE,
            stage=Stage.GATE,
            directory=site.layout.directory,
            sizes=Core(site.layout, plan.payload).sizes(),
            payload=plan.payload,
            profiles=profiles,
        )
        _warm_up(plan, site, order, tell)
        rounds = [_round(plan, site, order, number, tell) for number in range(plan.rounds)]
        large = _payloads(plan, site, order, tell)
    tell("growth")
    grown = grow(_settings(plan, site.layout.directory), plan.batches)
    loads = (before, load_average())
    return document(Report(plan, order.sizes, rounds, large, grown, _help_seconds(), loads))


def _warm_up(plan: Plan, site: Site, order: Order, tell: Callable[[str], None]) -> None:
    """Traffic of both variants, half of the time each."""
    if not plan.warm_up:
        return
    for variant in Variant:
        deadline = time.monotonic() + plan.warm_up / 2
        with Line(replace(order, variant=variant, profiles=None), site.kafka_pid) as line:
            while (left := deadline - time.monotonic()) > 0:
                tell(f"warming up with {variant} traffic, {left:.0f} s left")
                run(line, Send(_WARM_BURST))


def _round(
    plan: Plan, site: Site, order: Order, number: int, tell: Callable[[str], None]
) -> dict[Variant, Round]:
    # Whatever drifts during a round falls on another variant each time.
    variants = list(Variant) if number % 2 == 0 else list(Variant)[::-1]
    results = {}
    for variant in variants:
        what = f"round {number + 1} of {plan.rounds}, {variant}"
        with Line(replace(order, variant=variant), site.kafka_pid) as line:
            results[variant] = _measured(plan, line, _Telling(tell, what))
    return results


class _Telling:
    """Says where an act belongs."""

    def __init__(self, tell: Callable[[str], None], where: str) -> None:
        self._tell = tell
        self._where = where

    def __call__(self, act: str) -> None:
        self._tell(f"{self._where}: {act}")


def _measured(plan: Plan, line: Line, tell: Callable[[str], None]) -> Round:
    tell("settling")
    run(line, Send(plan.settle))
    tell(f"{plan.messages} messages as fast as they go")
    throughput = run(line, Send(plan.messages)).throughput
    tell(f"a burst of {plan.burst}")
    burst = run(line, Send(plan.burst)).burst
    latency = {}
    for rate, count in plan.rates.items():
        tell(f"{count} messages at {rate} a second")
        latency[rate] = run(line, Send(count, rate)).latency
    peaks = {name: used.peak_mb for name, used in line.usages().items()}
    return Round(throughput, burst, latency, peaks)


def _payloads(plan: Plan, site: Site, order: Order, tell: Callable[[str], None]) -> dict[int, Throughput]:
    """End to end, by size; the sizes take turns in nothing here, each has its own processes."""
    results = {}
    for payload in plan.payloads:
        tell(f"{plan.large} messages of {payload} bytes")
        with Line(replace(order, variant=Variant.FULL, payload=payload), site.kafka_pid) as line:
            run(line, Send(min(plan.settle, plan.large)))
            results[payload] = run(line, Send(plan.large)).throughput
    return results


def _settings(plan: Plan, directory: Path) -> list[Setting]:
    by_agreements = [Setting(directory, count, plan.payload) for count in plan.agreements]
    by_payload = [Setting(directory, plan.agreements[0], size) for size in plan.payloads]
    return [*by_agreements, *by_payload]


def _help_seconds() -> float:
    """How long `schakel --help` takes: the median of a few."""
    taken = []
    for _ in range(_HELP_TRIES):
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "broker.cli.main", "--help"], capture_output=True, check=True, timeout=30
        )
        taken.append(time.perf_counter() - begin)
    return median(taken)
