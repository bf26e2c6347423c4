"""The case that docs/spec/obligations.md works through comes out as its table says."""

from __future__ import annotations

import re
from dataclasses import replace

from broker.dutch_time import local, parse_moment
from broker.names import Micros
from broker.obligations.fold import track_all
from broker.obligations.model import CaseState, Fact, Obligation
from broker.obligations.states import state_of
from broker.pipelines.obligations import rules_of
from tests.architecture.source import ROOT
from tests.open_world import CATALOGUE, party
from tests.unit.domain.duties import Said

_PAGE = (ROOT / "docs/spec/obligations.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| (\d{4}-\d\d-\d\d \d\d:\d\d) \| (.*?) \|$", re.MULTILINE)

_YES = (("taken_in_investigation", "true"),)
_START, _OUTCOME = ((("feedback_stage", stage),) for stage in ("start", "outcome"))
SHG, AMK = party("SHG"), party("AMK")
MESSAGES = (
    Said(1, "E01", SHG, AMK),
    Said(2, "E04", AMK, SHG, cause=1, says=_YES),
    Said(3, "E05", AMK, SHG, cause=1, says=_START),
    Said(4, "E05", AMK, SHG, cause=2, says=_OUTCOME),
)


def _facts(moments: list[str]) -> list[Fact]:
    return [
        replace(message.fact(), at=parse_moment(at)) for message, at in zip(MESSAGES, moments, strict=True)
    ]


def _said(found: dict[str, Obligation], code: str, now: Micros) -> str:
    if code not in found:
        return ""
    state = state_of(found[code], now).value
    return f"{state}, due {local(found[code].due_at):%Y-%m-%d}" if state == "open" else state


def test_the_case_of_the_page_comes_out_as_its_table_says() -> None:
    """After each message, each duty with its state and due day."""
    section = _PAGE.split("### 6.3 ")[1].split("\n## ")[0]
    rows = [(at, [cell.strip() for cell in cells.split("|")]) for at, cells in _ROW.findall(section)]
    codes = re.findall(r"OB-[A-Z-]+", section.split("\n| when")[1].split("\n")[0])
    facts = _facts([at for at, _ in rows])

    for number, (fact, (_, cells)) in enumerate(zip(facts, rows, strict=True), 1):
        left = track_all(CaseState(), facts[:number], rules_of(CATALOGUE, ())).obligations
        found = {one.code: one for one in left}
        assert [_said(found, code, fact.at) for code in codes] == cells[-len(codes) :]
        assert MESSAGES[number - 1].code in cells[0]
