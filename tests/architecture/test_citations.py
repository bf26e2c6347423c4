"""What code and pages cite is there: pages, their sections, decisions, and the tags of sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, ROOT, modules, named

_SPECIFICATIONS = ROOT / "docs" / "spec"
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests" / "vectors").glob("*.md")]
)
DATA = sorted(path for end in ("*.yaml", "*.avsc", "*.toml") for path in (ROOT / "schemas").rglob(end))
READ = [*PAGES, *DATA, *(path for path in modules(*PACKAGES, "tests") if path != Path(__file__))]

_NUMBER = r"\d+(?:\.\d+)?"
_PAGE = re.compile(
    r"(?P<page>[\w./-]*\w\.md)\b[`)]*"
    rf"(?:,?\s+(?:section\s+)?(?:#\s+)?(?P<sections>{_NUMBER}(?:(?:, | and ){_NUMBER})*|[LAP]\d+)\b)?"
    r'(?:, "(?P<heading>[^"]+)")?'
)
_DECISION = re.compile(r"(?:\bADR[ -]?|docs/adr/)(\d{1,4})\b")
_SECTION = re.compile(rf"^(?:#+ )?({_NUMBER})\.? ", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TAG = re.compile(r"^\| (S [\w.]+|[LAP]\d+) \|", re.MULTILINE)
_SOURCES = re.compile(r'source: "([^"]*)"')


@cache
def text(path: Path) -> str:
    """What stands in *path*."""
    return path.read_text(encoding="utf-8")


@cache
def tags() -> frozenset[str]:
    """Every tag that docs/spec/sources.md explains."""
    return frozenset(_TAG.findall(text(_SPECIFICATIONS / "sources.md")))


def resolve(page: str, where: Path) -> Path | None:
    """The page that *page* means in *where*: a path from there or from the root, or a name of its own."""
    for candidate in ((where.parent / page).resolve(), ROOT / page):
        if candidate in PAGES:
            return candidate
    matching = [path for path in PAGES if path.name == page]
    return matching[0] if len(matching) == 1 else None


def broken(where: Path) -> Iterator[str]:
    """Citations in *where* that lead nowhere."""
    for match in _PAGE.finditer(text(where)):
        page = resolve(match["page"], where)
        if page is None:
            yield match[0]
            continue
        known = {*_SECTION.findall(text(page)), *(tags() if page.name == "sources.md" else ())}
        cited = re.split(", | and ", match["sections"]) if match["sections"] else []
        heading = match["heading"]
        if not known.issuperset(cited) or (heading and heading not in _HEADING.findall(text(page))):
            yield match[0]
    for match in _DECISION.finditer(text(where)):
        if not list((ROOT / "docs" / "adr").glob(f"{int(match[1]):04}-*.md")):
            yield match[0]


@pytest.mark.parametrize("path", READ, ids=named)
def test_what_is_cited_is_there(path: Path) -> None:
    """Every page, section and decision that a file names exists."""
    assert list(broken(path)) == []


@pytest.mark.parametrize("path", [*PAGES, *DATA], ids=named)
def test_every_source_is_explained(path: Path) -> None:
    """Whoever meets a tag finds its law, paragraph or assumption in docs/spec/sources.md."""
    used = {tag for sources in _SOURCES.findall(text(path)) for tag in sources.split("; ")}

    assert sorted(used - tags()) == []


def test_the_catalogue_has_tags_to_explain() -> None:
    """The pattern that finds tags finds those of every kind."""
    used = {
        tag
        for sources in _SOURCES.findall(text(ROOT / "schemas/catalogue.yaml"))
        for tag in sources.split("; ")
    }

    assert {tag[0] for tag in used} == set("SLAP")


@pytest.mark.parametrize(
    "citation",
    [
        pytest.param("docs/spec/nowhere.md", id="page"),
        pytest.param("envelope.md 99", id="section"),
        pytest.param("docs/spec/envelope.md 3, 4 and 99", id="one-of-several-sections"),
        pytest.param("(envelope.md\n99, step 1)", id="over-two-lines"),
        pytest.param("[registry](docs/spec/registry.md), section 99", id="link"),
        pytest.param('docs/architecture.md, "Nothing"', id="heading"),
        pytest.param("sources.md A99", id="tag"),
        pytest.param("ADR 99", id="decision"),
        pytest.param("docs/adr/0099", id="decision-by-path"),
    ],
)
def test_a_citation_of_nothing_is_found(citation: str, tmp_path: Path) -> None:
    """Each form of citation is looked up."""
    page = tmp_path / "page.md"
    page.write_text(f"See {citation}.", encoding="utf-8")

    assert list(broken(page)) != []
