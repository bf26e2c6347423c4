"""`broker.operations.overdue`: duties of which the operator hears, in `doctor` and in the log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from broker.audit.events import AuditEvent, Outcome
from broker.moments import HOUR, MINUTE
from broker.names import Micros
from broker.operations.doctor import Finding, overdue_findings
from broker.operations.overdue import OverdueWatch, told_to_operator
from tests.audit_world import AMK, DECIDED, SHG, gates
from tests.obligation_world import REPORT, Told, stored, told
from tests.world import Clock

REPORTED = told(Told(1, 0, "E01", says=REPORT))
RECEIVED = told(Told(1, 1, "E03", AMK, SHG, 0, outcome=Outcome.RECEIPT))
SOON, LATE = Micros(DECIDED + MINUTE), Micros(DECIDED + HOUR)


def found(folder: Path, events: Sequence[AuditEvent], now: Micros) -> Finding:
    """The one finding about receipts."""
    with stored(folder, events) as reader:
        told_here = told_to_operator(reader, gates(), now)
    (finding,) = overdue_findings(told_here, {AMK: "amk-noord"})
    return finding


def test_a_receipt_that_stays_away_is_found(tmp_path: Path) -> None:
    """With who is late and since when, and where to look."""
    finding = found(tmp_path, [REPORTED, told(Told(2, 0, "E01", says=REPORT))], LATE)

    assert (finding.check, finding.state) == ("duty OB-ACK", "wrong")
    assert "2 overdue since" in finding.said
    assert finding.said.endswith("by amk-noord")
    assert "--code OB-ACK" in finding.remedy


@pytest.mark.parametrize(
    ("events", "now"),
    [
        pytest.param([REPORTED], SOON, id="not-yet"),
        pytest.param([REPORTED, RECEIVED], LATE, id="received"),
        pytest.param([], LATE, id="nothing-sent"),
    ],
)
def test_nothing_overdue_is_well(tmp_path: Path, events: list[AuditEvent], now: Micros) -> None:
    """What parties owe each other beside it, such as a decision, is not told to the operator."""
    assert found(tmp_path, events, now).state == "ok"


def test_the_log_says_it_when_the_number_changes(tmp_path: Path) -> None:
    """Once, not with every look; and again when it is over."""
    clock = Clock(SOON)
    with stored(tmp_path, [REPORTED]) as reader, capture_logs() as lines:
        watch = OverdueWatch(reader, gates(), clock, every=60)
        for seconds in (0, 61, 3600, 61, 10):
            clock.forward(seconds)
            watch.look()

    assert [(line["event"], line["code"], line["overdue_count"]) for line in lines] == [
        ("obligations_overdue", "OB-ACK", 1)
    ]


def test_the_ledger_is_not_asked_all_the_time(tmp_path: Path) -> None:
    """Between two looks nothing is read: what became overdue meanwhile is said at the next."""
    clock = Clock(SOON)
    with stored(tmp_path, [REPORTED]) as reader, capture_logs() as lines:
        watch = OverdueWatch(reader, gates(), clock, every=7200)
        watch.look()
        clock.forward(3600)
        watch.look()
        assert lines == []
        clock.forward(3700)
        watch.look()

    assert len(lines) == 1
