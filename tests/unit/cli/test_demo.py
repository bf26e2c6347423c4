"""What `schakel demo` shows a person: endings in one line, and numbers that add up."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from broker.cli.demo import _conclusion, _merged, _Screen
from broker.sandbox.demo.model import Ledger, Line, Report

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
