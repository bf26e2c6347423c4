"""What is built is what was written: four packages and their data, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.architecture.source import PACKAGES, ROOT


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of the files in the wheel."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)]
    subprocess.run(command, cwd=target, check=True, capture_output=True, timeout=120)
    (wheel,) = target.glob("schakel-*.whl")
    with ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_has_four_top_level_packages(contents: list[str]) -> None:
    """Generic names are taken on purpose, and no others by accident."""
    tops = {name.split("/")[0] for name in contents}

    assert sorted(PACKAGES) == sorted(top for top in tops if not top.endswith(".dist-info"))


@pytest.mark.parametrize("kind", ["avsc", "yaml", "typed"])
def test_the_wheel_carries_the_data(contents: list[str], kind: str) -> None:
    """Every schema, catalogue and type marker of the source tree is in the wheel."""
    written = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.name.endswith(f".{kind}")
    }

    assert sorted(written - set(contents)) == []


def test_the_wheel_can_run_kafka(contents: list[str]) -> None:
    """An installation without the source tree has the files of a Kafka node."""
    written = {f"broker/sandbox/kafka_node/{path.name}" for path in (ROOT / "deploy" / "kafka").iterdir()}

    assert sorted(written - set(contents)) == []


def test_the_wheel_carries_the_scenarios(contents: list[str]) -> None:
    """What `schakel demo --scenario` plays is there without the source tree."""
    written = {f"broker/sandbox/scenarios/{path.name}" for path in (ROOT / "tests" / "scenarios").iterdir()}

    assert written
    assert sorted(written - set(contents)) == []


def test_the_wheel_carries_the_licence(contents: list[str]) -> None:
    """Whoever receives the wheel receives the licence."""
    assert [name for name in contents if Path(name).name == "LICENSE"]
