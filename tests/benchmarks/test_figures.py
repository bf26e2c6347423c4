"""Figures of the parts that need no Kafka: obligations, catalogue, agreements.  `pytest -s` shows them.

Each is measured by itself and printed with the machine that it was measured on.  A limit is several times
what a quiet machine needs: it finds what became slow, not what is a little slower today.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from broker.agreements.check import check_book
from broker.agreements.decide import RuleBook, decide
from broker.agreements.document import parse_agreement
from broker.agreements.model import Agreement, AgreementParty, Allowed, Request, TypeRule
from broker.catalogue.load import load_catalogue
from broker.catalogue.model import Catalogue
from broker.moments import from_text
from broker.names import MessageCode, Micros, Regime, Urgency
from broker.obligations.fold import track, track_all
from broker.obligations.model import CaseState
from broker.pipelines.obligations import rules_of
from broker.sandbox.bench.growth import invented
from broker.sandbox.bench.machine import describe_processor
from broker.sandbox.bench.year import COURSES, Year, messages_of
from broker.trust.rules import derive_rules
from schemas.reading import packaged
from tests.registry_world import RegistryWorld

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).parents[2]
START = from_text("2026-01-01T00:00:00Z")
NOW = Micros(1_800_000_000_000_000)
LOAD = """
import time
from schemas.reading import packaged
from broker.catalogue.load import load_catalogue
from broker.records.schema import MessageSchema
begin = time.perf_counter()
files = packaged()
catalogue = load_catalogue(files)
schemas = [MessageSchema.parse(files[path]) for path in files if path.startswith("messages/")]
print(time.perf_counter() - begin, len(schemas))
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """As it is installed."""
    return load_catalogue(packaged())


@pytest.fixture(scope="module")
def rules(catalogue: Catalogue) -> dict[Any, TypeRule]:
    """What `decide` knows of it."""
    return dict(derive_rules(catalogue))


def show(what: str, figure: str) -> None:
    """One figure, with the machine."""
    machine = f"{describe_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    sys.stdout.write(f"\n{what}: {figure} ({machine})\n")


def quickest(work: Callable[[], object], times: int = 5) -> float:
    """Processor seconds of the quickest of some tries: what others did meanwhile is left out."""
    taken = []
    for _ in range(times):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return min(taken)


def run(*arguments: str) -> str:
    """What a fresh process prints."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=540, check=True, cwd=ROOT)
    return done.stdout


def agreements(count: int) -> list[Agreement]:
    """So many agreements between invented agencies."""
    return list(invented(parse_agreement(RegistryWorld().document), count))


def test_the_load_model_has_its_messages() -> None:
    """493,000 a year without receipts, by type as the model says (sources.md A29)."""
    model = {"E01": 30_000, "E02": 18_500, "E04": 94_000, "E05": 44_300, "E06": 58_000, "E16": 50_000}
    total = sum(course.cases * len(course.letters) for course in COURSES)

    assert abs(total - 493_000) < 500
    assert {code: round(messages_of(code), -2) for code in model} == model


def test_decisions_become_obligations_at_20_000_a_second(catalogue: Catalogue) -> None:
    """Case by case, as a rebuild does; one by one is shown beside it."""
    cases = list(Year(catalogue, START, share=0.02).cases())
    count, duties = sum(map(len, cases)), rules_of(catalogue, ())

    def one_by_one() -> None:
        for facts in cases:
            state = CaseState()
            for fact in facts:
                state = track(state, fact, duties)

    rate = count / quickest(lambda: [track_all(CaseState(), facts, duties) for facts in cases])
    single = count / quickest(one_by_one)
    show("decision records folded", f"{rate:,.0f} a second by case, {single:,.0f} one by one")

    assert rate >= 20_000


def test_a_year_is_reported_within_three_minutes_and_500_mb() -> None:
    """986,000 messages with their receipts, in a process of its own."""
    year: dict[str, Any] = json.loads(run("-m", "broker.sandbox.bench.year"))
    show(
        "a year folded and reported",
        f"{year['messages']:,} messages in {year['cases']:,} cases, {year['obligations']:,} obligations, "
        f"{year['rows']:,} rows in {year['seconds']:.0f} s, {year['peak_mb']:.0f} MB",
    )

    assert year["messages"] > 985_000
    assert year["seconds"] < 180
    assert year["peak_mb"] < 500


def test_catalogue_and_schemas_load_within_300_ms() -> None:
    """At the start of a process, everything in them checked."""
    runs = [run("-c", LOAD).split() for _ in range(3)]
    seconds = min(float(taken) for taken, _ in runs)
    show("catalogue and schemas loaded", f"{seconds * 1000:.0f} ms, {runs[0][1]} schemas")

    assert seconds < 0.3


def test_decide_takes_5_us_however_many_agreements_there_are(rules: dict[Any, TypeRule]) -> None:
    """10 to 100,000: an index, and no search.

    Ten of them are asked for in turn.  Where each of a thousand is, the processor fetches them from memory
    every time: that is shown beside it and has no limit.
    """
    ten: dict[int, float] = {}
    thousand = 0.0
    for count in (10, 1_000, 100_000):
        found = agreements(count)
        book = RuleBook(rules, found)
        ten[count] = decide_us(book, found[:: count // 10])
        thousand = decide_us(book, found[:: max(1, count // 1_000)])
    figures = ", ".join(f"{us:.1f} us of {count:,} agreements" for count, us in ten.items())
    show("decide", f"{figures}; {thousand:.1f} us when a thousand of the last are asked for in turn")

    assert max(ten.values()) < 5
    assert ten[100_000] < 1.25 * ten[10]


def test_a_thousand_agreements_are_checked_within_5_s(
    rules: dict[Any, TypeRule], catalogue: Catalogue
) -> None:
    """What is missing, overlaps, ends or is too wide."""
    found = agreements(1_000)
    parties = sorted({party for one in found for party in one.parties}, key=lambda one: (one.oin, one.role))
    mandatory = [entry.code for entry in catalogue.messages.values() if entry.mandatory]
    book = RuleBook(rules, found)
    findings: list[object] = []

    def check() -> None:
        findings[:] = check_book(book, mandatory, parties, NOW, 60)

    seconds = quickest(check, 2)
    show("agreements checked", f"1,000 in {seconds:.2f} s, {len(findings):,} findings")

    assert seconds < 5


def decide_us(book: RuleBook, some: list[Agreement]) -> float:
    """Microseconds of one decision about a report, under each of *some* in turn."""
    rule = next(rule for rule in book.rules.values() if rule.code == MessageCode("E01"))
    requests = [report(rule, agreement) for agreement in some]

    def ask() -> None:
        for request in requests:
            decide(book, request, NOW)

    assert all(isinstance(decide(book, request, NOW), Allowed) for request in requests)
    rounds = 20_000 // len(requests)
    return quickest(lambda: repeat(ask, rounds)) / (rounds * len(requests)) * 1e6


def repeat(work: Callable[[], object], times: int) -> None:
    """Do it again and again."""
    for _ in range(times):
        work()


def report(rule: TypeRule, agreement: Agreement) -> Request:
    """A report of domestic violence as the first grant of *agreement* for it allows it."""
    grant = next(grant for grant in agreement.grants if rule.code in grant.types)
    recipient = party(agreement.parties, grant.recipient_role)
    wanted = rule.recipient_roles[recipient.role].required
    said = tuple((one.name, one.value or one.values[0]) for one in rule.predicates)
    return Request(
        message_type=rule.type,
        sender=party(agreement.parties, grant.sender_role),
        recipient=recipient,
        agreement_id=agreement.id,
        agreement_digest=agreement.digest,
        groups=tuple(sorted(wanted)),
        purpose=min(grant.purposes & rule.purposes),
        legal_basis=min(grant.legal_bases & rule.legal_bases),
        regime=Regime.R1,
        urgency=Urgency.NORMAL,
        assertions=said,
    )


def party(parties: Iterable[AgreementParty], role: str) -> AgreementParty:
    """The party in this role."""
    return next(one for one in parties if one.role == role)
