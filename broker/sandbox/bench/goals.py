"""What the figures must reach, each as a limit and what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["goals"]

_LEAST_RATIO = 0.20
_ADDED_P50_MS = 5.0
_ADDED_P99_MS = 15.0
_BURST_SECONDS = 1.0
_AGREEMENTS_TIMES = 1.10
_PAYLOAD_TIMES = 2.5
_RESIDENT_MB = 120.0
_HELP_SECONDS = 0.4
_OFFICE_RATE = "16"


def goals(found: Mapping[str, Any]) -> list[dict[str, object]]:
    """Every goal, with whether the document *found* reaches it."""
    added = found["latency"][_OFFICE_RATE]["added"]
    growth = found["growth"]
    ours = [mb for name, mb in found["resident_mb"]["full"].items() if name != "kafka"]
    return [
        _goal("full of bare, messages/s", found["ratio"]["messages_per_s"], _LEAST_RATIO, at_least=True),
        *(_goal(f"{name} added at {_OFFICE_RATE}/s", value, _limit(name)) for name, value in added.items()),
        _goal("burst drained, s", found["burst"]["full"]["drained_s"], _BURST_SECONDS),
        _goal("most agreements, times the cost", growth["agreements"][-1]["times"], _AGREEMENTS_TIMES),
        _goal("largest payload, times the cost", growth["payload"][-1]["end_to_end_times"], _PAYLOAD_TIMES),
        _goal("largest process of ours, MB", max(ours), _RESIDENT_MB),
        _goal("schakel --help, s", found["help_seconds"], _HELP_SECONDS),
    ]


def _limit(name: str) -> float:
    return _ADDED_P99_MS if "p99" in name else _ADDED_P50_MS


def _goal(name: str, measured: float, limit: float, *, at_least: bool = False) -> dict[str, object]:
    return {
        "goal": name,
        "limit": limit,
        "at": "least" if at_least else "most",
        "measured": measured,
        "met": measured >= limit if at_least else measured <= limit,
    }
