"""`broker.cli.arguments`: what is written after an option is read in one way, and an error repeats it."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.cli.arguments import given_moment
from broker.cli.ledgers import ledger_profile
from broker.errors import UsageError
from broker.moments import from_text
from broker.sandbox.exchange import build


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-05-01", "2026-04-30T22:00:00Z"),
        ("2026-05-01T10:00", "2026-05-01T08:00:00Z"),
        ("2026-12-24 16:00", "2026-12-24T15:00:00Z"),
        ("2026-05-01T08:00:00Z", "2026-05-01T08:00:00Z"),
    ],
)
def test_a_moment_is_dutch_unless_it_says_otherwise(text: str, utc: str) -> None:
    """A day is its beginning; with Z it is UTC."""
    assert given_moment(text) == from_text(utc)


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01", "2026-05", "2026-05-01T25:00", "Z"])
def test_what_is_no_moment_is_repeated(text: str) -> None:
    """As it was typed, with the forms that there are."""
    with pytest.raises(UsageError, match="2026-05-01T10:00") as caught:
        given_moment(text)

    assert caught.value.what == f"not a moment: {text}"


def test_the_sandbox_of_this_folder_is_the_one_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for `schakel agreement`; without one a ledger has to be named."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no ledger is named"):
        ledger_profile(None, None)
    build(tmp_path / "sandbox", ["localhost:1"])

    assert ledger_profile(None, None) == ledger_profile(None, Path("sandbox"))
