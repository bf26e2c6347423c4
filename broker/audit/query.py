"""Questions to the audit trail: one grammar for command line, API and console (docs/spec/audit.md 10).

```
from:shg to:amk decision:refused reason:group-forbidden -type:E03 step:3..9 period:2026-05..2026-06-15
```

Words of different fields must all hold; of words with the same field one must; a word after ``-`` must
not.  A value has no spaces.  Periods are those of the Dutch calendar (`broker.audit.periods`), and concern
the moment of the decision.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from broker.audit.events import Outcome
from broker.audit.periods import Period, parse_period
from broker.errors import MalformedError, UsageError
from broker.names import AgreementId, CaseRef, MessageId, MessageType, Oin, Role, SubjectRef

__all__ = ["FIELDS", "Column", "Condition", "Query", "QueryNames", "parse_query"]

_MAX_QUERY = 2000
_MAX_WORDS = 64
_REASON = re.compile(r"[a-z0-9_-]{1,64}")
_STEP = re.compile(r"[0-9]|1[0-6]")


class Column(Enum):
    """What can be asked for: a column beside the entries."""

    SENDER = "sender"
    SENDER_ROLE = "sender_role"
    RECIPIENT = "recipient"
    RECIPIENT_ROLE = "recipient_role"
    MESSAGE_TYPE = "message_type"
    OUTCOME = "outcome"
    REASON = "reason"
    CASE_REF = "case_ref"
    MESSAGE_ID = "message_id"
    AGREEMENT_ID = "agreement_id"
    STEP = "step"
    SUBJECT = "subject"
    """Not one column but the references of all persons concerned: one of them must be it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """That a column has a value, or one of a range.

    Attributes:
        upto: Last value of a range that begins with *value*; None for that value alone.
    """

    column: Column
    value: str | bytes | int
    upto: int | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A question, understood.

    Attributes:
        required: Of each group, one condition must hold.
        excluded: None of these may hold.
        period: When it was decided, or None for always.
        text: The question in its one written form: each word once, in order.  Two texts that ask the
            same have the same form, but for names that stand for numbers.
    """

    required: tuple[tuple[Condition, ...], ...]
    excluded: tuple[Condition, ...]
    period: Period | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class QueryNames:
    """Names that people use for what is stored under a number.

    Attributes:
        agencies: Short names of agencies.
        types: Codes of message types.
    """

    agencies: Mapping[str, Oin] = field(default_factory=dict)
    types: Mapping[str, MessageType] = field(default_factory=dict)


def parse_query(text: str, names: QueryNames) -> Query:
    """Understand *text*; nothing asks for everything.

    Raises:
        UsageError: A word is not understood; the error names it.
    """
    words = text.split()
    if len(text) > _MAX_QUERY or len(words) > _MAX_WORDS:
        raise UsageError("the query is too long", remedy=f"Use at most {_MAX_WORDS} words")
    groups: dict[str, list[Condition]] = {}
    excluded: list[Condition] = []
    period: Period | None = None
    for word in words:
        name, _, value = word.removeprefix("-").partition(":")
        if name == "period":
            if period is not None or word.startswith("-"):
                raise UsageError(f"{word!r} is not understood", remedy="Give one period, without a dash")
            period = parse_period(word, value)
            continue
        condition = _condition(word, name, value, names)
        if word.startswith("-"):
            excluded.append(condition)
        else:
            groups.setdefault(name, []).append(condition)
    return Query(
        tuple(tuple(group) for group in groups.values()),
        tuple(excluded),
        period,
        " ".join(sorted(set(words), key=_in_order)),
    )


def _in_order(word: str) -> tuple[bool, str]:
    return word.startswith("-"), word


def _condition(word: str, name: str, value: str, names: QueryNames) -> Condition:
    understand = _READERS.get(name)
    if understand is None or not value:
        fields = ", ".join(sorted(FIELDS))
        raise UsageError(f"{word!r} is not understood", remedy=f"Write FIELD:VALUE with one of {fields}")
    try:
        return understand(value, names)
    except MalformedError as error:
        raise UsageError(
            f"{word!r} is not understood",
            why=error.what,
            remedy=f"Write {name}: with such a value, as `schakel audit search --help` shows",
        ) from error


def _party(oin: Column, role: Column) -> Callable[[str, QueryNames], Condition]:
    def read(value: str, names: QueryNames) -> Condition:
        if value in names.agencies:
            return Condition(oin, str(names.agencies[value]))
        if len(value) == 20:
            return Condition(oin, str(Oin.parse(value)))
        try:
            return Condition(role, Role.parse(value[:1].upper() + value[1:]).lower())
        except MalformedError:
            raise MalformedError("not an agency, a role or an OIN") from None

    return read


def _type(value: str, names: QueryNames) -> Condition:
    known = names.types.get(value.upper())
    return Condition(Column.MESSAGE_TYPE, str(known or MessageType.parse(value)))


def _outcome(value: str, _: QueryNames) -> Condition:
    if value not in list(Outcome):
        raise MalformedError(f"a decision is one of {', '.join(Outcome)}")
    return Condition(Column.OUTCOME, value)


def _reason(value: str, _: QueryNames) -> Condition:
    if not _REASON.fullmatch(value):
        raise MalformedError("not a reason code")
    return Condition(Column.REASON, value)


def _case(value: str, _: QueryNames) -> Condition:
    return Condition(Column.CASE_REF, bytes(CaseRef.parse(value.lower())))


def _message(value: str, _: QueryNames) -> Condition:
    return Condition(Column.MESSAGE_ID, bytes(MessageId.parse(value.lower().replace("-", ""))))


def _agreement(value: str, _: QueryNames) -> Condition:
    return Condition(Column.AGREEMENT_ID, str(AgreementId.parse(value)))


def _step(value: str, _: QueryNames) -> Condition:
    first, separator, last = value.partition("..")
    if not _STEP.fullmatch(first) or (separator and not _STEP.fullmatch(last)):
        raise MalformedError("a step is a number from 0 to 16, a range is 3..9")
    if not separator:
        return Condition(Column.STEP, int(first))
    if int(first) > int(last):
        raise MalformedError("the range ends before it begins")
    return Condition(Column.STEP, int(first), int(last))


def _subject(value: str, _: QueryNames) -> Condition:
    return Condition(Column.SUBJECT, bytes(SubjectRef.parse(value.lower())))


_READERS: Mapping[str, Callable[[str, QueryNames], Condition]] = {
    "from": _party(Column.SENDER, Column.SENDER_ROLE),
    "to": _party(Column.RECIPIENT, Column.RECIPIENT_ROLE),
    "type": _type,
    "decision": _outcome,
    "reason": _reason,
    "case": _case,
    "message": _message,
    "agreement": _agreement,
    "step": _step,
    "subject": _subject,
}

FIELDS = frozenset({*_READERS, "period"})
"""Every field that a word can have."""
