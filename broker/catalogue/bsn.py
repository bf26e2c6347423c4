"""Numbers that pass the eleven test of the BSN (sources.md 9.3), alone or inside text.

1. In text: nine digits, with up to three characters between two of them that are neither letter nor digit;
   or ten unbroken digits of which the first is a zero that was put before a BSN.
2. In a reference, such as a case number: nine unbroken digits, or nine in all where there is no letter.
   What else stands in groups there is a year with a number.
3. Digits are digits in every script, and in their wide, raised and lowered forms (NFKC).
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["contains_bsn", "is_bsn", "reference_holds_bsn"]

_NINE_DIGITS = re.compile(r"\d(?<!\d\d)(?=((?:[\W_]{0,3}\d){8})(?!\d))")
"""Begins with a digit, not with a look-behind: the scan then skips everything that is none."""
_TEN_DIGITS = re.compile(r"0(?<!\d\d)(?=([0-5]\d{8})(?!\d))")
"""What begins with 06 to 09 is the number of a phone, and so is what has a dash after its area code."""
_RUN = re.compile(r"\d+")
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_NEVER_DIGITS = bytes(byte for byte in range(128) if not chr(byte).isdigit())
"""What is not ASCII counts as a digit: some of it is one."""


def contains_bsn(text: str) -> bool:
    """Whether *text* holds nine digits, however they are written in groups, that pass the eleven test."""
    if _has_too_few(text):
        return False
    plain = _plain(text)
    found = ["".join(filter(str.isdecimal, m[0] + m[1])) for m in _NINE_DIGITS.finditer(plain)]
    return any(map(is_bsn, found + _TEN_DIGITS.findall(plain)))


def reference_holds_bsn(text: str) -> bool:
    """Whether a reference holds such a number: unbroken, or alone."""
    if _has_too_few(text):
        return False
    plain = _plain(text)
    runs = _RUN.findall(plain)
    alone = not any(map(str.isalpha, plain))
    return any(map(is_bsn, runs)) or (alone and is_bsn("".join(runs)))


def is_bsn(digits: str) -> bool:
    """Whether nine digits pass the eleven test (sources.md 9.3); nine zeroes do not count."""
    if len(digits) != 9 or not digits.isdecimal() or int(digits) == 0:
        return False
    return sum(int(d) * w for d, w in zip(digits, _WEIGHTS, strict=True)) % 11 == 0


def _has_too_few(text: str) -> bool:
    """Nearly all text has fewer digits, and to count them takes a twentieth of the search."""
    if len(text) < len(_WEIGHTS) and text.isascii():
        return True
    return len(text.encode("utf-8", "surrogatepass").translate(None, _NEVER_DIGITS)) < len(_WEIGHTS)


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)
