"""Settling memory: what lives long is out of the collector's rounds, what comes later is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import gc
from broker.memory import settle_memory

class Ring:
    def __init__(self): self.itself = self

settle_memory()
kept, _ = gc.get_freeze_count(), Ring()
del _
print(kept > 1000, gc.collect() >= 1)
"""


def test_what_is_alive_is_kept_out_and_what_comes_later_is_collected() -> None:
    """In a process of its own, for it changes the collector for good."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert done.stdout.split() == ["True", "True"]
