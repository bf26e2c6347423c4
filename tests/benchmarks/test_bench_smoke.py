"""`schakel bench` runs to its end and prints the document that scripts read; its figures are not judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.benchmark

_SECONDS = 540


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a quick run prints on standard output."""
    directory = tmp_path_factory.mktemp("bench")
    command = [sys.executable, "-m", "broker.cli.main", "bench", "--quick", "--json", "--dir", str(directory)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_document_has_its_keys(document: Any) -> None:
    """Keys only grow: scripts rely on these."""
    assert {"machine", "bare", "full", "ratio", "latency", "burst", "growth"} <= document.keys()
    for variant in ("bare", "full"):
        assert {"messages_per_s", "cpu_us_per_message", "stages"} <= document[variant].keys()


def test_every_process_has_its_share(document: Any) -> None:
    """Five processes of ours, and the Kafka node."""
    stages = {"publisher", "gate", "subscriber", "receipts", "ledger", "kafka"}

    assert document["full"]["stages"].keys() == document["bare"]["stages"].keys() == stages


def test_latency_is_there_for_both_rates(document: Any) -> None:
    """16 and 100 a second, bare and full, to the handler and back."""
    assert document["latency"].keys() == {"16", "100"}
    for by_rate in document["latency"].values():
        assert by_rate["full"].keys() == by_rate["bare"].keys() == {"deliver", "receipt"}


def test_a_quick_run_says_so(document: Any) -> None:
    """Nobody may take its figures for figures."""
    assert document["quick"] is True
    assert "mean nothing" in document["note"]
