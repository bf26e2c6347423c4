"""The command line's frame: exit codes, error lines, and nouns imported on use only."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest
import typer

from broker.cli import main as cli
from broker.errors import (
    ConfigurationError,
    DeadlineError,
    EvidenceError,
    IncompleteError,
    RefusedError,
    SchakelError,
    UnauthorisedError,
    UnavailableError,
    UsageError,
)


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None], list[str]], int]:
    """Run the command line with the noun `version` doing something else."""

    def run(action: Callable[[], None], options: list[str]) -> int:
        app = typer.Typer(add_completion=False)

        @app.command()
        def stand_in(json: bool = False) -> None:
            """Stand in for a command."""
            action()

        module = ModuleType("broker.cli.version")
        module.__dict__["app"] = app
        module.__spec__ = ModuleSpec(module.__name__, None)
        monkeypatch.setitem(sys.modules, "broker.cli.version", module)
        return cli.main(["version", *options])

    return run


Act = Callable[[Callable[[], None], list[str]], int]


def failing(error: BaseException) -> Callable[[], None]:
    """An action that raises *error*."""

    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(UsageError("x"), 2, id="usage"),
        pytest.param(ConfigurationError("x"), 3, id="configuration"),
        pytest.param(UnavailableError("x"), 4, id="unavailable"),
        pytest.param(UnauthorisedError("x"), 5, id="unauthorised"),
        pytest.param(RefusedError("x", reason="purpose"), 6, id="refused"),
        pytest.param(EvidenceError("x"), 7, id="evidence"),
        pytest.param(IncompleteError("x"), 8, id="incomplete"),
        pytest.param(DeadlineError("x"), 10, id="deadline"),
        pytest.param(SchakelError("x"), 1, id="unexpected"),
        pytest.param(ZeroDivisionError(), 1, id="foreign"),
        pytest.param(KeyboardInterrupt(), 130, id="interrupt"),
        pytest.param(typer.Exit(9), 9, id="found-something"),
    ],
)
def test_every_end_has_its_exit_code(act: Act, error: BaseException, code: int) -> None:
    """Scripts can tell the outcomes apart."""
    assert act(failing(error), []) == code


def test_done_is_zero(act: Act) -> None:
    """A command that returns has done its work."""
    assert act(lambda: None, []) == 0


def test_sigterm_is_143(act: Act) -> None:
    """A command that is told to stop says so."""
    with pytest.raises(SystemExit) as stopped:
        act(lambda: os.kill(os.getpid(), signal.SIGTERM), [])

    assert stopped.value.code == 143


def test_an_error_is_one_line(act: Act, capsys: pytest.CaptureFixture[str]) -> None:
    """What, why and what to do next stand on one line of stderr, and nothing on stdout."""
    act(failing(ConfigurationError("no profile", why="not found", remedy="name one")), [])

    assert capsys.readouterr() == ("", "error configuration: no profile. not found. name one.\n")


def test_an_error_is_an_object_with_json(act: Act, capsys: pytest.CaptureFixture[str]) -> None:
    """A script reads the same facts as a JSON object."""
    act(failing(RefusedError("not allowed", reason="purpose", offending=("CH",))), ["--json"])

    assert json.loads(capsys.readouterr().err) == {
        "code": "purpose",
        "what": "not allowed",
        "why": "CH",
        "remedy": "",
        "exit_code": 6,
    }


def test_an_unexpected_error_is_not_quoted(act: Act, capsys: pytest.CaptureFixture[str]) -> None:
    """The text of a foreign error may hold content: its type and place are shown, and how to see more."""
    act(failing(ValueError("Jansen")), [])

    said = capsys.readouterr().err
    assert said.startswith("error unexpected: unexpected ValueError at test_main.py:")
    assert "SCHAKEL_TRACEBACK=1" in said
    assert "Jansen" not in said


def test_the_traceback_is_shown_when_asked(
    act: Act, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A developer gets the whole traceback."""
    monkeypatch.setenv("SCHAKEL_TRACEBACK", "1")

    act(failing(ValueError("Jansen")), [])

    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["nonsense"], ["version", "--nonsense"], ["version", "surplus"]])
def test_wrong_usage_is_two_and_names_the_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever mistypes is told where the help is."""
    assert cli.main(arguments) == 2
    assert "--help'" in capsys.readouterr().err


def test_control_characters_of_others_stay_off_the_terminal(
    act: Act, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that holds an escape sequence cannot rewrite the screen."""
    act(failing(ConfigurationError("bad \x1b[2J name")), [])

    assert "\x1b" not in capsys.readouterr().err


def test_help_lists_every_noun(capsys: pytest.CaptureFixture[str]) -> None:
    """The table is what is offered."""
    cli.main(["--help"])

    listed = capsys.readouterr().out
    assert [noun.name for noun in cli.NOUNS if f"\n  {noun.name} " not in listed] == []


@pytest.mark.parametrize("noun", cli.NOUNS, ids=lambda noun: noun.name)
def test_every_noun_has_its_commands(noun: cli.Noun) -> None:
    """Nothing is offered that does not exist."""
    assert isinstance(import_module(noun.module).app, typer.Typer)
