"""The jars are those of the committed list, or Kafka does not start."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from broker.errors import ConfigurationError
from broker.sandbox import jars

_CONTENT = {"a-1.jar": b"first", "b-2.jar": b"second"}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with two jars."""
    target = tmp_path / "jars"
    target.mkdir()
    for name, content in _CONTENT.items():
        (target / name).write_bytes(content)
    return target


@pytest.fixture
def deployment(tmp_path: Path) -> Path:
    """A list of two jars, and a project for Maven."""
    lines = [f"{digest}  {name}\n" for name, digest in _digests().items()]
    (tmp_path / "jars.sha256").write_text("".join(lines), encoding="ascii")
    (tmp_path / "pom.xml").write_text("<project/>", encoding="ascii")
    return tmp_path


def _digests() -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in _CONTENT.items()}


def _maven(directory: Path, script: str) -> str:
    """A search path on which `mvn` is *script*, run with $output set to the directory asked for."""
    directory.mkdir(exist_ok=True)
    program = directory / "mvn"
    find = 'for a in "$@"; do case $a in -DoutputDirectory=*) output=${a#*=};; esac; done\n'
    program.write_text(f"#!/bin/sh\n{find}{script}\n", encoding="ascii")
    program.chmod(0o755)
    return f"{directory}{os.pathsep}{os.environ['PATH']}"


def test_the_right_jars_pass(directory: Path) -> None:
    """Exactly the listed jars with exactly the listed contents are accepted."""
    jars.verify(directory, _digests())


def test_a_tampered_jar_is_refused(directory: Path) -> None:
    """One changed octet is enough, and the jar is named."""
    (directory / "a-1.jar").write_bytes(b"First")
    with pytest.raises(ConfigurationError, match=r"altered: a-1\.jar") as refusal:
        jars.verify(directory, _digests())
    assert refusal.value.code == "jars-differ"


def test_an_unknown_jar_is_refused(directory: Path) -> None:
    """Nothing that nobody listed gets onto the class path."""
    (directory / "c-3.jar").write_bytes(b"third")
    with pytest.raises(ConfigurationError, match=r"not listed: c-3\.jar"):
        jars.verify(directory, _digests())


def test_a_missing_jar_is_refused(directory: Path) -> None:
    """An incomplete set is not used."""
    (directory / "b-2.jar").unlink()
    with pytest.raises(ConfigurationError, match=r"missing: b-2\.jar"):
        jars.verify(directory, _digests())


@pytest.mark.parametrize("text", ["", "nonsense\n", f"{'0' * 63}  a.jar\n", f"{'0' * 64}  ../a.jar\n"])
def test_a_list_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    """A list that cannot be read is not taken for an empty one."""
    (tmp_path / "jars.sha256").write_text(text, encoding="ascii")
    with pytest.raises(ConfigurationError):
        jars.listed_digests(tmp_path)


def test_the_committed_list_is_complete() -> None:
    """The list in the repository names Kafka itself and a logger for it."""
    names = jars.listed_digests(jars.deployment_files())
    assert {"kafka_2.13-4.3.1.jar", "kafka-tools-4.3.1.jar", "log4j-slf4j-impl-2.25.4.jar"} <= set(names)


def test_a_set_is_fetched_once(
    tmp_path: Path, deployment: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Maven is run for the first call and not for the second."""
    calls = tmp_path / "calls"
    script = f'echo >>{calls}; mkdir -p "$output"; cp {directory}/*.jar "$output"'
    monkeypatch.setenv("PATH", _maven(tmp_path / "bin", script))
    found = [jars.resolve(tmp_path / "cache", deployment) for _ in range(2)]
    assert (found[0] == found[1], calls.read_text(encoding="ascii").count("\n")) == (True, 1)


def test_a_jar_that_is_altered_in_the_cache_is_refused(
    tmp_path: Path, deployment: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digests are checked on every call, not only after fetching."""
    monkeypatch.setenv(
        "PATH", _maven(tmp_path / "bin", f'mkdir -p "$output"; cp {directory}/*.jar "$output"')
    )
    found = jars.resolve(tmp_path / "cache", deployment)
    (found / "a-1.jar").write_bytes(b"other")
    with pytest.raises(ConfigurationError, match="altered"):
        jars.resolve(tmp_path / "cache", deployment)


def test_what_was_fetched_wrongly_is_not_kept(
    tmp_path: Path, deployment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set that does not match leaves nothing in the cache."""
    monkeypatch.setenv("PATH", _maven(tmp_path / "bin", 'mkdir -p "$output"; echo x >"$output/a-1.jar"'))
    with pytest.raises(ConfigurationError):
        jars.resolve(tmp_path / "cache", deployment)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_failing_maven_says_why(tmp_path: Path, deployment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first error line of Maven is the cause."""
    script = "echo '[ERROR] no network'; exit 1"
    monkeypatch.setenv("PATH", _maven(tmp_path / "bin", script))
    with pytest.raises(ConfigurationError, match="no network"):
        jars.resolve(tmp_path / "cache", deployment)


def test_without_maven_the_remedy_is_named(
    tmp_path: Path, deployment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without Maven is told what installs it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="apt-get install maven"):
        jars.resolve(tmp_path / "cache", deployment)
