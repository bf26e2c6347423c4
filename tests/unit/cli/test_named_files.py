"""`broker.cli.named_files`: a file on the command line that cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from broker.cli.main import main
from broker.cli.named_files import read_named, write_named
from broker.errors import ExitCode, UsageError


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda file: read_named(file, 10), id="read"),
        pytest.param(lambda file: write_named(file, b""), id="write"),
    ],
)
def test_a_file_that_cannot_be_used_is_wrong_usage(tmp_path: Path, use: Callable[[Path], object]) -> None:
    """Whether it is read or written; the error names it."""
    with pytest.raises(UsageError, match="absent"):
        use(tmp_path / "absent" / "file")


def test_a_command_ends_as_for_a_wrong_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bundle that is a folder cannot be read."""
    assert main(["audit", "verify", str(tmp_path)]) == ExitCode.USAGE
    assert f"cannot read {tmp_path}" in capsys.readouterr().err


def test_no_more_is_read_than_may_be(tmp_path: Path) -> None:
    """One byte more than allowed shows that a file is too large."""
    (tmp_path / "file").write_bytes(b"12345")

    assert read_named(tmp_path / "file", 3) == b"1234"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("\n", "the file is empty", id="empty"),
        pytest.param("- 1", "has to be names with their values", id="a-list"),
        pytest.param("format: x", "format: has to be 'schakel-agreement/1'", id="a-field"),
        pytest.param("a: [", "not plain YAML", id="not-yaml"),
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("agreement", "show", "{file}"), id="show"),
        pytest.param(("agreement", "sign", "{file}", "--oin", "00000099000000101000", "-o", "x"), id="sign"),
        pytest.param(("agreement", "revoke", "{file}", "--oin", "00000099000000101000", "-o", "x"), id="end"),
    ],
)
def test_a_document_that_is_none_is_told_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], content: str, said: str
) -> None:
    """Wrong usage, in words that its writer knows."""
    file = tmp_path / "mine.yaml"
    file.write_text(content)

    assert main([word.format(file=file) for word in words]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert f"{file} is not an agreement" in told
    assert said in told
