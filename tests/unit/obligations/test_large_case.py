"""One case with everything in it costs what each message changes, not the whole case each time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from time import perf_counter

import pytest

from broker.obligations.fold import track_all
from broker.obligations.model import CaseState, Fact
from tests.unit.obligations.case import AMK, SHG, Say, message, rules

MANY, BATCHES, SECONDS = 4000, 100, 20.0


def reports(numbers: Iterable[int], cause: int | None) -> list[Fact]:
    """Reports of the SHG, each its own message; *cause* says how far before it its cause is."""
    return [
        replace(
            Say(number, "report", SHG, AMK, day=number / 10_000).fact(),
            causation_id=None if cause is None or number <= cause else message(number - cause),
        )
        for number in numbers
    ]


@pytest.mark.parametrize("cause", [None, 1], ids=["apart", "in-one-line"])
def test_a_batch_in_a_large_case_costs_what_it_changes(cause: int | None) -> None:
    """Two reports and a refusal at a time; each used to cost the square of the case."""
    ruled = rules()
    state = track_all(CaseState(), reports(range(1, MANY), cause), ruled)
    new = reports(range(MANY, MANY + 2 * BATCHES), cause)
    refusals = [Say(90_000 + n, "refusal", AMK, SHG, cause=n, day=1) for n in range(MANY, MANY + BATCHES)]

    begun = perf_counter()
    for number in range(BATCHES):
        batch = [*new[2 * number : 2 * number + 2], refusals[number].fact()]
        state = track_all(state, batch, ruled)

    assert perf_counter() - begun < SECONDS
    assert len(state.facts) == MANY - 1 + 3 * BATCHES
