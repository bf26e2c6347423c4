"""The reference programs on a real exchange: from the intake of an SHG to the decision of an AMK and back.

Each program is a process of its own, as an agency would run it; the person at the AMK is the test.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.exchange import HOME, RealExchange, eventually
from tests.tray_world import complete, document, files, put, read

pytestmark = pytest.mark.kafka


def run(module: str, exchange: RealExchange, agency: str, folder: Path) -> str:
    """One round of a program; what it printed."""
    option = "--tray" if module.startswith("producers.") else "--desk"
    profile = str(exchange.layout.profile(agency))
    words = [sys.executable, "-m", module, "--profile", profile, option, str(folder), "--once"]
    done = subprocess.run(words, cwd=HOME, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def arrived(module: str, exchange: RealExchange, agency: str, folder: Path, ending: str) -> Path:
    """Run a desk until a document with this ending of its name lies in ``in/``."""

    def found() -> list[str]:
        run(module, exchange, agency, folder)
        return [name for name in files(folder / "in") if name.endswith(ending)]

    eventually(found, f"{ending} at {agency}", 90.0)
    return folder / "in" / found()[0]


def test_an_intake_becomes_a_decision_that_comes_back(exchange: RealExchange, tmp_path: Path) -> None:
    """Form, E01, draft of E04, completed by a person, E04 at the SHG: on the real exchange."""
    exchange.run("gate")
    shg, amk = tmp_path / "shg", tmp_path / "amk"
    with exchange.publisher() as publisher:
        view = publisher.view
    run("producers.shg_intake", exchange, "shg-noord", shg)
    facts = {"domestic_violence_report": True, "children_in_family": True}
    record = document(view, "E01", "amk-noord")["groups"]
    form = {"to": {"AMK": "amk-noord"}, "regime": "R1", "facts": facts, "record": record}
    put(shg / "forms/intake.json", form)
    put(shg / "forms/neighbours.json", {"facts": {**facts, "children_in_family": False}})

    said = run("producers.shg_intake", exchange, "shg-noord", shg).splitlines()
    report = read(next((shg / "sent").iterdir()))
    arrived("consumers.amk_desk", exchange, "amk-noord", amk, f"{report['message_id']}.E01.json")
    draft = read(amk / "drafts" / f"{report['message_id']}.E04.json")
    tray = tmp_path / "amk-tray"
    (tray / "out").mkdir(parents=True)
    put(tray / "out/besluit.json", complete(draft, view, taken_in_investigation=True))
    run("producers.program", exchange, "amk-noord", tray)
    decision = read(arrived("consumers.program", exchange, "shg-noord", shg, ".E04.json"))

    assert "not-sent neighbours.json no-duty-to-forward children_in_family" in said
    assert (decision["in_reply_to"], decision["case"]) == (report["message_id"], report["case"])
    assert decision["assertions"] == {"taken_in_investigation": "true"}
