"""`broker.operations.under_way`: all that has not ended, from a real ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.audit.events import Outcome
from broker.errors import IncompleteError
from broker.moments import HOUR
from broker.names import Micros
from broker.obligations.store import ObligationQuery
from broker.operations.under_way import under_way
from tests.audit_world import AMK, DECIDED, SHG
from tests.obligation_world import REPORT, Told, stored, told

ASKED = ObligationQuery(Micros(DECIDED + HOUR))
EVENTS = [
    told(Told(1, 0, "E01", says=REPORT)),
    told(Told(1, 1, "E03", AMK, SHG, 0, outcome=Outcome.RECEIPT)),
    told(Told(2, 0, "E01", says=REPORT)),
]


def test_what_has_ended_is_left_out(tmp_path: Path) -> None:
    """A receipt that came is not waited for."""
    with stored(tmp_path, EVENTS) as reader:
        every, found = reader.obligations(ASKED, 100), under_way(reader, ASKED)

    assert {one.code for one in every if one not in found} == {"OB-ACK"}
    assert len(found) == len(every) - 1


def test_more_than_can_be_held_is_an_error(tmp_path: Path) -> None:
    """A part of them would look like all; exactly as many as may be are all."""
    with stored(tmp_path, EVENTS) as reader:
        number = len(under_way(reader, ASKED))
        assert len(under_way(reader, ASKED, number)) == number
        with pytest.raises(IncompleteError, match=f"more than {number - 1} "):
            under_way(reader, ASKED, number - 1)
