"""What the figures must reach, and what is said of them."""

from __future__ import annotations

from typing import Any

import pytest

from broker.sandbox.bench.goals import goals


def figures(**changes: Any) -> dict[str, Any]:
    """A document that reaches every goal exactly."""
    added = {"deliver_p50_ms": 5.0, "deliver_p99_ms": 15.0, "receipt_p50_ms": 5.0, "receipt_p99_ms": 15.0}
    return {
        "ratio": {"messages_per_s": 0.20},
        "latency": {"16": {"added": added}},
        "burst": {"full": {"drained_s": 1.0}},
        "growth": {"agreements": [{"times": 1.1}], "payload": [{"end_to_end_times": 2.5}]},
        "resident_mb": {"full": {"gate": 120.0, "kafka": 400.0}},
        "help_seconds": 0.4,
        **changes,
    }


def test_a_figure_at_its_limit_reaches_the_goal() -> None:
    """Limits are included, and the node's memory is not ours."""
    assert all(goal["met"] for goal in goals(figures()))


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        pytest.param({"ratio": {"messages_per_s": 0.19}}, "full of bare, messages/s", id="too slow"),
        pytest.param({"help_seconds": 0.41}, "schakel --help, s", id="slow to start"),
        pytest.param(
            {"resident_mb": {"full": {"gate": 121.0}}}, "largest process of ours, MB", id="too large"
        ),
    ],
)
def test_a_figure_beyond_its_limit_is_named(change: dict[str, Any], missed: str) -> None:
    """Exactly the goal that is missed says so."""
    assert [goal["goal"] for goal in goals(figures(**change)) if not goal["met"]] == [missed]
