"""What the documentation tells people to type, exists; what it says a command prints, it prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from broker.cli.main import NOUNS
from tests.architecture.source import ROOT, named
from tests.help_blocks import documents, help_text, renewed

_FENCE = re.compile(r"^```(?:console|sh|bash)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
_WORD = re.compile(r"[a-z][a-z0-9-]*")
_SINGLE = {noun.name for noun in NOUNS if noun.single}


def typed(page: Path) -> list[str]:
    """Every command line in *page*: in a console block those after a prompt, in a shell block all."""
    lines: list[str] = []
    for block in _FENCE.findall(page.read_text(encoding="utf-8").replace("\\\n", " ")):
        prompted = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
        lines += prompted or block.splitlines()
    return [part.strip() for line in lines for part in re.split(r"\s[|;]\s|&&|#\s", line) if part.strip()]


def commands(program: str) -> list[object]:
    """The command lines of one program in all pages, as test cases."""
    return [
        pytest.param(words, id=f"{named(page)}: {line[:60]}")
        for page in documents()
        for line in typed(page)
        if (words := shlex.split(line)) and words[0].rpartition("/")[2] == program
    ]


def split(words: list[str]) -> tuple[str, list[str]]:
    """The command of a line, noun and verb, and the names of its options."""
    path = [word for word in words[1:3] if _WORD.fullmatch(word)]
    if path and path[0] in _SINGLE:
        path = path[:1]
    return " ".join(path), [word.partition("=")[0] for word in words if word.startswith("--")]


@pytest.mark.parametrize("words", commands("schakel"))
def test_a_documented_command_exists(words: list[str]) -> None:
    """Noun, verb and every option are those of the program."""
    command, options = split(words)

    described = help_text(command)

    assert [option for option in options if option not in re.findall(r"--[a-z-]+", described)] == []


@pytest.mark.parametrize("words", commands("make"))
def test_a_documented_target_exists(words: list[str]) -> None:
    """Every `make` target in the documentation is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert [
        w for w in words[1:] if _WORD.fullmatch(w) and not re.search(rf"^{w}:", makefile, re.MULTILINE)
    ] == []


@pytest.mark.parametrize("page", documents(), ids=named)
def test_help_texts_are_those_of_the_program(page: Path) -> None:
    """A help text in the documentation equals `--help`; `make docs` renews it."""
    text = page.read_text(encoding="utf-8")

    assert renewed(text) == text


@pytest.mark.parametrize("page", documents(), ids=named)
def test_links_between_pages_hold(page: Path) -> None:
    """A reader who follows a link finds a page."""
    links = _LINK.findall(page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_target_explains_itself() -> None:
    """`make help` lists each target with what it does."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = " ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)).split()

    assert [t for t in targets if not re.search(rf"^{t}:.*## \w", makefile, re.MULTILINE)] == []
