"""`broker.errors`: exit codes are those of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

from broker import errors
from broker.errors import ExitCode, SchakelError

DOCUMENT = Path(__file__).parents[2] / "docs" / "architecture.md"


def test_every_exit_code_is_documented_and_no_other() -> None:
    """Scripts are written after the table."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    cells = re.findall(r"\| ([0-9][0-9, ]*) (?=\|)", section)

    assert sorted(int(code) for cell in cells for code in cell.split(",")) == sorted(ExitCode)


def test_every_error_ends_with_a_known_code() -> None:
    """An error of ours is never a code that means something else."""
    kinds = [getattr(errors, name) for name in errors.__all__]
    codes = [kind.exit_code for kind in kinds if issubclass(kind, SchakelError)]

    assert len(codes) == len(errors.__all__) - 1
    assert all(isinstance(code, ExitCode) for code in codes)
