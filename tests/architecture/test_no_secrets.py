"""What is in the repository may be read by everybody."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, named

# Joined from parts, so that this file is clean itself.
_HOSTS = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "mav" + "en.org", "proxy.go" + "lang")
_PLACES = ("work", "root", "farm", "home", "Users")

FORBIDDEN = {
    "a machine's path": re.compile(rf"(?<![\w./~$}}-])/(?:{'|'.join(_PLACES)})/\w"),
    "a package registry": re.compile("|".join(re.escape(host) for host in _HOSTS)),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40,}"),
    # A main number below 10 is nobody's: tests use it to see a number without the test prefix refused.
    "an OIN of somebody": re.compile(r"(?<![0-9a-f])(?!00000099)0000000\d(?!00000000)\d{12}(?![0-9a-f])"),
}
_NINE_DIGITS = re.compile(r"(?<![0-9A-Za-z_.])(?!9999)[0-9]{9}(?![0-9A-Za-z_])")
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_BINARY = frozenset({".png", ".bin", ".woff2", ".ico", ".der"})


def files() -> list[Path]:
    """Every file that is, or would be, committed."""
    if not (ROOT / ".git").exists():
        return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for name in sorted(set(listed.stdout.splitlines())) if (path := ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """The text of *path*; of a binary file what of it is text."""
    return path.read_text(encoding="utf-8", errors="replace")


def passes_eleven_test(digits: str) -> bool:
    """Whether *digits* could be somebody's BSN."""
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11 == 0


FILES = [path for path in files() if path.suffix not in _BINARY]


@pytest.mark.parametrize("path", FILES, ids=named)
def test_nothing_private_is_in_the_file(path: Path) -> None:
    """No machine path, registry host, private key, or real OIN."""
    text = text_of(path)

    found = [(what, match[0][:60]) for what, form in FORBIDDEN.items() for match in form.finditer(text)]

    assert found == []


@pytest.mark.parametrize("path", [path for path in FILES if "requirements" not in path.parts], ids=named)
def test_a_bsn_is_a_test_number(path: Path) -> None:
    """Nine digits that pass the eleven test start with 9999: nobody has such a number."""
    assert [number for number in _NINE_DIGITS.findall(text_of(path)) if passes_eleven_test(number)] == []
