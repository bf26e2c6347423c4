"""Many more examples for every property test: loaded by `make fuzz` as a pytest plugin."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

__all__: list[str] = []


def pytest_configure() -> None:
    """Ask for many examples; `EXAMPLES` says how many."""
    examples = int(os.environ.get("EXAMPLES", "5000"))
    settings.register_profile(
        "fuzz", max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("fuzz")
