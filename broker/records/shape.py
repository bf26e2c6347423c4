"""The shapes a value in a field group can have: between the JSON of a document and what Avro holds.

Each shape answers two questions.  `to_avro` validates a plain JSON value and appends the name of
what is wrong to a list, never its value.  `to_json` turns what was decoded back into plain JSON.
Whatever `to_avro` gives for what `to_json` gave is the same: decoding relies on that to be strict.

1. Text: not blank, no control characters or direction overrides, at most *max_length* characters, one
   of the named formats where one is asked.
2. Dates are ``YYYY-MM-DD``; moments are RFC 3339 with a zone, given back in UTC with microseconds.
3. Fixed bytes are lower-case hexadecimal.
4. A record has the fields of its schema and no other; an absent field is null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from broker.errors import MalformedError
from broker.moments import from_text, to_text
from broker.names import Micros

__all__ = [
    "FORMATS",
    "Choice",
    "Day",
    "Flag",
    "Hex",
    "ListOf",
    "Member",
    "Moment",
    "Number",
    "RecordOf",
    "Shape",
    "Text",
]

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

_Faults = list[str]
FORMATS: Mapping[str, re.Pattern[str]] = {
    "bsn": re.compile(r"[0-9]{9}"),
    "code": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
    # Of a worker: words, and no number longer than that of a team.
    "function": re.compile(r"(?!.*\d{3})[^\W\d_][\w '&/.,()+-]*"),
    # With what may follow it: 12a, 12-hs, 12 bis; before it that it lies opposite (to) or near (by).
    "house-number": re.compile(
        r"(?:(?:to|by|t\.o\.) ?)?[0-9]{1,5}(?:[A-Za-z][A-Za-z0-9]{0,5}|[ /-]{1,3}[A-Za-z0-9]{1,6}){0,2}"
    ),
    # Of a field, group, predicate or message type; `?` stands for one that is hidden.
    "name": re.compile(r"[A-Za-z0-9][A-Za-z0-9._:?-]{0,129}"),
    # Begins as phone numbers do, so that nine digits alone are none; or a short number.
    "phone": re.compile(r"(?:\+|\(?0)[0-9 ()./-]{1,18}|1[0-9 ]{1,6}"),
    "postcode": re.compile(r"[0-9]{4}[A-Z]{2}"),
    # Of a case or report: no words with spaces between them, as names have.
    "reference": re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:/-]|(?<![a-z]) (?![a-z])){0,119}"),
}
"""Named formats of text."""


class Shape(Protocol):
    """One kind of value."""

    @property
    def sample(self) -> object:
        """A valid JSON value when the schema gives no example."""

    def to_avro(self, value: object, name: str, faults: _Faults) -> object:
        """The Avro value of a JSON value; appends *name* to *faults* when it does not fit."""

    def to_json(self, value: object) -> object:
        """The JSON value of a decoded Avro value.

        Raises:
            ValueError, OverflowError: It has none.
        """


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    max_length: int
    matches: Callable[[str], object] | None
    sample: object = "voorbeeld"

    def to_avro(self, value: object, name: str, faults: _Faults) -> object:
        """See `Shape`."""
        if (
            not isinstance(value, str)
            or not 0 < len(value) <= self.max_length
            or not (value.isprintable() or not _UNPRINTABLE.search(value))
            or value.isspace()
            or (self.matches is not None and not self.matches(value))
        ):
            faults.append(name)
        return value

    def to_json(self, value: object) -> object:
        """See `Shape`."""
        return value


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean."""

    sample: object = True

    def to_avro(self, value: object, name: str, faults: _Faults) -> object:
        """See `Shape`."""
        if value is not True and value is not False:
            faults.append(name)
        return value

    def to_json(self, value: object) -> object:
        """See `Shape`."""
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """An integer between two bounds, both included."""

    minimum: int
    maximum: int

    @property
    def sample(self) -> object:
        """See `Shape`."""
        return max(self.minimum, min(1, self.maximum))

    def to_avro(self, value: object, name: str, faults: _Faults) -> object:
        """See `Shape`."""
        if type(value) is not int or not self.minimum <= value <= self.maximum:
            faults.append(name)
        return value

    def to_json(self, value: object) -> object:
        """See `Shape`."""
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One symbol of an enumeration."""

    symbols: frozenset[str]
    sample: object

    def to_avro(self, value: object, name: str, faults: _Faults) -> object:
        """See `Shape`."""
        if not isinstance(value, str) or value not in self.symbols:
            faults.append(name)
        return value

    def to_json(self, value: object) -> object:
        """See `Shape`."""
        return value


@dataclass(frozen=True, slots=True)
class Day:
    """A date."""

    sample: object = "2014-01-01"

    def to_avro(self, value: object, name: str, faults: _Faults) -> object:
        """See `Shape`."""
        try:
            if isinstance(value, str) and _DAY.fullmatch(value):
                return date.fromisoformat(value).toordinal() - _EPOCH_DAY
        except ValueError:
            pass
        faults.append(name)
        return 0

    def to_json(self, value: object) -> object:
        """See `Shape`."""
        assert isinstance(value, int), "Avro dates are integers"
        return date.fromordinal(value + _EPOCH_DAY).isoformat()


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in microseconds."""

    sample: object = "2014-01-01T09:00:00.000000Z"

    def to_avro(self, value: object, name: str, faults: _Faults) -> object:
        """See `Shape`."""
        try:
            if isinstance(value, str):
                return from_text(value)
        except MalformedError:
            pass
        faults.append(name)
        return 0

    def to_json(self, value: object) -> object:
        """See `Shape`."""
        assert isinstance(value, int), "Avro moments are integers"
        return to_text(Micros(value))


@dataclass(frozen=True, slots=True)
class Hex:
    """Bytes of a fixed size."""

    size: int

    @property
    def sample(self) -> object:
        """See `Shape`."""
        return "00" * self.size

    def to_avro(self, value: object, name: str, faults: _Faults) -> object:
        """See `Shape`."""
        if isinstance(value, str) and re.fullmatch(rf"[0-9a-f]{{{2 * self.size}}}", value):
            return bytes.fromhex(value)
        faults.append(name)
        return bytes(self.size)

    def to_json(self, value: object) -> object:
        """See `Shape`."""
        assert isinstance(value, bytes), "Avro fixed values are bytes"
        return value.hex()


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one shape, of limited length."""

    item: Shape
    min_items: int
    max_items: int

    @property
    def sample(self) -> object:
        """See `Shape`."""
        return [self.item.sample] * max(1, self.min_items)

    def to_avro(self, value: object, name: str, faults: _Faults) -> object:
        """See `Shape`."""
        if not isinstance(value, list) or not self.min_items <= len(value) <= self.max_items:
            faults.append(name)
            return []
        to_avro = self.item.to_avro
        return [to_avro(item, name, faults) for item in value]

    def to_json(self, value: object) -> object:
        """See `Shape`."""
        assert isinstance(value, list), "Avro arrays are lists"
        return [self.item.to_json(item) for item in value]


@dataclass(frozen=True, slots=True)
class Member:
    """One field of a record.

    Attributes:
        path: Its name with the group's: ``CH.surname``.
        example: Invented test data for templates.
    """

    name: str
    path: str
    shape: Shape
    required: bool
    example: object


@dataclass(frozen=True, slots=True)
class RecordOf:
    """A record with exactly these members."""

    path: str
    members: tuple[Member, ...]
    names: frozenset[str]

    @property
    def sample(self) -> object:
        """See `Shape`."""
        return {member.name: member.example for member in self.members}

    def to_avro(self, value: object, name: str, faults: _Faults) -> object:
        """See `Shape`."""
        if not isinstance(value, Mapping):
            faults.append(name)
            return {}
        get = value.get
        record: dict[str, object] = {}
        for member in self.members:
            item = get(member.name)
            if item is not None:
                item = member.shape.to_avro(item, member.path, faults)
            elif member.required:
                faults.append(member.path)
            record[member.name] = item
        if not self.names.issuperset(value):
            faults += sorted(self._unknown(value))
        return record

    def to_json(self, value: object) -> object:
        """See `Shape`."""
        assert isinstance(value, dict), "Avro records are dictionaries"
        return {
            member.name: None if (item := value[member.name]) is None else member.shape.to_json(item)
            for member in self.members
        }

    def _unknown(self, value: Mapping[object, object]) -> set[str]:
        """Unknown names; one that does not look like a field's name could be somebody's, and is hidden."""
        unknown = [key for key in value if key not in self.names]
        return {
            f"{self.path}.{key}" if isinstance(key, str) and _NAME.fullmatch(key) else f"{self.path}.?"
            for key in unknown
        }
