"""A year of the load model as facts, case by case: 493,000 messages with a receipt each (sources.md A29).

1. What happens is a table: courses of a case, how often each occurs in a year, and its messages in order.
2. The same seed gives the same year.  Cases come one at a time, so a year needs no more memory than one.
3. Most answers come in time.  Some come late, and some do not say what they answer, which is as if they
   had never come.

    python -m broker.sandbox.bench.year [SHARE]
"""

from __future__ import annotations

import json
import resource
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import accumulate
from random import Random
from typing import Final

from broker.catalogue.load import load_catalogue
from broker.catalogue.model import Catalogue
from broker.moments import DAY, HOUR, MINUTE, from_text
from broker.names import (
    CaseRef,
    Digest,
    MessageCode,
    MessageId,
    MessageType,
    Micros,
    Oin,
    Regime,
    Role,
    Urgency,
)
from broker.obligations.completeness import Tally
from broker.obligations.fold import track_all
from broker.obligations.model import CaseState, Fact, Party
from broker.obligations.report import count_rows, totals
from broker.pipelines.obligations import rules_of
from schemas.reading import packaged

__all__ = ["COURSES", "Course", "Letter", "Measured", "Year", "main", "measure_year", "messages_of"]

_LATE: Final = 0.06
_LOST: Final = 0.02
_LATER: Final = 12.0
_ALL_WEEK: Final = frozenset({"POL", "ZH", "BURG"})
_PER_REGION: Final = {"POL": 2, "GGZ": 3, "SHG": 2, "INST": 4, "ZH": 2}
_REGIONS: Final = 15
_RECEIPT: Final = MessageCode("E03")
_MONDAYS: Final = 1.3
_START: Final = from_text("2026-01-01T00:00:00Z")


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of a course.

    Attributes:
        after: Days after the message it answers, or after the one before it.
        answers: Which message of the course it answers, counted from 0; None for none.
    """

    code: str
    sender: str
    recipient: str
    after: float = 0.0
    answers: int | None = None
    says: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """How a case goes, and how many go so in a year."""

    cases: int
    letters: tuple[Letter, ...]


def _investigated(report: Letter, *, board: bool = False, court: bool = False) -> tuple[Letter, ...]:
    """A report that is investigated: questions to mental health care, feedback, the Board, the court."""
    who = report.sender
    taken = (("taken_in_investigation", "true"),)
    letters = [
        report,
        Letter("E04", "AMK", who, 3, 0, taken),
        Letter("E05", "AMK", who, 0.1, 0, (("feedback_stage", "start"),)),
    ]
    for number in range(3):
        asked = len(letters)
        letters += [
            Letter("E06", "AMK", "GGZ", 2 + number),
            Letter("E07", "GGZ", "AMK", 4, asked, (("answer_kind", "answer"),)),
            Letter("E08", "AMK", "GGZ", 8, asked + 1),
        ]
    letters.append(Letter("E05", "AMK", who, 70, 0, (("feedback_stage", "outcome"),)))
    if board:
        asked = len(letters)
        letters += [
            Letter("E09", "AMK", "RvdK", 1),
            Letter("E11", "RvdK", "AMK", 3, asked, taken),
            Letter("E12", "RvdK", "AMK", 50, asked),
        ]
    if court:
        ruled = len(letters)
        letters += [
            Letter("E14", "RvdK", "BJZ", 20, None, (("minors_involved", "true"),)),
            Letter("E15", "BJZ", "RvdK", 3, ruled, (("execution_event", "assigned"),)),
        ]
    return tuple(letters)


def _dismissed(report: Letter) -> tuple[Letter, ...]:
    decided = Letter("E04", "AMK", report.sender, 3, 0, (("taken_in_investigation", "false"),))
    return (report, decided)


_SHG: Final = Letter("E01", "SHG", "AMK", says=(("children_in_family", "true"),))
_POL: Final = Letter("E16", "POL", "AMK")
_ZH: Final = Letter("E22", "ZH", "AMK")
_AMK: Final = Letter("E02", "AMK", "SHG")

COURSES: Final = (
    Course(22_667, _dismissed(_SHG)),
    Course(2_333, _investigated(_SHG)),
    Course(500, _investigated(_SHG, board=True)),
    Course(4_500, _investigated(_SHG, board=True, court=True)),
    Course(38_500, _dismissed(_POL)),
    Course(4_000, _investigated(_POL)),
    Course(1_000, _investigated(_POL, board=True)),
    Course(6_500, _investigated(_POL, board=True, court=True)),
    Course(800, _dismissed(_ZH)),
    Course(500, _investigated(_ZH)),
    Course(7_066, (_AMK, Letter("E04", "AMK", "SHG", 4))),
    Course(5_634, (_AMK, Letter("E04", "AMK", "SHG", 4), Letter("E05", "SHG", "AMK", 6, 0))),
    Course(5_800, (_AMK,)),
    Course(1_500, (Letter("E17", "AMK", "POL"), Letter("E17R", "POL", "AMK", 4, 0))),
    Course(
        2_600,
        (Letter("E18A", "BURG", "AMK"), Letter("E18B", "BURG", "SHG", 0.1), Letter("E18C", "BURG", "SHG", 9)),
    ),
    Course(1_500, (Letter("E19", "BJZ", "RvdK"), Letter("E19", "RvdK", "BJZ", 5, 0))),
    Course(2_000, (Letter("E20Q", "AMK", "BJZ"), Letter("E20R", "BJZ", "AMK", 0.02, 0))),
    Course(500, (Letter("E21I", "INST", "IJZ"),)),
    Course(2_000, (Letter("E24", "AMK", "GGZ"),)),
    Course(600, (Letter("E25Q", "AMK", "FME"), Letter("E25R", "FME", "AMK", 4, 0))),
)
"""The base load model (sources.md A29), as courses."""


def messages_of(code: str) -> int:
    """How many messages of type *code* the model has in a year."""
    return sum(course.cases * sum(one.code == code for one in course.letters) for course in COURSES)


class Year:
    """A year of cases.

    Args:
        start: Its first moment.
        seed: The same seed gives the same year.
        share: The part of every course that is generated, for a try.
    """

    def __init__(self, catalogue: Catalogue, start: Micros, seed: int = 29, share: float = 1.0) -> None:
        self._types = {str(code): entry.type for code, entry in catalogue.messages.items()}
        self._start = start
        self._random = Random(seed)  # noqa: S311 - a load, and no secret
        self._left = [round(course.cases * share) for course in COURSES]
        self._parties = _parties()

    def cases(self) -> Iterator[list[Fact]]:
        """Every case with its facts, in the order in which they became known; courses are mixed."""
        bounds = list(accumulate(self._left))
        order = list(range(bounds[-1] if bounds else 0))
        self._random.shuffle(order)
        for number in order:
            yield self._case(number, COURSES[bisect_right(bounds, number)])

    def _case(self, number: int, course: Course) -> list[Fact]:
        region = self._random.randrange(_REGIONS)
        sent: list[Micros] = []
        facts: list[Fact] = []
        for place, letter in enumerate(course.letters):
            at = self._moment(letter, sent)
            sent.append(at)
            lost = letter.answers is not None and self._random.random() < _LOST
            cause = None if lost or letter.answers is None else _id(number, letter.answers, receipt=False)
            facts += self._letter(number, place, letter, (region, cause, at))
        return sorted(facts, key=lambda fact: fact.at)

    def _moment(self, letter: Letter, sent: list[Micros]) -> Micros:
        if not sent:
            return self._begin(letter.sender)
        cause = sent[-1] if letter.answers is None else sent[letter.answers]
        late = letter.answers is not None and self._random.random() < _LATE
        days = letter.after * (0.5 + 0.5 * self._random.random()) + (_LATER if late else 0)
        return Micros(cause + int(days * DAY))

    def _begin(self, role: str) -> Micros:
        """Agencies work from 8 to 18 on working days, Mondays above the rest; police and hospitals always."""
        day, always = self._random.randrange(365), role in _ALL_WEEK
        while not always and self._random.random() * _MONDAYS > (_MONDAYS, 1, 1, 1, 1, 0, 0)[day % 7]:
            day = self._random.randrange(365)
        hours = 24 * self._random.random() if always else 8 + 10 * self._random.random()
        return Micros(self._start + day * DAY + int(hours * HOUR))

    def _letter(
        self, number: int, place: int, letter: Letter, how: tuple[int, MessageId | None, Micros]
    ) -> Iterator[Fact]:
        """The message and its receipt."""
        region, cause, at = how
        sender = self._party(letter.sender, region, number)
        recipient = self._party(letter.recipient, region, number)
        sent = _id(number, place, receipt=False)
        yield Fact(
            decision_id=Digest(bytes(sent) * 2),
            outcome="released",
            message_type=self._type(letter.code),
            message_id=sent,
            causation_id=cause,
            correlation_id=_id(number, 0, receipt=False),
            case_ref=CaseRef(number.to_bytes(16, "big")),
            sender=sender,
            recipient=recipient,
            regime=Regime.R1,
            urgency=Urgency.NORMAL,
            emergency=False,
            assertions=letter.says,
            at=at,
        )
        yield self._receipt(number, place, (recipient, sender), at)

    def _receipt(self, number: int, place: int, route: tuple[Party, Party], at: Micros) -> Fact:
        id_ = _id(number, place, receipt=True)
        minutes = 40 if self._random.random() < _LATE else 1 + self._random.random()
        return Fact(
            decision_id=Digest(bytes(id_) * 2),
            outcome="receipt",
            message_type=self._types[_RECEIPT],
            message_id=id_,
            causation_id=_id(number, place, receipt=False),
            correlation_id=_id(number, 0, receipt=False),
            case_ref=CaseRef(number.to_bytes(16, "big")),
            sender=route[0],
            recipient=route[1],
            regime=Regime.R1,
            urgency=Urgency.NORMAL,
            emergency=False,
            assertions=(),
            at=Micros(at + int(minutes * MINUTE)),
        )

    def _type(self, code: str) -> MessageType:
        return self._types.get(code) or MessageType(f"nl.proef.{code.lower()}.v1")

    def _party(self, role: str, region: int, number: int) -> Party:
        own = self._parties[role]
        return own[(region * _PER_REGION.get(role, 1) + number % _PER_REGION.get(role, 1)) % len(own)]


def _parties() -> Mapping[str, list[Party]]:
    roles = dict.fromkeys(name for c in COURSES for one in c.letters for name in (one.sender, one.recipient))
    return {
        role: [
            Party(Oin(f"00000099{(kind + 1) * 1000 + number:09d}000"), Role(role))
            for number in range(_REGIONS * _PER_REGION.get(role, 1))
        ]
        for kind, role in enumerate(roles)
    }


def _id(number: int, place: int, *, receipt: bool) -> MessageId:
    return MessageId(number.to_bytes(8, "big") + bytes(6) + bytes((place, receipt)))


@dataclass(frozen=True, slots=True)
class Measured:
    """What a year took.

    Attributes:
        messages: Facts folded, receipts included.
        seconds: From the catalogue to the last row of the report.
        peak_mb: The most memory that the process ever had.
    """

    cases: int
    messages: int
    obligations: int
    rows: int
    seconds: float
    peak_mb: float


def measure_year(share: float = 1.0) -> Measured:
    """Fold a generated year and report it; the state of a case is dropped when the case is done.

    Args:
        share: The part of the year that is generated, for a try.
    """
    begin = time.perf_counter()
    catalogue = load_catalogue(packaged())
    rules, tally = rules_of(catalogue, ()), Tally(Micros(_START + 365 * DAY))
    cases = messages = obligations = 0
    for facts in Year(catalogue, _START, share=share).cases():
        state = track_all(CaseState(), facts, rules)
        tally.add_all(state.obligations)
        cases, messages, obligations = cases + 1, messages + len(facts), obligations + len(state.obligations)
    cells = tally.report()
    rows, sums = count_rows(cells, {}, public=True), totals(cells)
    assert sum(sums[name] for name in ("expected", "waived", "open")) == obligations, "a count is lost"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(cases, messages, obligations, len(rows), time.perf_counter() - begin, peak)


def main(arguments: list[str]) -> None:
    """Measure a year in this process, and print it as JSON."""
    measured = measure_year(float(arguments[0]) if arguments else 1.0)
    sys.stdout.write(json.dumps(asdict(measured)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
