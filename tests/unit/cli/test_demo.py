"""What `schakel demo` shows a person: endings in one line, and numbers that add up."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from broker.cli.demo import _conclusion, _merged, _Screen
from broker.cli.scenarios import ScreenWatcher
from broker.sandbox.demo.model import Ledger, Line, Report
from broker.sandbox.scenario.model import Row
from broker.sandbox.scenario.parse import read_scenario, scenario_files
from broker.sandbox.scenario.report import Compared, Outcome

_WITHHELD = Line("01", "E05", "amk-noord", "shg-noord", "withheld", "agreement-revoked", 11)
_REFUSAL = Line("02", "E28", "shg-noord", "amk-noord", "delivered")


def test_what_was_withheld_alike_is_one_line_with_its_number() -> None:
    """The other lines stay as they are, in their order."""
    again = Line("03", "E05", "amk-noord", "shg-noord", "withheld", "agreement-revoked", 11)

    assert _merged([_WITHHELD, _REFUSAL, again]) == [(_WITHHELD, 2), (_REFUSAL, 1)]


def test_the_last_sentence_counts_each_ending() -> None:
    """It says why the ledger holds another number than the table has lines."""
    report = Report(lines=[_REFUSAL, _WITHHELD], ledger=Ledger(3, "ab", "", ""))

    assert _conclusion(report).startswith("1 delivered, 1 withheld; the ledger holds 3 decisions")


def test_a_long_word_is_cut_with_an_ellipsis(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash or a type never goes on in the middle on the next line."""
    screen, out = _Screen(), io.StringIO()
    monkeypatch.setattr(screen, "_console", Console(file=out, width=80))

    screen.show("Title", [("decision", "f" * 100)])

    (line,) = (line for line in out.getvalue().splitlines() if "decision" in line)
    assert "ff… │" in line
    assert len(out.getvalue().splitlines()) == 3


def _shown(monkeypatch: pytest.MonkeyPatch, show: Callable[[ScreenWatcher], None]) -> str:
    screen, out = ScreenWatcher(), io.StringIO()
    monkeypatch.setattr(screen, "_console", Console(file=out, width=160))
    show(screen)
    return out.getvalue()


_OWED = Row(
    about="melding",
    code="OB-DECIDE",
    debtor="amk-noord",
    creditor="shg-noord",
    state="open",
    due="2014-04-23 23:59:59",
)


def test_a_table_of_obligations_says_what_its_signs_and_codes_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below it, each code once."""
    table = [Compared(_OWED, _OWED), Compared(_OWED, None)]
    printed = _shown(monkeypatch, lambda screen: screen.obligations("Verplichtingen", table))

    assert printed.count("OB-DECIDE: decision whether to investigate") == 1
    assert "klopt" in printed.splitlines()[2]
    assert "= toestand en moment zijn zoals verwacht" in printed


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1 bericht, 1 ontvangstbevestiging op"), (2, "2 berichten, 2 ontvangst")]
)
def test_the_last_words_count_in_good_dutch(monkeypatch: pytest.MonkeyPatch, number: int, said: str) -> None:
    """One, and several; and that not everything was as expected."""
    outcome = Outcome(read_scenario(scenario_files()[0]), lines=[_REFUSAL] * number, failures=["anders"])
    outcome.receipts = number
    printed = _shown(monkeypatch, lambda screen: screen.summary(outcome))

    assert said in printed
    assert "niet alles zoals verwacht" in printed
