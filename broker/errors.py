"""Every error this product raises on purpose, as one tree, sorted by what the catcher does next.

SchakelError
├── RejectedError            this record will never become acceptable: quarantine it
│   ├── MalformedError       the bytes do not parse as the format they claim
│   ├── UntrustedError       parsed, but no key we trust vouches for it
│   └── SchemaError          trusted, but not shaped as its registered schema says
├── UnavailableError         the world did not answer: retry the same call       exit 4
│   ├── DeadlineError        our own deadline passed                             exit 10
│   └── UnconfirmedError     sent, not acknowledged: publish its records again   exit 4
├── ConfigurationError       the process was started wrongly: stop               exit 3
├── UsageError               the caller asked for something that cannot be       exit 2
├── UnauthorisedError        the caller may not do this                          exit 5
├── RefusedError             the agreement does not allow it: tell the user      exit 6
├── EvidenceError            evidence does not match: alarm                      exit 7
└── IncompleteError          could not check everything: say what is missing     exit 8

Inside the pipelines a refusal is not an error but a value (`broker.agreements.model.Refused`);
`RefusedError` is how the SDK and the command line hand that value to a caller.

Each error says what happened, why, and what to do next, and has a stable `code`.  No message may
hold personal data, key material or payload bytes: they are logged and shown.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

__all__ = [
    "ConfigurationError",
    "DeadlineError",
    "EvidenceError",
    "ExitCode",
    "IncompleteError",
    "MalformedError",
    "RefusedError",
    "RejectedError",
    "SchakelError",
    "SchemaError",
    "UnauthorisedError",
    "UnavailableError",
    "UnconfirmedError",
    "UntrustedError",
    "UsageError",
]


class ExitCode(IntEnum):
    """How a command ends (docs/architecture.md, "Exit codes"): scripts rely on them, so they only grow."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIGURATION = 3
    UNAVAILABLE = 4
    UNAUTHORISED = 5
    REFUSED = 6
    EVIDENCE = 7
    INCOMPLETE = 8
    FOUND = 9
    DEADLINE = 10
    INTERRUPTED = 130
    TERMINATED = 143


class SchakelError(Exception):
    """Base of every error raised on purpose.

    Args:
        what: What happened, one sentence.
        why: The cause, if it is known.
        remedy: What the reader should do next.
        code: A stable code narrower than the class's own.
    """

    code: str = "unexpected"
    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED
    retriable: ClassVar[bool] = False
    """Whether the same call, unchanged, can succeed later."""

    def __init__(self, what: str, *, why: str = "", remedy: str = "", code: str | None = None) -> None:
        super().__init__(". ".join(part.rstrip(".") for part in (what, why, remedy) if part))
        self.what = what
        self.why = why
        self.remedy = remedy
        if code is not None:
            self.code = code


class RejectedError(SchakelError):
    """This record will never become acceptable: quarantine it, never retry it.

    Args:
        what: One sentence, safe to log and to show an inspector.
        step: Number of the failed step in docs/spec/envelope.md, 1 to 16; 0 outside an envelope.
        reason: Stable reason code that goes into the audit record; the class's code by default.
        offending: Names of the groups and fields concerned, never their values.
    """

    code = "rejected"
    exit_code = ExitCode.REFUSED

    def __init__(
        self, what: str, *, step: int = 0, reason: str | None = None, offending: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what, why=", ".join(offending), code=reason)
        self.step = step
        self.offending = offending

    @property
    def reason(self) -> str:
        """The stable reason code."""
        return self.code

    def at(self, step: int) -> RejectedError:
        """This same error, placed at *step* unless it already has one."""
        if not self.step:
            self.step = step
        return self


class MalformedError(RejectedError):
    """The bytes do not parse as the format they claim to be."""

    code = "malformed"


class UntrustedError(RejectedError):
    """The bytes parse, but no key we trust vouches for them."""

    code = "untrusted"


class SchemaError(RejectedError):
    """The content is trusted, but not shaped as its registered schema or catalogue entry says."""

    code = "schema"


class UnavailableError(SchakelError):
    """Kafka, the database, the registry or a key store did not answer: retry the same call."""

    code = "unavailable"
    exit_code = ExitCode.UNAVAILABLE
    retriable = True


class DeadlineError(UnavailableError):
    """Our own deadline passed; what was under way is unknown, never success."""

    code = "deadline"
    exit_code = ExitCode.DEADLINE


class UnconfirmedError(UnavailableError):
    """What was sent has no acknowledgement: it may or may not be there.

    Attributes:
        records: The records with their message ids filled in.  Publish these very records again:
            whatever arrived before is then dropped as a repeat.
    """

    code = "unconfirmed"

    def __init__(self, what: str, records: tuple[object, ...], *, why: str = "", remedy: str = "") -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.records = records


class ConfigurationError(SchakelError):
    """The process was started with settings, files or keys it cannot work with: stop."""

    code = "configuration"
    exit_code = ExitCode.CONFIGURATION


class UsageError(SchakelError):
    """The caller asked for something that cannot be done as asked.

    Attributes:
        offending: Names of the fields or options concerned, never their values.
    """

    code = "usage"
    exit_code = ExitCode.USAGE

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        remedy: str = "",
        code: str | None = None,
        offending: tuple[str, ...] = (),
    ) -> None:
        super().__init__(what, why=why, remedy=remedy, code=code)
        self.offending = offending


class UnauthorisedError(SchakelError):
    """The caller may not do this."""

    code = "unauthorised"
    exit_code = ExitCode.UNAUTHORISED


class RefusedError(SchakelError):
    """The agreement or the catalogue does not allow this message; nothing left the house.

    Args:
        what: One sentence.
        reason: Reason code of docs/spec/agreements.md.
        offending: Names of the groups, fields or predicates concerned, never their values.
        remedy: What the sender can do.
        why: What is wrong with each of them; their bare names by default.
    """

    code = "refused"
    exit_code = ExitCode.REFUSED

    def __init__(
        self, what: str, *, reason: str, offending: tuple[str, ...] = (), remedy: str = "", why: str = ""
    ) -> None:
        super().__init__(what, why=why or ", ".join(offending), remedy=remedy, code=reason)
        self.reason = reason
        self.offending = offending


class EvidenceError(SchakelError):
    """Evidence does not match: a hash, a signature or a proof is wrong."""

    code = "evidence"
    exit_code = ExitCode.EVIDENCE


class IncompleteError(SchakelError):
    """Not everything could be checked; nothing that was checked is wrong."""

    code = "incomplete"
    exit_code = ExitCode.INCOMPLETE
