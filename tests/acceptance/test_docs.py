"""README and how-to pages do what they say: every command in them is run, in order."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broker.catalogue.load import load_catalogue
from broker.sandbox.scenario.faults import WAIVER
from schemas.reading import packaged
from tests.acceptance.command import processes_in, schakel
from tests.architecture.source import ROOT, named
from tests.documented import blocks, matches, play, unmarked

README = ROOT / "README.md"
HOW_TO = sorted((ROOT / "docs" / "how-to").glob("*.md"))
ARCHITECTURE = ROOT / "docs" / "architecture.md"
INVARIANTS = ROOT / "docs" / "invariants.md"
SCENARIOS = ROOT / "docs" / "how-to" / "scenarios.md"
_SECONDS = 240.0
_UNPROVEN = {"5"}
"""A trap of which nothing is made: a figure that is no rule."""
_PROOF = re.compile(r"`((?:unit|integration|acceptance|contract|architecture)/[a-z_/0-9]+\.py)((?:::\w+)?)`")


@pytest.fixture(scope="module")
def folder(own_kafka: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a sandbox that runs: `sandbox`, as the how-to pages call it."""
    folder = tmp_path_factory.mktemp("docs")
    # The pages are followed in the root of the repository; this is what they use of it.
    shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("kafka"))
    with _nothing_left(folder):
        up = schakel("dev", "up", "--dir", folder / "sandbox", "--detach", seconds=180)
        assert up.code == 0, up.err
        yield folder


@contextmanager
def _nothing_left(folder: Path) -> Iterator[None]:
    """Stop the sandbox in *folder* whatever happens, and insist that no process stays behind."""
    try:
        yield
    finally:
        if (folder / "sandbox" / "exchange").exists():
            schakel("dev", "down", "--dir", folder / "sandbox", seconds=120)
    assert list(processes_in(folder)) == []


def follow(page: Path, folder: Path) -> None:
    """Run *page*, and compare what it prints."""
    steps = blocks(page.read_text(encoding="utf-8"))
    code, printed, err = play(steps, folder, _SECONDS)

    assert (code, err[-2000:] if code else "") == (0, "")
    for step, out in zip(steps, printed, strict=True):
        assert step.prints is None or matches(step.prints, out), f"{step.text}\nprints\n{out}"


@pytest.mark.kafka
def test_the_readme_works_from_an_empty_folder(own_kafka: None, tmp_path: Path) -> None:
    """From `dev up` to `dev down`, as a newcomer types it; afterwards nothing runs."""
    with _nothing_left(tmp_path):
        follow(README, tmp_path)

        assert [line for line in processes_in(tmp_path) if "sandbox" in line] == []


@pytest.mark.kafka
@pytest.mark.parametrize("page", HOW_TO, ids=named)
def test_a_how_to_page_works(page: Path, folder: Path) -> None:
    """Beside a sandbox that runs, every command of the page succeeds and prints what it says."""
    follow(page, folder)


@pytest.mark.parametrize("page", [README, *HOW_TO], ids=named)
def test_every_command_is_run_or_excused(page: Path) -> None:
    """A block is executed by these tests, or the page says why not."""
    assert unmarked(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", [ARCHITECTURE, INVARIANTS], ids=named)
def test_every_named_proof_exists(page: Path) -> None:
    """The tests that a page gives as proof of promises or invariants are there."""
    proofs = _PROOF.findall(page.read_text(encoding="utf-8"))
    files = {path: (ROOT / "tests" / path) for path, _ in proofs}

    assert len(proofs) > 20
    assert [path for path, file in files.items() if not file.is_file()] == []
    assert [
        path + name
        for path, name in proofs
        if name and f"def {name[2:]}(" not in files[path].read_text(encoding="utf-8")
    ] == []


@pytest.mark.parametrize(("section", "count"), [("## 1 ", 15), ("## 2 ", 10)], ids=["invariants", "traps"])
def test_every_invariant_and_trap_has_its_proof(section: str, count: int) -> None:
    """Each number has a line of its own, and a test in it."""
    text = INVARIANTS.read_text(encoding="utf-8").split(f"\n{section}")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| (\d+) \|(.*)$", text, re.MULTILINE))

    assert list(rows) == [str(number) for number in range(1, count + 1)]
    assert {number for number, row in rows.items() if not _PROOF.search(row)} <= _UNPROVEN


def test_expected_output_is_compared_line_by_line() -> None:
    """`…` stands for the unknown, and for nothing more than that."""
    assert matches("amk-noord: handled\n", "amk-noord: handled  \n")
    assert matches("id …\nend\n", "id 01a2\nend\n")
    assert matches("…\nend\n", "one\ntwo\nend\n")
    assert not matches("id …\nend\n", "id 01a2\nmore\nend\n")
    assert not matches("handled\n", "rejected\n")


@pytest.mark.kafka
def test_the_scenario_that_a_page_writes_comes_out_as_it_says(own_kafka: None, tmp_path: Path) -> None:
    """Copied from the page as it stands, played on a Kafka of its own."""
    (written,) = re.findall(r"^```yaml\n(.*?)^```$", SCENARIOS.read_text(encoding="utf-8"), re.DOTALL | re.M)
    (tmp_path / "my-own.yaml").write_text(written, encoding="utf-8")

    played = schakel("demo", "--scenario", tmp_path / "my-own.yaml", "--json", seconds=180)

    assert (played.code, played.err[-2000:] if played.code else "") == (0, "")


@pytest.mark.parametrize("page", [SCENARIOS, ROOT / "docs/spec/obligations.md"], ids=named)
def test_a_page_names_every_duty_that_may_be_waived(page: Path) -> None:
    """In the order of the catalogue, and no other."""
    asked = load_catalogue(packaged()).messages[WAIVER].assertions
    (sentence,) = re.findall(
        r"OB-ANSWER, OB-ANSWER-FORWARD.*?OB-HISTORY", page.read_text(encoding="utf-8"), re.S
    )

    assert re.findall(r"OB-[A-Z-]+", sentence) == [value.upper() for one in asked for value in one.values]
