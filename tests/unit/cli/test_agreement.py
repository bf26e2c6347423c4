"""`schakel agreement show` and `explain`: the record that the law asks for, and why something may go."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from broker.cli.main import main
from broker.names import Micros
from broker.operations.registry import RegistryHome
from tests.registry_world import RegistryWorld

WORLD = RegistryWorld()
REFUSED = 9


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry in which an SHG and an AMK have the statutory agreement, and its document beside it."""
    folder, now = tmp_path_factory.mktemp("agreed"), Micros(time.time_ns() // 1000)
    home = RegistryHome(folder)
    home.init(now)
    home.publish({path: body for path, body in WORLD.targets().items() if path != "catalogue.yaml"}, now)
    (folder / "a.yaml").write_bytes(WORLD.document)
    return folder


def run(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str, expect: int = 0) -> str:
    """What the command prints."""
    assert main(["agreement", *arguments, "--registry", str(folder)]) == expect
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "part",
    [
        "public interest   Bescherming van kinderen",
        "partnership       Samenwerking SHG en AMK",
        "on the basis of wmo-21b-2d (Wmo art. 21b lid 2 onder d)",
        "must: REF CH GU RP CO SA DE WK; may: HH AP RPI PO IN AT",
        "condition       Alleen bij een melding van huiselijk geweld",
        "retention         Bericht hoogstens 7 dagen na verzending, of zodra de exchange opruimt",
        "signed by         amk-noord",
        "standing          in force",
    ],
)
def test_an_agreement_is_shown_as_a_record(
    part: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Interest, partnership, ground and data of each type, conditions, retention, signatures."""
    assert part in run(capsys, folder, "show", str(folder / "a.yaml"))


def test_a_record_needs_no_registry(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anybody signs, the packaged catalogue says which data it is about."""
    assert main(["agreement", "show", str(folder / "a.yaml")]) == 0
    assert "must: REF CH GU RP CO SA DE WK" in capsys.readouterr().out


def test_explains_why_something_may_go(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In sentences, each with its source; by short name."""
    said = run(capsys, folder, "explain", "shg-noord", "amk-noord", "E01")

    assert said.startswith("shg-noord (")
    assert "[amk-shg, grant shg-meldt-aan-amk]" in said


def test_explains_why_something_may_not_go(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code says that it may not, and the text which step refuses."""
    said = run(capsys, folder, "explain", "shg-noord", "amk-noord", "E02", expect=REFUSED)

    assert "step 2 of 17, sender-role, refuses" in said


def test_explains_an_extension_by_the_types_that_carry_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """E23 is no type of its own."""
    assert "may send E05" in run(capsys, folder, "explain", "amk-noord", "shg-noord", "E23")


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        pytest.param("nobody", "E01", id="no-such-agency"),
        pytest.param("shg-noord/AMK", "E01", id="not-its-role"),
        pytest.param("shg-noord", "E99", id="no-such-type"),
    ],
)
def test_a_slip_is_said(sender: str, code: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What does not exist is a mistake of the question, not an answer."""
    assert run(capsys, folder, "explain", sender, "amk-noord", code, expect=2) == ""


def test_a_model_without_one_of_its_roles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A partnership of two of the four has an agreement without the others."""
    values = {
        "id": "amk-ggz",
        "version": "1",
        "from": "2026-01-01",
        "until": "2027-01-01",
        "contact": "a@b.example",
    }
    given = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    given += ["--set", f"oin:AMK={WORLD.amk.oin}", "--set", f"oin:GGZ={WORLD.shg.oin}"]
    absent = ["--without", "BJZ", "--without", "RvdK"]
    output = tmp_path / "a.yaml"

    assert main(["agreement", "new", "ggz-informatie", "-o", str(output), *given, *absent]) == 0
    assert "BJZ" not in "".join(line for line in output.read_text().splitlines() if "sender" in line)
