"""The two Avro schemas of the envelope, by fingerprint, and every limit of docs/spec/envelope.md 11.

The documents themselves are `schemas/envelope/envelope.avsc` and `header.avsc`.  Nothing reads them
while messages flow: the strict codec is written by hand after them, and tests compare the two and
recompute the fingerprint.
"""

from __future__ import annotations

import re

from broker.moments import DAY, MINUTE

__all__ = [
    "ASSERTION_NAME",
    "ASSERTION_VALUE",
    "BUCKET",
    "CLOCK_TOLERANCE",
    "CONTENT_KEY_SIZE",
    "CRITICAL_ID",
    "ENVELOPE_FINGERPRINT",
    "KNOWN_CRITICAL",
    "MAX_ASSERTIONS",
    "MAX_CRITICAL",
    "MAX_LIFETIME",
    "MAX_RECIPIENTS",
    "MAX_RECORD_KEY",
    "MAX_SECTIONS",
    "MAX_SUBJECTS",
    "MAX_WRAPPED",
    "SYSTEM_NAME",
    "VERSION",
]

VERSION = 1
ENVELOPE_FINGERPRINT = bytes.fromhex("3d52ed75705c3bf8")
"""CRC-64-AVRO of the canonical form of schema Envelope v1, little endian."""

MAX_RECIPIENTS = 64
MAX_SUBJECTS = 20
MAX_SECTIONS = 64
MAX_ASSERTIONS = 32
MAX_CRITICAL = 16
MAX_RECORD_KEY = 64
MAX_WRAPPED = 4096
MAX_LIFETIME = 7 * DAY
"""Microseconds between `created_at` and `expires_at` at most: seven days."""
CLOCK_TOLERANCE = 5 * MINUTE
"""Microseconds that a sender's clock may be ahead of the verifier's: five minutes."""
CONTENT_KEY_SIZE = 32
BUCKET = 256
"""Group records are padded to a multiple of this many bytes."""

KNOWN_CRITICAL: frozenset[str] = frozenset()
"""Extensions this implementation knows: none exist yet."""

SYSTEM_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
ASSERTION_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
ASSERTION_VALUE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
CRITICAL_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
