"""Numbers that pass the eleven test of the BSN (sources.md 9.3), alone or inside text."""

from __future__ import annotations

import re

__all__ = ["contains_bsn", "is_bsn"]

_NINE_DIGITS = re.compile(r"\d(?<!\d\d)(?=((?:[ .\-/]?\d){8})(?!\d))")
"""Begins with a digit, not with a look-behind: the scan then skips everything that is none."""
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_NEVER_DIGITS = bytes(byte for byte in range(128) if not chr(byte).isdigit())
"""What is not ASCII counts as a digit: some of it is one."""


def contains_bsn(text: str) -> bool:
    """Whether *text* holds nine digits, perhaps in written groups, that pass the eleven test."""
    # Nearly all text has fewer digits than that, and to count them takes a twentieth of the search.
    if len(text.encode("utf-8", "surrogatepass").translate(None, _NEVER_DIGITS)) < len(_WEIGHTS):
        return False
    found = (match[0] + match[1] for match in _NINE_DIGITS.finditer(text))
    return any(is_bsn("".join(c for c in digits if c.isdigit())) for digits in found)


def is_bsn(digits: str) -> bool:
    """Whether nine digits pass the eleven test (sources.md 9.3); nine zeroes do not count."""
    if len(digits) != 9 or not digits.isdecimal() or int(digits) == 0:
        return False
    return sum(int(d) * w for d, w in zip(digits, _WEIGHTS, strict=True)) % 11 == 0
