"""Why an envelope is refused: one stable code per cause, each belonging to one numbered step.

The codes stand in audit records, errors, vectors and docs/spec/envelope.md 9 (a test compares the
table).  They are only ever added to.  Steps 10, 11 and 16 have the reasons of docs/spec/agreements.md
and of the catalogue.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Reason"]


class Reason(StrEnum):
    """A cause of refusal; `step` is its number in docs/spec/envelope.md 8."""

    step: int
    meaning: str

    def __new__(cls, code: str, step: int, meaning: str) -> Reason:
        """One code with its step and what it means, one sentence."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.step = step
        member.meaning = meaning
        return member

    TOO_LARGE = "too-large", 1, "The record value is larger than 1 MiB."
    PREFIX = "prefix", 1, "The value does not begin with the marker and fingerprint of Envelope v1."
    MALFORMED = "malformed", 2, "Container or header is not the strict Avro encoding of its schema."
    HEADER_RULE = "header-rule", 2, "A decoded value breaks a rule of section 3 or 4."
    VERSION = "version", 3, "The header's version is not 1."
    SUITE = "suite", 3, "The algorithm suite is not 1."
    CRITICAL = "critical", 3, "The header names a critical extension that the reader does not know."
    UNKNOWN_SCHEMA = "unknown-schema", 4, "No published schema of this message type has this digest."
    UNKNOWN_SENDER = "unknown-sender", 5, "The registry knows no such active agency."
    UNKNOWN_KEY = "unknown-key", 5, "A signing key is unknown or belongs to somebody else."
    KEY_REVOKED = "key-revoked", 5, "A signing key has been revoked."
    KEY_NOT_VALID = "key-not-valid", 5, "A signing key was not valid at `created_at`."
    ALGORITHM = "algorithm", 6, "A signature names an algorithm that is not its key's."
    BATCH = "batch", 6, "A batch path does not fit its index and tree size."
    SIGNATURE = "signature", 6, "A signature does not verify."
    SIGNATURE_MISSING = "signature-missing", 6, "A signature that the registry requires is missing."
    TOPIC = "topic", 7, "The record stands on another topic than the signed one."
    KEY = "key", 7, "The record has another key than the signed one; at the gate: than the case reference."
    HEADERS = "headers", 7, "A CloudEvents header of the record contradicts the signed header."
    EXPIRED = "expired", 8, "The message has expired."
    FROM_THE_FUTURE = "from-the-future", 8, "The message claims to be made more than 5 minutes from now."
    SECTION = "section", 9, "A section does not match its signed digest; at the gate: is absent or too large."
    NOT_ADDRESSED = "not-addressed", 12, "The decision or the envelope is for somebody else."
    DECISION_DIFFERS = "decision-differs", 12, "The gate recorded something else than the sender signed."
    SEALING_KEY = "sealing-key", 13, "The content keys were sealed to a key that the reader does not hold."
    UNWRAP = "unwrap", 13, "The wrapped content keys do not open with this key and context."
    WRAPPED_GROUPS = "wrapped-groups", 13, "The wrapped keys are not exactly those of the declared groups."
    SECTION_WITHHELD = "section-withheld", 14, "A section that the recipient may open is absent."
    OPEN = "open", 14, "A section does not open with its content key and context."
    PADDING = "padding", 15, "A group record is not minimally padded with zero bytes."
