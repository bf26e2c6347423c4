"""The program that verifies evidence without ours: it answers as ours does, and stays small and alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from broker.audit.container import read_zip, write_zip
from broker.audit.evidence import build_bundle, verify_bundle
from broker.crypto import SoftwareSigner
from broker.errors import EvidenceError, IncompleteError
from broker.names import Algorithm, Micros
from tests.audit_world import DECIDED, LOG_KEY, gate_facts
from tests.unit.audit.test_evidence import BUNDLE, evidence

SCRIPT = Path(__file__).parents[3] / "deploy" / "verify_bundle.py"
_ALLOWED = {"cryptography", *sys.stdlib_module_names}


def _loaded() -> ModuleType:
    spec = spec_from_file_location("verify_bundle", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ALONE = _loaded()


def ours(data: bytes) -> int:
    """Exit code of `schakel audit verify`."""
    try:
        verify_bundle(data)
    except (EvidenceError, IncompleteError) as error:
        return int(error.exit_code)
    return 0


def alone(data: bytes) -> int:
    """Exit code of the program that stands alone."""
    try:
        ALONE.verify(data)
    except ALONE.VerdictError as error:
        return int(error.args[0])
    return 0


def flipped(data: bytes, chance: Random) -> bytes:
    """The same with one bit the other way."""
    copy = bytearray(data)
    copy[chance.randrange(len(copy))] ^= 1 << chance.randrange(8)
    return bytes(copy)


def _anywhere(chance: Random) -> bytes:
    return flipped(BUNDLE, chance)


def _in_a_file(chance: Random) -> bytes:
    files = read_zip(BUNDLE)
    name = chance.choice(ALONE.JUDGED)
    return write_zip([(n, flipped(content, chance) if n == name else content) for n, content in files])


def test_both_accept_a_sound_bundle() -> None:
    """Exit 0 from either."""
    assert (ours(BUNDLE), alone(BUNDLE)) == (0, 0)


@pytest.mark.parametrize("change", [_anywhere, _in_a_file], ids=["anywhere", "in-a-file"])
def test_both_say_the_same_of_200_flipped_bits(change: Callable[[Random], bytes]) -> None:
    """Written twice from one specification, the two never disagree on wrong, incomplete or sound."""
    chance = Random(20_260_523)
    for _ in range(200):
        data = change(chance)
        assert alone(data) == ours(data), data


@pytest.mark.parametrize(
    "made",
    [
        build_bundle(replace(evidence(), gate=replace(gate_facts(), keys=()))),
        build_bundle(
            replace(
                evidence(),
                gate=replace(
                    gate_facts(), keys=(replace(gate_facts().keys[0], revoked_at=Micros(DECIDED + 9)),)
                ),
            )
        ),
        build_bundle(replace(evidence(), signatures=evidence(0).signatures)),
        build_bundle(replace(evidence(), gate=replace(gate_facts(), required=(Algorithm.ML_DSA_44,)))),
        build_bundle(evidence(2)),
        build_bundle(evidence(3, 5)),
        b"",
        b"PK\x03\x04",
    ],
    ids=["key-missing", "revoked", "signatures", "required", "refused", "quarantined", "empty", "noise"],
)
def test_both_say_the_same_of_other_bundles(made: bytes) -> None:
    """What is missing is incomplete, what does not belong is wrong, whatever was decided."""
    assert alone(made) == ours(made)


def test_a_pinned_key_must_be_the_bundles() -> None:
    """With the log's own key it holds, with another it is wrong."""
    other = replace(LOG_KEY.verifier, public=SoftwareSigner.generate(Algorithm.ED25519).verifying_key)
    assert ALONE.verify(BUNDLE, str(LOG_KEY.verifier))
    with pytest.raises(ALONE.VerdictError, match="another log"):
        ALONE.verify(BUNDLE, str(other))


def test_it_runs_by_itself(tmp_path: Path) -> None:
    """An isolated Python that knows nothing of ours runs it, and it says what it did not judge."""
    (tmp_path / "proof.zip").write_bytes(BUNDLE)
    command = [sys.executable, "-I", str(SCRIPT), str(tmp_path / "proof.zip")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "entry 1 of 3" in done.stdout
    assert "not judged by this program: LEESMIJ.txt, entry.json" in done.stdout


def test_it_stays_small_and_alone() -> None:
    """One file that can be read in an hour: below 300 lines, nothing but `cryptography` and Python itself."""
    text = SCRIPT.read_text("utf-8")
    modules = [
        name
        for node in ast.walk(ast.parse(text))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    assert len(text.splitlines()) < 300
    assert {module.partition(".")[0] for module in modules} <= _ALLOWED
