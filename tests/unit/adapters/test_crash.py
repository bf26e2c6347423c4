"""The kill switch of fault tests: exact, loud, and impossible in production."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from broker.adapters.crash import crash_probe
from broker.errors import ConfigurationError
from broker.ports import no_probe

_PROGRAM = """
import sys
from broker.adapters.crash import crash_probe
probe = crash_probe(sys.argv[1], development=True)
for number in range(4):
    probe("G2")
    print(number, flush=True)
    probe("G3")
"""


@pytest.mark.parametrize(
    ("setting", "reached", "said"),
    [
        pytest.param("G2:1", "", "killed at G2\n", id="first arrival"),
        pytest.param("G2:3", "0\n1\n", "killed at G2\n", id="third arrival"),
        pytest.param("G3:3", "0\n1\n2\n", "killed at G3\n", id="another point"),
        pytest.param("G3:2:20", "0\n1\n", "killed at G3\n", id="after lingering"),
    ],
)
def test_the_process_dies_there(setting: str, reached: str, said: str) -> None:
    """By SIGKILL, at the arrival that was named, after saying so on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, setting], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, reached, said)


def test_without_a_setting_nothing_happens() -> None:
    """Every process outside fault tests."""
    assert crash_probe("", development=False) is no_probe


@pytest.mark.parametrize("setting", ["G1", "G1:", "G1:x", ":1", "G1:1:", "g1:1", "G1:1:1:1"])
def test_another_form_is_refused(setting: str) -> None:
    """What is not understood is said, not ignored."""
    with pytest.raises(ConfigurationError, match="is not POINT:N"):
        crash_probe(setting, development=True)


def test_production_is_not_told_to_die() -> None:
    """Outside development mode the setting is an error."""
    with pytest.raises(ConfigurationError, match="outside development mode"):
        crash_probe("G1:1", development=False)
