"""How a program of an agency starts and ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import consumers.program
import producers.program
from broker.errors import ExitCode, SchakelError, UnavailableError
from broker.program import Program, Run, run_program, say

PROGRAM = Program("Test.", ("tray", "a folder"), ["SHG", "AMK"])
PROFILE = """
name = "shg-noord"
oin = "00000099000000101000"
development = true
roles = ["SHG"]
system = "test"
keys = "keys"
inbox = "inbox.sqlite"
[kafka]
bootstrap = ["localhost:1"]
ca = "ca.pem"
certificate = "shg.pem"
[registry]
source = "registry"
root = "root.json"
cache = "cache"
"""


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A command line that is right."""
    (tmp_path / "schakel.toml").write_text(PROFILE, encoding="utf-8")
    return ["--profile", str(tmp_path / "schakel.toml"), "--tray", str(tmp_path)]


def test_it_is_told_what_its_command_line_says(words: list[str], tmp_path: Path) -> None:
    """Profile, folder and the first of its roles; it ends with 0."""
    told: list[Run] = []

    code = run_program(PROGRAM, told.append, [*words, "--once"])

    (run,) = told
    assert (code, run.profile.name, run.folder, run.role, run.once) == (0, "shg-noord", tmp_path, "SHG", True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_its_batch(words: list[str], number: int) -> None:
    """The event is set and the process goes on to its end."""

    def work(run: Run) -> None:
        os.kill(os.getpid(), number)
        assert run.stop.wait(5)

    assert run_program(PROGRAM, work, words) == ExitCode.DONE


@pytest.mark.parametrize(
    ("error", "said", "code"),
    [
        pytest.param(UnavailableError("no answer"), "error unavailable: no answer.\n", 4, id="ours"),
        pytest.param(SchakelError("odd"), "error unexpected: odd.\n", 1, id="plain"),
        pytest.param(
            KeyError("secret"), "error unexpected: unexpected KeyError at test_program.py:", 1, id="foreign"
        ),
    ],
)
def test_an_error_is_a_line_and_an_exit_code(
    words: list[str], capsys: pytest.CaptureFixture[str], error: Exception, said: str, code: int
) -> None:
    """Its own table of codes; of what nobody foresaw the kind and the place, never the text."""

    def work(_: Run) -> None:
        raise error

    ended = run_program(PROGRAM, work, words)

    written = capsys.readouterr().err
    assert (ended, written.startswith(said), "secret" in written) == (code, True, False)


@pytest.mark.parametrize(
    "words", [[], ["--profile", "x"], ["--profile", "x", "--tray", "y", "--role", "OM"]], ids=str
)
def test_a_wrong_command_line_is_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """In the form of every error."""
    assert run_program(PROGRAM, lambda _: None, words) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("error usage: ")


def test_a_wrong_profile_is_a_line_for_both_kinds_of_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback, and the exit code of a wrong configuration."""
    words = ["--profile", str(tmp_path / "none.toml")]

    codes = [
        producers.program.run(arguments=[*words, "--tray", str(tmp_path)]),
        consumers.program.run(arguments=[*words, "--desk", str(tmp_path)]),
    ]

    lines = capsys.readouterr().err.splitlines()
    assert codes == [ExitCode.CONFIGURATION] * 2
    assert [line.partition(":")[0] for line in lines] == ["error configuration"] * 2


def test_an_odd_file_name_does_not_end_it(capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be printed is escaped."""
    say(["sent a\udcff\x1b[2J.json é"])

    assert capsys.readouterr().out == "sent a\\udcff\\x1b[2J.json é\n"
