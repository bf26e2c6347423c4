"""What a Kafka node runs on: the jars, resolved once and checked every time.

1. `deploy/kafka/pom.xml` says which jars, `deploy/kafka/jars.sha256` what each must contain.
2. Maven is asked only when the cache does not hold the complete set.
3. Every digest is checked on every call; a jar that differs, or that nobody listed, is refused.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from broker.errors import ConfigurationError

__all__ = ["deployment_files", "listed_digests", "resolve", "verify"]

_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *]([A-Za-z0-9._+-]+\.jar)")
_MAVEN_SECONDS: Final = 600


def deployment_files() -> Path:
    """The directory with pom.xml, jars.sha256 and the templates: in the package, or in the source tree.

    Raises:
        ConfigurationError: This installation does not carry it.
    """
    here = Path(__file__).resolve()
    for directory in (here.with_name("kafka_node"), here.parents[2] / "deploy" / "kafka"):
        if (directory / "jars.sha256").is_file():
            return directory
    raise ConfigurationError(
        "this installation lacks the files of a Kafka node",
        remedy="Install schakel again, or run it from a source tree that has deploy/kafka",
    )


def listed_digests(deployment: Path) -> Mapping[str, str]:
    """File name to SHA-256, as committed in `jars.sha256` (the format of `sha256sum`).

    Raises:
        ConfigurationError: The list is empty or holds a line of another form.
    """
    lines = (deployment / "jars.sha256").read_text(encoding="ascii").splitlines()
    matches = [_LINE.fullmatch(line) for line in lines]
    digests = {match[2]: match[1] for match in matches if match}
    if not digests or len(digests) != len(lines):
        raise ConfigurationError(
            f"{deployment / 'jars.sha256'} is not a list of SHA-256 digests", remedy="Install schakel again"
        )
    return digests


def verify(directory: Path, digests: Mapping[str, str]) -> None:
    """Check that *directory* holds exactly the jars of *digests*.

    Raises:
        ConfigurationError: One differs, one is missing, or one is there that nobody listed.
    """
    present = {path.name: path for path in directory.glob("*.jar")}
    strange = sorted(present.keys() - digests.keys())
    missing = sorted(digests.keys() - present.keys())
    altered = sorted(
        name for name, path in present.items() if name in digests and _digest(path) != digests[name]
    )
    if strange or missing or altered:
        raise _refusal(directory, {"not listed": strange, "missing": missing, "altered": altered})


def resolve(cache: Path, deployment: Path | None = None) -> Path:
    """The directory with the verified jars, under *cache*; Maven fetches them the first time.

    Args:
        cache: A directory that outlives this process, for instance ``~/.cache/schakel``.
        deployment: Where pom.xml and jars.sha256 are; those of this installation by default.

    Raises:
        ConfigurationError: Maven is not installed or failed, or the digests do not match.
    """
    deployment = deployment or deployment_files()
    digests = listed_digests(deployment)
    # The set's own digest names its directory: a newer list never meets the older list's jars.
    name = hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()[:16]
    target = cache / f"kafka-{name}"
    if not target.is_dir():
        _fetch(deployment / "pom.xml", target, digests)
    verify(target, digests)
    return target


def _fetch(pom: Path, target: Path, digests: Mapping[str, str]) -> None:
    """Fetch beside *target*, verify, and move into place: a broken download is never taken for a cache."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="kafka-jars-") as draft:
        jars = Path(draft) / "jars"
        _run_maven(pom, jars)
        verify(jars, digests)
        if not target.is_dir():
            jars.rename(target)


def _run_maven(pom: Path, output: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ConfigurationError(
            "Maven is needed once, to fetch the Kafka jars",
            remedy="Install it (Debian and Ubuntu: apt-get install maven)",
        )
    goal = "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies"
    options = ["-q", "-B", "-f", str(pom), "-DincludeScope=runtime", f"-DoutputDirectory={output}"]
    try:
        done = subprocess.run(
            [maven, *options, goal], capture_output=True, text=True, timeout=_MAVEN_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError("Maven did not finish within ten minutes", remedy="Try again") from error
    if done.returncode != 0:
        reasons = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        raise ConfigurationError(
            "Maven could not fetch the Kafka jars",
            why=reasons[0] if reasons else f"exit code {done.returncode}",
            remedy="Check the network and the Maven settings of this machine, then try again",
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refusal(directory: Path, faults: Mapping[str, list[str]]) -> ConfigurationError:
    why = "; ".join(f"{fault}: {', '.join(names[:3])}" for fault, names in faults.items() if names)
    return ConfigurationError(
        f"the Kafka jars in {directory} are not those of the committed list",
        why=why,
        remedy=f"Remove {directory} and start again; if it happens again, somebody altered what was fetched",
        code="jars-differ",
    )
