"""`broker.pipelines.declarations`: from what an agency wrote to what stands beside our counts."""

from __future__ import annotations

import pytest

from broker.errors import UsageError
from broker.names import Micros
from broker.obligations.completeness import Cell, Counts, Verdict
from broker.obligations.report import Period
from broker.pipelines.declarations import Believed, believe, compared_with, declare
from broker.signing import VerificationCache
from broker.trust.build import ParseCache, build_view
from broker.trust.declarations import CountRow, read_declaration
from tests.registry_world import NOW, YEAR, RegistryWorld

WORLD = RegistryWorld()
VIEW = build_view(WORLD.targets(), 1, Micros(NOW + YEAR), ParseCache())
CELL = Cell(WORLD.amk.oin, WORLD.shg.oin, "OB-DECIDE", "2026-05")


def row(count: int = 17, duty: str = "OB-DECIDE", debtor: str = "amk-noord") -> CountRow:
    """One count of the AMK."""
    return CountRow.model_validate(
        {"duty": duty, "month": "2026-05", "debtor": debtor, "creditor": "shg-noord", "count": count}
    )


def declared(count: int = 17, at: int = NOW) -> bytes:
    """A declaration of the AMK."""
    return declare([row(count)], WORLD.amk.oin, VIEW, [WORLD.amk.signer], Micros(at))


def believed(**documents: bytes) -> Believed:
    """What counts of these."""
    return believe(documents, VIEW, NOW, VerificationCache())


def test_short_names_become_numbers() -> None:
    """What is signed does not change meaning with a name."""
    (count,) = read_declaration(declared()).statement.counts

    assert (count.debtor, count.creditor) == (WORLD.amk.oin, WORLD.shg.oin)


def test_a_small_count_does_not_leave_the_agency() -> None:
    """It is a range before anything is signed."""
    (count,) = read_declaration(declared(3)).statement.counts

    assert count.count == "1-5"


@pytest.mark.parametrize(
    ("own", "left"),
    [
        pytest.param({"expected": 13, "exists": 9, "missing": 4}, {"exists", "missing"}, id="all"),
        pytest.param({"expected": 13, "exists": 9}, {"exists"}, id="not-said"),
        pytest.param({"expected": 13, "missing": "1-5"}, {"missing"}, id="range"),
        pytest.param({"expected": 19, "exists": 9}, {"expected", "exists"}, id="large"),
        pytest.param({"expected": 5, "exists": 2}, {"expected", "exists"}, id="small"),
        pytest.param({"expected": 13}, {"expected"}, id="alone"),
    ],
)
def test_no_small_count_follows_from_a_declaration(own: dict[str, int | str], left: set[str]) -> None:
    """What should exist is left out where it would tell."""
    rows = [row().model_copy(update={"measure": name, "count": count}) for name, count in own.items()]
    document = declare(rows, WORLD.amk.oin, VIEW, [WORLD.amk.signer], NOW)

    assert {count.measure for count in read_declaration(document).statement.counts} == left


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"duty": "OB-UNKNOWN"}, "OB-UNKNOWN"), ({"debtor": "amk-zuid"}, "amk-zuid")],
    ids=["duty", "agency"],
)
def test_what_the_registry_does_not_have_is_named(wrong: dict[str, str], named: str) -> None:
    """With the place at which it stands."""
    with pytest.raises(UsageError, match=rf"counts\.0: .*{named}"):
        declare([row(**wrong)], WORLD.amk.oin, VIEW, [WORLD.amk.signer], NOW)  # type: ignore[arg-type]


def test_what_is_not_believed_is_named_with_its_agency() -> None:
    """File, agency and reason; and it is compared with nothing."""
    forged = declare([row()], WORLD.amk.oin, VIEW, [WORLD.shg.signer], NOW)
    result = believed(vals=forged)

    assert [(one.file, one.agency, one.reason) for one in result.refused] == [
        ("vals", "amk-noord", "unknown-key")
    ]
    assert result.statements == ()


def test_the_latest_declaration_of_an_agency_counts() -> None:
    """Whatever order the files come in."""
    result = believed(new=declared(18), old=declared(17, NOW - 1))

    assert [count.count for one in result.statements for count in one.counts] == ["18"]


@pytest.mark.parametrize(
    ("count", "verdict"), [(17, Verdict.AGREEMENT), (18, Verdict.DIFFERENCE), (3, Verdict.DIFFERENCE)]
)
def test_a_declared_count_is_laid_beside_ours(count: int, verdict: Verdict) -> None:
    """Equal, or not."""
    (statement,) = believed(file=declared(count)).statements
    compared = compared_with({CELL: Counts(met=17)}, statement, None)

    assert [one.verdict for one in compared if one.declared] == [verdict]


def test_a_cell_of_others_is_not_asked_about() -> None:
    """An agency is silent about what it cannot know."""
    (statement,) = believed(file=declared()).statements
    other = Cell(WORLD.shg.oin, WORLD.shg.oin, "OB-DECIDE", "2026-05")

    assert [one.cell for one in compared_with({other: Counts(met=9)}, statement, None)] == [CELL]


def test_only_the_period_is_compared() -> None:
    """What was declared about other months waits."""
    (statement,) = believed(file=declared()).statements

    assert compared_with({}, statement, Period.parse("2026-06")) == []
